//! Batch normalisation.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, map, sum_and_dot, update};

use serde::{Deserialize, Serialize};

use super::activation::Activation;
use super::kind::LayerKind;
use super::stack::{LayerStack, share};
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{
    Abilities, BackwardMemory, Batch, BatchStatistics, ForwardMemory, Initializer, Layer, Memory,
    Parameter, ParameterSpec, Pass, RunningStatistics, Trace,
};
use crate::optim::Moments;

/// Added to a variance before its root is taken.
const EPSILON: f64 = 1e-5;

/// A [`BatchNorm`] layer as a user writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BatchNormSpec {
    /// Share of the running statistics that stays at a step. Example: `momentum = 0.99`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    #[serde(default = "momentum")]
    pub momentum: f32,
    /// The function applied to the output. Example: `activation = "relu"`
    #[serde(default)]
    pub activation: Activation,
}

fn momentum() -> f32 {
    0.9
}

impl LayerKind for BatchNormSpec {
    fn name(&self) -> &'static str {
        "batch-norm"
    }

    fn mixes_examples(&self) -> bool {
        true
    }

    fn add_to(&self, stack: &mut LayerStack, _width: usize) -> Result<(), InvalidSpec> {
        share("momentum", self.momentum)?;
        let layer = BatchNorm::new(stack.shape(), self.momentum, self.activation);
        stack.add(layer);
        Ok(())
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}

/// `y = f(γ (x - m) / √(v + 10⁻⁵) + β)` with the mean `m` and the variance `v` of each channel over the examples and positions
/// of a batch (Ioffe and Szegedy 2015); in evaluation, with running means of both, of which the share `momentum` stays at each step.
///
/// Parameters `gamma` and `beta`, statistics `running-mean` and `running-variance`, the unbiased one, as PyTorch
/// keeps it: each `[1, channels]`. Of a flat row every element is a channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    shape: Shape,
    momentum: f32,
    activation: Activation,
}

/// How a channel is normalised: `x̂ = (x - mean) · inverse_deviation`.
struct Normalisation {
    mean: f64,
    inverse_deviation: f64,
}

impl BatchNorm {
    /// Of rows of shape `shape`, with `momentum` from 0 to less than 1.
    pub fn new(shape: Shape, momentum: f32, activation: Activation) -> Self {
        Self {
            shape,
            momentum,
            activation,
        }
    }

    fn channels(&self) -> usize {
        self.shape.channels()[0]
    }

    /// Elements of a channel in one example.
    fn positions(&self) -> usize {
        self.shape.channels()[1]
    }

    /// How channel `channel` is normalised, by the sums over a batch, or by the running statistics where there are none.
    fn normalisation(
        &self,
        parameters: &[Parameter],
        batch: &[f64],
        channel: usize,
    ) -> Normalisation {
        let (mean, variance) = match batch {
            [] => {
                let [mean, variance] = [&parameters[2], &parameters[3]]
                    .map(|p| f64::from(p.value.as_slice()[channel]));
                (mean, variance)
            }
            [count, sums @ ..] => moments(*count, sums, channel),
        };
        Normalisation {
            mean,
            inverse_deviation: 1.0 / (variance + EPSILON).sqrt(),
        }
    }
}

impl BatchNorm {
    /// Behind the running statistics, which do not depend on the input.
    fn backward_in_evaluation(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        let Some(mut dx) = dx else { return };
        for channel in 0..self.channels() {
            let Normalisation {
                inverse_deviation: inverse,
                ..
            } = self.normalisation(parameters, &[], channel);
            let factor = (f64::from(parameters[0].value.as_slice()[channel]) * inverse) as f32;
            let elements = channel * self.positions()..(channel + 1) * self.positions();
            for (dx, dz) in dx.iter_rows_mut().zip(dy.iter_rows_mut()) {
                map(&mut dx[elements.clone()], &dz[elements.clone()], |dz| {
                    factor * dz
                });
            }
        }
    }
}

/// Mean and variance of a channel from `[Σ x, Σ x²]` of each.
fn moments(count: f64, sums: &[f64], channel: usize) -> (f64, f64) {
    let mean = sums[2 * channel] / count;
    let variance = sums[2 * channel + 1] / count - mean * mean;
    (mean, variance.max(0.0))
}

impl Layer for BatchNorm {
    fn name(&self) -> String {
        format!("batch norm {}", self.activation.name())
    }

    fn inputs(&self) -> usize {
        self.shape.elements()
    }

    fn output(&self) -> Shape {
        self.shape
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let n = self.channels();
        let [gamma, beta] = ParameterSpec::affine(n);
        vec![
            gamma,
            beta,
            ParameterSpec::statistic("running-mean", [1, n], Initializer::Zeros),
            ParameterSpec::statistic("running-variance", [1, n], Initializer::Ones),
        ]
    }

    fn memory(&self) -> Memory {
        Memory {
            saved: self.activation.saved(self.inputs()),
            ..Memory::default()
        }
    }

    fn multiplications(&self) -> usize {
        self.inputs()
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            batch_statistics: Some(self),
            running_statistics: Some(self),
            ..Abilities::default()
        }
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let [weight, bias] = [&parameters[0].value, &parameters[1].value].map(|m| m.as_slice());
        let batch = pass.statistics.get(..self.sums()).unwrap_or_default();
        let size = self.positions();
        for channel in 0..self.channels() {
            let Normalisation {
                mean,
                inverse_deviation: inverse,
            } = self.normalisation(parameters, batch, channel);
            let factor = f64::from(weight[channel]) * inverse;
            let shift = (f64::from(bias[channel]) - mean * factor) as f32;
            let factor = factor as f32;
            for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
                let elements = channel * size..(channel + 1) * size;
                map(&mut y[elements.clone()], &x[elements], |x| {
                    factor * x + shift
                });
            }
        }
        self.activation.apply(y, memory.saved);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dz: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        if trace.statistics.batch.is_empty() {
            return self.backward_in_evaluation(parameters, trace, dz, dx);
        }
        let Some(mut dx) = dx else { return };
        let (met, back) = trace.statistics.batch.split_at(self.sums());
        let (count, size) = (met[0], self.positions());
        for channel in 0..self.channels() {
            let Normalisation {
                mean,
                inverse_deviation: inverse,
            } = self.normalisation(parameters, met, channel);
            let [sum, product] = [back[1 + 2 * channel], back[2 + 2 * channel]];
            // dx = γ/σ (dz - Σ dz / n - x̂ Σ dz x̂ / n), as a · dz + b · x + c
            let factor = f64::from(parameters[0].value.as_slice()[channel]) * inverse;
            let x_factor = -factor * inverse * product / count;
            let shift = (-factor * sum / count - x_factor * mean) as f32;
            let (factor, x_factor) = (factor as f32, x_factor as f32);
            let elements = channel * size..(channel + 1) * size;
            let rows = dx.iter_rows_mut().zip(dz.iter_rows_mut());
            for ((dx, dz), x) in rows.zip(trace.x.iter_rows()) {
                let dx = &mut dx[elements.clone()];
                map(dx, &dz[elements.clone()], |dz| factor * dz + shift);
                update(dx, &x[elements.clone()], |dx, x| dx + x_factor * x);
            }
        }
    }

    fn gradient(
        &self,
        index: usize,
        _rows: Range<usize>,
        trace: Trace<'_>,
        _dz: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        // γ multiplies x̂, β is added; the statistics are updated from the sums of the batch.
        let behind = match index {
            0 => 1,
            1 => 0,
            _ => return out.as_mut_slice().fill(0.0),
        };
        let back = &trace.statistics.block[self.sums() + 1..];
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        for (out, sums) in out.as_mut_slice().iter_mut().zip(back.chunks(2)) {
            *out += sums[behind] as f32;
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let shape = match self.shape.as_feature_maps() {
            Some(feature_maps) => feature_maps.to_vec(),
            None => vec![self.inputs()],
        };
        let mut inputs = vec![graph.reshape(inputs[0], &shape)];
        let channels = [self.channels()];
        inputs.extend((parameters.iter()).map(|own| own.describe(graph, &channels)));
        let epsilon = EPSILON as f32;
        let y = graph.node(Operation::BatchNormalization { epsilon }, &inputs);
        Ok(self.activation.describe(graph, y))
    }
}

impl BatchStatistics for BatchNorm {
    /// How many elements a channel has, then `Σ x` and `Σ x²` of each; on the way back `Σ dz` and `Σ dz · x̂` behind an unused
    /// one.
    fn sums(&self) -> usize {
        1 + 2 * self.channels()
    }

    fn sum_forward(&self, x: MatrixRef<'_>, sums: &mut [f64]) {
        sums.fill(0.0);
        let [count, sums @ ..] = sums else { return };
        *count = (x.rows() * self.positions()) as f64;
        for x in x.iter_rows() {
            let (sums, _) = sums.as_chunks_mut::<2>();
            if self.positions() == 1 {
                for ([sum, squares], &x) in sums.iter_mut().zip(x) {
                    *sum += f64::from(x);
                    *squares += f64::from(x) * f64::from(x);
                }
                continue;
            }
            for ([sum, squares], x) in sums.iter_mut().zip(x.chunks(self.positions())) {
                let [own, own_squares] = sum_and_dot(x, x);
                *sum += own;
                *squares += own_squares;
            }
        }
    }

    fn sum_backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        sums: &mut [f64],
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        sums.fill(0.0);
        let batch = &trace.statistics.batch[..self.sums()];
        let (sums, _) = sums[1..].as_chunks_mut::<2>();
        for (channel, [sum, product]) in sums.iter_mut().enumerate() {
            let Normalisation {
                mean,
                inverse_deviation: inverse,
            } = self.normalisation(parameters, batch, channel);
            let elements = channel * self.positions()..(channel + 1) * self.positions();
            for (dz, x) in dy.iter_rows_mut().zip(trace.x.iter_rows()) {
                let [own, own_product] = sum_and_dot(&dz[elements.clone()], &x[elements.clone()]);
                *sum += own;
                *product += inverse * (own_product - mean * own);
            }
        }
    }
}

impl RunningStatistics for BatchNorm {
    fn reads_examples(&self) -> bool {
        false
    }

    fn update(&self, parameters: &mut [Parameter], _sums: &[Moments], batch: &dyn Batch) {
        let Some(trace) = batch.traces().next() else {
            return;
        };
        let [_, _, mean, variance] = parameters else {
            return;
        };
        let (count, sums) = (trace.statistics.batch[0], &trace.statistics.batch[1..]);
        let unbiased = count / (count - 1.0).max(1.0);
        let means = mean.value.as_mut_slice().iter_mut();
        let running = means.zip(variance.value.as_mut_slice());
        let momentum = self.momentum;
        for (channel, (mean, variance)) in running.enumerate() {
            let (new_mean, new_variance) = moments(count, sums, channel);
            *mean = momentum * *mean + (1.0 - momentum) * new_mean as f32;
            *variance = momentum * *variance + (1.0 - momentum) * (unbiased * new_variance) as f32;
        }
    }
}
