//! Checks the gradients of a user's own parts against central finite differences.
//!
//! A layer runs as it does in training: in a chain, by [`Step`](crate::Step), block by block, with batch statistics, saved
//! values, partial sums and noise that is held fixed. Its outputs are projected on a fixed random direction, in f64, and each
//! parameter and each input is an element that is moved.
//!
//! Outputs are computed in f32, so a difference over a step `h` has an error of about `10⁻⁷ / h`. Two steps, each the half of the
//! one before, give an estimate whose error is of order `h⁴`, so that `h` can be long; see [`GradientCheck::tolerance`].
//!
//! ```
//! use std::ops::Range;
//!
//! use latentia_nn::gradient_check::GradientCheck;
//! use latentia_nn::{
//!     BackwardMemory, ForwardMemory, Initializer, Layer, Parameter, ParameterRole, ParameterSpec, Pass, Shape, Trace,
//! };
//! use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};
//!
//! /// `y = a x`, with a learned factor for each element.
//! #[derive(Debug)]
//! struct Scale(usize);
//!
//! impl Layer for Scale {
//!     fn name(&self) -> String {
//!         "scale".into()
//!     }
//!     fn inputs(&self) -> usize {
//!         self.0
//!     }
//!     fn output(&self) -> Shape {
//!         Shape::Flat(self.0)
//!     }
//!     fn parameters(&self) -> Vec<ParameterSpec> {
//!         vec![ParameterSpec::new(ParameterRole::Scale, "factor", [1, self.0], Initializer::Ones)]
//!     }
//!     fn forward(&self, own: &[Parameter], _: Pass<'_>, x: MatrixRef<'_>, mut y: MatrixMut<'_>, _: ForwardMemory<'_>) {
//!         for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
//!             let factors = own[0].value.as_slice();
//!             y.iter_mut().zip(x).zip(factors).for_each(|((y, x), a)| *y = a * x);
//!         }
//!     }
//!     fn backward(
//!         &self,
//!         own: &[Parameter],
//!         _: Trace<'_>,
//!         mut dy: MatrixMut<'_>,
//!         dx: Option<MatrixMut<'_>>,
//!         _: BackwardMemory<'_>,
//!     ) {
//!         let Some(mut dx) = dx else { return };
//!         for (dx, dy) in dx.iter_rows_mut().zip(dy.iter_rows_mut()) {
//!             let factors = own[0].value.as_slice();
//!             dx.iter_mut().zip(dy).zip(factors).for_each(|((dx, dy), a)| *dx = a * *dy);
//!         }
//!     }
//!     fn gradient(
//!         &self,
//!         _index: usize,
//!         _rows: Range<usize>,
//!         trace: Trace<'_>,
//!         dy: MatrixRef<'_>,
//!         accumulate: Accumulate,
//!         mut out: MatrixMut<'_>,
//!     ) {
//!         if accumulate == Accumulate::Replace {
//!             out.as_mut_slice().fill(0.0);
//!         }
//!         for (x, dy) in trace.x.iter_rows().zip(dy.iter_rows()) {
//!             out.row_mut(0).iter_mut().zip(x).zip(dy).for_each(|((out, x), dy)| *out += x * dy);
//!         }
//!     }
//! }
//!
//! # fn main() -> Result<(), latentia_nn::gradient_check::GradientMismatch> {
//! let report = GradientCheck::default().layer(Scale(5))?;
//! println!("{report}");
//! assert!(report.gradient("factor").is_some() && report.largest_error() < 1e-3);
//! # Ok(())
//! # }
//! ```

mod difference;
mod latent;
mod layers;
mod likelihood;
mod options;
mod penalty;
mod projection;
mod report;
mod trial;

pub use options::{GradientCheck, StraightThrough};
pub use report::{ComparedGradient, Comparison, GradientMismatch, GradientReport};
