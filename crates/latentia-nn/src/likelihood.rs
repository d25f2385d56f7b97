//! How well an output explains an example: the end of every chain.

use std::fmt::Debug;
use std::io;

use latentia_tensor::loss::Columns;
use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Noise, Rows};

use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::Layer;

/// What the decoder's output means, and the loss that follows.
///
/// `n` is the number of elements of an example. [`GradientCheck::likelihood`](crate::gradient_check::GradientCheck::likelihood) holds the
/// gradient to the loss.
///
/// The example `custom_parts` of the crate `latentia` has one that is not in the list. To use any of them:
///
/// ```
/// use std::sync::Arc;
///
/// use latentia_nn::{Likelihood, LikelihoodSpec, Unit};
/// use latentia_tensor::Matrix;
///
/// let likelihood: Arc<dyn Likelihood> = LikelihoodSpec::Bernoulli.into();
/// assert_eq!(likelihood.unit(), Unit::NatsPerExample);
///
/// // One example of two pixels, and the outputs that say of both that they are white with probability ½.
/// let (outputs, targets) = (Matrix::zeros(1, 2), Matrix::from_vec(1, 2, vec![1.0, 0.0]));
/// let (mut losses, mut mean) = ([0.0], Matrix::zeros(1, 2));
/// likelihood.losses(outputs.view(), targets.view(), &mut losses);
/// likelihood.mean(outputs.view(), mean.view_mut());
/// assert!((losses[0] - 2.0 * 2f64.ln()).abs() < 1e-6);
/// assert_eq!(mean.as_slice(), [0.5, 0.5]);
/// ```
pub trait Likelihood: Debug + Send + Sync {
    /// Its name in a specification.
    fn name(&self) -> &'static str;

    /// What the loss is counted in.
    fn unit(&self) -> Unit {
        Unit::NatsPerExample
    }

    /// The values that targets may have.
    fn support(&self) -> Support {
        Support::Real
    }

    /// Refuses examples of `n` elements that it has no loss of.
    ///
    /// # Errors
    /// What is wrong with it, and what would be valid.
    fn check(&self, _n: usize) -> Result<(), InvalidSpec> {
        Ok(())
    }

    /// Whether the loss is that of a density: it may be negative, and only differences of it say something.
    fn is_density(&self) -> bool {
        false
    }

    /// The distribution of each element, where it has finitely many values.
    fn discrete(&self) -> Option<Discrete> {
        None
    }

    /// What the elements are and what is said of each, where it is the likelihood of a table's columns.
    fn columns(&self) -> Option<&Columns> {
        None
    }

    /// Whether elements may be missing: a target that is NaN is left out of the loss and has no gradient.
    fn takes_missing(&self) -> bool {
        self.columns().is_some()
    }

    /// Whether the loss of an element depends on its own outputs and target alone, so that some elements of an example have the loss of an
    /// example of these: their outputs lie `n` apart, and a last one belongs to all. Where elements [may be missing](Self::takes_missing),
    /// nobody asks.
    fn has_independent_elements(&self) -> bool {
        true
    }

    /// Whether the mean of an element is the sigmoid of an output, or of the difference of two.
    fn has_sigmoid_mean(&self) -> bool {
        false
    }

    /// What outputs are, where they must not be bent by an activation.
    fn linear_outputs(&self) -> Option<&'static str> {
        None
    }

    /// Elements in a row of the output, for examples of `n`.
    fn outputs(&self, n: usize) -> usize {
        n
    }

    /// The layer that ends the chain, after the decoder's own, for examples of `n` elements.
    fn last_layer(&self, _n: usize) -> Option<Box<dyn Layer>> {
        None
    }

    /// The statistic that the last parameter of [`Self::last_layer`] is, over training examples as the model sees them; none where it
    /// keeps none.
    ///
    /// # Errors
    /// When an example cannot be read.
    fn statistic(&self, _examples: &dyn Rows) -> io::Result<Option<Vec<f32>>> {
        Ok(None)
    }

    /// The loss of each row, in its unit: `losses` `[rows]` from outputs `[rows, outputs(n)]` and targets `[rows, n]`. Where
    /// there is a `gradient`, `[rows, outputs(n)]`, it receives `scale` times the derivative of each row's loss by its outputs.
    /// `workspace` is for any use and keeps its memory from step to step.
    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        workspace: &mut Vec<f32>,
    );

    /// What each element adds to the loss of its row, `[rows, n]`, for shapes as [`Self::compute`] has them.
    ///
    /// Unless a likelihood says otherwise, an element adds what it would lose as an example of its own: its outputs lie `n` apart, and a last
    /// one belongs to all.
    fn element_losses(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, out: MatrixMut<'_>) {
        let each = self.outputs(1);
        independent_losses(
            outputs,
            targets,
            each,
            self.unit(),
            out,
            |own, t, losses| {
                self.compute(own, t, 0.0, losses, None, &mut Vec::new());
            },
        );
    }

    /// The mean of each element: reconstructions `[rows, n]` from outputs `[rows, outputs(n)]`.
    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>);

    /// As [`Self::mean`], of examples `[rows, n]` that are at hand: what the distribution takes from the example itself, such as its library
    /// size, is theirs.
    fn mean_of(&self, outputs: MatrixRef<'_>, _examples: MatrixRef<'_>, mean: MatrixMut<'_>) {
        self.mean(outputs, mean);
    }

    /// One draw of each element from its distribution: `out` `[rows, n]` from outputs `[rows, outputs(n)]`, in the model's
    /// scale.
    ///
    /// Row `r` takes the noise of row `first_row + r`.
    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, out: MatrixMut<'_>);

    /// Adds to `graph` the [mean](Self::mean) of `n` elements, a flat row, from that of the outputs.
    ///
    /// # Errors
    /// When it does not say how it is computed.
    fn describe_mean(
        &self,
        _graph: &mut Graph,
        _outputs: Value,
        _n: usize,
    ) -> Result<Value, Undescribed> {
        let name = self.name();
        Err(Undescribed::new(format!("the mean of `{name}`")))
    }

    /// As [`Self::describe_mean`], of an example that is at hand: what [`Self::mean_of`] computes.
    ///
    /// # Errors
    /// As there.
    fn describe_mean_of(
        &self,
        graph: &mut Graph,
        outputs: Value,
        example: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(example)[0];
        self.describe_mean(graph, outputs, n)
    }

    /// Adds to `graph` the loss of each element as if it were an example of its own, a flat row, from those of the outputs and of the
    /// targets.
    ///
    /// # Errors
    /// When it does not say how it is computed.
    fn describe_losses(
        &self,
        _graph: &mut Graph,
        _outputs: Value,
        _targets: Value,
    ) -> Result<Value, Undescribed> {
        let name = self.name();
        Err(Undescribed::new(format!("the loss of `{name}`")))
    }
}

impl dyn Likelihood + '_ {
    /// The loss of each row, in its unit: `[rows]` from outputs `[rows, outputs(n)]` and targets `[rows, n]`.
    pub fn losses(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, losses: &mut [f64]) {
        self.compute(outputs, targets, 0.0, losses, None, &mut Vec::new());
    }

    /// Whether targets must lie in `[0, 1]`, and outputs are logits.
    pub fn is_binary(&self) -> bool {
        self.support() == Support::UnitInterval
    }

    /// Whether the loss is the cross-entropy of targets in `[0, 1]`, which is their entropy at least.
    pub fn is_cross_entropy(&self) -> bool {
        self.is_binary() && self.unit() != Unit::Dissimilarity
    }

    /// Whether targets must be multiples of 1/255 in `[0, 1]`: 8-bit data.
    pub fn is_discrete(&self) -> bool {
        self.support() == Support::Bytes
    }

    /// Whether targets must be counts: whole numbers from 0.
    pub fn is_of_counts(&self) -> bool {
        self.support() == Support::Counts
    }

    /// Whether the loss is a negative log likelihood in nats per example, and not a mean over elements.
    pub fn is_in_nats_per_example(&self) -> bool {
        self.unit() == Unit::NatsPerExample
    }
}

/// What each element adds to the loss of its row where it has `each` outputs of its own, which lie `n` apart, or a last one that all share;
/// `compute` gives the loss of rows of one element.
fn independent_losses(
    outputs: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    each: usize,
    unit: Unit,
    mut out: MatrixMut<'_>,
    compute: impl FnOnce(MatrixRef<'_>, MatrixRef<'_>, &mut [f64]),
) {
    let n = targets.cols();
    let elements = targets.rows() * n;
    let mut own = Matrix::zeros(elements, each);
    for (row, outputs) in outputs.iter_rows().enumerate() {
        let own = &mut own.as_mut_slice()[row * n * each..][..n * each];
        for (element, own) in own.chunks_mut(each).enumerate() {
            for (at, own) in own.iter_mut().enumerate() {
                *own = outputs[(at * n + element).min(outputs.len() - 1)];
            }
        }
    }
    let mut losses = vec![0.0; elements];
    let targets = MatrixRef::new(targets.span(), elements, 1);
    compute(own.view(), targets, &mut losses);
    let share = unit.share_of_element(n);
    for (out, loss) in out.as_mut_slice().iter_mut().zip(losses) {
        *out = (share * loss) as f32;
    }
}

/// What a likelihood's loss is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Squared error, mean over all elements.
    SquaredError,
    /// Nats, mean over all elements.
    NatsPerElement,
    /// Nats per example: sum over elements, mean over examples.
    NatsPerExample,
    /// A dissimilarity, of which nothing but 0, of what is equal, and 1, of what has nothing in common, has a meaning outside of it.
    Dissimilarity,
}

impl Unit {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::SquaredError => "squared error, mean over elements",
            Self::NatsPerElement => "nats, mean over elements",
            Self::NatsPerExample => "nats per example",
            Self::Dissimilarity => "dissimilarity, from 0 to 1",
        }
    }

    /// What an element's own loss is multiplied by in that of its example of `n`: a mean over elements, or a sum.
    pub fn share_of_element(self, n: usize) -> f64 {
        match self {
            Self::NatsPerExample => 1.0,
            Self::SquaredError | Self::NatsPerElement | Self::Dissimilarity => 1.0 / n as f64,
        }
    }
}

/// The values that targets may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Any real number.
    Real,
    /// `[0, 1]`.
    UnitInterval,
    /// Multiples of 1/255 in `[0, 1]`.
    Bytes,
    /// Whole numbers from 0, up to [`latentia_tensor::loss::counts::LARGEST`].
    Counts,
}

/// A distribution of elements over finitely many values: what an entropy coder codes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discrete {
    /// 0 or 1, by logits.
    Bernoulli,
    /// 0 to 255, see [`mod@latentia_tensor::loss::discretised_logistic`].
    DiscretisedLogistic,
    /// 0 to 255, see [`mod@latentia_tensor::loss::beta_binomial`].
    BetaBinomial,
}
