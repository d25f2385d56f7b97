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
//!     likelihood: Likelihood::Mse,
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
//! - [`Layer`]: what a layer is; [`Dense`], [`Dropout`], [`Gaussian`], [`Corrupt`], [`Activation`], [`Initializer`]; [`LayerSpec`]: layers as data
//! - [`Chain`]: layers one after another, with parameters
//! - [`Block`]: the memory of a block of examples on its way through a chain
//! - [`Likelihood`]: what the output means, and the loss
//! - [`Optimizer`], [`Schedule`]: how parameters change
//! - [`Step`]: one training step, two parallel loops

mod activation;
mod block;
mod chain;
mod corruption;
mod dense;
mod dropout;
mod gaussian;
mod initializer;
mod layer;
mod likelihood;
mod optimizer;
mod schedule;
mod spec;
mod step;

pub use activation::Activation;
pub use block::{BLOCK_ROWS, Block, Place};
pub use chain::Chain;
pub use corruption::{Corrupt, Corruption};
pub use dense::Dense;
pub use dropout::Dropout;
pub use gaussian::Gaussian;
pub use initializer::Initializer;
pub use layer::{Layer, Mode, Parameter, ParameterSpec, Pass, Terms, Trace};
pub use likelihood::Likelihood;
pub use optimizer::Optimizer;
pub use schedule::Schedule;
pub use spec::{LayerSpec, SpecError};
pub use step::{Moments, Rates, Step, StepOptions};
