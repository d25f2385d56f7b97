//! Where values that are not finite began.

use crate::engine::chain::Chain;
use crate::engine::collective::Collective;
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

impl NonFinite {
    /// The first of those that the processes of `collective` have found.
    pub(in crate::engine) fn first_of(self, collective: &dyn Collective) -> Self {
        (0..collective.ranks()).fold(self, |first, rank| {
            let mut number = self.number();
            collective.broadcast(rank, bytemuck::bytes_of_mut(&mut number));
            first.min(Self::numbered(number))
        })
    }

    /// Itself as two numbers: its kind, and the layer where it has one.
    fn number(self) -> [u64; 2] {
        let (kind, layer) = match self {
            Self::Gradient(layer) => (0, layer),
            Self::Parameters(layer) => (1, layer),
            Self::Output(layer) => (2, layer),
            Self::Likelihood => (3, 0),
            Self::Penalties => (4, 0),
        };
        [kind, layer as u64]
    }

    /// Which one [`Self::number`] stands for.
    fn numbered([kind, layer]: [u64; 2]) -> Self {
        let layer = layer as usize;
        match kind {
            0 => Self::Gradient(layer),
            1 => Self::Parameters(layer),
            2 => Self::Output(layer),
            3 => Self::Likelihood,
            _ => Self::Penalties,
        }
    }
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
