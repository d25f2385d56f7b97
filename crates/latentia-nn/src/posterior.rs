//! A posterior of codes that a normalising flow makes of a Gaussian.

use std::fmt::Debug;

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::{Parameter, ParameterSpec};
use crate::prior::PRIOR_ROWS;

/// The most codes that a [`Posterior`] is handed at once: what its workspace is made for.
pub const POSTERIOR_ROWS: usize = PRIOR_ROWS;

/// A posterior `q(z | x)` that a normalising flow `z = f(z₀; h)` makes of a diagonal Gaussian, `z₀ ~ N(μ, σ²)`, for codes of `n`
/// elements: `ln q(z | x) = ln N(z₀; μ, σ²) - ln |det ∂f/∂z₀|` (Rezende and Mohamed 2015, arXiv 1505.05770). The context `h` is `c`
/// further outputs of the encoder's last layer, behind `μ` and `s`. What is learned beside it are the first parameters of the latent's
/// last layer. In evaluation a code is `f(μ; h)`.
///
/// Shapes: `z` `[rows, n]`, `h` `[rows, c]`, what is saved for the way back the last elements of rows, up to [`POSTERIOR_ROWS`] rows.
///
/// ```
/// use latentia_nn::posteriors::Planar;
/// use latentia_nn::{Matrix, Posterior};
///
/// // A step by u = (3, 0) along tanh z₁, for w = (1, 0), b = 0.
/// let (posterior, mut z) = (Planar { steps: 1 }, Matrix::from_vec(1, 2, vec![0.0, 5.0]));
/// assert_eq!(posterior.context(2), 5);
/// let h = Matrix::from_vec(1, 5, vec![3.0, 0.0, 1.0, 0.0, 0.0]);
/// let (mut log_determinant, mut workspace) = ([0.0], vec![0.0; posterior.workspace(2)]);
/// let mut saved = Matrix::zeros(1, posterior.saved(2));
/// let (codes, saved) = (z.view_mut(), saved.view_mut());
/// posterior.forward(&[], h.view(), codes, &mut log_determinant, saved, &mut workspace);
/// // The origin stays, and is stretched by 1 + (ln(1 + (e - 1) e³) - 1).
/// assert_eq!(z.as_slice(), [0.0, 5.0]);
/// assert!((log_determinant[0] - 3.57f32.ln()).abs() < 1e-3);
/// ```
pub trait Posterior: Debug + Send + Sync {
    /// Its name in a specification.
    fn name(&self) -> &'static str;

    /// Refuses values out of range, and codes of a width that does not fit.
    ///
    /// # Errors
    /// What is wrong, and what would be valid.
    fn check(&self, width: usize) -> Result<(), InvalidSpec>;

    /// Elements of the context, `c`, for codes of `width` elements.
    fn context(&self, width: usize) -> usize;

    /// What is learned beside the context, for codes of `width` elements.
    fn parameters(&self, _width: usize) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Elements a code that the way back needs beside `z₀` and `h`.
    fn saved(&self, _width: usize) -> usize {
        0
    }

    /// Elements of the workspace for codes of `width` elements.
    fn workspace(&self, width: usize) -> usize;

    /// Multiplications for one code.
    fn multiplications(&self, width: usize) -> usize;

    /// Turns `z₀` into `f(z₀; h)`, and writes `ln |det ∂f/∂z₀|` in nats, `[rows]`, and what it saves to the end of the rows of `saved`.
    fn forward(
        &self,
        parameters: &[Parameter],
        h: MatrixRef<'_>,
        z: MatrixMut<'_>,
        log_determinant: &mut [f32],
        saved: MatrixMut<'_>,
        workspace: &mut [f32],
    );

    /// The way back: gradients of what those with respect to `f(z₀)` are known of, and of `Σ factor ln |det ∂f/∂z₀|`, with a factor for
    /// each code.
    fn backward(
        &self,
        parameters: &[Parameter],
        trace: FlowTrace<'_>,
        factors: &[f32],
        gradients: FlowGradients<'_>,
        workspace: &mut [f32],
    );

    /// Adds to `graph` what the flow makes of `z`, `[n]`, by the context `h`, `[c]`.
    ///
    /// # Errors
    /// When it does not say what it computes: then no other program can run a model with it.
    fn describe(
        &self,
        _graph: &mut Graph,
        _parameters: &[Parameter],
        _h: Value,
        _z: Value,
    ) -> Result<Value, Undescribed> {
        Err(Undescribed::new(format!(
            "a posterior of kind `{}`",
            self.name()
        )))
    }
}

/// What a pass through a [`Posterior`] left behind.
#[derive(Clone, Copy, Debug)]
pub struct FlowTrace<'a> {
    /// The context: `[rows, c]`.
    pub context: MatrixRef<'a>,
    /// The samples of the Gaussian, `z₀`: `[rows, n]`.
    pub codes: MatrixRef<'a>,
    /// What was [saved](Posterior::saved): `[rows, saved]`.
    pub saved: MatrixRef<'a>,
}

/// Gradients on the way back through a [`Posterior`].
#[derive(Debug)]
pub struct FlowGradients<'a> {
    /// Those with respect to `f(z₀)`, which are turned into those with respect to `z₀`: `[rows, n]`.
    pub codes: MatrixMut<'a>,
    /// Those with respect to the context, which are written: `[rows, c]`.
    pub context: MatrixMut<'a>,
    /// To those with respect to [`Posterior::parameters`], one after another, this block's are added, where they are asked for.
    pub parameters: Option<&'a mut [f32]>,
}
