//! Priors of Gaussian codes that are learned with the model: one file for each kind, and the list of them.

mod flow;
mod gaussians;
mod hierarchical;
mod mixture;
mod standard_normal;
mod vamp;

use serde::{Deserialize, Serialize};

use crate::kinds::kinds;
use crate::prior::Prior;

pub use flow::Flow;
pub use hierarchical::Hierarchical;
pub use mixture::Mixture;
pub use standard_normal::StandardNormal;
pub use vamp::Vamp;

kinds! {
    /// The prior of a Gaussian code, learned with the model, one of these kinds. Its KL divergence is then estimated by the samples
    /// of each step, `ln q(z | x) - ln p(z)`.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    pub enum PriorSpec: Prior {
        /// A mixture of diagonal Gaussians with means, variances and weights that are learned (the prior "MoG" of Tomczak and
        /// Welling 2018). Example: `{ kind = "mixture", components = 50 }`
        Mixture(Mixture),
        /// A flow of affine couplings from the standard normal: RealNVP (Dinh, Sohl-Dickstein and Bengio 2017).
        /// Example: `{ kind = "flow", couplings = 6, hidden = 64 }`
        Flow(Flow),
        /// The mean of the posteriors of pseudo-inputs that are learned: VampPrior (Tomczak and Welling 2018).
        /// Example: `{ kind = "vamp", components = 500 }`
        Vamp(Vamp),
        /// A second code above the first, and networks between the two: a variational autoencoder of two stochastic layers (Burda, Grosse
        /// and Salakhutdinov 2016). Example: `{ kind = "hierarchical", units = 50, hidden = 100 }`
        Hierarchical(Hierarchical),
    }
}
