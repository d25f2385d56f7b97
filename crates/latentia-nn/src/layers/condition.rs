//! A class label beside the elements of a row.

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Parameter, Pass, Trace};

/// Appends an example's class to its row, as `classes` elements of which one is 1: the condition of Sohn et al. 2015. A class
/// beyond the last, or an example without one, is appended as zeros.
#[derive(Clone, Debug)]
pub struct Condition {
    width: usize,
    classes: usize,
}

impl Condition {
    /// Appends one of `classes` classes to rows of `width` elements.
    pub fn new(width: usize, classes: usize) -> Self {
        Self { width, classes }
    }
}

impl Layer for Condition {
    fn name(&self) -> String {
        format!("condition, {} classes", self.classes)
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width + self.classes)
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        // Rows of one example follow each other.
        let samples = x.rows() / pass.labels.len().max(1);
        for (row, (y, x)) in y.iter_rows_mut().zip(x.iter_rows()).enumerate() {
            let (features, class) = y.split_at_mut(self.width);
            features.copy_from_slice(x);
            class.fill(0.0);
            let label = pass.labels.get(row / samples.max(1));
            if let Some(one) = label.and_then(|&label| class.get_mut(label as usize)) {
                *one = 1.0;
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        for (dx, dy) in dx.iter_rows_mut().zip(dy.iter_rows_mut()) {
            dx.copy_from_slice(&dy[..self.width]);
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let label = graph.label();
        let label = graph.reshape(label, &[1]);
        let classes = (0..self.classes as i64).collect::<Vec<_>>();
        let classes = graph.constant("classes", &[self.classes], classes);
        let own = graph.node(Operation::Equal, &[label, classes]);
        let own = graph.indicator(own);
        Ok(graph.concat(&[x, own]))
    }
}
