//! The gradients of layers.

use super::options::GradientCheck;
use super::report::{GradientMismatch, GradientReport};
use super::trial::Trial;
use crate::layer::Layer;

impl GradientCheck {
    /// Compares the gradients of `layer` in training, with respect to each learned parameter and to its `input`, and in
    /// evaluation with respect to its input. Those of its parameters must be the same where nobody asks for the input's, as of a
    /// first layer, and the input's where nobody asks for those of parameters, as of a frozen one.
    ///
    /// A layer that adds the input of one before gets some before it. One [without a gradient](crate::Abilities::without_gradient)
    /// with respect to its input has those of its parameters alone.
    ///
    /// # Errors
    /// When a gradient differs by more than the tolerance, or cannot be judged.
    pub fn layer(&self, layer: impl Layer + 'static) -> Result<GradientReport, GradientMismatch> {
        self.layers(vec![Box::new(layer)])
    }

    /// As [`Self::layer`], of several layers one after another. Parameters are named with the number of their layer: `0.weight`.
    ///
    /// # Errors
    /// When a gradient differs by more than the tolerance, or cannot be judged, or the layers are no chain.
    pub fn layers(&self, layers: Vec<Box<dyn Layer>>) -> Result<GradientReport, GradientMismatch> {
        if layers.is_empty() {
            return Ok(GradientReport::default());
        }
        let names: Vec<String> = layers.iter().map(|layer| layer.name()).collect();
        let part = names.join(", ");
        let mut trial = Trial::new(self, &part, layers, Vec::new())?;
        let mut compared = trial.compare()?;
        compared.extend(trial.compare_in_evaluation());
        drop(trial);
        self.judge(part, compared)
    }
}
