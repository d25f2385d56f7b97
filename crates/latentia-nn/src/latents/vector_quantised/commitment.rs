//! How far the encoder's output is from its codebook vectors.

use latentia_tensor::vectorized;

use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// `β ‖x - e‖²`, from the encoder's output `x` to the codebook's vectors `e`, which are held fixed, mean over examples (van
/// den Oord et al. 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Commitment {
    /// `β`, in the loss's unit.
    pub weight: f32,
}

impl Penalty for Commitment {
    fn name(&self) -> &'static str {
        "commitment"
    }

    fn needs_input_gradient(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let weight = f64::from(self.weight) * context.share / codes.codes.rows() as f64;
        let (x, e) = (codes.inputs.span(), codes.codes.span());
        if let Some(mut gradients) = gradients {
            let (dx, factor) = (gradients.inputs.as_mut_slice(), (2.0 * weight) as f32);
            vectorized(
                #[inline(always)]
                || {
                    for ((dx, x), e) in dx.iter_mut().zip(x).zip(e) {
                        *dx += factor * (x - e);
                    }
                },
            );
        }
        let squares = x.iter().zip(e).map(|(x, e)| f64::from(x - e).powi(2));
        weight * squares.sum::<f64>()
    }
}
