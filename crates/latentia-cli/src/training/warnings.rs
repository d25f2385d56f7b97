//! What went wrong in a run that is complete all the same.

use latentia_models::{GradientFault, GradientReport, Training};

/// What went wrong in a run that is complete all the same.
pub struct TrainingWarnings {
    /// How often it rolled back to its best epoch.
    pub rollbacks: u32,
    /// Gradients that vanished, when they first did.
    pub vanishing: Option<GradientReport>,
    /// Gradients that exploded, when they first did.
    pub exploding: Option<GradientReport>,
}

impl TrainingWarnings {
    /// Those of `run`.
    pub fn of(run: &Training<'_>) -> Self {
        Self {
            rollbacks: run.rollbacks(),
            vanishing: run.gradients(GradientFault::Vanishing).cloned(),
            exploding: run.gradients(GradientFault::Exploding).cloned(),
        }
    }
}
