//! A tape whose samples come in rounds.

use super::Tape;
use super::sample_rounds::SampleRounds;
use crate::engine::chain::Chain;
use crate::layer::Mode;

impl Tape {
    /// To run all layers of `chain` forward on one example, whose samples come in `rounds`: [`Tape::forward`] leaves the first of them, and
    /// [`crate::Objective::evaluate`] goes through all.
    pub fn in_rounds(chain: &Chain, mode: Mode, rounds: SampleRounds) -> Self {
        let layers = chain.layers().len();
        let mut samples = vec![1; layers];
        samples[rounds.latent()..].fill(rounds.at_once());
        Self {
            rounds: Some(rounds),
            ..Self::with_samples(chain, 0..layers, mode, 1, samples)
        }
    }

    /// The rounds of the samples, where they come so.
    pub(in crate::engine) fn rounds(&self) -> Option<SampleRounds> {
        self.rounds
    }

    /// The round whose samples the tape holds.
    pub(in crate::engine) fn round(&self) -> usize {
        self.round
    }

    /// Sizes the rows of layers from the code on for round `round`, where samples come in rounds.
    pub(in crate::engine) fn begin_round(&mut self, round: usize) {
        if let Some(rounds) = self.rounds {
            self.round = round;
            let samples = rounds.of_round(round).len();
            self.samples[rounds.latent()..].fill(samples);
        }
    }

    /// Runs the layers from the code on for round `round`, unless the tape has it.
    pub(in crate::engine) fn forward_round(&mut self, chain: &Chain, round: usize) {
        if let Some(rounds) = self.rounds.filter(|_| self.round != round) {
            self.begin_round(round);
            self.forward_through(chain, rounds.latent()..self.layers.len());
        }
    }
}
