//! Layers that a step does not train.

use super::Chain;
use crate::layer::{BatchStatistics, Parameter};

/// Which layers of a chain a step does not train, and what follows for the others.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Frozen {
    layers: Vec<bool>,
    first_learned: usize,
}

impl Frozen {
    /// Layers `numbers` of `chain`.
    pub(in crate::engine) fn new(chain: &Chain, numbers: &[usize]) -> Self {
        let all = 0..chain.layers().len();
        let layers: Vec<bool> = all.map(|layer| numbers.contains(&layer)).collect();
        let learns = |&layer: &usize| {
            let mut parameters = chain.parameters_of(layer).iter();
            !layers[layer] && parameters.any(Parameter::is_learned)
        };
        Self {
            first_learned: (0..layers.len()).find(learns).unwrap_or(layers.len()),
            layers,
        }
    }

    /// Whether layer `layer` is frozen.
    pub(in crate::engine) fn contains(&self, layer: usize) -> bool {
        self.layers[layer]
    }

    /// Number of the first layer that learns something, before which nothing goes back; the number of layers where none does.
    pub(in crate::engine) fn first_learned(&self) -> usize {
        self.first_learned
    }

    /// The statistics over the batch that layer `layer` of `chain` needs: a frozen layer works as in evaluation.
    pub(in crate::engine) fn batch_statistics<'a>(
        &self,
        chain: &'a Chain,
        layer: usize,
    ) -> Option<&'a dyn BatchStatistics> {
        match self.contains(layer) {
            true => None,
            false => chain.layers()[layer].abilities().batch_statistics,
        }
    }

    /// How many sums over the batch layer `layer` of `chain` needs on each way.
    pub(in crate::engine) fn sums(&self, chain: &Chain, layer: usize) -> usize {
        let statistics = self.batch_statistics(chain, layer);
        statistics.map_or(0, |statistics| statistics.sums())
    }

    /// The layers of `chain` that need statistics over the batch, in order.
    pub(in crate::engine) fn with_batch_statistics(&self, chain: &Chain) -> Vec<usize> {
        let needs = |&layer: &usize| self.batch_statistics(chain, layer).is_some();
        (0..self.layers.len()).filter(needs).collect()
    }
}
