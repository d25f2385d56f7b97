//! The promises of layers on feature maps: outputs and gradients of slow f64 loops, the same bits for any number of threads, and a
//! word about what does not fit.

use std::fmt::Debug;

use latentia_nn::layers::{
    AveragePoolSpec, ConvSpec, GroupNormSpec, MaxPoolSpec, NamedPadding, Padding, Size,
    TransposedConvSpec,
};
use latentia_nn::{
    Activation, Chain, LayerSpec, LikelihoodSpec, Mode, Optimizer, Parameter, Position, Shape,
    Step, StepOptions, Tape, Widths,
};
use latentia_tensor::Matrix;
use latentia_testing::{assert_close, numbers, reference};
use serde::Deserialize;

#[derive(Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

fn specs(text: &str) -> Vec<LayerSpec> {
    let layers: Layers = toml::from_str(&format!("layers = [{text}]")).expect("layers");
    layers.layers
}

fn build(text: &str, input: Shape) -> Result<Chain, String> {
    let widths = Widths {
        last: input.elements(),
        others: input.elements(),
    };
    let built = LayerSpec::build(&specs(text), input, widths);
    let (layers, _) = built.map_err(|error| error.to_string())?;
    Ok(Chain::new(layers, 3).expect("layers that fit"))
}

fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Linear => z,
        Activation::Relu => z.max(0.0),
        Activation::Tanh => z.tanh(),
        Activation::Silu => z * reference::sigmoid(z),
        Activation::Softplus => z.exp().ln_1p(),
        other => unreachable!("{other:?} is not used here"),
    }
}

/// A batch of rows on its way through layers, in f64.
struct Batch {
    rows: Vec<Vec<f64>>,
    shape: Shape,
}

impl Batch {
    fn feature_maps(&self) -> [usize; 3] {
        self.shape.as_feature_maps().expect("feature maps")
    }

    fn each(&mut self, f: impl Fn(f64) -> f64) {
        self.rows.iter_mut().flatten().for_each(|x| *x = f(*x));
    }

    /// Each row's groups of channels, or those of all rows together, brought to mean 0 and variance 1.
    fn normalise(&mut self, groups: usize, together: bool, weight: &[f64], bias: &[f64]) {
        let [channels, plane] = self.shape.channels();
        let size = channels / groups * plane;
        for group in 0..groups {
            let range = group * size..(group + 1) * size;
            let of = |rows: &[Vec<f64>]| -> (f64, f64) {
                let all: Vec<f64> = rows
                    .iter()
                    .flat_map(|r| r[range.clone()].to_vec())
                    .collect();
                let mean = all.iter().sum::<f64>() / all.len() as f64;
                let variance = all.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                (mean, variance / all.len() as f64)
            };
            let whole = of(&self.rows);
            for row in &mut self.rows {
                let (mean, variance) = match together {
                    true => whole,
                    false => of(std::slice::from_ref(row)),
                };
                for at in range.clone() {
                    let normal = (row[at] - mean) / (variance + 1e-5).sqrt();
                    row[at] = weight[at / plane] * normal + bias[at / plane];
                }
            }
        }
    }

    fn window(&self, spec: &LayerSpec) -> (reference::Window, [usize; 2]) {
        let [_, height, width] = self.feature_maps();
        let (kernel, stride, dilation, padding) = match *spec {
            LayerSpec::Conv(ConvSpec {
                kernel,
                stride,
                dilation,
                padding,
                ..
            }) => (kernel, stride, dilation, padding),
            LayerSpec::MaxPool(MaxPoolSpec {
                size,
                stride,
                padding,
            })
            | LayerSpec::AveragePool(AveragePoolSpec {
                size,
                stride,
                padding,
            }) => (size, stride.unwrap_or(size), Size::Square(1), padding),
            _ => unreachable!("it has a window"),
        };
        let [kernel, stride, dilation]: [[usize; 2]; 3] =
            [kernel, stride, dilation].map(Into::into);
        let (mut before, mut out) = ([0; 2], [0; 2]);
        for (axis, size) in [height, width].into_iter().enumerate() {
            let extent = (kernel[axis] - 1) * dilation[axis] + 1;
            let total = match padding {
                Padding::Named(NamedPadding::Valid) => 0,
                Padding::Named(NamedPadding::Same) => {
                    ((size.div_ceil(stride[axis]) - 1) * stride[axis] + extent).saturating_sub(size)
                }
                Padding::Elements(n) => 2 * <[usize; 2]>::from(n)[axis],
            };
            before[axis] = total / 2;
            out[axis] = (size + total - extent) / stride[axis] + 1;
        }
        let window = reference::Window {
            kernel,
            stride,
            dilation,
            padding: before,
        };
        (window, out)
    }

    fn pool(&mut self, spec: &LayerSpec, pool: impl Fn(&[f64]) -> f64) {
        let [channels, height, width] = self.feature_maps();
        let (window, out) = self.window(spec);
        for row in &mut self.rows {
            let pooled = row.chunks(height * width).flat_map(|x| {
                let mut met = vec![Vec::new(); out[0] * out[1]];
                window.each([height, width], out, |at, place, _| met[place].push(x[at]));
                met.into_iter().map(|met| pool(&met)).collect::<Vec<f64>>()
            });
            *row = pooled.collect();
        }
        self.shape = Shape::feature_maps([channels, out[0], out[1]]);
    }

    fn through<'a>(
        &mut self,
        spec: &LayerSpec,
        parameters: &mut impl Iterator<Item = &'a Vec<f64>>,
    ) {
        let mut next = || parameters.next().expect("as many as layers have");
        match spec {
            LayerSpec::Conv(ConvSpec { channels, .. }) => {
                let [_, height, width] = self.feature_maps();
                let (window, out) = self.window(spec);
                let (weight, bias) = (next(), next());
                let channels = channels.unwrap_or(bias.len());
                for row in &mut self.rows {
                    *row =
                        reference::convolution(row, [height, width], weight, channels, out, window);
                    add(row, bias);
                }
                self.shape = Shape::feature_maps([channels, out[0], out[1]]);
            }
            LayerSpec::TransposedConv(TransposedConvSpec {
                kernel,
                stride,
                padding,
                output_padding,
                dilation,
                ..
            }) => {
                let [_, height, width] = self.feature_maps();
                let [kernel, stride, dilation]: [[usize; 2]; 3] =
                    [*kernel, *stride, *dilation].map(Into::into);
                let (mut before, mut size) = ([0; 2], [0; 2]);
                for (axis, places) in [height, width].into_iter().enumerate() {
                    let extent = (kernel[axis] - 1) * dilation[axis] + 1;
                    let whole = (places - 1) * stride[axis] + extent;
                    (before[axis], size[axis]) = match padding {
                        Padding::Named(NamedPadding::Same) => (
                            extent.saturating_sub(stride[axis]) / 2,
                            places * stride[axis],
                        ),
                        Padding::Named(NamedPadding::Valid) => (0, whole + output_padding),
                        Padding::Elements(n) => {
                            let n = <[usize; 2]>::from(*n)[axis];
                            (n, whole + output_padding - 2 * n)
                        }
                    };
                }
                let window = reference::Window {
                    kernel,
                    stride,
                    dilation,
                    padding: before,
                };
                let (weight, bias) = (next(), next());
                for row in &mut self.rows {
                    let y = [height, width];
                    *row =
                        reference::transposed_convolution(row, y, weight, bias.len(), size, window);
                    add(row, bias);
                }
                self.shape = Shape::feature_maps([bias.len(), size[0], size[1]]);
            }
            LayerSpec::MaxPool(_) => {
                self.pool(spec, |met| {
                    met.iter().copied().fold(f64::NEG_INFINITY, f64::max)
                });
            }
            LayerSpec::AveragePool(_) => {
                self.pool(spec, |met| met.iter().sum::<f64>() / met.len() as f64);
            }
            LayerSpec::Upsample(spec) => {
                let [channels, height, width] = self.feature_maps();
                let [down, across]: [usize; 2] = spec.factor.into();
                for row in &mut self.rows {
                    let wide = width * across;
                    *row = (0..channels * height * down * wide)
                        .map(|at| row[at / wide / down * width + at % wide / across])
                        .collect();
                }
                self.shape = Shape::feature_maps([channels, height * down, width * across]);
            }
            LayerSpec::BatchNorm(_) => {
                let (weight, bias) = (next(), next());
                let (_, _) = (next(), next());
                self.normalise(self.shape.channels()[0], true, weight, bias);
            }
            LayerSpec::LayerNorm(_) => self.normalise(1, false, next(), next()),
            LayerSpec::GroupNorm(GroupNormSpec { groups, .. }) => {
                self.normalise(*groups, false, next(), next())
            }
            LayerSpec::Residual(residual) => {
                let before = self.rows.clone();
                for layer in &residual.layers {
                    self.through(layer, parameters);
                }
                for (row, before) in self.rows.iter_mut().zip(before) {
                    row.iter_mut()
                        .zip(before)
                        .for_each(|(x, before)| *x += before);
                }
            }
            LayerSpec::Dense(_) => {
                let (weight, bias) = (next(), next());
                for row in &mut self.rows {
                    let dense = reference::Dense {
                        weight: weight.clone(),
                        bias: bias.clone(),
                        activation: |z| z,
                    };
                    *row = dense.forward(row);
                }
                self.shape = Shape::Flat(bias.len());
            }
            LayerSpec::Reshape(spec) => self.shape = Shape::feature_maps(spec.shape),
            LayerSpec::Flatten(_) => self.shape = Shape::Flat(self.shape.elements()),
            LayerSpec::Activation(_) | LayerSpec::Dropout(_) => {}
        }
        self.each(|z| activate(spec.activation(), z));
    }
}

/// Adds its bias to each plane of a row.
fn add(row: &mut [f64], bias: &[f64]) {
    let plane = row.len() / bias.len();
    for (plane, bias) in row.chunks_mut(plane).zip(bias) {
        plane.iter_mut().for_each(|x| *x += bias);
    }
}

fn options() -> StepOptions {
    StepOptions {
        objective: LikelihoodSpec::Gaussian.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 5,
        frozen: Vec::new(),
    }
}

fn wide(parameters: &[Parameter]) -> Vec<Vec<f64>> {
    let wide = |p: &Parameter| p.value.as_slice().iter().map(|&x| x.into()).collect();
    parameters.iter().map(wide).collect()
}

/// A chain whose parameters are all off their first values.
fn moved(text: &str, input: Shape) -> Chain {
    let mut chain = build(text, input).unwrap_or_else(|error| panic!("{text}: {error}"));
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.1 * noise;
        }
    }
    chain
}

/// Outputs, loss and gradients of a chain against f64.
fn check(text: &str, input: [usize; 3], rows: usize) {
    let shape = Shape::feature_maps(input);
    let mut chain = moved(text, shape);
    let specs = specs(text);
    let width = shape.elements();
    let x = Matrix::from_vec(rows, width, numbers(9, rows * width));
    let at = wide(chain.parameters());
    let outputs = |parameters: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let mut batch = Batch {
            rows: x
                .view()
                .iter_rows()
                .map(|r| r.iter().map(|&x| x.into()).collect())
                .collect(),
            shape,
        };
        let mut parameters = parameters.iter();
        for spec in &specs {
            batch.through(spec, &mut parameters);
        }
        batch.rows
    };
    let loss = |which: usize, numbers: &[f64]| -> f64 {
        let mut parameters = at.clone();
        if let Some(parameter) = parameters.get_mut(which) {
            *parameter = numbers.to_vec();
        }
        let outputs = outputs(&parameters);
        let rows_of = outputs.iter().zip(x.view().iter_rows());
        let squares =
            rows_of.flat_map(|(y, t)| y.iter().zip(t).map(|(y, t)| (y - f64::from(*t)).powi(2)));
        0.5 * squares.sum::<f64>() / rows as f64
            + 0.5 * width as f64 * (2.0 * std::f64::consts::PI).ln()
    };

    let mut step = Step::new(&chain, rows, options());
    let indices: Vec<u32> = (0..rows as u32).collect();
    let obtained = step.run(&mut chain, &x, &indices, 0.0.into());
    let (obtained, expected) = (obtained.expect("in memory"), loss(usize::MAX, &[]));
    assert!(
        (obtained - expected).abs() < 3e-6 * expected,
        "{text}: {obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        if !chain.parameters()[which].is_learned() {
            continue;
        }
        let gradient = moments.gradient.as_slice();
        let places: Vec<usize> = (0..gradient.len())
            .step_by(gradient.len().div_ceil(6))
            .collect();
        let obtained: Vec<f32> = places.iter().map(|&i| gradient[i]).collect();
        let expected: Vec<f64> = places
            .iter()
            .map(|&i| reference::derivative(|numbers| loss(which, numbers), &at[which], i))
            .collect();
        assert_close(&obtained, &expected, 5e-5);
    }
}

const CHAINS: [(&str, [usize; 3], usize); 8] = [
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

#[test]
fn layers_on_planes_and_their_gradients_match_f64() {
    for (text, input, rows) in CHAINS {
        check(text, input, rows);
    }
}

#[test]
fn steps_on_planes_give_the_same_bits_for_any_number_of_threads() {
    for (text, input, _) in CHAINS {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let shape = Shape::feature_maps(input);
            // Many rows and more work than one thread is given.
            let x = Matrix::from_vec(900, shape.elements(), numbers(9, 900 * shape.elements()));
            let mut chain = moved(text, shape);
            let mut step = Step::new(&chain, 450, options());
            let indices: Vec<u32> = (0..900).collect();
            pool.expect("threads").install(|| {
                let mut losses = Vec::new();
                for batch in indices.chunks(450).cycle().take(4) {
                    let loss = step.run(&mut chain, &x, batch, 1e-3.into());
                    losses.push(loss.expect("in memory").to_bits());
                }
                let values: Vec<Vec<u32>> = chain
                    .parameters()
                    .iter()
                    .map(|p| p.value.as_slice().iter().map(|w| w.to_bits()).collect())
                    .collect();
                (losses, values)
            })
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{text}: {threads} threads");
        }
    }
}

#[test]
fn batch_norm_keeps_moving_means_and_uses_them() {
    let mut chain = build(
        "{ layer = 'batch-norm', momentum = 0.8 }, { layer = 'dense' }",
        Shape::Flat(2),
    )
    .expect("it fits");
    let x = Matrix::from_vec(4, 2, vec![1.0, 10.0, 2.0, 30.0, 3.0, 20.0, 6.0, 20.0]);
    let mut step = Step::new(&chain, 4, options());
    let loss = step.run(&mut chain, &x, &[0, 1, 2, 3], 0.0.into());
    loss.expect("in memory");
    let statistics: Vec<f64> = chain.parameters()[2..4]
        .iter()
        .flat_map(|p| p.value.as_slice().iter().map(|&x| x.into()))
        .collect();
    // Means 3 and 20, unbiased variances 14/3 and 200/3; they began at 0 and 1.
    let expected = [0.6, 4.0, 0.8 + 0.2 * 14.0 / 3.0, 0.8 + 0.2 * 200.0 / 3.0];
    let obtained: Vec<f32> = statistics.iter().map(|&x| x as f32).collect();
    assert_close(&obtained, &expected, 1e-6);

    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
    tape.input_mut(1, &[])
        .as_mut_slice()
        .copy_from_slice(&[1.0, 10.0]);
    tape.forward(&chain, Position::default());
    let normal = |x: f64, i: usize| (x - expected[i]) / (expected[i + 2] + 1e-5).sqrt();
    assert_close(
        tape.output().span(),
        &[normal(1.0, 0), normal(10.0, 1)],
        1e-6,
    );
}

fn assert_refused(text: &str, input: impl Into<Option<[usize; 3]>> + Debug, message: &str) {
    let shape = input.into().map_or(Shape::Flat(784), Shape::feature_maps);
    let error = build(text, shape).expect_err("it does not fit");
    assert_eq!(error, message);
}

#[test]
fn what_does_not_fit_is_refused_with_the_layer_and_both_shapes() {
    let image = [1, 28, 28];
    assert_refused(
        "{ layer = 'conv', channels = 2, kernel = 30, padding = 'valid' }",
        image,
        "layer 0 (conv) has a window of 30x30; it gets 1x28x28, 28x28 with the padding: use a smaller kernel, or padding `same`",
    );
    assert_refused(
        "{ layer = 'conv', channels = 2, kernel = 3, stride = 0 }",
        image,
        "layer 0 (conv) has stride 0; it needs at least 1",
    );
    assert_refused(
        "{ layer = 'max-pool', size = 14 }, { layer = 'max-pool', size = 3 }",
        image,
        "layer 1 (max-pool) has a window of 3x3; it gets 1x2x2, 2x2 with the padding: use a smaller kernel, or padding `same`",
    );
    assert_refused(
        "{ layer = 'conv', channels = 2, kernel = 3 }",
        None,
        "layer 0 (conv) gets rows of 784 elements; it works on feature maps: put a `reshape` with [channels, height, width] before \
         it, or give examples of a height and a width",
    );
    assert_refused(
        "{ layer = 'reshape', shape = [3, 28, 28] }",
        image,
        "layer 0 (reshape) takes 1x28x28 for 3x28x28; 3x28x28 has 2352 elements",
    );
    assert_refused(
        "{ layer = 'residual', layers = [{ layer = 'conv', channels = 2, kernel = 3 }] }",
        image,
        "layer 0 (residual) goes from 1x28x28 to 2x28x28; its layers must end with the shape that they begin with",
    );
    assert_refused(
        "{ layer = 'conv', channels = 6, kernel = 3 }, { layer = 'group-norm', groups = 4 }",
        image,
        "layer 1 (group-norm) has 4 groups; `groups` must divide the 6 channels it gets",
    );
    assert_refused(
        "{ layer = 'transposed-conv', channels = 1, kernel = 2, padding = 15 }",
        image,
        "layer 0 (transposed-conv) cuts 30 off 29 elements; something must be left: use a smaller padding",
    );
    assert_refused(
        "{ layer = 'conv', kernel = 3, padding = 'valid' }",
        image,
        "layer 0 (conv) ends with feature maps of 26x26; 784 elements are wanted here, which is no multiple of 676",
    );
    assert_refused(
        "{ layer = 'conv', channels = 100000000, kernel = 3 }",
        image,
        "layer 0 (conv) makes 100000000 feature maps of 28x28; fewer than 2³¹ elements are possible: use fewer channels or a larger \
         stride",
    );
    assert_refused(
        "{ layer = 'upsample', factor = 1000000000 }",
        image,
        "layer 0 (upsample) makes 1 feature maps of 28x28; fewer than 2³¹ elements are possible: use fewer channels or a larger stride",
    );
    assert_refused(
        "{ layer = 'average-pool', size = 2, padding = 2 }",
        image,
        "layer 0 (average-pool) has a padding as wide as its window, 2x2; the padding must be narrower: a mean of nothing is \
         none",
    );
}
