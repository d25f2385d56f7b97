//! The training of a discriminator beside that of an autoencoder.

use std::io;
use std::sync::Arc;

use latentia_tensor::{Matrix, Noise};

use super::adversary::{Adversary, CodeOrDraw, CodesAndDraws};
use super::block::Block;
use super::chain::Chain;
use super::collective::{Collective, Shares};
use super::objective::Objective;
use super::step::{Step, StepOptions};
use crate::layer::Mode;
use crate::optim::{Adam, Moments};

/// The training of a discriminator: after the first loop of a step, and before the second, it takes a step of its own by the codes that the
/// blocks have.
#[derive(Debug)]
pub(super) struct AdversaryStep {
    step: Box<Step>,
    /// The codes of a batch, and behind them as many draws.
    rows: Matrix,
    /// Their numbers.
    indices: Vec<u32>,
    /// A permutation of the codes.
    order: Vec<u32>,
    /// Codes for each example.
    samples: usize,
    /// As it began.
    initial: Chain,
    /// The last loss, in nats.
    loss: f64,
}

impl AdversaryStep {
    /// For batches of up to `batch_size` examples of `chain`, where its objective has a discriminator.
    pub(super) fn new(chain: &Chain, objective: &Objective, batch_size: usize) -> Option<Self> {
        let adversary = objective.adversary.as_ref()?;
        let samples = chain.samples(0..objective.latent + 1, Mode::Train);
        let codes = batch_size * samples;
        let options = StepOptions {
            objective: Objective::of(Arc::new(CodeOrDraw)),
            optimizer: Adam {
                beta1: 0.5,
                beta2: 0.9,
                ..Adam::default()
            }
            .into(),
            clip_norm: None,
            seed: 0,
            frozen: Vec::new(),
        };
        let width = chain.layers()[objective.latent].outputs();
        Some(Self {
            step: Box::new(Step::new(&adversary.chain, 2 * codes, options)),
            rows: Matrix::zeros(2 * codes, width),
            indices: (0..2 * codes as u32).collect(),
            order: vec![0; codes],
            samples,
            initial: adversary.chain.clone(),
            loss: f64::NAN,
        })
    }

    /// As [`Step::share`].
    pub(super) fn share(&mut self, collective: Arc<dyn Collective>) {
        self.step.share(&self.initial, collective);
    }

    /// Binary cross-entropy of the last batch, before the update.
    pub(super) fn loss(&self) -> f64 {
        self.loss
    }

    /// The moments of the discriminator's parameters.
    pub(super) fn moments(&self) -> &[Moments] {
        self.step.moments()
    }

    /// As [`Step::resume`].
    pub(super) fn resume(
        &mut self,
        steps: u64,
        updates: u64,
        moments: impl IntoIterator<Item = (Matrix, Matrix)>,
    ) {
        self.step.resume(steps, updates, moments);
    }

    /// Begins anew, with the parameters that it began with.
    pub(super) fn reset(&mut self, adversary: &mut Adversary) {
        adversary.chain.clone_from(&self.initial);
        self.step.reset();
    }

    /// Teaches `adversary` to tell the codes of layer `latent` in `blocks` from draws by `noise`. Returns its loss before the update, which
    /// there is none of where that is not finite.
    pub(super) fn learn(
        &mut self,
        adversary: &mut Adversary,
        blocks: &[Block],
        latent: usize,
        shares: Shares<'_>,
        noise: Noise,
    ) -> io::Result<f64> {
        let each = self.samples * self.rows.cols();
        let (codes, draws) = self.rows.as_mut_slice()[..2 * shares.examples * each]
            .split_at_mut(shares.examples * each);
        let mut at = shares.own_examples().start * each;
        for block in blocks {
            let own = block.tape.trace(latent).y.span();
            codes[at..at + own.len()].copy_from_slice(own);
            at += own.len();
        }
        shares.gather_examples(codes, each);
        let count = shares.examples * self.samples;
        adversary.draw(noise, codes, &mut self.order[..count], draws);
        let rate = adversary.discriminator.learning_rate;
        let rows = CodesAndDraws(self.rows.top(2 * count));
        let indices = &self.indices[..2 * count];
        self.loss = self
            .step
            .run(&mut adversary.chain, &rows, indices, rate.into())?;
        Ok(self.loss)
    }
}
