//! What a layer is.

mod abilities;
mod initializer;
mod packed_weight;
mod parameter;
mod pass;

use std::fmt::Debug;
use std::ops::Range;

use latentia_tensor::{Accumulate, MatrixMut, MatrixRef};

use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};

pub use abilities::{Abilities, Batch, BatchStatistics, RunningStatistics, Samples};
pub use initializer::Initializer;
pub use packed_weight::PackedWeight;
pub(crate) use packed_weight::Piece;
pub use parameter::{Parameter, ParameterRole, ParameterSpec};
pub use pass::{BackwardMemory, ForwardMemory, Memory, Mode, Pass, StatisticSums, Trace};

/// One part of a chain: a function of rows with parameters, and its gradients.
///
/// A layer is called for one block of rows at a time, from several threads at once, so it keeps nothing: what backward
/// needs is saved in the block's own memory, what is learned is in the parameters.
///
/// Shapes: `x` and `dx` `[rows, inputs]`, `y` and `dy` `[rows · samples, outputs]`, where `samples` is 1 but for layers that
/// draw several of an input.
///
/// [`GradientCheck::layer`](crate::gradient_check::GradientCheck::layer) holds a layer's gradients to its values.
pub trait Layer: Debug + Send + Sync {
    /// What a person calls it, with its sizes.
    fn name(&self) -> String;

    /// Elements in a row of the input.
    fn inputs(&self) -> usize;

    /// Shape of a row of the output.
    fn output(&self) -> Shape;

    /// What the layer learns, or keeps as statistics.
    fn parameters(&self) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// The memory that it asks a block for.
    fn memory(&self) -> Memory {
        Memory::default()
    }

    /// Multiplications for one row, forward.
    fn multiplications(&self) -> usize {
        let learned = self
            .parameters()
            .into_iter()
            .filter(|p| p.role.is_learned());
        learned.map(|p| p.rows.saturating_mul(p.cols)).sum()
    }

    /// What only a few layers do.
    fn abilities(&self) -> Abilities<'_> {
        Abilities::default()
    }

    /// Computes `y` from `x`, and what it saves.
    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    );

    /// Computes `dx` from `dy`, and its partial sums. `dy` is free for the layer's use and is handed to [`Self::gradient`] as
    /// it is left.
    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    );

    /// Writes or adds the gradient of rows `rows` of parameter `index`, summed over the examples of one block; for a
    /// statistic, the sum that [`RunningStatistics::update`] is handed.
    fn gradient(
        &self,
        _index: usize,
        _rows: Range<usize>,
        _trace: Trace<'_>,
        _dy: MatrixRef<'_>,
        _accumulate: Accumulate,
        _out: MatrixMut<'_>,
    ) {
    }

    /// Adds to `graph` what the layer computes in evaluation, and returns its output as a value of any shape with as many elements;
    /// `inputs` are its input, of any such shape too, and the rows of a [skip connection](Abilities::skip_connection).
    ///
    /// # Errors
    /// When it does not say what it computes: then no other program can run a model with it.
    fn describe(
        &self,
        _graph: &mut Graph,
        _parameters: &[Parameter],
        _inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        Err(Undescribed::new(format!("`{}`", self.name())))
    }
}

impl dyn Layer + '_ {
    /// Elements in a row of the output.
    pub fn outputs(&self) -> usize {
        self.output().elements()
    }
}
