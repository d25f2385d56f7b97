//! The training of a discriminator beside that of an autoencoder.

use std::io;
use std::sync::Arc;

use latentia_tensor::Matrix;

use super::{Step, StepOptions};
use crate::engine::chain::Chain;
use crate::engine::collective::Collective;
use crate::engine::objective::{Adversary, CodeOrDraw, CodesAndDraws, Objective};
use crate::layer::Mode;
use crate::optim::{Adam, Moments};

/// The training of the discriminator of a [`Step`]'s objective: after each of its steps, one by the codes of that batch.
///
/// ```
/// use latentia_nn::layers::Dense;
/// use latentia_nn::{
///     Activation, Adversary, AdversaryStep, Chain, Discriminator, Initializer, Layer, LikelihoodSpec, Objective, Optimizer,
///     Step, StepOptions,
/// };
/// use latentia_tensor::Matrix;
///
/// let dense = |inputs, outputs| -> Box<dyn Layer> {
///     Box::new(Dense::new(inputs, outputs, Activation::Linear, Initializer::Glorot))
/// };
/// let mut chain = Chain::new(vec![dense(3, 1), dense(1, 3)], 42)?;
/// // The output of the first layer is the code, of one element.
/// let adversary = Adversary::new(Discriminator::default(), 1, 42)?;
/// let options = StepOptions {
///     objective: Objective { adversary: Some(adversary), ..LikelihoodSpec::Gaussian.into() },
///     optimizer: Optimizer::default(),
///     clip_norm: None,
///     seed: 42,
///     frozen: vec![],
/// };
/// let mut step = Step::new(&chain, 2, options);
/// let mut against = AdversaryStep::new(&chain, &step).expect("the objective has a discriminator");
/// let examples = Matrix::from_vec(2, 3, vec![0.1, -0.2, 0.3, 0.4, -0.5, 0.6]);
/// step.run(&mut chain, &examples, &[0, 1], 0.01.into())?;
/// assert!(against.run(&mut step)? > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AdversaryStep {
    step: Step,
    /// The codes of a batch, and behind them as many draws.
    rows: Matrix,
    /// Their numbers.
    indices: Vec<u32>,
    /// A permutation of the codes.
    order: Vec<u32>,
    /// Codes for each example.
    samples: usize,
    /// Number of the noise of the draws.
    stream: usize,
    /// As it began.
    initial: Chain,
}

impl AdversaryStep {
    /// Beside `step`, which trains `chain`; none where its objective has no discriminator.
    pub fn new(chain: &Chain, step: &Step) -> Option<Self> {
        let objective = step.objective();
        let adversary = objective.adversary.as_ref()?;
        let samples = chain.samples(0..objective.latent + 1, Mode::Train);
        let codes = step.batch_size * samples;
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
            step: Step::new(&adversary.chain, 2 * codes, options),
            rows: Matrix::zeros(2 * codes, width),
            indices: (0..2 * codes as u32).collect(),
            order: vec![0; codes],
            samples,
            // Behind the layers and the penalties, whose noise has the streams before.
            stream: chain.layers().len() + objective.penalties.len(),
            initial: adversary.chain.clone(),
        })
    }

    /// Shares it with the other processes that [share](Step::share) the autoencoder's step.
    pub fn share(&mut self, collective: Arc<dyn Collective>) {
        self.step.share(&self.initial, collective);
    }

    /// The gradients and moments of the discriminator's parameters.
    pub fn moments(&self) -> &[Moments] {
        self.step.moments()
    }

    /// Goes on where another run was: `step` has resumed, and its discriminator had these parameters and their moments, in its chain's order.
    pub fn resume(
        &mut self,
        step: &mut Step,
        values: impl IntoIterator<Item = Matrix>,
        moments: impl IntoIterator<Item = (Matrix, Matrix)>,
    ) {
        self.step.resume(step.steps(), step.updates(), moments);
        if let Some(adversary) = step.options.objective.adversary.as_mut() {
            for (own, value) in adversary.chain.parameters_mut().iter_mut().zip(values) {
                own.value = value;
            }
        }
    }

    /// Begins anew, with the parameters that the discriminator of `step` began with.
    pub fn reset(&mut self, step: &mut Step) {
        if let Some(adversary) = step.options.objective.adversary.as_mut() {
            adversary.chain.clone_from(&self.initial);
        }
        self.step.reset();
    }

    /// Teaches the discriminator of `step` to tell the codes of its last batch from draws. Returns the binary cross-entropy in nats, before the
    /// update; where that is not finite, there is none.
    ///
    /// # Errors
    /// None that a step has not had.
    pub fn run(&mut self, step: &mut Step) -> io::Result<f64> {
        let each = self.samples * self.rows.cols();
        let collective = Arc::clone(step.collective());
        let shares = step.shares(&*collective);
        let (codes, draws) = self.rows.as_mut_slice()[..2 * shares.examples * each]
            .split_at_mut(shares.examples * each);
        let mut at = shares.own_examples().start * each;
        for block in &step.blocks[..step.used] {
            let own = block.tape.trace(step.objective().latent).y.span();
            codes[at..at + own.len()].copy_from_slice(own);
            at += own.len();
        }
        shares.gather_examples(codes, each);
        let count = shares.examples * self.samples;
        let noise = Chain::noise(step.options.seed, self.stream, step.steps);
        let Some(adversary) = step.options.objective.adversary.as_mut() else {
            return Ok(0.0);
        };
        adversary.draw(noise, codes, &mut self.order[..count], draws);
        let Adversary {
            discriminator,
            chain,
        } = adversary;
        let rows = CodesAndDraws(self.rows.top(2 * count));
        let rate = discriminator.learning_rate;
        self.step
            .run(chain, &rows, &self.indices[..2 * count], rate.into())
    }
}
