//! Distributions whose shares are integers, computed alike on every machine: from additions, multiplications, divisions and
//! fused multiplications of IEEE numbers in a fixed order, and from nothing that a library of the system computes.

mod bernoulli;
mod beta_binomial;
mod frequencies;
mod logistic;
mod normal;
mod share;
#[cfg(test)]
mod tests;

pub(crate) use bernoulli::Bernoulli;
pub(crate) use beta_binomial::BetaBinomial;
pub(crate) use frequencies::Frequencies;
pub(crate) use logistic::Logistic;
pub(crate) use normal::{Normal, Prior};
