//! What only a few layers do, each a trait of its own.

use latentia_tensor::{MatrixMut, MatrixRef, Noise};

use super::parameter::Parameter;
use super::pass::{Mode, Trace};
use crate::optim::Moments;

/// What only a few layers do. A layer names what it is capable of; the engine asks once, when a chain is made.
#[derive(Clone, Copy, Default)]
pub struct Abilities<'a> {
    /// It needs statistics over the whole batch, on both ways.
    pub batch_statistics: Option<&'a dyn BatchStatistics>,
    /// It keeps statistics of what it meets among its parameters.
    pub running_statistics: Option<&'a dyn RunningStatistics>,
    /// It gives several rows for one.
    pub samples: Option<&'a dyn Samples>,
    /// It adds the input of a layer before to its own: how many layers before this one that is, 1 for the one just before.
    pub skip_connection: Option<usize>,
    /// It computes `x · W`, where `W` is this one of its parameters, and the gradient of that is `xᵀ · dy` as backward leaves `dy`.
    /// Where there are many rows, `W` comes as [`Parameter::packed`] too, and the step sums the gradient over several blocks at once.
    pub multiplied_by: Option<usize>,
    /// It has no gradient with respect to its input, and must stand before every layer that learns.
    pub without_gradient: bool,
    /// It hides elements of its input, in training and in [`Mode::Corrupted`], and saves 1 for each that it hid, 0 for each other, as many as it is given;
    /// [`Objective::hidden`](crate::Objective::hidden) counts the loss on these.
    pub saves_hidden: bool,
    /// It saves `ln p(z)` of each row of its output, of a prior that it learns or beside a [posterior](crate::Posterior). Penalties then leave the gradients with respect to
    /// these in [`super::Trace::log_prior_gradients`].
    pub log_prior: bool,
    /// Its first parameter is the input that the layers before it make, in evaluation, of as many pseudo-inputs as it has rows. The
    /// chain adds these to its parameters, as the last, and learns them; see [`crate::priors::Vamp`].
    pub pseudo_inputs: bool,
    /// `[channels, height, width]` of what each row of its weight multiplies, where that is a part of a picture.
    pub filter: Option<[usize; 3]>,
}

/// A layer that needs sums over the whole batch before it goes forward, and as many before it goes backward.
///
/// Each block leaves its own sums; they are added in the order of the blocks, and every block goes on with those of the
/// batch.
pub trait BatchStatistics {
    /// How many sums there are on each way.
    fn sums(&self) -> usize;

    /// Writes the block's part of the sums that forward finds in [`super::Pass::statistics`]: `[sums]`.
    fn sum_forward(&self, x: MatrixRef<'_>, sums: &mut [f64]);

    /// Writes the block's part of the sums that backward finds in [`super::Trace::statistics`]: `[sums]`. `dy` is handed on
    /// as it is left.
    fn sum_backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        sums: &mut [f64],
    );
}

/// A layer that keeps running statistics among its parameters.
pub trait RunningStatistics {
    /// Whether [`Self::update`] reads the examples themselves: `x` of the traces. Where several processes train a model, it is then handed
    /// one trace with those of the whole batch, and nothing else but sums and what [`Self::reads_saved`] asks for.
    fn reads_examples(&self) -> bool {
        true
    }

    /// Whether [`Self::update`] reads what the layer saved too, and is then handed that of the whole batch.
    fn reads_saved(&self) -> bool {
        false
    }

    /// Brings the statistics among `parameters` up to date with `sums`, one for each parameter, of what
    /// [`super::Layer::gradient`] summed over the batch. `batch` is what the layer met.
    fn update(&self, parameters: &mut [Parameter], sums: &[Moments], batch: &dyn Batch);
}

/// What a layer met in one step, block by block.
pub trait Batch {
    /// How many blocks there are.
    fn blocks(&self) -> usize;

    /// What forward left behind for block `block`.
    fn trace(&self, block: usize) -> Trace<'_>;

    /// Noise of the layer that no row has used.
    fn noise(&self) -> Noise;
}

impl dyn Batch + '_ {
    /// What forward left behind, block by block.
    pub fn traces(&self) -> impl Iterator<Item = Trace<'_>> {
        (0..self.blocks()).map(|block| self.trace(block))
    }
}

/// A layer that draws several rows of output for each row of input. Those of one row follow each other.
pub trait Samples {
    /// Rows of output for each row of input in passes of that mode.
    fn samples(&self, mode: Mode) -> usize;
}
