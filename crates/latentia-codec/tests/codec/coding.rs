//! What is compressed comes back, at what it may cost, and what cannot be compressed is refused.

use std::io::Cursor;

use latentia_codec::{Archive, Codec, CodecError, Method};
use latentia_models::{ElboReport, ModelFile};
use latentia_tensor::{Matrix, Rows};
use latentia_testing::numbers;

use crate::case::{
    Bytes, LOGISTIC, PLAIN, compress, decompress, file, learned_prior, same, with_model,
};

#[test]
fn every_byte_comes_back_from_every_kind_of_model() {
    let grey = || Bytes::pictures(70, 48);
    let beta_binomial = LOGISTIC.replace("discretised-logistic", "beta-binomial");
    let binary = format!(
        "preprocessing = 'binarise-static'\n{}",
        LOGISTIC.replace("discretised-logistic", "bernoulli")
    );
    let vectors = "likelihood = 'mse'
        encoder = [{ layer = 'dense', units = 8 }]
        code = { kind = 'vector-quantised', codebook = 6, dimension = 4 }
        decoder = [{ layer = 'dense' }]";
    let levels = vectors.replace(
        "kind = 'vector-quantised', codebook = 6, dimension = 4",
        "kind = 'finite-scalar-quantised', levels = [5, 4]",
    );
    let signs = vectors.replace(
        "kind = 'vector-quantised', codebook = 6, dimension = 4",
        "kind = 'lookup-free-quantised', dimension = 4",
    );
    let categories = vectors.replace(
        "kind = 'vector-quantised', codebook = 6, dimension = 4",
        "kind = 'gumbel-softmax', categories = 4",
    );
    let sums = vectors.replace("codebook = 6", "codebook = 6, codebooks = 3");
    let convolutions = "likelihood = 'bce'
        encoder = [{ layer = 'conv', channels = 3, kernel = 3, stride = 2, activation = 'relu' }]
        decoder = [{ layer = 'upsample', factor = 2 }, { layer = 'conv', channels = 4, kernel = 3 },
                   { layer = 'group-norm', groups = 2 }, { layer = 'conv', kernel = 3 }]";
    let top = PLAIN.replace("decoder", "code = { kind = 'top-k', k = 2 }\ndecoder");
    for (spec, shape, examples, bits_back) in [
        (LOGISTIC, &[48][..], grey(), true),
        (&beta_binomial, &[48], grey(), true),
        (&binary, &[6, 8], grey().black_and_white(), true),
        (PLAIN, &[48], grey(), false),
        (vectors, &[4, 4, 3], grey(), false),
        (&sums, &[4, 4, 3], grey(), false),
        (&levels, &[4, 4, 3], grey(), false),
        (&signs, &[4, 4, 3], grey(), false),
        (&categories, &[4, 4, 3], grey(), false),
        (convolutions, &[6, 8], grey(), false),
        (&top, &[3, 4, 4], grey(), false),
        (&learned_prior(), &[48], grey(), false),
    ] {
        let file = file(spec, shape, &examples);
        let codec = Codec::lossless(&file, &examples).expect("bytes");
        assert_eq!(codec.method() == Method::BitsBack, bits_back, "{spec}");
        let bytes = compress(&codec, &examples);
        let back = decompress(&bytes, &file).expect("as it was written");
        assert!(same(&back, &examples), "{spec}");
    }
}

#[test]
fn bits_back_costs_what_the_bound_says() {
    let examples = Bytes::pictures(5000, 48);
    for likelihood in ["discretised-logistic", "beta-binomial"] {
        let spec = LOGISTIC.replace("discretised-logistic", likelihood);
        let file = file(&spec, &[48], &examples);
        let codec = Codec::new(&file, Method::BitsBack, true).expect("it can");
        let mut out = Vec::new();
        let done = codec
            .compress(&examples, &mut out, &mut |_| ())
            .expect("all fits");
        let bound = ElboReport::measure(&file.model, &examples, 1, 5)
            .expect("examples that fit")
            .expect("a Gaussian code");
        let expected = -bound.elbo_nats / std::f64::consts::LN_2 * 5000.0;
        let overhead = 8.0 * done.container_bytes as f64 + done.initial_bits;
        let coded = 8.0 * done.bytes as f64 - overhead;
        assert!(
            (coded / expected - 1.0).abs() < 0.01,
            "{coded} bits, expected {expected}"
        );
        assert!(overhead < 0.01 * expected);
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_threads() {
    // Several chunks, each of as many examples as fit.
    let examples = Bytes::pictures(40_000, 48);
    for (spec, method) in [
        (LOGISTIC, Method::BitsBack),
        (PLAIN, Method::Residual { step: 9 }),
    ] {
        let file = file(spec, &[48], &examples);
        let codec = Codec::new(&file, method, true).expect("it can");
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads")
                .install(|| compress(&codec, &examples))
        };
        let bytes = with(1);
        assert!(bytes == with(3));
        assert!(same(&decompress(&bytes, &file).expect("whole"), &examples));
    }
}

#[test]
fn coarser_cells_need_fewer_bytes_and_err_more() {
    let examples = Bytes::pictures(900, 48);
    let file = file(PLAIN, &[48], &examples);
    let mut last: Option<(usize, f64)> = None;
    for step in [1, 10, 100, 1000] {
        let codec = Codec::new(&file, Method::Lossy { step }, true).expect("it can");
        let bytes = compress(&codec, &examples).len();
        let error = codec.squared_error(&examples).expect("all fits");
        if let Some((more, less)) = last {
            assert!(bytes <= more, "{step}: {bytes} bytes after {more}");
            assert!(error > 0.99 * less, "{step}: {error} after {less}");
        }
        last = Some((bytes, error));
    }
    // The finest cells add a thousandth to what the model errs by.
    let own = file.model.reconstruct(&examples).expect("all fits");
    let pairs = own.as_slice().iter().zip(&examples.values);
    let own: f64 = pairs
        .map(|(a, &b)| f64::from(255.0 * a - f32::from(b)).powi(2))
        .sum();
    let finest = Codec::new(&file, Method::Lossy { step: 1 }, true).expect("it can");
    let ratio = finest.squared_error(&examples).expect("all fits") / own;
    assert!((0.999..1.005).contains(&ratio), "{ratio}");
    let floor = finest.psnr(&examples).expect("all fits") - 0.5;
    let (codec, reached) = Codec::with_psnr(&file, &examples, floor).expect("it can");
    assert!(reached >= floor);
    assert_eq!(codec.psnr(&examples).expect("all fits"), reached);
    assert!(matches!(codec.method(), Method::Lossy { step: 2.. }));
}

#[test]
fn one_example_comes_back_alone() {
    let examples = Bytes::pictures(40_000, 48);
    let file = file(LOGISTIC, &[48], &examples);
    let codec = Codec::new(&file, Method::BitsBack, true).expect("it can");
    let bytes = compress(&codec, &examples);
    let mut archive = Archive::open(Cursor::new(&bytes), &file).expect("whole");
    for index in [0, 16_383, 16_384, 39_999] {
        let values = archive.example(index).expect("it is there");
        let own = &examples.values[index as usize * 48..][..48];
        assert!(
            values.iter().zip(own).all(|(a, &b)| *a == f32::from(b)),
            "{index}"
        );
    }
    let error = archive.example(40_000).expect_err("there are no more");
    assert_eq!(
        error.to_string(),
        "there is no example 40000; it has 40000, which count from 0"
    );
}

#[test]
fn floats_come_back_as_reconstructions() {
    let values: Vec<f32> = numbers(4, 300).iter().map(|x| 3.0 * x).collect();
    let examples = Matrix::from_vec(100, 3, values);
    let file = file(
        "likelihood = 'mse'
         encoder = [{ layer = 'dense', units = 2 }]
         decoder = [{ layer = 'dense' }]",
        &[3],
        &examples,
    );
    let codec = Codec::new(&file, Method::Lossy { step: 1 }, false).expect("it can");
    let back = decompress(&compress(&codec, &examples), &file).expect("whole");
    let own = file.model.reconstruct(&examples).expect("all fits");
    for (a, b) in back.iter().zip(own.as_slice()) {
        assert!((a - b).abs() < 0.3, "{a}, expected {b}");
    }
}

#[test]
fn examples_on_another_scale_than_the_codec_are_refused() {
    let bytes = Bytes::pictures(20, 48);
    let floats = Matrix::from_vec(20, 48, vec![0.5; 20 * 48]);
    let file = file(PLAIN, &[48], &bytes);
    let lossy =
        |are_bytes| Codec::new(&file, Method::Lossy { step: 1 }, are_bytes).expect("it can");
    let refused = |codec: Codec<'_>, examples: &dyn Rows| {
        let error = codec.compress(examples, &mut Vec::new(), &mut |_| {});
        let error = error.expect_err("another scale").to_string();
        assert!(codec.squared_error(examples).is_err());
        error
    };
    assert_eq!(
        refused(lossy(true), &floats),
        "the codec is for bytes, and the examples are floats, by what stands for one"
    );
    assert_eq!(
        refused(lossy(false), &bytes),
        "the codec is for floats, and the examples are bytes, by what stands for one"
    );
    assert!(matches!(
        Codec::lossless(&file, &floats),
        Err(CodecError::FloatsWithoutLoss)
    ));
}

#[test]
fn what_cannot_be_coded_is_refused_with_the_reason() {
    let examples = Bytes::pictures(20, 48);
    let plain = file(PLAIN, &[48], &examples);
    let message = |file: &ModelFile, method, bytes| match Codec::new(file, method, bytes) {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        message(&plain, Method::BitsBack, true),
        "likelihood `mse` with preprocessing `unit-range` gives 8-bit values no probabilities"
    );
    let learned = file(&learned_prior(), &[48], &examples);
    assert_eq!(
        message(&learned, Method::BitsBack, true),
        "the learned prior of kind mixture has no intervals to code by: bits back needs the standard normal"
    );
    let flow = LOGISTIC.replace("units = 3", "units = 3, posterior = { kind = 'planar' }");
    assert_eq!(
        message(&file(&flow, &[48], &examples), Method::BitsBack, true),
        "the posterior of kind planar has no intervals to code by: bits back needs a diagonal Gaussian"
    );
    assert!(message(&plain, Method::Residual { step: 1 }, false).contains("these are floats"));
    let plain = with_model(plain.model, None);
    let refused = message(&plain, Method::Lossy { step: 1 }, true);
    assert!(refused.contains("train it again"), "{refused}");
}
