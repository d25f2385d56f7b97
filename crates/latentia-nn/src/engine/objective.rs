//! What training minimises.

use std::fmt::Debug;

use latentia_tensor::{MatrixMut, Noise};

use crate::Likelihood;
use crate::layer::Trace;

/// The likelihood's loss, and terms on the codes.
#[derive(Debug)]
pub struct Objective {
    /// The loss at the end of the chain.
    pub likelihood: Likelihood,
    /// Number of the layer whose output is the code.
    pub code: usize,
    /// What is added to the loss.
    pub terms: Vec<Box<dyn Term>>,
    /// Whether the `k` samples of a Gaussian code are weighed by importance (Burda et al. 2016): the loss is
    /// `-ln (1/k) Σ p(x | z) p(z) / q(z | x)`, mean over examples.
    pub importance_weighted: bool,
}

impl From<Likelihood> for Objective {
    /// A loss without terms.
    fn from(likelihood: Likelihood) -> Self {
        Self {
            likelihood,
            code: 0,
            terms: Vec::new(),
            importance_weighted: false,
        }
    }
}

impl Objective {
    /// Whether a slope by the input of the code's layer is added to what comes from behind.
    pub(crate) fn reaches_input(&self) -> bool {
        self.importance_weighted || self.terms.iter().any(|term| term.reaches_input())
    }

    /// Whether some term needs the codes of the whole batch.
    pub(crate) fn couples(&self) -> bool {
        self.terms.iter().any(|term| term.couples())
    }

    /// Adds up the terms that couple examples, or those that do not.
    pub(crate) fn apply(
        &self,
        coupling: bool,
        codes: Trace<'_>,
        state: State,
        mut slopes: Option<Slopes<'_>>,
        scratch: &mut Vec<f32>,
    ) -> f64 {
        let mut sum = 0.0;
        for (number, term) in (0..).zip(&self.terms) {
            if term.couples() == coupling {
                let noise = state.noise.later_stream(number);
                let slopes = slopes.as_mut().map(Slopes::reborrow);
                sum += term.apply(codes, State { noise, ..state }, slopes, scratch);
            }
        }
        sum
    }
}

/// A term of the objective: a function of a batch's codes, and of what the layer that makes them was given.
pub trait Term: Debug + Send + Sync {
    /// Whether the examples of a batch depend on each other: such a term is handed the whole batch, others block by block.
    fn couples(&self) -> bool {
        false
    }

    /// Whether the term has a slope by the input of the code's layer, as by the moments of a Gaussian code.
    fn reaches_input(&self) -> bool {
        false
    }

    /// Gives back `state.share` times the term's mean over the examples of `codes`, and adds its slopes. `scratch` is for any
    /// use and keeps its memory from step to step.
    ///
    /// Shapes: `codes.x` `[rows, inputs]` and `codes.y` `[rows · copies, outputs]` of the layer that makes the code.
    fn apply(
        &self,
        codes: Trace<'_>,
        state: State,
        slopes: Option<Slopes<'_>>,
        scratch: &mut Vec<f32>,
    ) -> f64;
}

/// Where in a run a term is computed.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Share of the batch that these codes are.
    pub share: f64,
    /// Epochs trained so far, whole and begun; infinite where every weight is to be the full one.
    pub epochs: f64,
    /// Noise of this term.
    pub noise: Noise,
    /// Number in the batch of the first row of `codes.y`.
    pub first_row: u32,
}

/// Where a term adds its slopes.
#[derive(Debug)]
pub struct Slopes<'a> {
    /// By the input of the code's layer; without columns where no term reaches it.
    pub dx: MatrixMut<'a>,
    /// By the codes.
    pub dy: MatrixMut<'a>,
}

impl Slopes<'_> {
    /// The same, borrowed again.
    fn reborrow(&mut self) -> Slopes<'_> {
        Slopes {
            dx: self.dx.reborrow(),
            dy: self.dy.reborrow(),
        }
    }
}
