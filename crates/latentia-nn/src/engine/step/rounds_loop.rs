//! The first loop of a step on its way back, where the samples of an example come in rounds.

use latentia_tensor::Accumulate;

use super::Step;
use super::block::Block;
use super::parallel_loop::each;
use super::parameters_loop::Summed;
use crate::engine::chain::Chain;
use crate::engine::collective::Shares;
use crate::engine::tape::SampleRounds;

impl Step {
    /// Goes back through every round, whose weights are known, to the code, and sums the gradients of the layers from there on over all of
    /// them: these are then whole. Behind the last, goes back to the first cut. The rounds come in reverse, for the last one is still there.
    pub(super) fn rounds_loop(
        &mut self,
        chain: &mut Chain,
        shares: Shares<'_>,
        rounds: SampleRounds,
    ) {
        let batch = shares.examples;
        let latent = rounds.latent();
        let lowest = self.cuts.first().map_or(0, |cut| cut + 1);
        let numbers = chain.owned(latent).start..chain.parameters().len();
        for round in (0..rounds.count()).rev() {
            let (objective, shared) = (&self.options.objective, &*chain);
            let used = &mut self.blocks[..self.used];
            each(used, self.parallel, |_, block| {
                let Block { tape, buffers, .. } = block;
                objective.backward_round(shared, tape, buffers, batch, (rounds, round));
            });
            let summed = Summed::Round(match round + 1 == rounds.count() {
                true => Accumulate::Replace,
                false => Accumulate::Add,
            });
            self.sum_gradients(chain, numbers.clone(), shares, summed);
        }
        let (objective, shared) = (&self.options.objective, &*chain);
        let used = &mut self.blocks[..self.used];
        each(used, self.parallel, |_, block| {
            let Block { tape, buffers, .. } = block;
            objective.end_rounds(tape, buffers);
            objective.backward_through(shared, tape, buffers, batch, lowest..latent);
        });
    }
}
