//! Absolute values of the code.

use latentia_tensor::update;

use crate::engine::objective::{Slopes, State, Term};
use crate::layer::Trace;

/// `λ Σ |y|` over the code's numbers, mean over examples, as Keras adds an activity regulariser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L1 {
    /// `λ`, in the loss's unit.
    pub weight: f32,
}

impl Term for L1 {
    fn apply(
        &self,
        codes: Trace<'_>,
        state: State,
        slopes: Option<Slopes<'_>>,
        _scratch: &mut Vec<f32>,
    ) -> f64 {
        let y = codes.y.span();
        let weight = f64::from(self.weight) * state.share / codes.y.rows() as f64;
        if let Some(mut slopes) = slopes {
            let slope = weight as f32;
            update(slopes.dy.as_mut_slice(), y, |d, y| {
                let sign = if y > 0.0 { slope } else { -slope };
                if y == 0.0 { d } else { d + sign }
            });
        }
        weight * y.iter().map(|&y| f64::from(y.abs())).sum::<f64>()
    }
}
