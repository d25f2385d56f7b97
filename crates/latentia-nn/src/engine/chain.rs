//! Layers one after another, with their parameters.

mod entry;
mod error;
pub(super) mod frozen;

use std::ops::Range;
use std::sync::Arc;

use latentia_tensor::{Matrix, Noise};

use crate::graph::{Graph, Undescribed, Value};
use crate::layer::{Layer, Mode, Parameter};
pub(super) use entry::first_layer;
pub use error::ChainError;

/// Rows in a block. Fixed, so that results never depend on how many threads share the blocks; see ARCHITECTURE.md for
/// the measurement behind it.
pub const BLOCK_ROWS: usize = 64;

/// Noise streams below this number belong to initial values, those from it on to layers.
const LAYER_STREAM: u32 = 1 << 16;

/// Elements of the widest activation of a block.
const BLOCK_ELEMENTS: usize = 1 << 18;

/// A chain of layers: the output of one is the input of the next. A clone has parameters of its own, and shares the layers, which never
/// change.
///
/// ```
/// use latentia_nn::layers::Dense;
/// use latentia_nn::{Activation, Chain, Initializer, Layer};
///
/// let dense = |inputs, outputs| -> Box<dyn Layer> {
///     Box::new(Dense::new(inputs, outputs, Activation::Relu, Initializer::He))
/// };
/// let chain = Chain::new(vec![dense(8, 3), dense(3, 8)], 42)?;
/// assert_eq!(chain.parameter_count(), 8 * 3 + 3 + 3 * 8 + 8);
/// assert_eq!(chain.parameters_of(1)[0].name, "weight");
///
/// // Layers that do not fit each other are refused.
/// let refused = Chain::new(vec![dense(8, 3), dense(4, 8)], 42).expect_err("3 elements, not 4");
/// assert!(refused.to_string().contains("takes 4 elements, but the layer before it gives 3"));
/// # Ok::<(), latentia_nn::ChainError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    layers: Vec<Arc<dyn Layer>>,
    /// All parameters, layer after layer.
    parameters: Vec<Parameter>,
    /// For each layer, which of `parameters` are its own.
    owned: Vec<Range<usize>>,
    /// For each layer, the layer before whose input it adds to its own, if there is one.
    skips: Vec<Option<usize>>,
}

impl Chain {
    /// A chain with freshly drawn parameters, the same for the same `seed`.
    ///
    /// # Errors
    /// When a layer's input is not as wide as the output before it, a layer without a gradient stands behind one that learns, or
    /// a skip connection reaches no input of the same width.
    pub fn new(layers: Vec<Box<dyn Layer>>, seed: u64) -> Result<Self, ChainError> {
        check(&layers)?;
        let mut parameters = Vec::new();
        let mut owned = Vec::new();
        for (number, layer) in layers.iter().enumerate() {
            let first = parameters.len();
            let own = layer.parameters().into_iter();
            for spec in own.chain(entry::pseudo_inputs(&layers, number)) {
                let mut value = Matrix::zeros(spec.rows, spec.cols);
                let noise = Noise::new(seed, parameters.len() as u32);
                spec.initializer.fill(&mut value, spec.fans, noise);
                parameters.push(Parameter {
                    role: spec.role,
                    name: spec.name,
                    value,
                    packed: None,
                });
            }
            owned.push(first..parameters.len());
        }
        let skip = |number: usize| {
            let layers_back = layers[number].abilities().skip_connection?;
            Some(number - layers_back)
        };
        Ok(Self {
            skips: (0..layers.len()).map(skip).collect(),
            layers: layers.into_iter().map(Arc::from).collect(),
            parameters,
            owned,
        })
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Arc<dyn Layer>] {
        &self.layers
    }

    /// Which of [`Self::parameters`] belong to layer `layer`.
    pub fn owned(&self, layer: usize) -> Range<usize> {
        self.owned[layer].clone()
    }

    /// The parameters of layer `layer`.
    pub fn parameters_of(&self, layer: usize) -> &[Parameter] {
        &self.parameters[self.owned(layer)]
    }

    /// The layer before `layer` whose input `layer` adds to its own.
    pub(crate) fn skip(&self, layer: usize) -> Option<usize> {
        self.skips[layer]
    }

    /// The layers that add the input of layer `layer` to their own.
    pub(crate) fn skips_from(&self, layer: usize) -> impl Iterator<Item = usize> {
        let later = self.skips.iter().enumerate().skip(layer + 1);
        later.filter_map(move |(number, skip)| (*skip == Some(layer)).then_some(number))
    }

    /// Rows of output for each example after all of `layers`.
    pub fn samples(&self, layers: Range<usize>, mode: Mode) -> usize {
        let layers = self.layers[layers].iter();
        let samples = layers.filter_map(|layer| layer.abilities().samples);
        samples.map(|layer| layer.samples(mode)).product()
    }

    /// Examples in a block of `layers`: [`BLOCK_ROWS`] rows of output, but fewer where rows are so wide that a core's cache
    /// does not hold them, and at least 4 where a row has many samples.
    pub fn block_examples(&self, layers: Range<usize>, mode: Mode) -> usize {
        let fit = self.rows_that_fit(layers.clone());
        (BLOCK_ROWS.min(fit) / self.samples(layers, mode)).max(4)
    }

    /// Rows of the widest activation of `layers` that a core's cache holds.
    pub(super) fn rows_that_fit(&self, layers: Range<usize>) -> usize {
        let widths = self.layers[layers].iter();
        let widest = widths.map(|layer| layer.outputs()).max().unwrap_or(1);
        (BLOCK_ELEMENTS / widest.max(1)).max(1).next_multiple_of(8)
    }

    /// Adds to `graph` what `layers` compute of `x` in evaluation; each belongs there to the part that `name` calls it.
    ///
    /// # Errors
    /// When a layer does not say what it computes, or adds the input of one that is not among them.
    pub fn describe(
        &self,
        layers: Range<usize>,
        x: Value,
        graph: &mut Graph,
        name: impl Fn(usize) -> String,
    ) -> Result<Value, Undescribed> {
        let mut inputs = vec![x];
        for layer in layers.clone() {
            let own = &self.layers[layer];
            let mut from = vec![inputs[layer - layers.start]];
            if let Some(skipped) = self.skips[layer] {
                let outside =
                    || Undescribed::new(format!("the skip connection of `{}`", own.name()));
                let skipped = skipped.checked_sub(layers.start).ok_or_else(outside);
                from.push(inputs[skipped.map_err(|own| own.within(&name(layer)))?]);
            }
            graph.begin(name(layer));
            let described = own.describe(graph, self.parameters_of(layer), &from);
            inputs.push(described.map_err(|undescribed| undescribed.within(&name(layer)))?);
        }
        Ok(inputs.pop().unwrap_or(x))
    }

    /// Multiplications for one example, forward.
    pub(crate) fn multiplications(&self) -> usize {
        let all = self.layers.iter().map(|layer| layer.multiplications());
        all.fold(0, usize::saturating_add)
    }

    /// Number of the first layer that [pseudo-inputs](crate::Abilities::pseudo_inputs) pass, and of the parameter that they are, where
    /// the chain has some.
    pub fn pseudo_inputs(&self) -> Option<(usize, usize)> {
        let mut layers = (0..self.layers.len()).map(|layer| {
            let first = entry::first_layer(&self.layers, layer)?;
            Some((first, self.owned(layer).end - 1))
        });
        layers.find_map(|own| own)
    }

    /// All parameters, layer after layer.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// All parameters, to write.
    pub fn parameters_mut(&mut self) -> &mut [Parameter] {
        &mut self.parameters
    }

    /// How many elements are learned.
    pub fn parameter_count(&self) -> usize {
        self.parameters
            .iter()
            .filter(|parameter| parameter.is_learned())
            .map(|parameter| parameter.value.as_slice().len())
            .sum()
    }

    /// The noise of each layer in step `step` of a run seeded with `seed`.
    pub(crate) fn noise(seed: u64, layer: usize, step: u64) -> Noise {
        // 2³² steps are beyond any run.
        Noise::new(seed, LAYER_STREAM + layer as u32).at_step(step as u32)
    }

    /// The chain taken apart.
    pub(crate) fn split(&mut self) -> SplitChain<'_> {
        SplitChain {
            layers: &self.layers,
            owned: &self.owned,
            parameters: &mut self.parameters,
        }
    }
}

/// Refuses layers that stand where they cannot work.
fn check(layers: &[Box<dyn Layer>]) -> Result<(), ChainError> {
    let first_learned = layers.iter().position(|layer| {
        let mut parameters = layer.parameters().into_iter();
        parameters.any(|parameter| parameter.role.is_learned())
    });
    for (number, layer) in layers.iter().enumerate() {
        let (name, inputs) = (layer.name(), layer.inputs());
        if let Some(before) = layers[..number].last()
            && before.outputs() != inputs
        {
            let given = before.outputs();
            return Err(ChainError::Width {
                layer: number,
                name,
                inputs,
                given,
            });
        }
        let abilities = layer.abilities();
        if let Some(learned) = first_learned.filter(|&learned| learned < number)
            && abilities.without_gradient
        {
            return Err(ChainError::NoGradient {
                layer: number,
                name,
                learned,
                learned_name: layers[learned].name(),
            });
        }
        if entry::first_layer(layers, number).is_some()
            && let Some(before) =
                (layers[..number].iter()).position(|own| own.abilities().batch_statistics.is_some())
        {
            return Err(ChainError::PseudoInputs {
                layer: number,
                name,
                before,
                before_name: layers[before].name(),
            });
        }
        if let Some(layers_back) = abilities.skip_connection
            && let Some(problem) = skip_problem(layers, number, layers_back)
        {
            return Err(ChainError::Skip {
                layer: number,
                name,
                layers_back,
                problem,
            });
        }
    }
    Ok(())
}

/// Why layer `number` cannot add the input of the layer `layers_back` before it to its own.
fn skip_problem(layers: &[Box<dyn Layer>], number: usize, layers_back: usize) -> Option<String> {
    if layers_back == 0 {
        return Some("that is the layer itself".into());
    }
    let Some(from) = number.checked_sub(layers_back) else {
        return Some(format!("has {number} before it"));
    };
    let (skipped, own) = (layers[from].inputs(), layers[number].inputs());
    if skipped != own {
        return Some(format!("that has {skipped} elements and its own {own}"));
    }
    let mut between = layers[from..number].iter();
    let samples = between.find(|layer| layer.abilities().samples.is_some())?;
    let name = samples.name();
    Some(format!("{name} between them gives several rows for one"))
}

/// A chain taken apart, to compute gradients from its layers while its parameters change.
pub(crate) struct SplitChain<'a> {
    pub(crate) layers: &'a [Arc<dyn Layer>],
    /// For each layer, which of `parameters` are its own.
    pub(crate) owned: &'a [Range<usize>],
    pub(crate) parameters: &'a mut [Parameter],
}
