//! A chain of layers and the step that trains it: two parallel loops.
//!
//! The first of two layers is frozen here, as an encoder is where a decoder alone learns:
//!
//! ```
//! use latentia_nn::layers::Dense;
//! use latentia_nn::{Activation, Chain, Initializer, Layer, LikelihoodSpec, Optimizer, Step, StepOptions};
//! use latentia_tensor::Matrix;
//!
//! let dense = |inputs, outputs| -> Box<dyn Layer> {
//!     Box::new(Dense::new(inputs, outputs, Activation::Tanh, Initializer::Glorot))
//! };
//! let mut chain = Chain::new(vec![dense(2, 4), dense(4, 2)], 42)?;
//! let options = StepOptions {
//!     objective: LikelihoodSpec::Mse.into(),
//!     optimizer: Optimizer::default(),
//!     clip_norm: Some(1.0),
//!     seed: 42,
//!     frozen: vec![0],
//! };
//! let mut step = Step::new(&chain, 2, options);
//! let examples = Matrix::from_vec(3, 2, vec![0.1, -0.2, 0.3, 0.4, -0.5, 0.6]);
//! let before = chain.clone();
//!
//! step.run(&mut chain, &examples, &[2, 0], 0.01.into())?;
//! assert_eq!(chain.parameters_of(0)[0].value, before.parameters_of(0)[0].value);
//! assert_ne!(chain.parameters_of(1)[0].value, before.parameters_of(1)[0].value);
//! assert!(step.gradient_norm(&chain) > 0.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chain;
mod collective;
mod objective;
mod step;
mod tape;

pub use chain::{BLOCK_ROWS, Chain, ChainError};
pub use collective::{Alone, Collective};
pub use objective::grouped_penalties::GroupedPenalties;
pub use objective::{
    Adversary, Against, Discriminator, Importance, ImportanceBound, Objective, ObjectiveBuffers,
};
pub use step::adversary_step::AdversaryStep;
#[cfg(feature = "task-times")]
pub use step::parallel_loop::each_in_turn;
pub use step::{Rates, Step, StepOptions};
pub use tape::{NonFinite, Position, SampleRounds, Tape};
