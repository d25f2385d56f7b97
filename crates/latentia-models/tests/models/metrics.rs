//! Measures against slow ones in f64, and against another program's.

use latentia_data::{Locations, load};
use latentia_models::{Autoencoder, Metrics, ssim};
use latentia_nn::LikelihoodSpec;
use latentia_tensor::{Matrix, Rows};
use latentia_testing::reference;

use crate::{message, model_spec, signed, small, unit};

/// Examples that fill several blocks, the last not wholly.
const ROWS: usize = 150;
const COLS: usize = 6;

/// A model of two layers with wide weights, so that no measure is near its floor.
fn model(likelihood: &str, activation: &str) -> Autoencoder {
    let spec = model_spec(&format!(
        "likelihood = '{likelihood}'
         encoder = [{{ layer = 'dense', units = 3, activation = 'tanh' }}]
         decoder = [{{ layer = 'dense', activation = '{activation}' }}]"
    ));
    spec.build(&[COLS], 5).expect("parts that fit")
}

/// The outputs for one example, before the likelihood, in f64.
fn outputs(model: &Autoencoder, x: &[f32], last: fn(f64) -> f64) -> Vec<f64> {
    let wide = |x: &[f32]| -> Vec<f64> { x.iter().map(|&x| x.into()).collect() };
    let parameters = model.chain().parameters();
    let layer = |at: usize, activation| reference::Dense {
        weight: wide(parameters[at].value.as_slice()),
        bias: wide(parameters[at + 1].value.as_slice()),
        activation,
    };
    let code = layer(0, f64::tanh).forward(&wide(x));
    layer(2, last).forward(&code)
}

fn cross_entropy(t: f64, p: f64) -> f64 {
    let nats = |t: f64, p: f64| if t == 0.0 { 0.0 } else { -t * p.ln() };
    nats(t, p) + nats(1.0 - t, 1.0 - p)
}

fn assert_near(name: &str, obtained: f64, expected: f64) {
    assert!(
        (obtained - expected).abs() < 3e-6 * expected.abs(),
        "{name}: {obtained}, expected {expected}"
    );
}

/// Compares all measures with slow ones; `last` is the decoder's last activation.
fn check(likelihood: &str, activation: &str, last: fn(f64) -> f64, examples: &Matrix) -> Metrics {
    let model = model(likelihood, activation);
    let spec = model.spec().expect("it was built from one");
    let measured = Metrics::measure(&model, examples).expect("all fits");
    let (mut squares, mut cross, mut floor, mut loss) = (0.0, 0.0, 0.0, 0.0);
    for row in examples.view().iter_rows() {
        let outputs = outputs(&model, row, last);
        let binary = model.likelihood().is_binary();
        let mut squared = 0.0;
        let mut crossed = 0.0;
        for (&t, o) in row.iter().zip(outputs) {
            let t = f64::from(t);
            let p = if binary { reference::sigmoid(o) } else { o };
            squared += (p - t).powi(2);
            crossed += cross_entropy(t, p.clamp(1e-7, 1.0 - 1e-7));
            floor += cross_entropy(t, t);
        }
        squares += squared;
        cross += crossed;
        let n = COLS as f64;
        loss += match spec.likelihood {
            LikelihoodSpec::Mse => squared / n,
            LikelihoodSpec::Bce => crossed / n,
            LikelihoodSpec::Bernoulli => crossed,
            LikelihoodSpec::Gaussian => 0.5 * squared + 0.5 * n * (2.0 * std::f64::consts::PI).ln(),
            other => panic!("no reference for `{}`", other.name()),
        };
    }
    let (rows, elements) = (ROWS as f64, (ROWS * COLS) as f64);
    assert_eq!(measured.examples, ROWS);
    assert_near("loss", measured.loss, loss / rows);
    assert_near("mse", measured.mse, squares / elements);
    let per_example = measured.squared_error_per_example;
    assert_near("squared error", per_example, squares / rows);
    if let Some(psnr) = measured.psnr_db {
        assert_near("psnr", psnr, -10.0 * (squares / elements).log10());
    }
    if let (Some(bce), Some(least)) = (measured.bce, measured.bce_floor) {
        assert_near("bce", bce, cross / elements);
        assert_near("floor", least, floor / elements);
        assert!(bce > least);
    }
    assert_eq!(measured.ssim, None);
    measured
}

#[test]
fn measures_match_f64() {
    let mut examples = unit(1, ROWS, COLS);
    // Wholly black and white too, of which the entropy is 0.
    examples.as_mut_slice()[..20].fill(0.0);
    examples.as_mut_slice()[100..120].fill(1.0);
    for likelihood in ["bce", "bernoulli"] {
        let measured = check(likelihood, "linear", |z| z, &examples);
        assert!(measured.bce.is_some() && measured.psnr_db.is_some());
    }
    let measured = check("mse", "sigmoid", reference::sigmoid, &examples);
    assert!(measured.bce.is_some() && measured.psnr_db.is_some());
}

#[test]
fn measures_that_mean_nothing_are_absent() {
    // Reconstructions that are no probabilities
    let measured = check("gaussian", "linear", |z| z, &unit(1, ROWS, COLS));
    assert_eq!((measured.bce, measured.bce_floor), (None, None));
    assert!(measured.psnr_db.is_some());
    // Examples that are none: one number is enough, in whichever block
    for at in [0, ROWS * COLS - 1] {
        let mut examples = unit(1, ROWS, COLS);
        examples.as_mut_slice()[at] = 1.5;
        let measured = check("mse", "sigmoid", reference::sigmoid, &examples);
        assert_eq!((measured.bce, measured.bce_floor), (None, None));
        assert_eq!(measured.psnr_db, None);
    }
    check("mse", "linear", |z| z, &signed(1, ROWS, COLS));
}

#[test]
fn a_probability_that_is_wholly_wrong_costs_what_keras_says() {
    // The sigmoid of 200 is 1, and a clipped 1 costs -ln 1e-7 where 0 was right.
    let mut model = None;
    for seed in 0..50 {
        let built = model_spec(
            "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 1 }]
             decoder = [{ layer = 'dense', activation = 'relu' }]",
        )
        .build(&[1], seed)
        .expect("parts that fit");
        // relu(w x) of a positive product, or 0 of a negative one
        let weights = [0, 2].map(|at| built.chain().parameters()[at].value.as_slice()[0]);
        if weights[0] * weights[1] < 0.0 {
            model = Some(built);
        }
    }
    let model = model.expect("half of all starts");
    let ones = Matrix::from_vec(2, 1, vec![1.0, 1.0]);
    let bce = Metrics::measure(&model, &ones).expect("all fits").bce;
    assert_near("bce", bce.expect("0 is a probability"), 7.0 * 10f64.ln());
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let model = small(4, 1);
    let refused = |examples: &Matrix| message(Metrics::measure(&model, examples));
    assert_eq!(
        refused(&Matrix::zeros(0, 4)),
        "there are no examples to measure"
    );
    assert_eq!(
        refused(&Matrix::zeros(3, 5)),
        "the data has 5 values an example, the model takes 4"
    );
}

/// Two pictures of few grey levels.
fn pictures(height: usize, width: usize) -> (Vec<f32>, Vec<f32>) {
    let places = (0..height).flat_map(|r| (0..width).map(move |c| (r, c)));
    places
        .map(|(r, c)| {
            let a = ((7 * r + 3 * c + r * c) % 11) as f32 / 10.0;
            (a, 0.75 * a + ((5 * r + c) % 7) as f32 / 32.0)
        })
        .unzip()
}

/// The figures are those of scikit-image 0.26.0, in f64: `skimage.metrics.structural_similarity(a, b, win_size=11,
/// gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0)`, which leaves out a border of 5 pixels.
#[test]
fn structural_similarity_is_that_of_scikit_image() {
    let check = |a: &[f32], b: &[f32], shape, expected: f64| {
        let obtained = ssim(a, b, shape);
        assert!((obtained - expected).abs() < 1e-9, "{obtained} {expected}");
    };
    for (height, width, expected) in [
        (11, 11, 0.918_886_977_385_14),
        (14, 17, 0.921_544_059_363_655_6),
        (40, 12, 0.935_874_503_235_172_8),
    ] {
        let (a, b) = pictures(height, width);
        check(&a, &b, (height, width), expected);
    }

    // The first test digits of `mnist-mini`, divided by 255 in f32
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    let digits = digits.test.expect("it has a test part");
    let mut x = Matrix::zeros(2, 784);
    digits.read(&[0, 1], x.view_mut()).expect("in memory");
    for x in x.as_mut_slice() {
        *x /= 255.0;
    }
    check(x.row(0), x.row(1), (28, 28), -0.008_811_209_485_002_24);
    // `numpy.roll(x, 1, axis=1)`
    let mut shifted = x.row(0).to_vec();
    for row in shifted.chunks_exact_mut(28) {
        row.rotate_right(1);
    }
    check(x.row(0), &shifted, (28, 28), 0.678_180_360_986_956_8);
}

#[test]
fn the_similarity_of_a_set_is_the_mean_over_its_pictures() {
    let examples = unit(3, 70, 12 * 13);
    for (shape, is_picture) in [
        (&[12, 13][..], true),
        (&[12, 13, 1], true),
        (&[156], false),
        (&[4, 39], false),
        (&[2, 6, 13], false),
    ] {
        let spec = model_spec(
            "likelihood = 'bce'\nencoder = [{ layer = 'dense', units = 3 }]\ndecoder = [{ layer = 'dense' }]",
        );
        let model = spec.build(shape, 1).expect("parts that fit");
        let measured = Metrics::measure(&model, &examples).expect("all fits").ssim;
        let reconstructions = model.reconstruct(&examples).expect("all fits");
        let pairs = examples
            .view()
            .iter_rows()
            .zip(reconstructions.view().iter_rows());
        let sum: f64 = pairs.map(|(a, b)| ssim(a, b, (12, 13))).sum();
        match measured {
            Some(measured) => assert_near("ssim", measured, sum / 70.0),
            None => assert!(!is_picture, "{shape:?}"),
        }
        assert_eq!(measured.is_some(), is_picture);
    }
}
