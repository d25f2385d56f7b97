//! Why layers are no chain.

/// Why layers are no chain: one of them stands where it cannot work. Layers count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// A layer's input is not as wide as the output before it.
    #[error(
        "layer {layer} ({name}) takes {inputs} elements, but the layer before it gives {given}"
    )]
    Width {
        /// Number of the layer.
        layer: usize,
        /// Its name.
        name: String,
        /// Elements that it takes.
        inputs: usize,
        /// Elements that it is given.
        given: usize,
    },
    /// A layer without a gradient stands behind one that learns, which would be asked for its own through it.
    #[error(
        "layer {layer} ({name}) has no gradient, but layer {learned} ({learned_name}) before it learns; put it before every \
         layer that learns"
    )]
    NoGradient {
        /// Number of the layer.
        layer: usize,
        /// Its name.
        name: String,
        /// Number of the first layer that learns.
        learned: usize,
        /// Its name.
        learned_name: String,
    },
    /// Pseudo-inputs would pass a layer that needs statistics over a batch, of which they are no part.
    #[error(
        "layer {layer} ({name}) has the posteriors of pseudo-inputs for a prior, but layer {before} ({before_name}) before it needs \
         statistics over a batch, and pseudo-inputs are in none; use `group-norm`, or another prior"
    )]
    PseudoInputs {
        /// Number of the layer with the prior.
        layer: usize,
        /// Its name.
        name: String,
        /// Number of the layer that needs statistics.
        before: usize,
        /// Its name.
        before_name: String,
    },
    /// A skip connection reaches no input, or one that cannot be added to the layer's own.
    #[error(
        "layer {layer} ({name}) adds the input of the layer {layers_back} before it, but {problem}"
    )]
    Skip {
        /// Number of the layer.
        layer: usize,
        /// Its name.
        name: String,
        /// How many layers before it the other input is that of.
        layers_back: usize,
        /// What is wrong with that input.
        problem: String,
    },
}
