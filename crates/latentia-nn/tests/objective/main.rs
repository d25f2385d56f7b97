//! The promises of codes and of the penalties on them: their value and their gradients are those of a textbook in f64, with the
//! noise held fixed.

mod case;
mod codes;
mod condition;
mod densities;
mod flows;
mod gaussian;
mod hidden;
mod hierarchical;
mod penalties;
mod posteriors;
mod priors;
