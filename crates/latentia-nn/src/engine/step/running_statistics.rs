//! Statistics that layers keep of what they meet.

use latentia_tensor::{Matrix, MatrixRef, Noise};

use super::Step;
use super::block::Block;
use crate::engine::chain::{Chain, SplitChain};
use crate::engine::collective::Shares;
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
                    let rows = met.inputs.rows() / self.batch_size;
                    let traces = self.blocks[..self.used].iter();
                    let traces = traces.map(|block| block.tape.trace(layer));
                    let inputs = traces.clone().map(|trace| trace.x.span());
                    gather(&mut met.inputs, rows, inputs, shares);
                    if met.saved.cols() > 0 {
                        let saved = traces.map(|trace| trace.saved.span());
                        gather(&mut met.saved, rows, saved, shares);
                    }
                    met.top(shares.examples * rows)
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
    /// Inputs of the whole batch and what was saved of it, where other processes have blocks of it.
    whole: Option<[MatrixRef<'a>; 2]>,
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
            Some([x, saved]) => Trace {
                statistics: trace.statistics,
                ..Trace::new(x, nothing, saved)
            },
            None => trace,
        }
    }

    fn noise(&self) -> Noise {
        self.noise
    }
}

/// Gathers rows of the whole batch, `rows` for each example, in `all`: `own` are those of this process, block by block.
fn gather<'a>(
    all: &mut Matrix,
    rows: usize,
    own: impl Iterator<Item = &'a [f32]>,
    shares: Shares<'_>,
) {
    let each = rows * all.cols();
    let mut at = shares.own_examples().start * each;
    for own in own {
        all.as_mut_slice()[at..at + own.len()].copy_from_slice(own);
        at += own.len();
    }
    shares.gather_examples(all.as_mut_slice(), each);
}
