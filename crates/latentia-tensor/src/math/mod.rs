//! Elementary functions of one `f32`, without branches, so that loops over them vectorise; [`double`] has some of one `f64`,
//! [`gamma`] the gamma function.
//!
//! They are built from operations that round the same way on every processor (add, multiply, fused multiply-add, divide):
//! the result does not depend on the instruction set. NaN in gives NaN out.

pub mod double;
pub mod gamma;
mod single;

pub use single::{
    exp, exp_m1_negative, ln, ln_1p_unit, normal_cdf, round, sigmoid, softplus, tanh,
};
