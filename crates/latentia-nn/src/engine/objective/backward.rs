//! The way back from the objective.

use std::ops::Range;

use latentia_tensor::update;

use super::importance::SampleShares;
use super::penalty_buffers::PenaltiesOf;
use super::{Objective, ObjectiveBuffers, codes};
use crate::engine::chain::Chain;
use crate::engine::tape::{BackwardTrace, Tape};
use crate::penalty::CodeGradients;

impl Objective {
    /// The loss and its gradient with respect to the outputs; behind them, where the code is the output, the penalties. Returns the
    /// block's part of a mean over `batch` examples. Where samples come in rounds, the loss alone, on which the gradient of each depends.
    pub(in crate::engine) fn loss_backward(
        &self,
        chain: &Chain,
        tape: &mut Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
    ) -> f64 {
        if let Some(in_rounds) = tape.rounds().zip(self.importance) {
            return self.loss_in_rounds(chain, tape, buffers, batch, in_rounds);
        }
        let last = chain.layers().len() - 1;
        let mut gradient = tape.take_gradient(last);
        let mut rows = gradient.top_mut(tape.output().rows());
        let mut sum = self.loss(tape, buffers, batch, Some(rows.reborrow()));
        if self.has_output_penalties() {
            let context = self.context(chain, tape, batch, tape.position().epochs);
            sum += self.output_penalties(tape, context, Some(rows), &mut buffers.penalties);
        }
        tape.restore_gradient(last, gradient);
        if self.importance.is_some() {
            tape.scale_rows(last, &buffers.losses);
        }
        match self.latent == last {
            true => sum + self.penalties_backward(chain, tape, buffers, batch),
            false => sum,
        }
    }

    /// Carries gradients back through some layers. Behind the latent's layer, the penalties that do not need the whole batch
    /// add theirs: returns their sum, the block's part of a mean over `batch` examples.
    pub(in crate::engine) fn backward_through(
        &self,
        chain: &Chain,
        tape: &mut Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
        layers: Range<usize>,
    ) -> f64 {
        let mut sum = 0.0;
        for layer in layers.rev() {
            tape.backward(chain, layer);
            if layer == self.latent {
                self.add_input_gradients(tape, buffers);
            }
            if layer == self.latent + 1 {
                sum += self.penalties_backward(chain, tape, buffers, batch);
            }
        }
        sum
    }

    /// The penalties that do not need the whole batch, with their gradients.
    pub(super) fn penalties_backward(
        &self,
        chain: &Chain,
        tape: &mut Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
    ) -> f64 {
        let context = self.context(chain, tape, batch, tape.position().epochs);
        buffers.input_gradients.as_mut_slice().fill(0.0);
        let inputs = self.input_gradient_rows(tape, buffers);
        let asked = self.asks_for_code_gradients(tape);
        let rows = tape.rows();
        let in_round = (tape.rounds()).map(|own| (own.of_round(tape.round()).start, own.samples()));
        let BackwardTrace {
            labels,
            trace,
            mut gradient,
            log_prior,
            posterior_factors,
        } = tape.backward_trace(self.latent);
        log_prior.fill(0.0);
        let codes = codes(trace, labels);
        let memory = buffers.adversary.as_mut().filter(|_| asked);
        if let (Some(adversary), Some(memory)) = (&self.adversary, memory) {
            let count = batch * codes.codes.rows() / rows;
            adversary.add_gradient(codes.codes, count, memory, gradient.reborrow());
        }
        let mut gradients = asked.then(|| CodeGradients {
            inputs: buffers.input_gradients.top_mut(inputs),
            codes: gradient,
            log_prior,
        });
        if let (Some(gradients), Some(own)) = (&mut gradients, self.importance) {
            let all_at_once = || (0, codes.codes.rows() / codes.inputs.rows().max(1));
            let (first, samples) = in_round.unwrap_or_else(all_at_once);
            let shares = SampleShares {
                all: &buffers.losses,
                first,
                samples,
            };
            own.add_gradients(codes, shares, batch, gradients, posterior_factors);
        }
        match self.penalties.is_empty() {
            true => 0.0,
            false => {
                let own = &mut buffers.penalties;
                own.add_up(
                    &self.penalties,
                    PenaltiesOf::Codes,
                    codes,
                    context,
                    gradients,
                )
            }
        }
    }

    /// Adds the penalties' gradients with respect to the input of the latent's layer to those that went through it.
    pub(super) fn add_input_gradients(&self, tape: &mut Tape, buffers: &ObjectiveBuffers) {
        let rows = self.input_gradient_rows(tape, buffers);
        if rows > 0 && self.latent > tape.first_learned() {
            let own = buffers.input_gradients.top(rows).span();
            let mut gradient = tape.gradient_mut(self.latent - 1);
            update(gradient.as_mut_slice(), own, |g, own| g + own);
        }
    }
}
