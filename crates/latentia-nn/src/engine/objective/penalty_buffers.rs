//! What penalties are computed of, and in.

use std::sync::Arc;

use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// What penalties are computed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum PenaltiesOf {
    /// The codes of a block.
    Codes,
    /// The codes of the whole batch.
    BatchCodes,
    /// The outputs of a block.
    Outputs,
}

impl PenaltiesOf {
    fn asked_by(penalty: &dyn Penalty) -> Self {
        match (penalty.is_of_outputs(), penalty.needs_batch()) {
            (true, _) => Self::Outputs,
            (false, true) => Self::BatchCodes,
            (false, false) => Self::Codes,
        }
    }
}

/// What penalties are computed in.
#[derive(Debug, Default)]
pub(in crate::engine) struct PenaltyBuffers {
    /// For any use.
    workspace: Vec<f32>,
    /// The last value of each, weighted, of the codes that it was handed.
    pub(in crate::engine) values: Vec<f64>,
}

impl PenaltyBuffers {
    /// Adds up those of `penalties` that are computed of `codes`, or of what is in their place.
    pub(in crate::engine) fn add_up(
        &mut self,
        penalties: &[Arc<dyn Penalty>],
        of: PenaltiesOf,
        codes: Codes<'_>,
        context: PenaltyContext,
        mut gradients: Option<CodeGradients<'_>>,
    ) -> f64 {
        let mut sum = 0.0;
        self.values.resize(penalties.len(), 0.0);
        for (number, penalty) in (0..).zip(penalties) {
            if PenaltiesOf::asked_by(&**penalty) == of {
                let noise = context.noise.later_stream(number);
                let gradients = gradients.as_mut().map(CodeGradients::reborrow);
                let context = PenaltyContext { noise, ..context };
                let value = penalty.apply(codes, context, gradients, &mut self.workspace);
                self.values[number as usize] = value;
                sum += value;
            }
        }
        sum
    }
}
