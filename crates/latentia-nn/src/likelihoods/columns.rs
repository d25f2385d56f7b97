//! The columns of a table, each by what it is.

pub use latentia_tensor::loss::Columns;

use latentia_tensor::loss::gaussian;
use latentia_tensor::{ElementKind, MatrixMut, MatrixRef, Noise};

use super::described::{
    describe_cross_entropy, describe_density, describe_log_scale, describe_softmax_loss, known,
};
use super::shared::Shared;
use crate::graph::{Graph, Operation, Type, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::layer::Layer;
use crate::likelihood::Likelihood;

/// A Gaussian of each number, a Bernoulli distribution of each boolean, a softmax of each category, in nats per example, a sum over
/// columns; what is missing is left out. Scales of numbers are 1, or learned, one for each column: [`Shared`] appends their
/// logarithms. Outputs, `mean` and so on are those of [`mod@latentia_tensor::loss::columns`].
impl Likelihood for Columns {
    fn name(&self) -> &'static str {
        match self.has_learned_scale() {
            true => "columns-learned-scale",
            false => "columns",
        }
    }

    fn check(&self, n: usize) -> Result<(), InvalidSpec> {
        match self.kinds().len() {
            0 => Ok(()),
            kinds if kinds == n => Ok(()),
            kinds => Err((
                format!("is over {kinds} columns"),
                format!("an example has {n}"),
            )),
        }
    }

    /// Numbers have a density.
    fn is_density(&self) -> bool {
        self.numbers(1) > 0
    }

    fn columns(&self) -> Option<&Columns> {
        Some(self)
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        let numbers = self.numbers(self.kinds().len());
        (numbers < self.kinds().len()).then_some("means and logits")
    }

    fn outputs(&self, n: usize) -> usize {
        self.outputs(n)
    }

    fn last_layer(&self, n: usize) -> Option<Box<dyn Layer>> {
        let scales = self.outputs(n) - self.encoded_width(n);
        match scales {
            0 => None,
            scales => Some(Box::new(Shared::scales(self.encoded_width(n), scales))),
        }
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        _workspace: &mut Vec<f32>,
    ) {
        self.compute(outputs, targets, scale, losses, gradient);
    }

    fn element_losses(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, out: MatrixMut<'_>) {
        self.column_losses(outputs, targets, out);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        self.mean(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, out: MatrixMut<'_>) {
        self.sample(outputs, noise, first_row, out);
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        let mut means = Vec::new();
        for run in runs(self, n) {
            let own = graph.slice(outputs, run.outputs);
            means.push(match run.kind {
                ElementKind::Number => own,
                ElementKind::Boolean => {
                    let zero = graph.scalar(0.0, own);
                    let is_one = graph.node(Operation::Greater, &[own, zero]);
                    graph.indicator(is_one)
                }
                ElementKind::Category { .. } => {
                    let level = graph.node(Operation::ArgMax, &[own]);
                    let level = graph.cast(level, Type::F32);
                    graph.reshape(level, &[1])
                }
            });
        }
        Ok(graph.concat(&means))
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(targets)[0];
        let mut losses = Vec::new();
        for run in runs(self, n) {
            let own = graph.slice(outputs, run.outputs);
            let t = graph.slice(targets, run.elements);
            losses.push(match run.kind {
                ElementKind::Number => {
                    let scales = match self.has_learned_scale() {
                        true => {
                            let scales = graph.slice(outputs, run.scales);
                            describe_log_scale(graph, scales, gaussian::LEAST)
                        }
                        false => graph.scalar(0.0, own),
                    };
                    let loss = describe_density(graph, [own, t], scales);
                    graph.filled(loss, 0.0)
                }
                ElementKind::Boolean => {
                    let half = graph.scalar(0.5f32.next_down().into(), t);
                    let is_one = graph.node(Operation::Greater, &[t, half]);
                    let one = graph.indicator(is_one);
                    let loss = describe_cross_entropy(graph, own, one);
                    known(graph, t, 2, loss)
                }
                ElementKind::Category { levels } => {
                    let loss = describe_softmax_loss(graph, own, t, levels);
                    known(graph, t, levels, loss)
                }
            });
        }
        Ok(graph.concat(&losses))
    }
}

/// Numbers or booleans that follow each other, or one category: `[first, end)` of each.
struct Run {
    kind: ElementKind,
    elements: [usize; 2],
    outputs: [usize; 2],
    /// Of numbers alone.
    scales: [usize; 2],
}

fn runs(columns: &Columns, n: usize) -> Vec<Run> {
    let mut runs = Vec::<Run>::new();
    let mut scale = columns.encoded_width(n);
    for (element, own) in columns.ranges(n).into_iter().enumerate() {
        let kind = columns.kinds().get(element).copied();
        let kind = kind.unwrap_or(ElementKind::Number);
        let scales = [scale, scale + usize::from(kind == ElementKind::Number)];
        scale = scales[1];
        match runs.last_mut() {
            Some(run) if run.kind == kind && !matches!(kind, ElementKind::Category { .. }) => {
                run.elements[1] = element + 1;
                run.outputs[1] = own.end;
                run.scales[1] = scale;
            }
            _ => runs.push(Run {
                kind,
                elements: [element, element + 1],
                outputs: [own.start, own.end],
                scales,
            }),
        }
    }
    runs
}
