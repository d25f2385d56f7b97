//! Chains of layers on feature maps, as users write them.

use latentia_nn::{Chain, LayerSpec, LikelihoodSpec, Optimizer, Shape, StepOptions, Widths};
use latentia_testing::numbers;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Layers {
    pub layers: Vec<LayerSpec>,
}

pub fn specs(text: &str) -> Vec<LayerSpec> {
    let layers: Layers = toml::from_str(&format!("layers = [{text}]")).expect("layers");
    layers.layers
}

pub fn build(text: &str, input: Shape) -> Result<Chain, String> {
    let widths = Widths {
        last: input.elements(),
        others: input.elements(),
    };
    let built = LayerSpec::build(&specs(text), input, widths);
    let (layers, _) = built.map_err(|error| error.to_string())?;
    Ok(Chain::new(layers, 3).expect("layers that fit"))
}

pub fn options() -> StepOptions {
    StepOptions {
        objective: LikelihoodSpec::Gaussian.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 5,
        frozen: Vec::new(),
    }
}

/// A chain whose parameters are all off their first values.
pub fn moved(text: &str, input: Shape) -> Chain {
    let mut chain = build(text, input).unwrap_or_else(|error| panic!("{text}: {error}"));
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.1 * noise;
        }
    }
    chain
}

pub const CHAINS: [(&str, [usize; 3], usize); 8] = [
    (
        "{ layer = 'conv', channels = 3, kernel = 3, activation = 'silu' }, { layer = 'conv', kernel = 3 }",
        [1, 5, 7],
        3,
    ),
    (
        "{ layer = 'conv', channels = 4, kernel = 3, stride = 2, activation = 'tanh' },
         { layer = 'transposed-conv', kernel = 3, stride = 2 }",
        [2, 6, 8],
        18,
    ),
    (
        "{ layer = 'conv', channels = 3, kernel = [2, 3], stride = [1, 2], dilation = [2, 1], padding = 'valid' },
         { layer = 'flatten' }, { layer = 'dense', activation = 'softplus' }",
        [1, 7, 9],
        5,
    ),
    (
        "{ layer = 'conv', channels = 4, kernel = 3, padding = 1 }, { layer = 'batch-norm', activation = 'silu' },
         { layer = 'conv', kernel = 1 }, { layer = 'batch-norm' }",
        [1, 4, 5],
        70,
    ),
    (
        "{ layer = 'conv', channels = 4, kernel = 3 }, { layer = 'group-norm', groups = 2, activation = 'silu' },
         { layer = 'residual', activation = 'tanh', layers = [
             { layer = 'conv', channels = 6, kernel = 3, activation = 'softplus' }, { layer = 'batch-norm' },
             { layer = 'conv', channels = 4, kernel = 3 }, { layer = 'layer-norm' } ] },
         { layer = 'conv', kernel = 1 }",
        [1, 5, 4],
        3,
    ),
    (
        "{ layer = 'residual', layers = [{ layer = 'conv', channels = 2, kernel = 3 }] },
         { layer = 'average-pool', size = 2 }, { layer = 'batch-norm' }, { layer = 'upsample', factor = 2 },
         { layer = 'conv', kernel = 3 }",
        [2, 6, 4],
        4,
    ),
    (
        "{ layer = 'conv', channels = 5, kernel = 3, activation = 'tanh' }, { layer = 'max-pool', size = 2, padding = 'same' },
         { layer = 'average-pool', size = 3, stride = 1, padding = 1 }, { layer = 'dense', units = 12 },
         { layer = 'layer-norm', activation = 'silu' }, { layer = 'reshape', shape = [3, 2, 2] },
         { layer = 'transposed-conv', kernel = 4, stride = 3, padding = 1, output-padding = 1, channels = 2 },
         { layer = 'max-pool', size = [1, 2], stride = [1, 1] }, { layer = 'dense' }",
        [1, 7, 5],
        9,
    ),
    (
        "{ layer = 'dense', units = 6 }, { layer = 'batch-norm', activation = 'tanh' }, { layer = 'dense' }",
        [1, 3, 3],
        33,
    ),
];
