//! Where and how closely gradients are compared.

use latentia_tensor::{Matrix, Noise};

use super::difference::Compare;
use super::report::{ComparedGradient, GradientMismatch, GradientReport};
use crate::engine::BLOCK_ROWS;

/// A check of gradients: where a part is tried, and how closely.
///
/// Parameters start at their initial values, moved by up to ±0.3, statistics at their initial values. A part is tried at random
/// values, so an element that stands exactly at a kink is not met by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientCheck {
    /// Examples in the batch: by default two blocks of [`BLOCK_ROWS`] and a short one. Fewer leave fewer kinks near the elements
    /// that are moved, of ReLUs and maxima at many positions, and less rounding in a penalty on the whole batch.
    pub rows: usize,
    /// Inputs, outputs of a likelihood and codes are uniform in this range: `[-1, 1]` by default.
    pub range: [f32; 2],
    /// Classes of the examples, in turn; 0 for examples without classes.
    pub classes: u8,
    /// Epochs trained so far, fractional within an epoch: infinite by default, so that every weight is the full one.
    pub epochs: f64,
    /// Seed of all that is random: the part's own noise, too.
    pub seed: u64,
    /// At most how many elements of each gradient are compared, spread at random over it; each takes a few steps of training.
    pub elements: usize,
    /// The largest error that passes, relative to the element, or to the root mean square of its gradient where that is larger.
    /// In f32 10⁻³ is far above rounding, for sums over a batch too, and far below what a wrong formula gives.
    pub tolerance: f64,
    /// Where the gradient passes straight through a step without a derivative, as through a rounding: it is not compared there.
    pub straight_through: StraightThrough,
}

/// In which passes a part's gradient with respect to its input is that of another function, by design: such as the
/// straight-through estimator of a quantiser (Bengio et al. 2013).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StraightThrough {
    /// In none: all gradients are compared.
    #[default]
    Never,
    /// In evaluation only, as of a code that is rounded there and blurred by noise in training.
    InEvaluation,
    /// In training too: of a layer, gradients of its own parameters alone are compared; a penalty takes codes for constants.
    Always,
}

impl Default for GradientCheck {
    fn default() -> Self {
        Self {
            rows: 2 * BLOCK_ROWS + 3,
            range: [-1.0, 1.0],
            classes: 0,
            epochs: f64::INFINITY,
            seed: 1,
            elements: 24,
            tolerance: 1e-3,
            straight_through: StraightThrough::Never,
        }
    }
}

/// Noise streams below this number belong to the parts themselves.
const FIRST_STREAM: u32 = 1 << 31;

/// What noise of a check is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Inputs,
    Parameters,
    Directions,
    Elements,
    Targets,
    Penalty,
}

impl GradientCheck {
    /// A source of noise beyond the streams of initial values and layers.
    pub(super) fn noise(&self, purpose: Purpose) -> Noise {
        Noise::new(self.seed, FIRST_STREAM + purpose as u32)
    }

    /// Random values in [`Self::range`].
    pub(super) fn random(&self, rows: usize, cols: usize) -> Matrix {
        let mut values = Matrix::zeros(rows, cols);
        self.noise(Purpose::Inputs)
            .uniform(0, values.as_mut_slice());
        let [low, high] = self.range;
        for x in values.as_mut_slice() {
            *x = low + (high - low) * *x;
        }
        values
    }

    /// Moves the initial values of parameter `number` by up to ±0.3.
    pub(super) fn move_parameter(&self, number: u32, value: &mut Matrix) {
        let mut draws = value.clone();
        self.noise(Purpose::Parameters)
            .uniform(number, draws.as_mut_slice());
        let elements = value.as_mut_slice().iter_mut().zip(draws.as_slice());
        elements.for_each(|(w, draw)| *w += 0.6 * (draw - 0.5));
    }

    /// How elements are compared, where the root mean square of the largest gradient is `largest`.
    pub(super) fn compare(&self, largest: f64) -> Compare {
        Compare {
            tolerance: self.tolerance,
            elements: self.elements.max(1),
            largest,
            noise: self.noise(Purpose::Elements),
        }
    }

    /// The report of a part, where all of its gradients are right.
    pub(super) fn judge(
        &self,
        part: String,
        gradients: Vec<ComparedGradient>,
    ) -> Result<GradientReport, GradientMismatch> {
        let unjudged = |gradient: &&ComparedGradient| gradient.compared == 0;
        if let Some(gradient) = gradients.iter().find(unjudged) {
            let name = gradient.name.clone();
            return Err(GradientMismatch::NoDerivative { part, name });
        }
        let is_wrong =
            |gradient: &&ComparedGradient| gradient.worst.relative_error > self.tolerance;
        let wrong: Vec<String> = gradients
            .iter()
            .filter(is_wrong)
            .map(|g| g.name.clone())
            .collect();
        let report = GradientReport { gradients };
        match wrong.is_empty() {
            true => Ok(report),
            false => Err(GradientMismatch::Gradients {
                part,
                wrong,
                tolerance: self.tolerance,
                report,
            }),
        }
    }

    /// That something is not finite where it was tried.
    pub(super) fn not_finite(&self, part: &str, what: impl Into<String>) -> GradientMismatch {
        let [low, high] = self.range;
        GradientMismatch::NotFinite {
            part: part.into(),
            what: what.into(),
            low,
            high,
        }
    }
}
