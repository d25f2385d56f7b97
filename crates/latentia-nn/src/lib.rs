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

mod activate;
mod activation;
mod activations;
mod batch_norm;
mod block;
mod chain;
mod codes;
mod condition;
mod conv;
mod corruption;
mod dense;
mod dropout;
mod gaussian;
mod group_norm;
mod importance;
mod initializer;
mod layer;
mod likelihood;
mod objective;
mod optimizer;
mod origin;
mod parallel;
mod permute;
mod pool;
mod rounding;
mod schedule;
mod shape;
mod shared_scale;
mod spec;
mod step;
pub mod terms;
mod top_k;
mod vector_quantiser;

pub use activate::Activate;
pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use block::{BLOCK_ROWS, Block, Place};
pub use chain::Chain;
pub use condition::Condition;
pub use conv::Conv;
pub use corruption::{Corrupt, Corruption};
pub use dense::Dense;
pub use dropout::Dropout;
pub use gaussian::Gaussian;
pub use group_norm::GroupNorm;
pub use initializer::Initializer;
pub use layer::{Batch, Coupled, Layer, Mode, Parameter, ParameterSpec, Pass, Trace};
pub use likelihood::Likelihood;
pub use objective::{Objective, Slopes, State, Term};
pub use optimizer::Optimizer;
pub use origin::Origin;
pub use permute::Permute;
pub use pool::{Pool, Pooled, Upsample};
pub use rounding::Rounding;
pub use schedule::Schedule;
pub use shape::Shape;
pub use shared_scale::SharedScale;
pub use spec::{LayerSpec, NamedPadding, Padding, Size, SpecError, Widths};
pub use step::{Moments, Rates, Step, StepOptions};
pub use top_k::TopK;
pub use vector_quantiser::VectorQuantiser;
