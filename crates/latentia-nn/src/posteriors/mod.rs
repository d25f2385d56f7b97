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
