//! Posteriors of Gaussian codes that a normalising flow makes richer: one file for each kind, and the list of them.

mod iaf;
mod planar;
mod radial;
mod steps;

use serde::{Deserialize, Serialize};

use crate::kinds::kinds;
use crate::posterior::Posterior;

pub use iaf::Iaf;
pub use planar::Planar;
pub use radial::Radial;

kinds! {
    /// The normalising flow that carries the samples of a Gaussian code on, one of these kinds: the posterior is then no Gaussian any
    /// more, and its KL divergence is estimated by the samples of each step, `ln q(z | x) - ln p(z)`.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    pub enum PosteriorSpec: Posterior {
        /// Inverse autoregressive flow: each element moves by a masked network of those before it (Kingma et al. 2016).
        /// Example: `{ kind = "iaf", steps = 2, units = 400 }`
        Iaf(Iaf),
        /// Planar flow: steps along one direction each, which the encoder gives for every example (Rezende and Mohamed 2015).
        /// Example: `{ kind = "planar", steps = 10 }`
        Planar(Planar),
        /// Radial flow: steps to or from one point each, which the encoder gives for every example (Rezende and Mohamed 2015).
        /// Example: `{ kind = "radial", steps = 10 }`
        Radial(Radial),
    }
}

/// The most steps of a flow.
const MOST_STEPS: usize = 256;

/// Refuses a flow of too many steps or none.
fn check_steps(name: &str, steps: usize) -> Result<(), crate::InvalidSpec> {
    crate::invalid_spec::require(
        (1..=MOST_STEPS).contains(&steps),
        || format!("has a posterior of kind {name} of {steps} steps"),
        "it must have from 1 to 256",
    )
}

/// `ln(1 + eˣ)`, without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// `1 / (1 + e⁻ˣ)`
fn sigmoid(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    if x < 0.0 {
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + e)
    }
}

fn dot(x: &[f32], y: &[f32]) -> f64 {
    let products = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y));
    products.sum()
}
