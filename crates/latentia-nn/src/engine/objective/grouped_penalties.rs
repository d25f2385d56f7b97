//! Penalties that need a whole batch, of examples that come block by block.

use latentia_tensor::{Matrix, MatrixRef, Noise};

use super::Objective;
use super::penalty_buffers::{PenaltiesOf, PenaltyBuffers};
use crate::engine::chain::Chain;
use crate::engine::tape::Tape;
use crate::layer::{Mode, Trace};
use crate::penalty::{Codes, PenaltyContext};

/// Penalties that need a whole batch, of examples that come block by block: each is computed over groups of the size of a batch,
/// in order, the last one with what is left, and weighed by the group's share of the examples. The mean over groups does not
/// depend on how large a block is. Memory is that of the codes of one group.
#[derive(Debug)]
pub struct GroupedPenalties<'a> {
    objective: &'a Objective,
    inputs: Matrix,
    codes: Matrix,
    labels: Vec<u32>,
    /// Rows for each example of what the latent's layer is given, and of codes.
    samples: [usize; 2],
    /// Examples in a group.
    group: usize,
    /// Examples in all.
    examples: usize,
    /// Examples of the group under way.
    gathered: usize,
    /// Examples of the groups that are over.
    done: usize,
    noise: Noise,
    buffers: PenaltyBuffers,
    sum: f64,
}

impl<'a> GroupedPenalties<'a> {
    /// For `examples` examples in groups of `group` that go through all of `chain` for `mode`, with noise of `seed`. `None` where
    /// no penalty of `objective` needs a whole batch.
    pub fn new(
        chain: &Chain,
        objective: &'a Objective,
        mode: Mode,
        [examples, group]: [usize; 2],
        seed: u64,
    ) -> Option<Self> {
        if !objective.needs_batch() || examples == 0 {
            return None;
        }
        let latent = objective.latent;
        let layer = &chain.layers()[latent];
        let samples = [latent, latent + 1].map(|layers| chain.samples(0..layers, mode));
        let group = group.clamp(1, examples);
        Some(Self {
            objective,
            inputs: Matrix::zeros(group * samples[0], layer.inputs()),
            codes: Matrix::zeros(group * samples[1], layer.outputs()),
            labels: Vec::with_capacity(group),
            samples,
            group,
            examples,
            gathered: 0,
            done: 0,
            noise: Chain::noise(seed, chain.layers().len(), 0),
            buffers: PenaltyBuffers::default(),
            sum: 0.0,
        })
    }

    /// Takes the next examples, after a run of the whole chain.
    pub fn add(&mut self, tape: &Tape) {
        let Trace { x, y, .. } = tape.trace(self.objective.latent);
        let mut taken = 0;
        while taken < tape.rows() {
            let (first, count) = (taken, (tape.rows() - taken).min(self.group - self.gathered));
            for (to, from, samples) in [
                (&mut self.inputs, x, self.samples[0]),
                (&mut self.codes, y, self.samples[1]),
            ] {
                let size = samples * from.cols();
                let own = &from.span()[first * size..][..count * size];
                to.as_mut_slice()[self.gathered * size..][..count * size].copy_from_slice(own);
            }
            let labels = tape.labels().iter().skip(first).take(count);
            self.labels.extend(labels);
            taken += count;
            self.gathered += count;
            if self.gathered == self.group {
                self.close();
            }
        }
    }

    /// The sum over all groups, each times its share of the examples.
    pub fn total(mut self) -> f64 {
        if self.gathered > 0 {
            self.close();
        }
        self.sum
    }

    /// Ends the group under way.
    fn close(&mut self) {
        let codes = Codes {
            inputs: self.inputs.top(self.gathered * self.samples[0]),
            codes: self.codes.top(self.gathered * self.samples[1]),
            saved: MatrixRef::new(&[], 0, 0),
            labels: &self.labels,
        };
        let context = PenaltyContext {
            share: self.gathered as f64 / self.examples as f64,
            epochs: f64::INFINITY,
            noise: self.noise,
            first_row: (self.done * self.samples[1]) as u32,
        };
        let (of, all) = (PenaltiesOf::BatchCodes, &self.objective.penalties);
        self.sum += self.buffers.add_up(all, of, codes, context, None);
        self.done += self.gathered;
        self.gathered = 0;
        self.labels.clear();
    }
}
