//! Codes of whole numbers.

mod prior;
mod rate;

use std::f32::consts::PI;
use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef};
use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{
    Abilities, BackwardMemory, Batch, ForwardMemory, Initializer, Layer, Memory, Mode, Parameter,
    ParameterSpec, Pass, RunningStatistics, Trace,
};
use crate::likelihood::Likelihood;
use crate::optim::Moments;
use crate::penalty::Penalty;
pub use prior::LogisticPrior;
pub use rate::Rate;

/// The least scale of the prior: an element that never leaves its cell costs next to nothing then.
const LEAST_SCALE: f32 = 0.05;

/// The encoder's output, rounded; see [`RoundedLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rounded {
    /// Factor on the nats that an entropy coder needs for a code, in the loss's unit; see [`Rate`]. Example: `rate = 0.001`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub rate: f32,
    /// Decay a step of the running moments of the prior. Example: `decay = 0.95`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    #[serde(default = "decay")]
    pub decay: f32,
}

fn decay() -> f32 {
    0.99
}

impl Latent for Rounded {
    fn name(&self) -> &'static str {
        "rounded"
    }

    fn check(&self, _row: Shape) -> Result<(), InvalidSpec> {
        let Self { rate, decay } = *self;
        require(
            rate.is_finite() && rate >= 0.0,
            || format!("has rate {rate}"),
            "it must be finite and at least 0",
        )?;
        require(
            (0.0..1.0).contains(&decay),
            || format!("has decay {decay}"),
            "it must be at least 0 and less than 1",
        )
    }

    fn layers(&self, inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        vec![Box::new(RoundedLatent::new(inputs, self.decay))]
    }

    fn penalty(&self, _width: usize, _likelihood: &dyn Likelihood) -> Option<Arc<dyn Penalty>> {
        Some(Arc::new(Rate { weight: self.rate }))
    }

    fn values(&self) -> CodeValues {
        CodeValues::Integers
    }
}

/// Elements are rounded in evaluation; in training, noise between -½ and ½ is added instead, which blurs as much and has gradients
/// (Ballé, Laparra and Simoncelli 2017).
///
/// Each element has a logistic prior with the running mean and the running variance of what the layer met: what an entropy
/// coder would take it for, see [`Rate`]. Statistics: `mean` and `variance`, `[1, width]`.
#[derive(Clone, Debug)]
pub struct RoundedLatent {
    width: usize,
    decay: f32,
}

impl RoundedLatent {
    /// A code of `width` elements, the moments of whose prior decay by `decay` a step.
    pub fn new(width: usize, decay: f32) -> Self {
        Self { width, decay }
    }
}

impl Layer for RoundedLatent {
    fn name(&self) -> String {
        "rounded".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: means, then scales of the prior; see [`LogisticPrior`].
    fn memory(&self) -> Memory {
        Memory {
            saved: 2 * self.width,
            ..Memory::default()
        }
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            running_statistics: Some(self),
            ..Abilities::default()
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::statistic("mean", [1, self.width], Initializer::Zeros),
            ParameterSpec::statistic("variance", [1, self.width], Initializer::Ones),
        ]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let mut saved = memory.saved;
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
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        // Halves are rounded away from zero.
        let x = graph.flat(inputs[0]);
        let size = graph.node(Operation::Abs, &[x]);
        let whole = graph.node(Operation::Floor, &[size]);
        let rest = graph.sub(size, whole);
        let half = graph.scalar(0.5f32.next_down().into(), x);
        let up = graph.node(Operation::Greater, &[rest, half]);
        let up = graph.indicator(up);
        let size = graph.add(whole, up);
        let sign = graph.node(Operation::Sign, &[x]);
        Ok(graph.mul(sign, size))
    }
}

impl RunningStatistics for RoundedLatent {
    /// The moments of the batch are those of the two-pass formula in f64: a mean of the squares less the square of the mean
    /// would drown a small variance in a large mean.
    fn update(&self, parameters: &mut [Parameter], _sums: &[Moments], batch: &dyn Batch) {
        let [mean, variance] = parameters else { return };
        let met: usize = batch.traces().map(|trace| trace.x.rows()).sum();
        let running = mean
            .value
            .as_mut_slice()
            .iter_mut()
            .zip(variance.value.as_mut_slice());
        for (unit, (mean, variance)) in running.enumerate() {
            let total = |of: &dyn Fn(f64) -> f64| -> f64 {
                let rows = batch
                    .traces()
                    .flat_map(|trace| (0..trace.x.rows()).map(move |row| trace.x.row(row)[unit]));
                rows.map(|x| of(f64::from(x))).sum::<f64>() / met as f64
            };
            let own = total(&|x| x);
            let spread = total(&|x| (x - own).powi(2));
            *mean = self.decay * *mean + (1.0 - self.decay) * own as f32;
            *variance = self.decay * *variance + (1.0 - self.decay) * spread as f32;
        }
    }
}
