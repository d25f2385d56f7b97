//! Poisson distribution of counts.

pub use latentia_tensor::loss::counts::Poisson;

use super::counts::CountKind;
use super::described::describe_ln_gamma;
use crate::graph::{Graph, Operation, Value};

/// `P(x) = μˣ exp(-μ) / x!`; the outputs are `n` logits of shares in the library.
impl CountKind for Poisson {
    const NAME: &'static str = "poisson";
    const OUTPUTS: &'static str = "the logits of shares in a library";
    const DECODED: usize = 1;

    fn describe_mean(_graph: &mut Graph, mean: Value, _parameters: &[Value]) -> Value {
        mean
    }

    fn describe_loss(
        graph: &mut Graph,
        ln_mean: Value,
        count: Value,
        _parameters: &[Value],
    ) -> Value {
        let mean = graph.node(Operation::Exp, &[ln_mean]);
        let own = graph.mul(count, ln_mean);
        let loss = graph.sub(mean, own);
        let more = graph.plus(count, 1.0);
        let factorial = describe_ln_gamma(graph, more);
        graph.add(loss, factorial)
    }
}
