//! Where numbers that are not finite began.

use crate::{Chain, Parameter};

/// What stopped being finite first: NaN and infinity spread through a step, and a loss alone does not say from where.
///
/// In the order of a step, so that the least of several is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The gradient of the parameters of a layer, of which the update before made parameters.
    Gradient(usize),
    /// The parameters of a layer: the update before was too large.
    Parameters(usize),
    /// The output of a layer, of parameters that are finite.
    Output(usize),
    /// The likelihood, of outputs that are all finite.
    Likelihood,
    /// The terms on the codes: everything else is finite.
    Terms,
}

/// Whether all of `x` are finite.
pub(crate) fn finite(x: &[f32]) -> bool {
    // Without an early end the loop is vectorised.
    x.iter().fold(true, |all, x| all & x.is_finite())
}

impl Chain {
    /// The first layer whose parameters are not all finite.
    pub fn first_not_finite(&self) -> Option<usize> {
        let broken = |layer: &usize| {
            let finite = |parameter: &Parameter| finite(parameter.value.as_slice());
            !self.parameters()[self.owned(*layer)].iter().all(finite)
        };
        (0..self.layers().len()).find(broken)
    }
}
