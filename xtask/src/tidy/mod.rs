//! `cargo xtask tidy`: the rules of the workspace that no compiler checks.

mod check;
mod circles;
mod counts;
mod layers;
mod libraries;
mod manifests;
mod modules;
mod places;
mod sizes;
#[cfg(test)]
mod testing;
mod violation;

pub use check::run;
