//! Pictures of any size: decoders come back to it, or the sizes are named that fit.

use latentia_models::Preset;
use latentia_tensor::{Axes, ExampleShape, Matrix};

use crate::{begin, message, model_spec, training_spec, unit};

const CONVOLUTIONAL: [&str; 7] = [
    "conv",
    "conv-denoising",
    "conv-vae",
    "conv-vq-vae",
    "residual-vq",
    "fsq",
    "cifar-conv",
];

#[test]
fn convolutional_presets_take_pictures_of_any_size() {
    for name in CONVOLUTIONAL {
        let spec = Preset::named(name).expect("it comes along").model;
        for size in 1..=40 {
            for shape in [[size, 41 - size], [size + 30, size]] {
                let model = spec.build(&shape, 1);
                let model = model.unwrap_or_else(|error| panic!("{name} {shape:?}: {error}"));
                let codes = Matrix::zeros(1, model.code_width());
                let decoded = model.decode(&codes).expect("a code");
                assert_eq!(decoded.cols(), shape[0] * shape[1], "{name} {shape:?}");
            }
        }
    }
}

#[test]
fn convolutional_presets_learn_pictures_of_odd_sizes() {
    for name in CONVOLUTIONAL {
        let spec = Preset::named(name).expect("it comes along").model;
        for shape in [[37, 50], [31, 17], [5, 7]] {
            let mut model = spec.build(&shape, 1).expect("any size");
            // One picture, a few times: less is left of its loss with every step.
            let picture = unit(3, 1, shape[0] * shape[1]);
            let rows = picture.as_slice().repeat(8);
            let examples = Matrix::from_vec(8, shape[0] * shape[1], rows);
            let training = training_spec("epochs = 6\nbatch-size = 8\nlearning-rate = 1e-3");
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

#[test]
fn open_sizes_make_the_same_model_as_those_written_out() {
    let text = |decoder: &str| {
        format!(
            "likelihood = 'bernoulli'
             encoder = [{{ layer = 'conv', channels = 2, kernel = 3, stride = 2 }}, {{ layer = 'dense', units = 4 }}]
             decoder = [{decoder}, {{ layer = 'transposed-conv', kernel = 3, stride = 2 }}]"
        )
    };
    let open = text("{ layer = 'dense' }, { layer = 'reshape', channels = 3 }");
    let written = text("{ layer = 'dense', units = 15 }, { layer = 'reshape', shape = [3, 5, 1] }");
    // So narrow a picture has to be said to be one.
    let values = |text: &str, shape: &[usize]| {
        let shape = ExampleShape::new(shape.to_vec(), Axes::Nhw).expect("two dimensions");
        let model = model_spec(text).build(shape, 7).expect("parts that fit");
        let codes = unit(1, 3, model.code_width());
        model.decode(&codes).expect("codes").as_slice().to_vec()
    };
    for shape in [[10, 2], [9, 2], [9, 1]] {
        assert_eq!(values(&open, &shape), values(&written, &shape), "{shape:?}");
    }
}

#[test]
fn a_size_that_does_not_fit_is_refused_with_those_that_do() {
    let refused = |encoder: &str, decoder: &str, shape: &[usize]| {
        let text = format!("likelihood = 'mse'\nencoder = [{encoder}]\ndecoder = [{decoder}]");
        message(model_spec(&text).build(shape, 1))
    };
    let pool = "{ layer = 'conv', channels = 2, kernel = 3 }, { layer = 'max-pool', size = 2 }";
    let back = "{ layer = 'upsample', factor = 2 }, { layer = 'conv', kernel = 3 }";
    // Three poolings without padding of 5 x 7 leave nothing.
    assert_eq!(
        refused(
            &[pool; 3].join(", "),
            "{ layer = 'upsample', factor = 8 }, { layer = 'conv', kernel = 3 }",
            &[5, 7]
        ),
        "encoder: layer 5 (max-pool) has a window of 2x2; it gets 2x1x1, 1x1 with the padding: use a smaller kernel, or padding \
         `same`; examples of 8x8, height by width, would fit"
    );
    // Pooling without padding forgets the last row.
    assert_eq!(
        refused(pool, back, &[9, 8]),
        "decoder: layer 1 (conv) ends with feature maps of 8x8; 72 elements are wanted here, which is no multiple of 64; examples of \
         8x8 or 10x8, height by width, would fit"
    );
    assert_eq!(
        refused(pool, back, &[9, 7, 3]),
        "decoder: layer 1 (conv) ends with feature maps of 8x6; 189 elements are wanted here, which is no multiple of 48; examples of \
         8x6 or 10x8, height by width, would fit"
    );
    // What no size would mend has no such hint.
    assert_eq!(
        refused(
            "{ layer = 'dense', units = 0 }",
            "{ layer = 'dense' }",
            &[5, 7]
        ),
        "encoder: layer 0 (dense) has units 0; it needs at least 1"
    );
}
