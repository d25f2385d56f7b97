//! Code of whole numbers.

use std::f32::consts::PI;
use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};

use crate::Initializer;
use crate::engine::step::Moments;
use crate::layer::{Batch, Layer, Mode, Parameter, ParameterSpec, Pass, Trace};

/// The least scale of the prior: a number that never leaves its cell costs next to nothing then.
const LEAST_SCALE: f32 = 0.05;

/// Numbers are rounded in use; in training, noise between -½ and ½ is added instead, which blurs as much and has gradients
/// (Ballé, Laparra and Simoncelli 2017).
///
/// Each number has a logistic prior with the moving mean and the moving variance of what the layer met: what an entropy coder
/// would take it for, see [`crate::penalties::Rate`]. Statistics: `mean` and `variance`, `[1, width]`.
#[derive(Clone, Debug)]
pub struct Rounding {
    width: usize,
    decay: f32,
}

impl Rounding {
    /// A code of `width` numbers, the moments of whose prior decay by `decay` a step.
    pub fn new(width: usize, decay: f32) -> Self {
        Self { width, decay }
    }

    /// Means and scales of the prior, `[width]` each, from what the layer saved.
    pub(crate) fn prior(saved: &[f32]) -> (&[f32], &[f32]) {
        saved.split_at(saved.len() / 2)
    }
}

impl Layer for Rounding {
    fn name(&self) -> String {
        "rounded".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    /// Means, then scales of the prior.
    fn saved(&self) -> usize {
        2 * self.width
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::statistic("mean", 1, self.width, Initializer::Zeros),
            ParameterSpec::statistic("variance", 1, self.width, Initializer::Ones),
        ]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        let [mean, variance] = [0, 1].map(|at: usize| parameters[at].value.as_slice());
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((row, (y, saved)), x) in (pass.first_row..).zip(rows).zip(x.iter_rows()) {
            let (means, scales) = saved.split_at_mut(self.width);
            means.copy_from_slice(mean);
            for (scale, variance) in scales.iter_mut().zip(variance) {
                // The variance of a logistic distribution is π² s² / 3.
                *scale = LEAST_SCALE.max((3.0 * variance).sqrt() / PI);
            }
            if pass.mode == Mode::Train {
                pass.noise.uniform(row, y);
                y.iter_mut().zip(x).for_each(|(y, x)| *y += x - 0.5);
            } else {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = x.round());
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
    }

    /// The sum of each number, or of its square.
    fn gradient(
        &self,
        index: usize,
        _rows: Range<usize>,
        trace: Trace<'_>,
        _dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        let sums = out.as_mut_slice();
        if accumulate == Accumulate::Replace {
            sums.fill(0.0);
        }
        for x in trace.x.iter_rows() {
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum += if index == 0 { *x } else { x * x };
            }
        }
    }

    fn renew(&self, parameters: &mut [Parameter], sums: &[Moments], batch: Batch<'_>) {
        let [mean, variance] = parameters else { return };
        let met: usize = batch.traces().map(|trace| trace.x.rows()).sum();
        let moments = sums[0]
            .gradient
            .as_slice()
            .iter()
            .zip(sums[1].gradient.as_slice());
        let kept = mean
            .value
            .as_mut_slice()
            .iter_mut()
            .zip(variance.value.as_mut_slice());
        for ((mean, variance), (sum, squares)) in kept.zip(moments) {
            let own = sum / met as f32;
            let spread = (squares / met as f32 - own * own).max(0.0);
            *mean = self.decay * *mean + (1.0 - self.decay) * own;
            *variance = self.decay * *variance + (1.0 - self.decay) * spread;
        }
    }
}
