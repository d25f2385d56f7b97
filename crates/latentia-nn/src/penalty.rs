//! What is added to the likelihood's loss.

use std::fmt::Debug;

use latentia_tensor::{MatrixMut, MatrixRef, Noise};

/// A penalty: a function of a batch's codes, and of what the latent's last layer was given, or of the decoder's outputs, that is added to the loss.
/// [`GradientCheck::penalty`](crate::gradient_check::GradientCheck::penalty) holds its gradients to its value.
///
/// The example `custom_parts` of the crate `latentia` has one that is not in the list. What training does with any of them:
///
/// ```
/// use latentia_nn::penalties::L1;
/// use latentia_nn::{CodeGradients, Codes, Penalty, PenaltyContext};
/// use latentia_tensor::{Matrix, Noise};
///
/// // ½ Σ |z|, mean over two codes of two elements; of a whole batch, at its full weight.
/// let (codes, none) = (Matrix::from_vec(2, 2, vec![1.0, -2.0, 0.0, 3.0]), Matrix::default());
/// let codes = Codes { inputs: none.view(), codes: codes.view(), saved: none.view(), labels: &[] };
/// let context = PenaltyContext { share: 1.0, epochs: f64::INFINITY, noise: Noise::new(42, 0), first_row: 0 };
/// let (mut gradient, mut none) = (Matrix::zeros(2, 2), Matrix::default());
/// let gradients = CodeGradients { inputs: none.view_mut(), codes: gradient.view_mut(), log_prior: &mut [] };
/// let value = L1 { weight: 0.5 }.apply(codes, context, Some(gradients), &mut Vec::new());
/// assert_eq!(value, 1.5);
/// assert_eq!(gradient.as_slice(), [0.25, -0.25, 0.0, 0.25]);
/// ```
pub trait Penalty: Debug + Send + Sync {
    /// Its name in a specification and in messages.
    fn name(&self) -> &'static str;

    /// Whether the examples of a batch depend on each other: such a penalty is handed the whole batch, others block by block.
    fn needs_batch(&self) -> bool {
        false
    }

    /// Whether it has a gradient with respect to the input of the latent's last layer, as by the parameters of a posterior.
    fn needs_input_gradient(&self) -> bool {
        false
    }

    /// Whether it is of the decoder's outputs, which it is handed in place of the codes, block by block.
    fn is_of_outputs(&self) -> bool {
        false
    }

    /// Whether it compares the codes of a batch with each other, so that a batch of one example has no value, and pairs of rows
    /// as the contractive penalty makes would count as examples. Stronger than [`Self::needs_batch`].
    fn compares_codes(&self) -> bool {
        false
    }

    /// Whether it holds the codes of all examples together to the standard normal prior, so that a decoder makes examples of draws from
    /// it, whatever a single code is.
    fn holds_to_prior(&self) -> bool {
        false
    }

    /// Epochs until its weight is the full one; losses of epochs before do not compare.
    fn warm_up(&self) -> u32 {
        0
    }

    /// Returns `context.share` times the penalty's mean over the examples of `codes`, and adds its gradients. `workspace` is
    /// for any use and keeps its memory from step to step.
    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        workspace: &mut Vec<f32>,
    ) -> f64;
}

/// The codes of a block or of a batch, as a penalty sees them; or a block's [outputs](Penalty::is_of_outputs) in their place, with labels alone
/// beside them.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    /// What the latent's last layer was given: `[rows, inputs]`.
    pub inputs: MatrixRef<'a>,
    /// The codes: `[rows · samples, width]`.
    pub codes: MatrixRef<'a>,
    /// What the latent's last layer saved for each code, for that layer's own accessors; empty for a penalty that
    /// [needs the batch](Penalty::needs_batch).
    pub saved: MatrixRef<'a>,
    /// The class of each example; empty where examples have none.
    pub labels: &'a [u32],
}

/// Where in a run a penalty is computed.
#[derive(Clone, Copy, Debug)]
pub struct PenaltyContext {
    /// Share of the batch that these codes are.
    pub share: f64,
    /// Epochs trained so far, fractional within an epoch; infinite where every weight is to be the full one.
    pub epochs: f64,
    /// Noise of this penalty.
    pub noise: Noise,
    /// Number in the batch of the first of the codes.
    pub first_row: u32,
}

/// How far a weight has come after `epochs` epochs that rises in a straight line over `warm_up`: 1 behind them.
pub(crate) fn warm_up_progress(epochs: f64, warm_up: u32) -> f64 {
    match warm_up {
        0 => 1.0,
        warm_up => (epochs / f64::from(warm_up)).min(1.0),
    }
}

/// Where a penalty adds its gradients.
#[derive(Debug)]
pub struct CodeGradients<'a> {
    /// By [`Codes::inputs`]; without columns where no penalty [needs it](Penalty::needs_input_gradient).
    pub inputs: MatrixMut<'a>,
    /// By [`Codes::codes`].
    pub codes: MatrixMut<'a>,
    /// By `ln p(z)` of each code, where the prior is [learned](crate::Prior) and the penalty does not
    /// [need the batch](Penalty::needs_batch); else empty.
    pub log_prior: &'a mut [f32],
}

impl CodeGradients<'_> {
    /// The same, borrowed again.
    pub fn reborrow(&mut self) -> CodeGradients<'_> {
        CodeGradients {
            inputs: self.inputs.reborrow(),
            codes: self.codes.reborrow(),
            log_prior: self.log_prior,
        }
    }
}
