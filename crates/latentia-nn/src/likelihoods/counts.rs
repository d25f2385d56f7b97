//! Counts over the size of their library: what all distributions of them share.

use std::io;

use latentia_tensor::loss::counts::{self, CountDistribution};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Noise, Rows};

use super::shared::Shared;
use crate::graph::{Graph, Operation, Type, Undescribed, Value};
use crate::layer::Layer;
use crate::likelihood::{Likelihood, Support};

/// Rows that are read at once.
const ROWS: usize = 64;

/// A library without counts, in a graph; its loss is 0 as well.
const NO_LIBRARY: f64 = 1e-30;

/// What a kind of distribution of counts adds to its formula. Values of graphs are f64.
pub trait CountKind: CountDistribution {
    /// Its name in a specification.
    const NAME: &'static str;

    /// What the decoder gives, in words.
    const OUTPUTS: &'static str;

    /// Outputs of the decoder for each element; parameters of an element beyond them are learned for all rows.
    const DECODED: usize;

    /// The expected count where the library gives `mean`.
    fn describe_mean(graph: &mut Graph, mean: Value, parameters: &[Value]) -> Value;

    /// `-ln P(count)` of the mean `μ` by its logarithm.
    fn describe_loss(
        graph: &mut Graph,
        ln_mean: Value,
        count: Value,
        parameters: &[Value],
    ) -> Value;
}

/// Counts `x` under a distribution whose mean is the share of each element in the library size of its row, `μ = l softmax(o)` with
/// `l = Σ x` (scVI: Lopez et al. 2018), in nats per example. See [`mod@latentia_tensor::loss::counts`].
///
/// An example that is at hand is reconstructed in its own library; from a code alone, means are those of the typical library of the training
/// examples, and draws have one of their own each, by [`Shared`].
#[derive(Clone, Copy, Debug)]
pub struct Counts<D>(pub D);

impl<D: CountKind> Counts<D> {
    /// Parameters of an element beside its logit, and its logit, f64.
    fn describe_outputs(graph: &mut Graph, outputs: Value, n: usize) -> [Vec<Value>; 2] {
        let own = (0..=D::PARAMETERS).map(|at| {
            let own = graph.slice(outputs, [at * n, (at + 1) * n]);
            graph.cast(own, Type::F64)
        });
        let mut own: Vec<Value> = own.collect();
        let parameters = own.split_off(1);
        [own, parameters]
    }

    /// `ln softmax(o)`
    fn describe_log_share(graph: &mut Graph, o: Value) -> Value {
        let most = graph.node(Operation::ReduceMax(0), &[o]);
        let most = graph.reshape(most, &[1]);
        let below = graph.sub(o, most);
        let shares = graph.node(Operation::Exp, &[below]);
        let sum = graph.node(Operation::ReduceSum(0), &[shares]);
        let ln = graph.node(Operation::Log, &[sum]);
        let ln = graph.reshape(ln, &[1]);
        graph.sub(below, ln)
    }

    /// The library size of an example, `[1]`, f64.
    fn describe_library(graph: &mut Graph, example: Value) -> Value {
        let example = graph.cast(example, Type::F64);
        let library = graph.node(Operation::ReduceSum(0), &[example]);
        graph.reshape(library, &[1])
    }

    fn describe_mean_in(graph: &mut Graph, outputs: Value, n: usize, library: Value) -> Value {
        let [logits, parameters] = Self::describe_outputs(graph, outputs, n);
        let share = Self::describe_log_share(graph, logits[0]);
        let share = graph.node(Operation::Exp, &[share]);
        let mean = graph.mul(share, library);
        let mean = D::describe_mean(graph, mean, &parameters);
        graph.cast(mean, Type::F32)
    }
}

impl<D: CountKind> Likelihood for Counts<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn support(&self) -> Support {
        Support::Counts
    }

    /// All have a share in the library.
    fn has_independent_elements(&self) -> bool {
        false
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        Some(D::OUTPUTS)
    }

    fn outputs(&self, n: usize) -> usize {
        counts::outputs::<D>(n)
    }

    fn last_layer(&self, n: usize) -> Option<Box<dyn Layer>> {
        let learned = (1 + D::PARAMETERS - D::DECODED) * n;
        Some(Box::new(Shared::library(
            n.saturating_mul(D::DECODED),
            learned,
        )))
    }

    /// Mean and standard deviation of `ln l` over the examples that have counts.
    fn statistic(&self, examples: &dyn Rows) -> io::Result<Option<Vec<f32>>> {
        let indices: Vec<u32> = (0..examples.rows() as u32).collect();
        let mut rows = Matrix::zeros(ROWS.min(indices.len()), examples.cols());
        let (mut n, mut sum, mut squares) = (0.0f64, 0.0, 0.0);
        for indices in indices.chunks(ROWS) {
            examples.read(indices, rows.top_mut(indices.len()))?;
            for row in rows.top(indices.len()).iter_rows() {
                let library: f64 = row.iter().map(|&x| f64::from(x)).sum();
                if library > 0.0 {
                    let ln = library.ln();
                    n += 1.0;
                    sum += ln;
                    squares += ln * ln;
                }
            }
        }
        let mean = sum / n.max(1.0);
        let variance = (squares / n.max(1.0) - mean * mean).max(0.0);
        Ok(Some(vec![mean as f32, variance.sqrt() as f32]))
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
        counts::loss::<D>(outputs, targets, scale, losses, gradient);
    }

    fn element_losses(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, out: MatrixMut<'_>) {
        counts::element_losses::<D>(outputs, targets, out);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        counts::means::<D>(outputs, mean);
    }

    fn mean_of(&self, outputs: MatrixRef<'_>, examples: MatrixRef<'_>, mean: MatrixMut<'_>) {
        counts::means_of::<D>(outputs, examples, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, noise: Noise, first_row: u32, mut out: MatrixMut<'_>) {
        let rows = out.iter_rows_mut().zip(outputs.iter_rows());
        for (row, (out, outputs)) in (first_row..).zip(rows) {
            counts::draw::<D>(outputs, noise, row, out);
        }
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        let end = graph.shape(outputs)[0] - counts::LIBRARY;
        let middle = graph.slice(outputs, [end, end + 1]);
        let middle = graph.cast(middle, Type::F64);
        let library = graph.node(Operation::Exp, &[middle]);
        Ok(Self::describe_mean_in(graph, outputs, n, library))
    }

    fn describe_mean_of(
        &self,
        graph: &mut Graph,
        outputs: Value,
        example: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(example)[0];
        let library = Self::describe_library(graph, example);
        Ok(Self::describe_mean_in(graph, outputs, n, library))
    }

    fn describe_losses(
        &self,
        graph: &mut Graph,
        outputs: Value,
        targets: Value,
    ) -> Result<Value, Undescribed> {
        let n = graph.shape(targets)[0];
        let [logits, parameters] = Self::describe_outputs(graph, outputs, n);
        let share = Self::describe_log_share(graph, logits[0]);
        let library = Self::describe_library(graph, targets);
        let library = graph.at_least(library, NO_LIBRARY);
        let ln = graph.node(Operation::Log, &[library]);
        let ln_mean = graph.add(share, ln);
        let count = graph.cast(targets, Type::F64);
        let loss = D::describe_loss(graph, ln_mean, count, &parameters);
        Ok(graph.cast(loss, Type::F32))
    }
}
