//! Layers, likelihoods, optimisers and the training step, forward and backward side by side.
//!
//! It knows nothing about models, files or terminals.
//!
//! ```
//! use latentia_nn::layers::Dense;
//! use latentia_nn::{
//!     Activation, Chain, Initializer, LikelihoodSpec, Matrix, Optimizer, Step, StepOptions,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // 3 elements to 2 and back
//! let dense = |inputs, outputs| Box::new(Dense::new(inputs, outputs, Activation::Linear, Initializer::Glorot));
//! let mut chain = Chain::new(vec![dense(3, 2), dense(2, 3)], 1)?;
//! let options = StepOptions {
//!     objective: LikelihoodSpec::Mse.into(),
//!     optimizer: Optimizer::default(),
//!     clip_norm: None,
//!     seed: 1,
//!     frozen: Vec::new(),
//! };
//! let mut step = Step::new(&chain, 2, options);
//! let examples = Matrix::from_vec(2, 3, vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0]);
//! let first = step.run(&mut chain, &examples, &[0, 1], 0.01.into())?;
//! for _ in 0..200 {
//!     step.run(&mut chain, &examples, &[0, 1], 0.01.into())?;
//! }
//! assert!(step.run(&mut chain, &examples, &[0, 1], 0.01.into())? < 0.1 * first);
//! # Ok(())
//! # }
//! ```
//!
//! Each kind of part is a trait, with a folder of its implementations, one file for each:
//! - [`Layer`] in [`layers`], [`Latent`] in [`latents`], [`Prior`] in [`priors`], [`Posterior`] in [`posteriors`], [`Likelihood`] in [`likelihoods`], [`Penalty`] in [`penalties`], update
//!   rules and learning-rate schedules in [`optim`]
//! - [`LayerSpec`], [`LatentSpec`], [`LikelihoodSpec`], [`ObjectiveSpec`], [`Optimizer`], [`Schedule`]: parts as users write them
//! - [`gradient_check`]: the gradients of a user's own layer, latent, likelihood or penalty against finite differences
//! - [`graph`]: what parts compute in evaluation as operations that other programs have too
//! - [`engine`]: a [`Chain`] of layers, the [`Tape`] of a block of examples, the [`Objective`], and the [`Step`] of two parallel loops

#![forbid(unsafe_code)]

pub mod engine;
pub mod gradient_check;
pub mod graph;
mod invalid_spec;
mod kinds;
mod latent;
pub mod latents;
mod layer;
pub mod layers;
mod likelihood;
pub mod likelihoods;
mod log_variance;
pub mod optim;
pub mod penalties;
mod penalty;
mod posterior;
pub mod posteriors;
mod prior;
pub mod priors;
mod shape;
#[cfg(not(feature = "task-times"))]
mod task_times;
#[cfg(feature = "task-times")]
pub mod task_times;

pub use engine::{
    Adversary, AdversaryStep, Against, Alone, BLOCK_ROWS, Chain, ChainError, Collective,
    Discriminator, GroupedPenalties, Importance, ImportanceBound, NonFinite, Objective,
    ObjectiveBuffers, Position, Rates, SampleRounds, Step, StepOptions, Tape,
};
pub use invalid_spec::InvalidSpec;
pub use latent::{CodeValues, Latent, LatentDistribution};
pub use latents::LatentSpec;
pub use layer::{
    Abilities, BackwardMemory, Batch, BatchStatistics, ForwardMemory, Initializer, Layer, Memory,
    Mode, PackedWeight, Parameter, ParameterRole, ParameterSpec, Pass, RunningStatistics, Samples,
    StatisticSums, Trace,
};
pub use layers::{Activation, Corruption, LayerSpec, SpecError, Widths};
pub use likelihood::{Discrete, Likelihood, Support, Unit};
pub use likelihoods::LikelihoodSpec;
pub use optim::{Moments, Optimizer, Schedule};
pub use penalties::ObjectiveSpec;
pub use penalty::{CodeGradients, Codes, Penalty, PenaltyContext};
pub use posterior::{FlowGradients, FlowTrace, POSTERIOR_ROWS, Posterior};
pub use posteriors::PosteriorSpec;
pub use prior::{FIRST_PRIOR_NOISE, PRIOR_ROWS, Prior, PriorCodes};
pub use priors::PriorSpec;
pub use shape::Shape;

/// What the layers' signatures show of the layer below.
pub use latentia_tensor::{Accumulate, Matrix, MatrixMut, MatrixRef, Noise, Rows};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
