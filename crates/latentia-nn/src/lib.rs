//! Layers, likelihoods, optimisers and the training step, forward and backward side by side.
//!
//! It knows nothing about models, files or terminals.
//!
//! ```
//! use latentia_nn::{Activation, Chain, Dense, Initializer, Likelihood, Optimizer, Step, StepOptions};
//! use latentia_tensor::Matrix;
//!
//! # fn main() -> std::io::Result<()> {
//! // 3 numbers to 2 and back
//! let dense = |inputs, outputs| Box::new(Dense::new(inputs, outputs, Activation::Linear, Initializer::Glorot));
//! let mut chain = Chain::new(vec![dense(3, 2), dense(2, 3)], 1);
//! let options = StepOptions {
//!     objective: Likelihood::Mse.into(),
//!     optimizer: Optimizer::default(),
//!     clip_norm: None,
//!     seed: 1,
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
//! - [`Layer`]: what a layer is; [`Dense`], [`Conv`], [`Pool`], [`Upsample`], [`BatchNorm`], [`GroupNorm`], [`Activate`],
//!   [`Permute`], [`Dropout`], [`Gaussian`], [`VectorQuantiser`], [`Rounding`], [`TopK`], [`Corrupt`], [`Condition`],
//!   [`SharedScale`], [`Activation`], [`Initializer`]; [`LayerSpec`]: layers as data
//! - [`Chain`]: layers one after another, with parameters
//! - [`Block`]: the memory of a block of examples on its way through a chain
//! - [`Likelihood`]: what the output means, and the loss
//! - [`Objective`], [`terms`]: what training minimises
//! - [`Optimizer`], [`Schedule`]: how parameters change
//! - [`Step`]: one training step, two parallel loops; [`Origin`]: where it stopped being finite

#![forbid(unsafe_code)]

mod engine;
mod latents;
mod layer;
mod layers;
mod likelihoods;
mod optim;
pub mod penalties;
mod shape;

pub use engine::{
    BLOCK_ROWS, Block, Chain, Moments, Objective, Origin, Place, Rates, Slopes, State, Step,
    StepOptions, Term,
};
pub use latents::{Gaussian, Rounding, TopK, VectorQuantiser};
pub use layer::{Batch, Coupled, Initializer, Layer, Mode, Parameter, ParameterSpec, Pass, Trace};
pub use layers::{
    Activate, Activation, BatchNorm, Condition, Conv, Corrupt, Corruption, Dense, Dropout,
    GroupNorm, LayerSpec, NamedPadding, Padding, Permute, Pool, Pooled, Size, SpecError, Upsample,
    Widths,
};
pub use likelihoods::{Likelihood, SharedScale};
pub use optim::{Optimizer, Schedule};
pub use penalties as terms;
pub use shape::Shape;
