//! Windows of series.

use std::f32::consts::TAU;

use latentia_models::{Metrics, Pca, Preset};
use latentia_tensor::Matrix;
use latentia_testing::numbers;

use crate::{begin, message, training_spec, unit};

const SERIES: [&str; 2] = ["series", "series-vae"];

/// `[1, time, features]` where features are few, `[features, 1, time]` otherwise: feature maps of height 1.
fn shape(time: usize, features: usize) -> [usize; 3] {
    match features {
        0..=4 => [1, time, features],
        _ => [features, 1, time],
    }
}

/// Windows of sines whose frequency and phase are drawn, with uniform noise of deviation 0.1.
pub fn sines(seed: u64, count: usize, time: usize) -> Matrix {
    let drawn = numbers(seed, 2 * count);
    let mut values = numbers(seed + 1, count * time);
    for (window, drawn) in values.chunks_mut(time).zip(drawn.chunks(2)) {
        let (cycles, phase) = (3.5 + 2.5 * drawn[0], TAU * drawn[1]);
        for (step, value) in window.iter_mut().enumerate() {
            let noise = 0.1 * 3f32.sqrt() * *value;
            *value = (TAU * cycles * step as f32 / time as f32 + phase).sin() + noise;
        }
    }
    Matrix::from_vec(count, time, values)
}

#[test]
fn series_have_any_length_and_any_number_of_features() {
    for name in SERIES {
        let spec = Preset::named(name).expect("it comes along").model;
        for time in (8..=70).chain([100, 333, 500, 1023, 1024]) {
            for features in [1, 2, 4, 7] {
                let shape = shape(time, features);
                let model = spec.build(&shape, 1);
                let model = model.unwrap_or_else(|error| panic!("{name} {shape:?}: {error}"));
                let decoded = model.decode(&Matrix::zeros(1, model.code_width()));
                let cols = decoded.expect("a code").cols();
                assert_eq!((cols, model.code_width()), (time * features, 8), "{name}");
            }
        }
    }
}

#[test]
fn a_picture_is_no_series() {
    let spec = Preset::named("series").expect("it comes along").model;
    assert_eq!(
        message(spec.build(&[28, 28], 1)),
        "encoder: layer 0 (conv-1d) gets feature maps 1x28x28; it works on series, feature maps [channels, 1, time]: use `conv`"
    );
}

#[test]
fn series_of_noisy_sines_are_learned_better_than_by_principal_components() {
    let (windows, others) = (sines(1, 600, 64), sines(3, 200, 64));
    for name in SERIES {
        let preset = Preset::named(name).expect("it comes along");
        let mut model = preset.model.build(&[1, 64, 1], 1).expect("a series");
        let training = training_spec("epochs = 60\nbatch-size = 32\nlearning-rate = 2e-3");
        let mut run = begin(&mut model, training, 1, &windows, None).expect("all fits");
        run.run(&mut ()).expect("it converges");
        let own = Metrics::measure(&model, &others).expect("all fits").mse;
        let scaled = model.scaled(&windows).expect("all fits");
        let pca = Pca::learn(&scaled, 8).expect("all fits");
        let pca = pca.mse(&model.scaled(&others).expect("all fits"));
        let pca = pca.expect("all fits");
        assert!(own < 0.5 * pca, "{name}: {own} {pca}");
    }
}

#[test]
fn series_learn_several_features_of_odd_lengths() {
    for name in SERIES {
        let preset = Preset::named(name).expect("it comes along");
        for (time, features) in [(9, 1), (50, 3), (37, 6)] {
            let shape = shape(time, features);
            let mut model = preset.model.build(&shape, 1).expect("a series");
            let examples = unit(5, 64, time * features);
            let training = training_spec("epochs = 8\nbatch-size = 16\nlearning-rate = 1e-3");
            let mut run = begin(&mut model, training, 1, &examples, None).expect("all fits");
            run.run(&mut ()).expect("it converges");
            let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
            assert!(
                losses.last() < losses.first(),
                "{name} {shape:?}: {losses:?}"
            );
        }
    }
}
