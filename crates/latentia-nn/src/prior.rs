//! A prior of codes that is learned with the model.

use std::fmt::Debug;

use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use crate::invalid_spec::InvalidSpec;
use crate::layer::{Parameter, ParameterSpec};

/// The most codes that a [`Prior`] is handed at once: what its workspace is made for.
pub const PRIOR_ROWS: usize = 64;

/// The rows of noise for [estimates](Prior::noise) begin here, behind all that codes are drawn by.
pub const FIRST_PRIOR_NOISE: u32 = 1 << 31;

/// Codes whose density is asked for.
#[derive(Clone, Copy, Debug)]
pub struct PriorCodes<'a> {
    /// `[rows, n]`, up to [`PRIOR_ROWS`] rows.
    pub z: MatrixRef<'a>,
    /// Standard normal numbers for an estimate: `[rows, noise]`.
    pub noise: MatrixRef<'a>,
}

impl<'a> From<MatrixRef<'a>> for PriorCodes<'a> {
    /// Codes for a prior whose density is exact.
    fn from(z: MatrixRef<'a>) -> Self {
        let noise = MatrixRef::new(&[], z.rows(), 0);
        Self { z, noise }
    }
}

/// A prior `p(z)` of codes of `n` elements, learned with the model: its parameters are the last of the latent's last layer. It
/// stands in the place of the standard normal, whose KL divergence from a Gaussian posterior has a closed form; here it is
/// estimated by samples.
///
/// ```
/// use latentia_nn::layers::Dense;
/// use latentia_nn::priors::Mixture;
/// use latentia_nn::{Activation, Chain, Initializer, Layer, Matrix, Prior};
/// use latentia_nn::latents::GaussianLatent;
/// use std::sync::Arc;
///
/// // One Gaussian with the mean 0 and the variance 1 is the standard normal.
/// let prior = Arc::new(Mixture { components: 1 });
/// let layer: Box<dyn Layer> = Box::new(GaussianLatent::new(2, 1).with_prior(prior.clone()));
/// let mut chain = Chain::new(vec![layer], 42)?;
/// chain.parameters_mut()[0].value.as_mut_slice().fill(0.0);
/// let z = Matrix::from_vec(1, 2, vec![1.0, -2.0]);
/// let (mut ln_p, mut workspace) = ([0.0], vec![0.0; prior.workspace(2)]);
/// prior.log_density(chain.parameters(), z.view().into(), &mut ln_p, &mut workspace);
/// assert!((ln_p[0] - (-2.5 - (2.0 * std::f32::consts::PI).ln())).abs() < 1e-6);
/// # Ok::<(), latentia_nn::ChainError>(())
/// ```
pub trait Prior: Debug + Send + Sync {
    /// Its name in a specification.
    fn name(&self) -> &'static str;

    /// Refuses values out of range, and codes of a width that does not fit.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    fn check(&self, width: usize) -> Result<(), InvalidSpec>;

    /// What is learned, for codes of `width` elements.
    fn parameters(&self, width: usize) -> Vec<ParameterSpec>;

    /// Whether the first of its parameters are the posteriors of [pseudo-inputs](crate::Abilities::pseudo_inputs).
    fn has_pseudo_inputs(&self) -> bool {
        false
    }

    /// Standard normal numbers for the density of one code: none where it is exact. With some it is an estimate `p̂(z)` without bias,
    /// `E[p̂(z)] = p(z)`, so that a bound on the log likelihood stays one, and importance weights stay right.
    fn noise(&self, _width: usize) -> usize {
        0
    }

    /// Elements of the workspace for codes of `width` elements.
    fn workspace(&self, width: usize) -> usize;

    /// Multiplications for the density of one code.
    fn multiplications(&self, width: usize) -> usize;

    /// `ln p(z)` in nats, or that of its estimate: `[rows]`.
    fn log_density(
        &self,
        parameters: &[Parameter],
        codes: PriorCodes<'_>,
        log_density: &mut [f32],
        workspace: &mut [f32],
    );

    /// Adds the gradients of `Σ factor ln p(z)`, with a factor for each code: to `dz`, `[rows, n]`, those with respect to the codes, and to
    /// `sums` those with respect to [`Self::parameters`], one after another, where they are asked for.
    fn backward(
        &self,
        parameters: &[Parameter],
        codes: PriorCodes<'_>,
        factors: &[f32],
        dz: MatrixMut<'_>,
        sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    );

    /// Draws codes: those of rows `first`, `first + 1`, … of `noise`, each the same whatever others are drawn.
    fn draw(&self, parameters: &[Parameter], noise: Noise, first: u32, z: MatrixMut<'_>);
}
