//! The first loop of a step: over blocks of examples, forward and back.

use std::io;

use latentia_tensor::Rows;

use super::Step;
use super::block::Block;
use super::parallel_loop::each;
use crate::engine::chain::Chain;
use crate::engine::collective::Shares;
use crate::engine::tape::{Position, Way};
use crate::penalty::PenaltyContext;

impl Step {
    /// The first loop: leaves activations and gradients in the blocks, returns the objective.
    pub(super) fn examples_loop(
        &mut self,
        chain: &mut Chain,
        examples: &dyn Rows,
        indices: &[u32],
        epochs: f64,
        shares: Shares<'_>,
    ) -> io::Result<f64> {
        let (step, size) = (self.steps, self.block_examples);
        let (batch, seed) = (indices.len(), self.options.seed);
        let own = shares.own_blocks();
        let read = |at: usize, block: &mut Block| {
            let first = (own.start + at) * size;
            let indices = &indices[first..batch.min(first + size)];
            block.tape.begin_at(Position {
                seed,
                step,
                first_row: first as u32,
                epochs,
            });
            block.loss = block.tape.read(examples, indices).map(|()| 0.0);
        };
        if let Some(codes) = &mut self.codes {
            codes.label(indices.iter().map_while(|&index| examples.label(index)));
        }
        self.forward(chain, shares, read);
        let used = &mut self.blocks[..self.used];
        if let Some(broken) = used.iter_mut().find(|block| block.loss.is_err()) {
            return std::mem::replace(&mut broken.loss, Ok(0.0));
        }
        let context = PenaltyContext {
            share: 1.0,
            epochs,
            noise: Chain::noise(seed, chain.layers().len(), step),
            first_row: 0,
        };
        if let Some(rounds) = self.rounds {
            let loss = self.gather_losses(shares);
            // The weights of the samples are not known then.
            if !loss.is_finite() {
                return Ok(loss);
            }
            self.rounds_loop(chain, shares, rounds);
        }
        let penalties = self.backward(chain, shares, context);
        let loss = self.gather_losses(shares) + penalties;
        self.add_up_penalties(shares);
        Ok(loss)
    }

    /// Adds up the losses of the blocks of the batch, in order.
    fn gather_losses(&mut self, shares: Shares<'_>) -> f64 {
        let losses = &mut self.of_blocks[..shares.blocks()];
        let own = losses[shares.own_blocks()].iter_mut();
        for (loss, block) in own.zip(&self.blocks) {
            *loss = *block.loss.as_ref().unwrap_or(&0.0);
        }
        shares.gather_blocks(losses, 1);
        losses.iter().sum::<f64>()
    }

    /// Adds up each penalty over the batch, block by block.
    fn add_up_penalties(&mut self, shares: Shares<'_>) {
        let count = self.penalties.len();
        if count == 0 {
            return;
        }
        let all = &mut self.of_blocks[..shares.blocks() * count];
        let own = all.chunks_mut(count).skip(shares.own_blocks().start);
        for (to, block) in own.zip(&self.blocks[..self.used]) {
            to.fill(0.0);
            for (to, value) in to.iter_mut().zip(&block.buffers.penalties.values) {
                *to = *value;
            }
        }
        shares.gather_blocks(all, count);
        self.penalties.fill(0.0);
        let of_batch = self.codes.as_ref().map(|codes| &*codes.penalties.values);
        for values in all.chunks(count).chain(of_batch) {
            let sums = self.penalties.iter_mut().zip(values);
            sums.for_each(|(sum, value)| *sum += value);
        }
    }

    /// Reads and goes forward, up to each layer with batch statistics, and then to the end and back to the first cut.
    fn forward(
        &mut self,
        chain: &Chain,
        shares: Shares<'_>,
        read: impl Fn(usize, &mut Block) + Sync,
    ) {
        let layers = chain.layers().len();
        let batch = shares.examples;
        let lowest = self.cuts.first().map_or(0, |cut| cut + 1);
        let goes_back = self.rounds.is_none();
        let mut begin = 0;
        for number in 0..=self.with_statistics.len() {
            let end = self.with_statistics.get(number).copied();
            let objective = &self.options.objective;
            let used = &mut self.blocks[..self.used];
            each(used, self.parallel, |at, block| {
                if number == 0 {
                    read(at, block);
                }
                let Block {
                    tape,
                    buffers,
                    loss: Ok(loss),
                } = block
                else {
                    return;
                };
                tape.forward_through(chain, begin..end.unwrap_or(layers));
                match end {
                    Some(layer) => tape.sum_forward(chain, layer),
                    None => {
                        *loss = objective.loss_backward(chain, tape, buffers, batch);
                        if goes_back {
                            let all = lowest..layers;
                            *loss += objective.backward_through(chain, tape, buffers, batch, all);
                        }
                    }
                }
            });
            if let Some(layer) = end {
                self.share_sums(chain, layer, Way::Forward, shares);
                begin = layer;
            }
        }
    }

    /// Goes back from one cut to the next. Returns the penalties that need the whole batch.
    fn backward(&mut self, chain: &Chain, shares: Shares<'_>, context: PenaltyContext) -> f64 {
        let batch = shares.examples;
        let mut penalties = 0.0;
        for number in 0..self.cuts.len() {
            let cut = self.cuts[number];
            let objective = &self.options.objective;
            let used = &mut self.blocks[..self.used];
            if let Some(codes) = self.codes.as_mut().filter(|_| cut == objective.latent) {
                penalties = codes.apply(objective, used, shares, context);
            }
            if self.with_statistics.contains(&cut) {
                each(used, self.parallel, |_, block| {
                    block.tape.sum_backward(chain, cut);
                });
                self.share_sums(chain, cut, Way::Back, shares);
            }
            let objective = &self.options.objective;
            let used = &mut self.blocks[..self.used];
            let below = self.cuts.get(number + 1).map_or(0, |next| next + 1);
            each(used, self.parallel, |_, block| {
                let Block {
                    tape,
                    buffers,
                    loss,
                } = block;
                let layers = below..cut + 1;
                let own = objective.backward_through(chain, tape, buffers, batch, layers);
                *loss = loss.as_ref().map_or(Ok(0.0), |loss| Ok(loss + own));
            });
        }
        penalties
    }

    /// Adds up the sums of layer `layer` over the blocks of the batch, in order, and lets each block know.
    fn share_sums(&mut self, chain: &Chain, layer: usize, way: Way, shares: Shares<'_>) {
        let sums = self.frozen.sums(chain, layer).max(1);
        let all = &mut self.of_blocks[..shares.blocks() * sums];
        let own = shares.own_blocks();
        let own_sums = all.chunks_mut(sums).skip(own.start);
        for (to, block) in own_sums.zip(&mut self.blocks[..own.len()]) {
            let from = &block.tape.statistics(layer).block;
            to.copy_from_slice(&from[way.range(from)]);
        }
        shares.gather_blocks(all, sums);
        let (total, others) = all.split_at_mut(sums);
        for other in others.chunks(sums) {
            let sums = total.iter_mut().zip(other);
            sums.for_each(|(sum, own)| *sum += own);
        }
        // The first block knows also where this process has none of the batch.
        for block in &mut self.blocks[..own.len().max(1)] {
            let to = &mut block.tape.statistics(layer).batch;
            let half = way.range(to);
            to[half].copy_from_slice(total);
        }
    }
}
