//! Statistics that layers keep of what they meet.

use latentia_tensor::{Matrix, MatrixRef, Noise};

use super::block::Block;
use super::chain::{Chain, SplitChain};
use super::collective::Shares;
use super::step::Step;
use crate::layer::{Batch, Trace};

impl Step {
    /// Lets the layers that keep running statistics bring them up to date.
    pub(super) fn update_statistics(&mut self, chain: &mut Chain, shares: Shares<'_>) {
        let (seed, step) = (self.options.seed, self.steps - 1);
        let SplitChain {
            layers,
            owned,
            parameters,
        } = chain.split();
        let trained = |(layer, _): &(usize, _)| !self.frozen.contains(*layer);
        for (layer, own) in owned.iter().enumerate().filter(trained) {
            if let Some(statistics) = layers[layer].abilities().running_statistics {
                let whole = self.met.get_mut(layer).and_then(Option::as_mut);
                let whole = whole.map(|met| {
                    let rows = met.rows() / self.batch_size;
                    gather_inputs(met, rows, &self.blocks[..self.used], layer, shares)
                });
                let is_alone = shares.collective.ranks() == 1;
                let batch = LayerBatch {
                    // Of several processes, the first block knows the sums of all.
                    blocks: &self.blocks[..if is_alone { self.used } else { 1 }],
                    whole,
                    layer,
                    noise: Chain::noise(seed, layer, step),
                };
                let (parameters, sums) = (&mut parameters[own.clone()], &self.moments[own.clone()]);
                statistics.update(parameters, sums, &batch);
            }
        }
    }
}

/// What one layer met in a step.
struct LayerBatch<'a> {
    blocks: &'a [Block],
    /// The inputs of the whole batch, where other processes have blocks of it.
    whole: Option<MatrixRef<'a>>,
    layer: usize,
    noise: Noise,
}

impl Batch for LayerBatch<'_> {
    fn blocks(&self) -> usize {
        self.blocks.len()
    }

    fn trace(&self, block: usize) -> Trace<'_> {
        let trace = self.blocks[block].tape.trace(self.layer);
        let nothing = MatrixRef::new(&[], 0, 0);
        match self.whole {
            Some(x) => Trace {
                statistics: trace.statistics,
                ..Trace::new(x, nothing, nothing)
            },
            None => trace,
        }
    }

    fn noise(&self) -> Noise {
        self.noise
    }
}

/// The inputs of layer `layer` for the whole batch, `rows` for each example, in `all`.
fn gather_inputs<'a>(
    all: &'a mut Matrix,
    rows: usize,
    blocks: &[Block],
    layer: usize,
    shares: Shares<'_>,
) -> MatrixRef<'a> {
    let each = rows * all.cols();
    let mut at = shares.own_examples().start * each;
    for block in blocks {
        let x = block.tape.trace(layer).x.span();
        all.as_mut_slice()[at..at + x.len()].copy_from_slice(x);
        at += x.len();
    }
    shares.gather_examples(all.as_mut_slice(), each);
    all.top(shares.examples * rows)
}
