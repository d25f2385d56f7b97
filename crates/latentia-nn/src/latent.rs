//! What stands between encoder and decoder.

use std::fmt::Debug;
use std::sync::Arc;

use latentia_tensor::{MatrixMut, Noise};

use crate::Shape;
use crate::invalid_spec::InvalidSpec;
use crate::layer::{Layer, Parameter};
use crate::likelihood::Likelihood;
use crate::penalty::Penalty;
use crate::posterior::Posterior;
use crate::prior::Prior;

/// A kind of latent: how codes are made of the encoder's output, and all that others need to know of them.
/// [`GradientCheck::latent`](crate::gradient_check::GradientCheck::latent) holds the gradients of its layers and of its penalty to their
/// values.
///
/// ```
/// use latentia_nn::latents::{Gaussian, TopK};
/// use latentia_nn::{CodeValues, Latent, Shape};
///
/// let (gaussian, sparse): (&dyn Latent, &dyn Latent) = (&Gaussian::new(2), &TopK { k: 3, warm_up: 0 });
/// // An encoder's 16 outputs become a code of 2 elements, or 16 of which 3 are not zero.
/// let width = |latent: &dyn Latent| latent.layers(16, 1).last().map(|layer| layer.outputs());
/// assert_eq!((width(gaussian), width(sparse)), (Some(2), Some(16)));
/// assert_eq!(sparse.values(), CodeValues::Sparse);
/// assert!(sparse.check(Shape::Flat(2)).is_err());
///
/// // The posterior N(0, 1) is the prior.
/// let mut kl = [f32::NAN; 2];
/// gaussian.distribution().expect("a Gaussian has one").kl(&[0.0; 4], &mut kl);
/// assert_eq!(kl, [0.0, 0.0]);
/// ```
pub trait Latent: Debug + Send + Sync {
    /// Its name in a specification.
    fn name(&self) -> &'static str;

    /// Refuses values out of range, and an encoder that ends with rows of a shape that does not fit.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    fn check(&self, _row: Shape) -> Result<(), InvalidSpec> {
        Ok(())
    }

    /// The layers that make a code of `inputs` elements; where the code has a distribution, `samples` samples of each. The last
    /// one's output is the code.
    fn layers(&self, inputs: usize, samples: usize) -> Vec<Box<dyn Layer>>;

    /// Sets the width of the code, where that is not the encoder's; whether it is.
    fn set_width(&mut self, _width: usize) -> bool {
        false
    }

    /// Whether a code is made of all channels at a position of a feature map, position by position.
    fn is_per_position(&self) -> bool {
        false
    }

    /// A penalty that belongs to the kind, for codes of `width` elements.
    fn penalty(&self, _width: usize, _likelihood: &dyn Likelihood) -> Option<Arc<dyn Penalty>> {
        None
    }

    /// Epochs after which codes are made as in evaluation; losses of epochs before do not compare.
    fn warm_up(&self) -> u32 {
        0
    }

    /// The posterior and the prior of codes that have a distribution. The input of the last of [`Self::layers`] is the
    /// posterior's parameters.
    fn distribution(&self) -> Option<&dyn LatentDistribution> {
        None
    }

    /// The values that codes have in evaluation.
    fn values(&self) -> CodeValues {
        CodeValues::Real
    }

    /// Appends which vectors of the codebook a code is made of, from what the last of [`Self::layers`] saved for it; nothing
    /// for a code without a codebook. Of several codebooks the indices of one place stand side by side, in their order.
    fn read_indices(&self, _saved: &[f32], _indices: &mut Vec<u32>) {}

    /// Writes the code that is made of these vectors of the codebook, as [`Self::read_indices`] counts them: the way back.
    /// `parameters` are those of the last of [`Self::layers`]. Nothing for a code without a codebook.
    fn read_code(&self, _parameters: &[Parameter], _indices: &[u32], _code: &mut [f32]) {}

    /// Replaces a vector from elsewhere by the nearest code, where [`Self::layers`] would take it for the encoder's output and make
    /// another of it; whether they would.
    fn quantise(&self, _code: &mut [f32]) -> bool {
        false
    }
}

impl dyn Latent + '_ {
    /// Whether only some vectors are codes: those of a codebook, of integers, sparse ones, or directions.
    pub fn is_restricted(&self) -> bool {
        self.values() != CodeValues::Real
    }

    /// Whether a code has a Gaussian posterior.
    pub fn is_gaussian(&self) -> bool {
        let distribution = self.distribution();
        distribution.is_some_and(|own| own.is_gaussian())
    }

    /// Whether a code is the encoder's output, or a part of it: neither sampled nor quantised.
    pub fn passes_encoder_output(&self) -> bool {
        let values = self.values();
        self.distribution().is_none() && matches!(values, CodeValues::Real | CodeValues::Sparse)
    }
}

/// The posterior `q(z | x)` and the prior `p(z)` of a code of `n` elements.
pub trait LatentDistribution: Sync {
    /// The prior, where it is learned: its parameters are those of the last of [`Latent::layers`]. Without one it is fixed, and its
    /// KL divergence has a closed form.
    fn learned_prior(&self) -> Option<&dyn Prior> {
        None
    }

    /// The normalising flow that carries the samples on, where there is one; its parameters are those of the last of
    /// [`Latent::layers`]. What is said here of a code `z` and its density is then said of the sample before the flow.
    fn posterior_flow(&self) -> Option<&dyn Posterior> {
        None
    }

    /// The prior whose density is taken at samples, as the KL divergence has no closed form: one that is
    /// [learned](Self::learned_prior), or any beside a [flow](Self::posterior_flow).
    fn sampled_prior(&self) -> Option<&dyn Prior> {
        self.learned_prior()
    }

    /// Whether the posterior is a diagonal Gaussian: what its [divergence](Self::divergence) is for otherwise.
    fn is_gaussian(&self) -> bool {
        self.divergence(1.0, 0).is_none()
    }

    /// The penalty `weight KL(q(z | x) ‖ p(z))`, with a weight that rises over `warm_up` epochs, of a posterior that is no Gaussian and
    /// whose divergence has no parts in each dimension.
    fn divergence(&self, _weight: f32, _warm_up: u32) -> Option<Arc<dyn Penalty>> {
        None
    }

    /// Means of the posterior, `[n]`: the first of its parameters, or a function of them.
    fn means(&self, parameters: &[f32], means: &mut [f32]) {
        means.copy_from_slice(&parameters[..means.len()]);
    }

    /// `KL(q(z | x) ‖ p(z))` of each dimension, in nats: `[n]`; all of it in the first where it [has no parts](Self::divergence). NaN
    /// where it [has no closed form](Self::sampled_prior).
    fn kl(&self, parameters: &[f32], kl: &mut [f32]);

    /// Standard deviations of the posterior, `[n]`.
    fn deviation(&self, parameters: &[f32], deviation: &mut [f32]);

    /// The code `z` for standard normal `epsilon`, and `ln p(z) - ln q(z | x)` in nats back; with a
    /// [prior](Self::sampled_prior) that has `ln p(z)` of many codes at once, `-ln q(z | x)`. `deviation` receives
    /// [`Self::deviation`]. Shapes: `[n]` each, but for the parameters.
    fn draw(
        &self,
        parameters: &[f32],
        epsilon: &[f32],
        deviation: &mut [f32],
        z: &mut [f32],
    ) -> f64;

    /// Draws from the prior, `[rows, n]`: rows `first`, `first + 1`, … of `noise`. `parameters` are those of the last of
    /// [`Latent::layers`].
    fn draw_prior(&self, parameters: &[Parameter], noise: Noise, first: u32, z: MatrixMut<'_>);
}

/// The values that codes have: what penalties may ask of them, and what an entropy coder takes them for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeValues {
    /// Any real numbers.
    Real,
    /// Real numbers, most of which are zero.
    Sparse,
    /// Integers.
    Integers,
    /// Vectors of length 1.
    Directions,
    /// Vectors of a codebook, counted from 0, or of several codebooks, one of each to be added. Those that are learned are the first
    /// parameter of the last layer, `[codebooks · vectors, dimension]`.
    Codebook {
        /// Vectors in a codebook.
        vectors: usize,
        /// Elements of a vector.
        dimension: usize,
        /// Codebooks.
        codebooks: usize,
    },
}

impl CodeValues {
    /// Indices that a code of `width` elements is made of, for each of its vectors one for each codebook; 0 without a codebook.
    pub fn indices(self, width: usize) -> usize {
        match self {
            Self::Codebook {
                dimension,
                codebooks,
                ..
            } => width / dimension * codebooks,
            Self::Real | Self::Sparse | Self::Integers | Self::Directions => 0,
        }
    }
}
