//! Where pseudo-inputs of a prior enter a chain.

use std::borrow::Borrow;

use crate::layer::{Initializer, Layer, ParameterRole, ParameterSpec};

/// Name of the parameter.
const NAME: &str = "pseudo-inputs";

/// Number of the first layer that the pseudo-inputs of layer `layer` pass: the first that learns, or adds to what follows it
/// through a skip connection. `None` where the layer has none, or nothing before it learns.
pub(in crate::engine) fn first_layer<L: Borrow<dyn Layer>>(
    layers: &[L],
    layer: usize,
) -> Option<usize> {
    if !layers[layer].borrow().abilities().pseudo_inputs {
        return None;
    }
    let learns = |layer: &L| {
        let mut parameters = layer.borrow().parameters().into_iter();
        parameters.any(|parameter| parameter.role.is_learned())
    };
    let mut first = layers[..layer].iter().position(learns)?;
    for number in (0..layer).rev() {
        let back = layers[number].borrow().abilities().skip_connection;
        if let Some(back) = back.filter(|_| number >= first) {
            first = first.min(number.saturating_sub(back));
        }
    }
    Some(first)
}

/// The parameter that layer `layer` has beside its own, where it has pseudo-inputs: `[K, inputs of the first layer]`.
pub(in crate::engine) fn pseudo_inputs<L: Borrow<dyn Layer>>(
    layers: &[L],
    layer: usize,
) -> Option<ParameterSpec> {
    let first = first_layer(layers, layer)?;
    let rows = layers[layer].borrow().parameters().first()?.rows;
    let shape = [rows, layers[first].borrow().inputs()];
    Some(ParameterSpec {
        // √(6 / 2): a variance of 1.
        fans: [2, 2],
        ..ParameterSpec::new(ParameterRole::Shift, NAME, shape, Initializer::He)
    })
}
