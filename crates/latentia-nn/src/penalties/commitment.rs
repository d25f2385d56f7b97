//! How far the encoder's output is from its codebook vectors.

use latentia_tensor::vectorized;

use crate::engine::objective::{Slopes, State, Term};
use crate::layer::Trace;

/// `β ‖x - e‖²`, from the encoder's output `x` to the codebook's vectors `e`, which are held fixed, mean over examples (van
/// den Oord et al. 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Commitment {
    /// `β`, in the loss's unit.
    pub weight: f32,
}

impl Term for Commitment {
    fn reaches_input(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Trace<'_>,
        state: State,
        slopes: Option<Slopes<'_>>,
        _scratch: &mut Vec<f32>,
    ) -> f64 {
        let weight = f64::from(self.weight) * state.share / codes.y.rows() as f64;
        let (x, e) = (codes.x.span(), codes.y.span());
        if let Some(mut slopes) = slopes {
            let (dx, slope) = (slopes.dx.as_mut_slice(), (2.0 * weight) as f32);
            vectorized(
                #[inline(always)]
                || {
                    for ((dx, x), e) in dx.iter_mut().zip(x).zip(e) {
                        *dx += slope * (x - e);
                    }
                },
            );
        }
        let squares = x.iter().zip(e).map(|(x, e)| f64::from(x - e).powi(2));
        weight * squares.sum::<f64>()
    }
}
