//! A batch on its way through layers, in slow f64 loops.

use latentia_nn::layers::{
    AveragePoolSpec, ConvSpec, GroupNormSpec, MaxPoolSpec, NamedPadding, Padding, Padding1d, Size,
    TransposedConvSpec, UpsampleSpec,
};
use latentia_nn::{Activation, LayerSpec, Shape};
use latentia_testing::reference;

pub fn activate(activation: Activation, z: f64) -> f64 {
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
pub struct Batch<'a> {
    pub rows: Vec<Vec<f64>>,
    pub shape: Shape,
    /// Heights and widths behind the layers that choose them, where they are not as written.
    pub chosen: std::slice::Iter<'a, [usize; 2]>,
}

impl Batch<'_> {
    pub fn feature_maps(&self) -> [usize; 3] {
        self.shape.as_feature_maps().expect("feature maps")
    }

    pub fn each(&mut self, f: impl Fn(f64) -> f64) {
        self.rows.iter_mut().flatten().for_each(|x| *x = f(*x));
    }

    /// Each row's groups of channels, or those of all rows together, brought to mean 0 and variance 1.
    pub fn normalise(&mut self, groups: usize, together: bool, weight: &[f64], bias: &[f64]) {
        let [channels, positions] = self.shape.channels();
        let size = channels / groups * positions;
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
                    row[at] = weight[at / positions] * normal + bias[at / positions];
                }
            }
        }
    }

    pub fn window(&mut self, spec: &LayerSpec) -> (reference::Window, [usize; 2]) {
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
        let fit = padding == Padding::Named(NamedPadding::Fit);
        let chosen = fit.then(|| self.chosen.next()).flatten();
        for (axis, size) in [height, width].into_iter().enumerate() {
            let extent = (kernel[axis] - 1) * dilation[axis] + 1;
            let total = match padding {
                Padding::Named(NamedPadding::Valid) => 0,
                Padding::Named(NamedPadding::Fit) => chosen.map_or(0, |chosen| {
                    (chosen[axis] - 1) * stride[axis] + extent - size
                }),
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

    pub fn pool(&mut self, spec: &LayerSpec, pool: impl Fn(&[f64]) -> f64) {
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

    pub fn through<'a>(
        &mut self,
        spec: &LayerSpec,
        parameters: &mut impl Iterator<Item = &'a Vec<f64>>,
    ) {
        let mut next = || parameters.next().expect("as many as layers have");
        let planar = in_two_dimensions(spec);
        let spec = planar.as_ref().unwrap_or(spec);
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
                let chosen = self.chosen.next();
                let added = <[usize; 2]>::from(*output_padding);
                for (axis, places) in [height, width].into_iter().enumerate() {
                    let extent = (kernel[axis] - 1) * dilation[axis] + 1;
                    let whole = (places - 1) * stride[axis] + extent;
                    (before[axis], size[axis]) = match padding {
                        // As much before as the convolution would have that has these feature maps as its input.
                        Padding::Named(NamedPadding::Same) => {
                            let size = chosen.map_or(places * stride[axis], |size| size[axis]);
                            (whole.saturating_sub(size) / 2, size)
                        }
                        Padding::Named(NamedPadding::Fit) => {
                            let size = chosen.map_or(whole, |size| size[axis]);
                            (whole.saturating_sub(size) / 2, size)
                        }
                        Padding::Named(NamedPadding::Valid) => {
                            (0, chosen.map_or(whole + added[axis], |size| size[axis]))
                        }
                        Padding::Elements(n) => {
                            let n = <[usize; 2]>::from(*n)[axis];
                            let own = whole + added[axis] - 2 * n;
                            (n, chosen.map_or(own, |size| size[axis]))
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
                let whole = [height * down, width * across];
                let size = self.chosen.next().copied().unwrap_or(whole);
                let [above, left] = [0, 1].map(|axis| (whole[axis] - size[axis]) / 2);
                for row in &mut self.rows {
                    let all = (0..channels * size[0] * size[1]).map(|at| {
                        let (map, y, x) = (
                            at / (size[0] * size[1]),
                            at / size[1] % size[0],
                            at % size[1],
                        );
                        row[(map * height + (y + above) / down) * width + (x + left) / across]
                    });
                    *row = all.collect();
                }
                self.shape = Shape::feature_maps([channels, size[0], size[1]]);
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
            LayerSpec::Reshape(spec) => {
                let open = || {
                    let [height, width] = *self.chosen.next()?;
                    Some([spec.channels?, height, width])
                };
                let sizes = spec.shape.or_else(open);
                self.shape = Shape::feature_maps(sizes.expect("a shape, or a chosen one"));
            }
            LayerSpec::Flatten(_) => self.shape = Shape::Flat(self.shape.elements()),
            LayerSpec::Activation(_) | LayerSpec::Dropout(_) => {}
            other => unreachable!("{other:?} is one of two dimensions"),
        }
        self.each(|z| activate(spec.activation(), z));
    }
}

/// Adds its bias to each feature map of a row.
pub fn add(row: &mut [f64], bias: &[f64]) {
    let positions = row.len() / bias.len();
    for (map, bias) in row.chunks_mut(positions).zip(bias) {
        map.iter_mut().for_each(|x| *x += bias);
    }
}

/// A layer in one dimension as one in two dimensions.
fn in_two_dimensions(spec: &LayerSpec) -> Option<LayerSpec> {
    let along = |steps: usize| Size::Both([1, steps]);
    let around = |padding: Padding1d| match padding {
        Padding1d::Elements(steps) => Padding::Elements(Size::Both([0, steps])),
        Padding1d::Named(named) => Padding::Named(named),
    };
    Some(match spec.clone() {
        LayerSpec::Conv1d(spec) => LayerSpec::Conv(ConvSpec {
            channels: spec.channels,
            kernel: along(spec.kernel),
            stride: along(spec.stride),
            padding: around(spec.padding),
            dilation: along(spec.dilation),
            activation: spec.activation,
            initializer: spec.initializer,
        }),
        LayerSpec::TransposedConv1d(spec) => LayerSpec::TransposedConv(TransposedConvSpec {
            channels: spec.channels,
            kernel: along(spec.kernel),
            stride: along(spec.stride),
            padding: around(spec.padding),
            output_padding: Size::Both([0, spec.output_padding]),
            dilation: along(spec.dilation),
            activation: spec.activation,
            initializer: spec.initializer,
        }),
        LayerSpec::MaxPool1d(spec) => LayerSpec::MaxPool(MaxPoolSpec {
            size: along(spec.size),
            stride: spec.stride.map(along),
            padding: around(spec.padding),
        }),
        LayerSpec::AveragePool1d(spec) => LayerSpec::AveragePool(AveragePoolSpec {
            size: along(spec.size),
            stride: spec.stride.map(along),
            padding: around(spec.padding),
        }),
        LayerSpec::Upsample1d(spec) => LayerSpec::Upsample(UpsampleSpec {
            factor: along(spec.factor),
        }),
        _ => return None,
    })
}
