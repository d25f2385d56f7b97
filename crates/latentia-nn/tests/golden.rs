//! Ten steps of Adam against Keras and ten of SGD against PyTorch: same weights, same batches, same losses. `golden/make.py`
//! and `golden/make_feature_maps.py` make the values.

use latentia_data::{Locations, load};
use latentia_nn::layers::Dense;
use latentia_nn::optim::Sgd;
use latentia_nn::{
    Activation, Chain, Initializer, Layer, LayerSpec, LikelihoodSpec, Optimizer, Shape, Step,
    StepOptions, Widths,
};
use latentia_tensor::{Matrix, Rows, map_in_place};
use latentia_testing::assert_close;
use safetensors::SafeTensors;

const BATCH: usize = 64;

/// The first `rows` training images of `mnist-mini`, divided by 255.
fn images(rows: usize) -> Matrix {
    let source = load("mnist-mini", &Locations::new(None)).expect("embedded");
    let mut images = Matrix::zeros(rows, source.train.cols());
    let indices: Vec<u32> = (0..rows as u32).collect();
    let read = source.train.read(&indices, images.view_mut());
    read.expect("in memory");
    map_in_place(images.as_mut_slice(), |x| x / 255.0);
    images
}

fn numbers(golden: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let tensor = golden.tensor(name).expect("stored");
    let (numbers, _) = tensor.data().as_chunks();
    numbers.iter().map(|&x| f32::from_le_bytes(x)).collect()
}

/// Layers of the given widths, ReLU inside and `last` at the end, against the values in `golden`.
fn check(golden: &[u8], widths: &[usize], last: Activation, likelihood: LikelihoodSpec) {
    let golden = SafeTensors::deserialize(golden).expect("golden values");
    let activation = |layer: usize| match layer + 2 == widths.len() {
        true => last,
        false => Activation::Relu,
    };
    let dense = |(layer, width): (usize, &[usize])| -> Box<dyn Layer> {
        let [inputs, outputs] = [width[0], width[1]];
        Box::new(Dense::new(
            inputs,
            outputs,
            activation(layer),
            Initializer::Zeros,
        ))
    };
    let mut chain =
        Chain::new(widths.windows(2).enumerate().map(dense).collect(), 1).expect("layers that fit");
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let stored = numbers(&golden, &format!("{}.{}", i / 2, parameter.name));
        parameter.value.as_mut_slice().copy_from_slice(&stored);
    }
    let options = StepOptions {
        objective: likelihood.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 1,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, BATCH, options);

    let expected = numbers(&golden, "losses");
    let examples = images(expected.len() * BATCH);
    let indices: Vec<u32> = (0..examples.rows() as u32).collect();
    for (i, (batch, &expected)) in indices.chunks(BATCH).zip(&expected).enumerate() {
        let loss = step.run(&mut chain, &examples, batch, 1e-3.into());
        let (loss, expected) = (loss.expect("in memory"), f64::from(expected));
        assert!(
            (loss - expected).abs() <= 1e-5 * expected,
            "step {i}: {loss}, expected {expected}"
        );
    }

    let bias = &chain.parameters().last().expect("a layer").value;
    let expected: Vec<f64> = numbers(&golden, "last_bias")
        .iter()
        .map(|&x| x.into())
        .collect();
    assert_close(bias.as_slice(), &expected, 1e-4);
}

#[test]
fn cross_entropy_on_logits_trains_as_in_keras() {
    let golden = include_bytes!("golden/bce.safetensors");
    check(
        golden,
        &[784, 24, 784],
        Activation::Linear,
        LikelihoodSpec::Bce,
    );
}

#[test]
fn squared_error_after_a_sigmoid_trains_as_in_keras() {
    let golden = include_bytes!("golden/mse.safetensors");
    check(
        golden,
        &[784, 16, 8, 16, 784],
        Activation::Sigmoid,
        LikelihoodSpec::Mse,
    );
}

/// Every kind of layer on feature maps, as PyTorch names its settings.
const FEATURE_MAPS: &str = "layers = [
    { layer = 'conv', channels = 6, kernel = 5, stride = 2, padding = 2 },
    { layer = 'batch-norm', activation = 'relu' },
    { layer = 'residual', activation = 'relu', layers = [
        { layer = 'conv', channels = 6, kernel = 3, padding = 2, dilation = 2 },
        { layer = 'group-norm', groups = 3, activation = 'silu' },
        { layer = 'conv', channels = 6, kernel = 1 },
    ] },
    { layer = 'max-pool', size = 2 },
    { layer = 'conv', channels = 4, kernel = 3, padding = 'valid' },
    { layer = 'average-pool', size = 3, stride = 2 },
    { layer = 'dense', units = 5 },
    { layer = 'layer-norm' },
    { layer = 'dense', units = 98 },
    { layer = 'reshape', shape = [2, 7, 7] },
    { layer = 'transposed-conv', channels = 5, kernel = 3, stride = 2, padding = 1, output-padding = 1, activation = 'tanh' },
    { layer = 'upsample', factor = 2 },
    { layer = 'transposed-conv', channels = 1, kernel = 3, padding = 1 },
]";

#[derive(serde::Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

#[test]
fn layers_on_feature_maps_train_as_in_pytorch() {
    let golden = include_bytes!("golden/feature_maps.safetensors");
    let golden = SafeTensors::deserialize(golden).expect("golden values");
    let Layers { layers } = toml::from_str(FEATURE_MAPS).expect("layers");
    let widths = Widths {
        last: 784,
        others: 784,
        sizes: None,
    };
    let input = Shape::feature_maps([1, 28, 28]);
    let (layers, _) = LayerSpec::build(&layers, input, widths).expect("they fit");
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    let learned = chain.parameters_mut().iter_mut().filter(|p| p.is_learned());
    for (i, parameter) in learned.enumerate() {
        let mut stored = numbers(&golden, &i.to_string());
        let (rows, cols) = (parameter.value.rows(), parameter.value.cols());
        let shape = golden
            .tensor(&i.to_string())
            .expect("stored")
            .shape()
            .to_vec();
        if parameter.name == "weight" && shape.len() == 2 {
            // A dense weight is the other way round there.
            let turned = (0..rows * cols).map(|at| stored[at % cols * rows + at / cols]);
            stored = turned.collect();
        }
        parameter.value.as_mut_slice().copy_from_slice(&stored);
    }
    let options = StepOptions {
        objective: LikelihoodSpec::Bce.into(),
        optimizer: Sgd { momentum: 0.0 }.into(),
        clip_norm: None,
        seed: 1,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, BATCH, options);
    let wide = |name: &str| {
        numbers(&golden, name)
            .iter()
            .map(|&x| x.into())
            .collect::<Vec<f64>>()
    };
    let expected = wide("losses");
    let examples = images(expected.len() * BATCH);
    let indices: Vec<u32> = (0..examples.rows() as u32).collect();
    let losses: Vec<f32> = indices
        .chunks(BATCH)
        .map(|batch| {
            let loss = step.run(&mut chain, &examples, batch, 0.5.into());
            loss.expect("in memory") as f32
        })
        .collect();
    assert_close(&losses, &expected, 1e-5);
    for (name, golden) in [("running-mean", "mean"), ("running-variance", "variance")] {
        let statistic = chain.parameters().iter().find(|p| p.name == name);
        let statistic = statistic.expect("of the batch normalisation");
        assert_close(statistic.value.as_slice(), &wide(golden), 1e-5);
    }
}
