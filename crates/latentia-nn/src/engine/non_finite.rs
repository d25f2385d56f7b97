//! Where values that are not finite began.

use super::chain::Chain;
use crate::layer::Parameter;

/// What stopped being finite first: NaN and infinity spread through a step, and a loss alone does not say from where.
///
/// In the order of a step, so that the least of several is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NonFinite {
    /// The gradient of the parameters of a layer, of which the update before made parameters.
    Gradient(usize),
    /// The parameters of a layer: the update before was too large.
    Parameters(usize),
    /// The output of a layer, of parameters that are finite.
    Output(usize),
    /// The likelihood, of outputs that are all finite.
    Likelihood,
    /// The penalties on the codes: everything else is finite.
    Penalties,
}

/// Whether all of `x` are finite.
pub(crate) fn is_finite(x: &[f32]) -> bool {
    // Without an early end the loop is vectorised.
    x.iter().fold(true, |all, x| all & x.is_finite())
}

impl Chain {
    /// The first layer whose parameters are not all finite.
    pub fn first_not_finite(&self) -> Option<usize> {
        let finite = |parameter: &Parameter| is_finite(parameter.value.as_slice());
        let broken = |layer: &usize| !self.parameters_of(*layer).iter().all(finite);
        (0..self.layers().len()).find(broken)
    }
}
