//! What is compressed comes back, and nothing else passes for it.

use std::io::{Cursor, Read, Seek};
use std::path::Path;

use latentia_codec::{Archive, Codec, CodecError, Method, Quantiser};
use latentia_models::{
    Autoencoder, ElboReport, ModelFile, ModelSpec, Provenance, StoppedBy, TrainingSpec, Validation,
};
use latentia_tensor::{Matrix, MatrixMut, Rows};
use latentia_testing::numbers;
use proptest::prelude::*;

/// Examples that are bytes.
struct Bytes {
    values: Vec<u8>,
    width: usize,
}

impl Bytes {
    /// Blobs on black, so that there is something to predict.
    fn pictures(rows: usize, width: usize) -> Self {
        let mut values = Vec::new();
        for row in 0..rows {
            let noise = numbers(row as u64 + 7, width);
            let centre = (row * 13) % width;
            values.extend(noise.iter().enumerate().map(|(at, noise)| {
                let light = 200.0 - 60.0 * at.abs_diff(centre) as f32 + 40.0 * noise;
                light.clamp(0.0, 255.0) as u8
            }));
        }
        Self { values, width }
    }

    fn black_and_white(mut self) -> Self {
        for x in &mut self.values {
            *x = if *x > 99 { 255 } else { 0 };
        }
        self
    }
}

impl Rows for Bytes {
    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    fn cols(&self) -> usize {
        self.width
    }

    fn full_scale(&self) -> f32 {
        255.0
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> std::io::Result<()> {
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            let example = &self.values[index as usize * self.width..][..self.width];
            for (x, &value) in row.iter_mut().zip(example) {
                *x = value.into();
            }
        }
        Ok(())
    }
}

/// A model that has learned a little of some examples, as a file holds it.
fn file(spec: &str, shape: &[usize], examples: &dyn Rows) -> ModelFile {
    let spec: ModelSpec = toml::from_str(spec).expect("a specification");
    let mut model = spec.build(shape, 3).expect("parts that fit");
    let training = TrainingSpec {
        epochs: 1 + 30_000 / examples.rows() as u32,
        batch_size: 20,
        learning_rate: 0.005,
        validation: Validation::Share(0.0),
        ..TrainingSpec::default()
    };
    model.fit(examples, &training, 3).expect("it learns");
    let quantiser = Quantiser::fit(&model, examples).expect("examples that fit");
    with_model(model, Some(quantiser))
}

fn with_model(model: Autoencoder, quantiser: Option<Quantiser>) -> ModelFile {
    ModelFile {
        model,
        provenance: Provenance {
            preset: String::new(),
            data: String::new(),
            target: None,
            fingerprint: String::new(),
            seed: 3,
            warm_start: false,
            training: TrainingSpec::default(),
            stopped_by: StoppedBy::Epochs,
            history: Vec::new(),
            warnings: Vec::new(),
        },
        attachments: quantiser.map_or(Vec::new(), |quantiser| quantiser.tensors()),
        digest: "5a".repeat(32),
    }
}

const LOGISTIC: &str = "likelihood = 'discretised-logistic'
    encoder = [{ layer = 'dense', units = 9, activation = 'relu' }]
    code = { kind = 'gaussian', units = 3 }
    decoder = [{ layer = 'dense' }]";
const PLAIN: &str = "likelihood = 'mse'
    encoder = [{ layer = 'dense', units = 5, activation = 'relu' }]
    decoder = [{ layer = 'dense', activation = 'sigmoid' }]";

/// [`LOGISTIC`] with a prior that bits back does not know.
fn learned_prior() -> String {
    LOGISTIC.replace(
        "units = 3",
        "units = 3, prior = { kind = 'mixture', components = 2 }",
    )
}

fn compress(codec: &Codec<'_>, examples: &dyn Rows) -> Vec<u8> {
    let mut out = Vec::new();
    let done = codec
        .compress(examples, &mut out, &mut |_| ())
        .expect("all fits");
    assert_eq!(done.bytes, out.len() as u64);
    assert_eq!(done.examples, examples.rows() as u64);
    out
}

fn all<S: Read + Seek>(archive: &mut Archive<'_, S>) -> Result<Vec<f32>, CodecError> {
    let mut values = Vec::new();
    archive.for_each_chunk::<CodecError>(|chunk| {
        values.extend_from_slice(chunk.as_slice());
        Ok(())
    })?;
    Ok(values)
}

fn decompress(bytes: &[u8], model: &ModelFile) -> Result<Vec<f32>, CodecError> {
    all(&mut Archive::open(Cursor::new(bytes), model)?)
}

fn same(values: &[f32], examples: &Bytes) -> bool {
    values.len() == examples.values.len()
        && values
            .iter()
            .zip(&examples.values)
            .all(|(a, &b)| *a == f32::from(b))
}

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

#[test]
fn a_quantiser_comes_back_from_its_model_file_or_is_told_to_be_damaged() {
    let examples = Bytes::pictures(20, 48);
    let mut file = file(PLAIN, &[48], &examples);
    let quantiser = Quantiser::fit(&file.model, &examples).expect("examples that fit");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("model.safetensors");
    ModelFile::save(&file.model, &file.provenance, &file.attachments, &path)
        .expect("the folder can be written");
    let loaded = ModelFile::load(&path).expect("it was just written");
    let kept = Quantiser::of(&loaded).expect("it was just written");
    assert_eq!(kept, Some(quantiser));

    let good = file.attachments.clone();
    for number in 0..good.len() {
        let mut cut_short = good.clone();
        cut_short[number].bytes.truncate(2);
        let mut absent = good.clone();
        absent.remove(number);
        let mut of_other_numbers = good.clone();
        of_other_numbers[number].bytes.fill(0x80);
        for damaged in [cut_short, absent, of_other_numbers] {
            // Any counts are possible ones.
            if damaged.len() == good.len()
                && damaged[number].name == "symbols.counts"
                && damaged[number].bytes.len() == good[number].bytes.len()
            {
                continue;
            }
            file.attachments = damaged;
            let refused = Codec::new(&file, Method::Lossy { step: 1 }, true);
            let error = refused.err().expect("it is damaged");
            assert_eq!(
                error.to_string(),
                "the model file is damaged: the symbols do not fit the code; restore it from a copy or train again"
            );
        }
    }
}

#[test]
fn the_quantiser_of_the_first_model_files_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../latentia-models/tests/models");
    let file = ModelFile::load(&folder.join("formats/model-1.safetensors")).expect("it was ours");
    assert!(Quantiser::of(&file).expect("it was ours").is_some());
}

#[test]
fn another_model_and_a_newer_version_are_told_apart_from_damage() {
    let examples = Bytes::pictures(20, 48);
    let model = file(PLAIN, &[48], &examples);
    let bytes = {
        let codec = Codec::new(&model, Method::Lossy { step: 3 }, true).expect("it can");
        compress(&codec, &examples)
    };
    let mut newer = bytes.clone();
    newer[8] = 9;
    let error = decompress(&newer, &model).expect_err("newer");
    assert!(
        matches!(error, CodecError::Newer { seen: 9, .. }),
        "{error}"
    );
    let error = decompress(b"PK\x03\x04 something else", &model).expect_err("foreign");
    assert!(matches!(error, CodecError::Foreign(_)), "{error}");
    let other = ModelFile {
        digest: "a5".repeat(32),
        ..model
    };
    let error = decompress(&bytes, &other).expect_err("another model");
    assert!(matches!(error, CodecError::OtherModel { .. }), "{error}");
}

/// A header that claims `examples` examples, with a checksum that fits.
fn claiming(bytes: &[u8], examples: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = 8 + 2 + 2 + 2 + 1 + 4;
    bytes[at..at + 8].copy_from_slice(&examples.to_le_bytes());
    let end = at + 8 + 4 + 32;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

#[test]
fn a_claim_of_more_than_the_file_can_hold_takes_no_memory() {
    let examples = Bytes::pictures(20, 48);
    let model = file(PLAIN, &[48], &examples);
    let codec = Codec::new(&model, Method::Lossy { step: 3 }, true).expect("it can");
    let bytes = compress(&codec, &examples);
    assert_eq!(claiming(&bytes, 20), bytes);
    for claimed in [u64::MAX, 1 << 40, 1 << 20] {
        let error = decompress(&claiming(&bytes, claimed), &model).expect_err("a lie");
        assert!(matches!(error, CodecError::Damaged(_)), "{error}");
    }
    // Fewer than there are.
    for claimed in [0, 1, 19] {
        let error = decompress(&claiming(&bytes, claimed), &model).expect_err("a lie");
        assert!(matches!(error, CodecError::Damaged(_)), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_file_that_changed_is_an_error_or_the_right_examples(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 0..3),
        cut in prop::option::of(any::<prop::sample::Index>()),
        appended in prop::collection::vec(any::<u8>(), 0..3),
        lossless in any::<bool>(),
    ) {
        let examples = Bytes::pictures(30, 48);
        let (spec, method) = match lossless {
            true => (LOGISTIC, Method::BitsBack),
            false => (PLAIN, Method::Residual { step: 4 }),
        };
        let model = file(spec, &[48], &examples);
        let codec = Codec::new(&model, method, true).expect("it can");
        let mut bytes = compress(&codec, &examples);
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(appended);
        if let Ok(values) = decompress(&bytes, &model) {
            prop_assert!(same(&values, &examples));
        }
    }

    /// What a checksum does not catch, because someone made it fit.
    #[test]
    fn forged_chunks_never_panic(payload in prop::collection::vec(any::<u8>(), 0..200), method in 0..3) {
        let examples = Bytes::pictures(30, 48);
        let (spec, method) = match method {
            0 => (LOGISTIC, Method::BitsBack),
            1 => (PLAIN, Method::Residual { step: 4 }),
            _ => (PLAIN, Method::Lossy { step: 4 }),
        };
        let model = file(spec, &[48], &examples);
        let codec = Codec::new(&model, method, true).expect("it can");
        let mut bytes = compress(&codec, &examples);
        bytes.truncate(8 + 2 + 2 + 2 + 1 + 4 + 8 + 4 + 32 + 4);
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(&payload).to_le_bytes());
        bytes.extend(payload);
        match decompress(&bytes, &model) {
            Ok(values) => prop_assert_eq!(values.len(), 30 * 48),
            Err(error) => prop_assert!(matches!(error, CodecError::Damaged(_)), "{}", error),
        }
    }
}
