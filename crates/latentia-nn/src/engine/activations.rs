//! What layers leave behind for one block of examples.

use latentia_tensor::{Matrix, MatrixRef};

use crate::layer::{Coupled, Trace};

/// What the layers leave behind.
#[derive(Debug)]
pub(crate) struct Activations {
    /// Examples in the block.
    pub(crate) rows: usize,
    pub(crate) input: Matrix,
    pub(crate) outputs: Vec<Matrix>,
    pub(crate) saved: Vec<Matrix>,
    /// Rows of output for each example, layer by layer.
    pub(crate) copies: Vec<usize>,
    /// What each layer sums of its gradients by itself; empty when the chain is only used.
    pub(crate) sums: Vec<Vec<f32>>,
    /// Sums of each layer that couples examples; empty unless a step trains the chain.
    pub(crate) coupled: Vec<Sums>,
}

/// Sums of a layer on the way forward, then those on the way back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    /// Over the block.
    pub(crate) block: Vec<f64>,
    /// Over the batch.
    pub(crate) batch: Vec<f64>,
}

impl Activations {
    /// Rows that come out of layer `at`.
    pub(crate) fn rows_after(&self, at: usize) -> usize {
        self.rows * self.copies[at]
    }

    /// The input of layer `at`.
    pub(crate) fn before(&self, at: usize) -> MatrixRef<'_> {
        match at {
            0 => self.input.top(self.rows),
            _ => self.outputs[at - 1].top(self.rows_after(at - 1)),
        }
    }

    pub(crate) fn trace(&self, at: usize) -> Trace<'_> {
        let rows = self.rows_after(at);
        let coupled = self.coupled.get(at);
        Trace {
            x: self.before(at),
            y: self.outputs[at].top(rows),
            saved: self.saved[at].top(rows),
            sums: self.sums.get(at).map_or(&[], Vec::as_slice),
            coupled: coupled.map_or(Coupled::default(), |sums| Coupled {
                block: &sums.block,
                batch: &sums.batch,
            }),
        }
    }
}
