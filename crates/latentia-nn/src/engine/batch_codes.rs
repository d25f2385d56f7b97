//! The codes of a batch in one place.

use latentia_tensor::{Matrix, MatrixMut, MatrixRef, update};

use crate::engine::objective::{Objective, Slopes, State};
use crate::engine::step::WorkedBlock;
use crate::layer::Trace;
use crate::{Chain, Mode};

/// The codes of a whole batch, gathered for the terms that couple its examples.
#[derive(Debug)]
pub(crate) struct Codes {
    x: Matrix,
    y: Matrix,
    dx: Matrix,
    dy: Matrix,
    scratch: Vec<f32>,
}

impl Codes {
    /// Room for batches of up to `batch_size` examples, where a term of the objective needs it.
    pub(crate) fn new(chain: &Chain, objective: &Objective, batch_size: usize) -> Option<Self> {
        if !objective.couples() {
            return None;
        }
        let layer = &chain.layers()[objective.code];
        let rows = |layers| batch_size * chain.copies(0..layers, Mode::Train);
        let x = Matrix::zeros(rows(objective.code), layer.inputs());
        let y = Matrix::zeros(rows(objective.code + 1), layer.outputs());
        let dx = match objective.reaches_input() {
            true => x.clone(),
            false => Matrix::default(),
        };
        Some(Self {
            dx,
            dy: y.clone(),
            x,
            y,
            scratch: Vec::new(),
        })
    }

    /// Adds up the terms that couple examples, and adds their slopes to those of the blocks.
    pub(crate) fn apply(
        &mut self,
        objective: &Objective,
        blocks: &mut [WorkedBlock],
        state: State,
    ) -> f64 {
        let (mut x_rows, mut y_rows, mut dx_rows) = (0, 0, 0);
        for worked in &mut *blocks {
            let Trace { x, y, .. } = worked.block.trace(objective.code);
            copy(&mut self.x, x_rows, x.span());
            copy(&mut self.y, y_rows, y.span());
            (x_rows, y_rows) = (x_rows + x.rows(), y_rows + y.rows());
            dx_rows += worked.block.slopes(objective).dx.rows();
        }
        self.dx.as_mut_slice().fill(0.0);
        self.dy.as_mut_slice().fill(0.0);
        let saved = MatrixRef::new(&[], 0, 0);
        let codes = Trace::new(self.x.top(x_rows), self.y.top(y_rows), saved);
        let slopes = Slopes {
            dx: self.dx.top_mut(dx_rows),
            dy: self.dy.top_mut(y_rows),
        };
        let sum = objective.apply(true, codes, state, Some(slopes), &mut self.scratch);
        let (mut dx, mut dy) = (self.dx.as_slice(), self.dy.as_slice());
        for worked in blocks {
            let slopes = worked.block.slopes(objective);
            dx = add(slopes.dx, dx);
            dy = add(slopes.dy, dy);
        }
        sum
    }
}

/// Copies rows into `to` from row `first` on.
fn copy(to: &mut Matrix, first: usize, from: &[f32]) {
    let at = first * to.cols();
    to.as_mut_slice()[at..at + from.len()].copy_from_slice(from);
}

/// Adds the first numbers of `from` to `to` and gives back the others.
fn add<'a>(mut to: MatrixMut<'_>, from: &'a [f32]) -> &'a [f32] {
    let (own, rest) = from.split_at(to.as_mut_slice().len());
    update(to.as_mut_slice(), own, |to, from| to + from);
    rest
}
