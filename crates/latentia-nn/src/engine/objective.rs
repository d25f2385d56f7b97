//! What training minimises.

mod adversary;
mod backward;
mod discriminator;
pub(super) mod grouped_penalties;
mod hidden;
mod importance;
pub(super) mod penalty_buffers;
mod rounds;

use std::sync::Arc;

use latentia_tensor::{Matrix, MatrixMut, MatrixRef};

use super::chain::Chain;
use super::tape::{NonFinite, Tape};
use crate::layer::{Mode, Trace};
use crate::likelihood::Likelihood;
use crate::likelihoods::LikelihoodSpec;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};
pub use adversary::Adversary;
use adversary::AdversaryTape;
pub(super) use adversary::{CodeOrDraw, CodesAndDraws};
pub use discriminator::{Against, Discriminator};
use hidden::{HiddenBuffers, HiddenRows};
pub use importance::{Importance, ImportanceBound};
use penalty_buffers::{PenaltiesOf, PenaltyBuffers};

/// The likelihood's loss, and penalties on the codes.
#[derive(Debug)]
pub struct Objective {
    /// The loss at the end of the chain.
    pub likelihood: Arc<dyn Likelihood>,
    /// Number of the layer whose output is the code.
    pub latent: usize,
    /// Number of the layer that [saves what it hides](crate::Abilities::saves_hidden), where the likelihood's loss is counted on that alone:
    /// a masked autoencoder (He et al. 2022). It needs a likelihood whose elements [are independent](Likelihood::has_independent_elements) or
    /// [may be missing](Likelihood::takes_missing), and passes in [`Self::validation_mode`].
    pub hidden: Option<usize>,
    /// What is added to the loss.
    pub penalties: Vec<Arc<dyn Penalty>>,
    /// How the `k` samples of a posterior are weighted by importance, where they are: the loss of Burda et al. 2016 is
    /// `-ln (1/k) Σ p(x | z) p(z) / q(z | x)`, mean over examples.
    pub importance: Option<Importance>,
    /// The discriminator that the encoder learns to deceive, where there is one. What it adds to the encoder's loss is no part of any loss that is
    /// returned: it tells as much of the discriminator as of the codes.
    pub adversary: Option<Adversary>,
}

impl Objective {
    /// A loss without penalties.
    pub(super) fn of(likelihood: Arc<dyn Likelihood>) -> Self {
        Self {
            likelihood,
            latent: 0,
            hidden: None,
            penalties: Vec::new(),
            importance: None,
            adversary: None,
        }
    }
}

impl Objective {
    /// What passes are for that measure the same loss without training: codes are sampled, and what the loss is counted on is hidden.
    pub fn validation_mode(&self) -> Mode {
        match self.hidden {
            Some(_) => Mode::Corrupted,
            None => Mode::Sample,
        }
    }
}

impl From<LikelihoodSpec> for Objective {
    /// A loss without penalties.
    fn from(likelihood: LikelihoodSpec) -> Self {
        Self::of(likelihood.into())
    }
}

/// The memory that an objective needs beside the tape of a block.
#[derive(Debug)]
pub struct ObjectiveBuffers {
    /// The input, a row for each row of output, where an example has several.
    targets: Matrix,
    /// Loss of each row of output; then, where samples are weighted by importance, its share.
    losses: Vec<f64>,
    /// Loss of each row of a round of samples, where they come so, when their shares are known.
    round_losses: Vec<f64>,
    /// The gradient with respect to the input of the latent's layer, over the rounds.
    round_gradients: Vec<f32>,
    /// For the likelihood.
    workspace: Vec<f32>,
    /// For a loss on hidden elements.
    hidden: HiddenBuffers,
    /// Gradients with respect to the input of the latent's layer, where a penalty has some.
    input_gradients: Matrix,
    /// For the penalties.
    pub(super) penalties: PenaltyBuffers,
    /// For the gradient of a discriminator.
    adversary: Option<AdversaryTape>,
}

impl ObjectiveBuffers {
    /// To compute `objective` after passes for `mode` over all of `chain`, on up to `rows` examples; on one, where its samples come in
    /// [rounds](Objective::sample_rounds).
    pub fn new(chain: &Chain, objective: &Objective, mode: Mode, rows: usize) -> Self {
        let samples = chain.samples(0..chain.layers().len(), mode);
        let inputs = chain.layers().first().map_or(0, |layer| layer.inputs());
        let (losses, at_once, in_round) = match objective.sample_rounds(chain, mode) {
            Some(rounds) => (rounds.samples(), rounds.at_once(), rounds.at_once()),
            None => (rows * samples, rows * samples, 0),
        };
        Self {
            targets: Matrix::zeros(if samples > 1 { at_once } else { 0 }, inputs),
            losses: vec![0.0; losses],
            round_losses: vec![0.0; in_round],
            round_gradients: Vec::new(),
            workspace: Vec::new(),
            hidden: HiddenBuffers::new(chain),
            input_gradients: Matrix::default(),
            penalties: PenaltyBuffers::default(),
            adversary: None,
        }
    }

    /// To train for `objective`.
    pub(super) fn for_training(chain: &Chain, objective: &Objective, rows: usize) -> Self {
        let latent = objective.latent;
        let input_gradients = match objective.needs_input_gradient() {
            true => {
                let samples = chain.samples(0..latent, Mode::Train);
                Matrix::zeros(rows * samples, chain.layers()[latent].inputs())
            }
            false => Matrix::default(),
        };
        let adversary = objective.adversary.as_ref().map(|adversary| {
            let samples = chain.samples(0..latent + 1, Mode::Train);
            AdversaryTape::new(adversary, rows * samples)
        });
        Self {
            input_gradients,
            adversary,
            round_gradients: match objective.sample_rounds(chain, Mode::Train) {
                Some(_) => vec![0.0; chain.layers()[latent].inputs()],
                None => Vec::new(),
            },
            ..Self::new(chain, objective, Mode::Train, rows)
        }
    }

    /// The losses of the rows of output, or their shares.
    fn losses(&self, tape: &Tape) -> &[f64] {
        match tape.rounds() {
            Some(rounds) => &self.losses[rounds.of_round(tape.round())],
            None => &self.losses[..tape.output().rows()],
        }
    }
}

impl Objective {
    /// Whether some penalty has a gradient with respect to the input of the latent's layer.
    pub(super) fn needs_input_gradient(&self) -> bool {
        self.importance.is_some() || self.penalties.iter().any(|p| p.needs_input_gradient())
    }

    /// Whether some penalty needs the codes of the whole batch.
    pub(super) fn needs_batch(&self) -> bool {
        self.penalties.iter().any(|penalty| penalty.needs_batch())
    }

    /// The block's part of the objective after a run of the whole chain: a mean over `batch` examples, every weight the full
    /// one. Penalties that need a whole batch are left out; see [`crate::GroupedPenalties`]. Where samples come in rounds, the run
    /// has left the first, and the others follow here.
    pub fn evaluate(
        &self,
        chain: &Chain,
        tape: &mut Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
    ) -> f64 {
        if let Some(in_rounds) = tape.rounds().zip(self.importance) {
            return self.loss_in_rounds(chain, tape, buffers, batch, in_rounds);
        }
        let sum = self.loss(tape, buffers, batch, None);
        if self.penalties.is_empty() {
            return sum;
        }
        let context = self.context(chain, tape, batch, f64::INFINITY);
        let codes = codes(tape.trace(self.latent), tape.labels());
        let own = &mut buffers.penalties;
        sum + own.add_up(&self.penalties, PenaltiesOf::Codes, codes, context, None)
            + self.output_penalties(tape, context, None, own)
    }

    /// Whether some penalty is of the outputs.
    fn has_output_penalties(&self) -> bool {
        self.penalties.iter().any(|own| own.is_of_outputs())
    }

    /// The penalties of a block's outputs, with their gradients.
    fn output_penalties(
        &self,
        tape: &Tape,
        context: PenaltyContext,
        gradient: Option<MatrixMut<'_>>,
        buffers: &mut PenaltyBuffers,
    ) -> f64 {
        let none = MatrixRef::new(&[], 0, 0);
        let outputs = Codes {
            inputs: none,
            codes: tape.output(),
            saved: none,
            labels: tape.labels(),
        };
        let gradients = gradient.map(|codes| CodeGradients {
            inputs: MatrixMut::new(&mut [], 0, 0),
            codes,
            log_prior: &mut [],
        });
        buffers.add_up(
            &self.penalties,
            PenaltiesOf::Outputs,
            outputs,
            context,
            gradients,
        )
    }

    /// The block's part of the likelihood's loss; with `gradient`, its gradient with respect to the outputs too.
    fn loss(
        &self,
        tape: &Tape,
        buffers: &mut ObjectiveBuffers,
        batch: usize,
        gradient: Option<MatrixMut<'_>>,
    ) -> f64 {
        let samples = tape.samples_at_end();
        // Shares of importance sum to one over the samples of an example; without them, all count alike.
        let count = match self.importance {
            Some(_) => batch,
            None => batch * samples,
        } as f64;
        let output = tape.output();
        let targets = targets(tape, samples, &mut buffers.targets);
        let losses = &mut buffers.losses[..output.rows()];
        let scale = (1.0 / count) as f32;
        let likelihood = &*self.likelihood;
        match self.hidden {
            None => {
                let workspace = &mut buffers.workspace;
                likelihood.compute(output, targets, scale, losses, gradient, workspace);
            }
            Some(layer) => {
                let rows = HiddenRows {
                    outputs: output,
                    targets,
                    hidden: tape.trace(layer).saved,
                };
                let own = &mut buffers.hidden;
                own.compute(likelihood, rows, scale, losses, gradient);
            }
        }
        let sum = match self.importance {
            Some(own) => own.weight_samples(codes(tape.trace(self.latent), tape.labels()), losses),
            None => losses.iter().sum::<f64>(),
        };
        sum / count
    }

    /// Whether some layer that learns depends on the gradients with respect to the codes, or to the input of the latent's layer.
    pub(super) fn asks_for_code_gradients(&self, tape: &Tape) -> bool {
        self.latent >= tape.first_learned()
    }

    /// Rows of the gradients with respect to the input of the latent's layer that are in use.
    fn input_gradient_rows(&self, tape: &Tape, buffers: &ObjectiveBuffers) -> usize {
        match (buffers.input_gradients.rows(), self.latent) {
            (0, _) => 0,
            (_, 0) => tape.rows(),
            (_, latent) => tape.rows_after(latent - 1),
        }
    }

    /// Where penalties on the codes of the whole batch add their gradients.
    pub(super) fn code_gradients<'a>(
        &self,
        tape: &'a mut Tape,
        buffers: &'a mut ObjectiveBuffers,
    ) -> CodeGradients<'a> {
        let rows = self.input_gradient_rows(tape, buffers);
        CodeGradients {
            inputs: buffers.input_gradients.top_mut(rows),
            codes: tape.gradient_mut(self.latent),
            log_prior: &mut [],
        }
    }

    /// What stopped being finite first between the input and the likelihood's loss; nothing where all is finite.
    pub fn non_finite(&self, tape: &Tape, buffers: &ObjectiveBuffers) -> Option<NonFinite> {
        let finite = |losses: &[f64]| losses.iter().all(|loss| loss.is_finite());
        let loss = || (!finite(buffers.losses(tape))).then_some(NonFinite::Likelihood);
        tape.non_finite().or_else(loss)
    }

    /// Where in a run the penalties of a block are computed.
    fn context(&self, chain: &Chain, tape: &Tape, batch: usize, epochs: f64) -> PenaltyContext {
        let position = tape.position();
        PenaltyContext {
            share: tape.rows() as f64 / batch as f64,
            epochs,
            // Behind the layers, whose noise has the streams before.
            noise: Chain::noise(position.seed, chain.layers().len(), position.step),
            first_row: position.first_row * tape.samples(self.latent) as u32,
        }
    }
}

/// The codes in the trace of the latent's layer.
pub(super) fn codes<'a>(trace: Trace<'a>, labels: &'a [u32]) -> Codes<'a> {
    Codes {
        inputs: trace.x,
        codes: trace.y,
        saved: trace.saved,
        labels,
    }
}

/// What the examples are to be reconstructed as, a row for each row of output.
fn targets<'a>(tape: &'a Tape, samples: usize, buffer: &'a mut Matrix) -> MatrixRef<'a> {
    let own = tape.targets();
    if samples == 1 {
        return own;
    }
    let rows = own.rows() * samples;
    for (row, target) in buffer.top_mut(rows).iter_rows_mut().enumerate() {
        target.copy_from_slice(own.row(row / samples));
    }
    buffer.top(rows)
}
