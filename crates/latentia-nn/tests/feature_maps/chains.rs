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
    build_to(text, input, None)
}

/// As [`build`], of layers that come back to a height and a width.
pub fn build_to(text: &str, input: Shape, sizes: Option<[usize; 2]>) -> Result<Chain, String> {
    let widths = Widths {
        last: input.elements(),
        others: input.elements(),
        sizes,
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
pub fn moved(text: &str, input: Shape, sizes: Option<[usize; 2]>) -> Chain {
    let chain = build_to(text, input, sizes);
    let mut chain = chain.unwrap_or_else(|error| panic!("{text}: {error}"));
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.1 * noise;
        }
    }
    chain
}

pub const CHAINS: [(&str, [usize; 3], usize); 10] = [
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
    // Series.
    (
        "{ layer = 'conv-1d', channels = 3, kernel = 5, stride = 2, activation = 'silu' },
         { layer = 'max-pool-1d', size = 2 }, { layer = 'conv-1d', channels = 4, kernel = 3, dilation = 2, padding = 1 },
         { layer = 'upsample-1d', factor = 3 }, { layer = 'batch-norm', activation = 'tanh' }, { layer = 'dense' }",
        [2, 1, 19],
        5,
    ),
    (
        "{ layer = 'conv-1d', channels = 3, kernel = 2, stride = 3, padding = 'valid', activation = 'tanh' },
         { layer = 'average-pool-1d', size = 3, stride = 2, padding = 'same' },
         { layer = 'transposed-conv-1d', channels = 2, kernel = 4, stride = 3, padding = 1, output-padding = 1 },
         { layer = 'flatten' }, { layer = 'dense' }",
        [1, 1, 23],
        4,
    ),
    (
        "{ layer = 'dense', units = 6 }, { layer = 'batch-norm', activation = 'tanh' }, { layer = 'dense' }",
        [1, 3, 3],
        33,
    ),
];

/// Chains that come back to the height and width of their input, and those behind each layer that chooses them.
pub const RETURNS: [Return; 9] = [
    // As written.
    (
        "{ layer = 'conv', channels = 3, kernel = 3, stride = 2, activation = 'tanh' },
         { layer = 'transposed-conv', kernel = 3, stride = 2 }",
        [1, 6, 8],
        9,
        &[[6, 8]],
    ),
    // A stride of 2 thrice, over odd sizes: 37 x 50, 19 x 25, 10 x 13, 5 x 7.
    (
        "{ layer = 'conv', channels = 2, kernel = 3, stride = 2 },
         { layer = 'conv', channels = 3, kernel = 4, stride = 2, activation = 'silu' },
         { layer = 'conv', channels = 2, kernel = 2, stride = 2 },
         { layer = 'transposed-conv', channels = 3, kernel = 2, stride = 2 },
         { layer = 'transposed-conv', channels = 2, kernel = 4, stride = 2, activation = 'tanh' },
         { layer = 'transposed-conv', kernel = 3, stride = 2 }",
        [1, 37, 50],
        3,
        &[[10, 13], [19, 25], [37, 50]],
    ),
    // Upsampling behind pooling.
    (
        "{ layer = 'conv', channels = 2, kernel = 3, activation = 'tanh' }, { layer = 'max-pool', size = 2, padding = 'same' },
         { layer = 'average-pool', size = [3, 2], padding = 'same' }, { layer = 'conv', channels = 3, kernel = 3 },
         { layer = 'upsample', factor = [3, 2] }, { layer = 'batch-norm', activation = 'silu' },
         { layer = 'upsample', factor = 2 }, { layer = 'conv', kernel = 3 }",
        [1, 31, 17],
        3,
        &[[16, 9], [31, 17]],
    ),
    // Strides that are wider than the kernel, and windows with gaps.
    (
        "{ layer = 'conv', channels = 2, kernel = 2, stride = 3 },
         { layer = 'conv', channels = 2, kernel = 3, stride = 2, dilation = 2 },
         { layer = 'transposed-conv', channels = 2, kernel = 3, stride = 2, dilation = 2 },
         { layer = 'transposed-conv', kernel = 2, stride = 3, activation = 'tanh' }",
        [1, 10, 13],
        4,
        &[[4, 5], [10, 13]],
    ),
    // Paddings by number and none, whose output-padding is chosen.
    (
        "{ layer = 'conv', channels = 2, kernel = 3, stride = 2, padding = 1 },
         { layer = 'conv', channels = 2, kernel = 2, stride = 3, padding = 'valid' },
         { layer = 'transposed-conv', channels = 2, kernel = 2, stride = 3, padding = 'valid' },
         { layer = 'transposed-conv', kernel = 3, stride = 2, padding = 1 }",
        [1, 10, 15],
        4,
        &[[5, 8], [10, 15]],
    ),
    // A reshape that leaves its sizes open, and a convolution that pads as much as it must.
    (
        "{ layer = 'conv', channels = 2, kernel = 3, stride = 2 }, { layer = 'dense', units = 6, activation = 'tanh' },
         { layer = 'dense' }, { layer = 'reshape', channels = 2 }, { layer = 'upsample', factor = 2 },
         { layer = 'conv', channels = 2, kernel = 3, padding = 'fit' }, { layer = 'upsample', factor = 2 },
         { layer = 'conv', kernel = 3 }",
        [1, 5, 7],
        4,
        &[[2, 2], [3, 4], [3, 4], [5, 7]],
    ),
    // As little padding as comes back: none for 14 of 16, one for 19 of 20.
    (
        "{ layer = 'max-pool', size = 8, padding = 'same' }, { layer = 'upsample', factor = 2 },
         { layer = 'upsample', factor = 2 },
         { layer = 'conv', channels = 2, kernel = 3, padding = 'fit', activation = 'tanh' },
         { layer = 'upsample', factor = 2 }, { layer = 'conv', kernel = 3 }",
        [1, 28, 37],
        3,
        &[[8, 10], [16, 20], [14, 19], [28, 37]],
    ),
    // A series of 50 steps: 25, 13, 7.
    (
        "{ layer = 'conv-1d', channels = 3, kernel = 5, stride = 2, activation = 'tanh' },
         { layer = 'max-pool-1d', size = 2, padding = 'same' }, { layer = 'average-pool-1d', size = 2, padding = 'same' },
         { layer = 'dense', units = 3 }, { layer = 'dense', activation = 'silu' }, { layer = 'reshape', channels = 2 },
         { layer = 'upsample-1d', factor = 2 }, { layer = 'conv-1d', channels = 2, kernel = 3 },
         { layer = 'transposed-conv-1d', channels = 3, kernel = 4, stride = 2, activation = 'tanh' },
         { layer = 'transposed-conv-1d', kernel = 5, stride = 2 }",
        [2, 1, 50],
        4,
        &[[1, 7], [1, 13], [1, 25], [1, 50]],
    ),
    // Within a residual block, whose layers come back to its shape.
    (
        "{ layer = 'residual', activation = 'tanh', layers = [
             { layer = 'average-pool', size = 2, padding = 'same' },
             { layer = 'conv', channels = 2, kernel = 3, activation = 'silu' },
             { layer = 'upsample', factor = 2 }, { layer = 'conv', channels = 1, kernel = 3 } ] },
         { layer = 'conv', kernel = 1 }",
        [1, 5, 7],
        4,
        &[[5, 7]],
    ),
];

/// Layers, the shape of their input, examples in a batch, heights and widths.
type Return = (&'static str, [usize; 3], usize, &'static [[usize; 2]]);
