//! An objective whose samples come in rounds.

use latentia_tensor::update;

use super::importance::{Importance, turn_into_log_weights};
use super::{Objective, ObjectiveBuffers, codes, targets};
use crate::engine::chain::Chain;
use crate::engine::tape::{SampleRounds, Tape};
use crate::layer::Mode;

impl Objective {
    /// The rounds in which the samples of an example pass `chain`, where they are more than fit into a block. Penalties, a discriminator, a loss on
    /// hidden elements, and layers behind the code that need statistics, have all samples of an example at once.
    pub fn sample_rounds(&self, chain: &Chain, mode: Mode) -> Option<SampleRounds> {
        let (latent, layers) = (self.latent, chain.layers());
        let is_alone =
            self.penalties.is_empty() && self.adversary.is_none() && self.hidden.is_none();
        let needs_all = |layer: usize| {
            let own = layers[layer].abilities();
            own.batch_statistics.is_some() || own.running_statistics.is_some()
        };
        let others = chain.samples(0..latent, mode) * chain.samples(latent + 1..layers.len(), mode);
        let fits = is_alone && others == 1 && !(latent..layers.len()).any(needs_all);
        let rounds = SampleRounds::new(chain, latent, mode);
        rounds.filter(|_| fits && self.importance.is_some())
    }

    /// As [`Self::loss`], of one example whose first round has passed; the last has then, unless something is not finite before. The shares of
    /// all samples are left in the buffers.
    pub(super) fn loss_in_rounds(
        &self,
        chain: &Chain,
        tape: &mut Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
        (rounds, own): (SampleRounds, Importance),
    ) -> f64 {
        let scale = (1.0 / batch as f64) as f32;
        for round in 0..rounds.count() {
            tape.forward_round(chain, round);
            let samples = rounds.of_round(round);
            let targets = targets(tape, samples.len(), &mut buffers.targets);
            let losses = &mut buffers.losses[samples];
            let workspace = &mut buffers.workspace;
            self.likelihood
                .compute(tape.output(), targets, scale, losses, None, workspace);
            turn_into_log_weights(codes(tape.trace(self.latent), tape.labels()), losses);
            let is_lost = |ln: &f64| ln.is_nan() || *ln == f64::INFINITY;
            // The tape stays where it began.
            if losses.iter().any(is_lost) {
                return f64::NAN;
            }
        }
        buffers.round_gradients.fill(0.0);
        let mut sum = 0.0;
        own.share(&mut buffers.losses, &mut sum);
        sum / batch as f64
    }

    /// Goes through round `round` again, unless the tape has it, and back through the latent's layer: leaves there what the parameters from
    /// the code on have of it.
    pub(in crate::engine) fn backward_round(
        &self,
        chain: &Chain,
        tape: &mut Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
        (rounds, round): (SampleRounds, usize),
    ) {
        tape.forward_round(chain, round);
        let (latent, layers) = (self.latent, chain.layers().len());
        let samples = rounds.of_round(round);
        let mut gradient = tape.take_gradient(layers - 1);
        let targets = targets(tape, samples.len(), &mut buffers.targets);
        let losses = &mut buffers.round_losses[..samples.len()];
        let (scale, rows) = ((1.0 / batch as f64) as f32, gradient.top_mut(samples.len()));
        let (gradients, workspace) = (Some(rows), &mut buffers.workspace);
        (self.likelihood).compute(tape.output(), targets, scale, losses, gradients, workspace);
        tape.restore_gradient(layers - 1, gradient);
        tape.scale_rows(layers - 1, &buffers.losses[samples]);
        match latent + 1 == layers {
            true => self.penalties_backward(chain, tape, buffers, batch),
            false => self.backward_through(chain, tape, buffers, batch, latent + 1..layers),
        };
        tape.backward(chain, latent);
        if latent > tape.first_learned() {
            let own = tape.gradient(latent - 1).span();
            update(&mut buffers.round_gradients, own, |sum, own| sum + own);
        }
    }

    /// Leaves the gradient of all rounds where the layers before the latent's find it.
    pub(in crate::engine) fn end_rounds(&self, tape: &mut Tape, buffers: &ObjectiveBuffers) {
        if self.latent > tape.first_learned() {
            let mut gradient = tape.gradient_mut(self.latent - 1);
            let own = gradient.as_mut_slice();
            own.copy_from_slice(&buffers.round_gradients);
        }
        self.add_input_gradients(tape, buffers);
    }
}
