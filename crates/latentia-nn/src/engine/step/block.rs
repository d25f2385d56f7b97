//! A block of examples in a training step.

use std::io;

use crate::engine::chain::Chain;
use crate::engine::chain::frozen::Frozen;
use crate::engine::objective::{Objective, ObjectiveBuffers};
use crate::engine::tape::Tape;
use crate::layer::Mode;

/// A block of examples in a training step: its tape, what the objective needs beside it, and its part of the loss.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) tape: Tape,
    pub(super) buffers: ObjectiveBuffers,
    pub(super) loss: io::Result<f64>,
}

impl Block {
    /// To train the layers of `chain` that are not frozen for `objective`, on up to `rows` examples, one where its samples come in rounds.
    pub(super) fn new(chain: &Chain, objective: &Objective, frozen: &Frozen, rows: usize) -> Self {
        let rounds = objective.sample_rounds(chain, Mode::Train);
        let tape = Tape::for_training(chain, frozen, rows, rounds);
        Self {
            tape: match objective.importance {
                Some(own) if own.partially => tape.with_posterior_factors(objective.latent),
                _ => tape,
            },
            buffers: ObjectiveBuffers::for_training(chain, objective, rows),
            loss: Ok(0.0),
        }
    }
}

impl AsRef<Tape> for Block {
    fn as_ref(&self) -> &Tape {
        &self.tape
    }
}
