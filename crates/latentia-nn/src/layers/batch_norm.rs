//! Batch normalisation.

use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, map, sum_and_dot, update};

use crate::engine::step::Moments;
use crate::layer::{Batch, Layer, Parameter, ParameterSpec, Pass, Trace};
use crate::{Activation, Initializer, Shape};

/// Added to a variance before its root is taken.
const EPSILON: f64 = 1e-5;

/// `y = f(γ (x - m) / √(v + 10⁻⁵) + β)` with the mean `m` and the variance `v` of each channel over the examples and places
/// of a batch (Ioffe and Szegedy 2015); in use, with moving means of both, of which the share `momentum` stays at each step.
///
/// Parameters `gamma` and `beta`, statistics `running-mean` and `running-variance`, the unbiased one, as PyTorch
/// keeps it: each `[1, channels]`. Of a flat row every number is a channel.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    shape: Shape,
    momentum: f32,
    activation: Activation,
}

/// What becomes of a channel's numbers: `x̂ = (x - mean) / deviation`.
struct Moved {
    mean: f64,
    inverse: f64,
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

    fn plane(&self) -> usize {
        self.shape.channels()[1]
    }

    /// Sums over a batch, or the running statistics: what to do with channel `channel`.
    fn moved(&self, parameters: &[Parameter], batch: &[f64], channel: usize) -> Moved {
        let (mean, variance) = match batch {
            [] => {
                let [mean, variance] = [&parameters[2], &parameters[3]]
                    .map(|p| f64::from(p.value.as_slice()[channel]));
                (mean, variance)
            }
            [count, sums @ ..] => moments(*count, sums, channel),
        };
        Moved {
            mean,
            inverse: 1.0 / (variance + EPSILON).sqrt(),
        }
    }
}

impl BatchNorm {
    /// Behind the running statistics, which do not depend on the input.
    fn backward_in_use(
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
            let Moved { inverse, .. } = self.moved(parameters, &[], channel);
            let factor = (f64::from(parameters[0].value.as_slice()[channel]) * inverse) as f32;
            let numbers = channel * self.plane()..(channel + 1) * self.plane();
            for (dx, dz) in dx.iter_rows_mut().zip(dy.iter_rows_mut()) {
                map(&mut dx[numbers.clone()], &dz[numbers.clone()], |dz| {
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
        self.shape.numbers()
    }

    fn outputs(&self) -> usize {
        self.shape.numbers()
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn saved(&self) -> usize {
        match self.activation.slope_needs_input() {
            true => self.outputs(),
            false => 0,
        }
    }

    fn work(&self) -> usize {
        self.outputs()
    }

    /// How many numbers a channel has, then `Σ x` and `Σ x²` of each; on the way back `Σ dz` and `Σ dz · x̂` behind a number
    /// that counts nothing.
    fn couples(&self) -> usize {
        1 + 2 * self.channels()
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let n = self.channels();
        vec![
            ParameterSpec::learned("gamma", 1, n, Initializer::Ones),
            ParameterSpec::learned("beta", 1, n, Initializer::Zeros),
            ParameterSpec::statistic("running-mean", 1, n, Initializer::Zeros),
            ParameterSpec::statistic("running-variance", 1, n, Initializer::Ones),
        ]
    }

    fn couple(&self, x: MatrixRef<'_>, sums: &mut [f64]) {
        sums.fill(0.0);
        let [count, sums @ ..] = sums else { return };
        *count = (x.rows() * self.plane()) as f64;
        for x in x.iter_rows() {
            let (sums, _) = sums.as_chunks_mut::<2>();
            if self.plane() == 1 {
                for ([sum, squares], &x) in sums.iter_mut().zip(x) {
                    *sum += f64::from(x);
                    *squares += f64::from(x) * f64::from(x);
                }
                continue;
            }
            for ([sum, squares], x) in sums.iter_mut().zip(x.chunks(self.plane())) {
                let [own, own_squares] = sum_and_dot(x, x);
                *sum += own;
                *squares += own_squares;
            }
        }
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let [weight, bias] = [&parameters[0].value, &parameters[1].value].map(|m| m.as_slice());
        let batch = pass.batch.get(..self.couples()).unwrap_or_default();
        let plane = self.plane();
        for channel in 0..self.channels() {
            let Moved { mean, inverse } = self.moved(parameters, batch, channel);
            let factor = f64::from(weight[channel]) * inverse;
            let shift = (f64::from(bias[channel]) - mean * factor) as f32;
            let factor = factor as f32;
            for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
                let numbers = channel * plane..(channel + 1) * plane;
                map(&mut y[numbers.clone()], &x[numbers], |x| factor * x + shift);
            }
        }
        self.activation.apply(y, saved);
    }

    fn couple_back(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        sums: &mut [f64],
    ) {
        self.activation
            .backward(dy.reborrow(), trace.y, trace.saved);
        sums.fill(0.0);
        let batch = &trace.coupled.batch[..self.couples()];
        let (sums, _) = sums[1..].as_chunks_mut::<2>();
        for (channel, [sum, product]) in sums.iter_mut().enumerate() {
            let Moved { mean, inverse } = self.moved(parameters, batch, channel);
            let numbers = channel * self.plane()..(channel + 1) * self.plane();
            for (dz, x) in dy.iter_rows_mut().zip(trace.x.iter_rows()) {
                let [own, own_product] = sum_and_dot(&dz[numbers.clone()], &x[numbers.clone()]);
                *sum += own;
                *product += inverse * (own_product - mean * own);
            }
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dz: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        if trace.coupled.batch.is_empty() {
            return self.backward_in_use(parameters, trace, dz, dx);
        }
        let Some(mut dx) = dx else { return };
        let (met, back) = trace.coupled.batch.split_at(self.couples());
        let (count, plane) = (met[0], self.plane());
        for channel in 0..self.channels() {
            let Moved { mean, inverse } = self.moved(parameters, met, channel);
            let [sum, product] = [back[1 + 2 * channel], back[2 + 2 * channel]];
            // dx = γ/σ (dz - Σ dz / n - x̂ Σ dz x̂ / n), as a · dz + b · x + c
            let factor = f64::from(parameters[0].value.as_slice()[channel]) * inverse;
            let slope = -factor * inverse * product / count;
            let shift = (-factor * sum / count - slope * mean) as f32;
            let (factor, slope) = (factor as f32, slope as f32);
            let numbers = channel * plane..(channel + 1) * plane;
            let rows = dx.iter_rows_mut().zip(dz.iter_rows_mut());
            for ((dx, dz), x) in rows.zip(trace.x.iter_rows()) {
                let dx = &mut dx[numbers.clone()];
                map(dx, &dz[numbers.clone()], |dz| factor * dz + shift);
                update(dx, &x[numbers.clone()], |dx, x| dx + slope * x);
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
        // γ meets x̂, β the slope itself; the statistics are renewed from the sums of the batch.
        let behind = match index {
            0 => 1,
            1 => 0,
            _ => return out.as_mut_slice().fill(0.0),
        };
        let back = &trace.coupled.block[self.couples() + 1..];
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        for (out, sums) in out.as_mut_slice().iter_mut().zip(back.chunks(2)) {
            *out += sums[behind] as f32;
        }
    }

    fn renew(&self, parameters: &mut [Parameter], _sums: &[Moments], batch: Batch<'_>) {
        let Some(trace) = batch.traces().next() else {
            return;
        };
        let [_, _, mean, variance] = parameters else {
            return;
        };
        let (count, sums) = (trace.coupled.batch[0], &trace.coupled.batch[1..]);
        let unbiased = count / (count - 1.0).max(1.0);
        let means = mean.value.as_mut_slice().iter_mut();
        let running = means.zip(variance.value.as_mut_slice());
        let kept = self.momentum;
        for (channel, (mean, variance)) in running.enumerate() {
            let (new_mean, new_variance) = moments(count, sums, channel);
            *mean = kept * *mean + (1.0 - kept) * new_mean as f32;
            *variance = kept * *variance + (1.0 - kept) * (unbiased * new_variance) as f32;
        }
    }
}
