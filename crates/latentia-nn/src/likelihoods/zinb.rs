//! Zero-inflated negative binomial distribution of counts.

pub use latentia_tensor::loss::counts::{NegativeBinomial, ZeroInflated};

use super::counts::CountKind;
use super::described::describe_softplus;
use crate::graph::{Graph, Operation, Value};

/// Outputs are `n` logits of shares in the library, then `n` logits of the probability that nothing is counted; `ln θ` is learned for each
/// element and all rows.
impl CountKind for ZeroInflated {
    const NAME: &'static str = "zinb";
    const OUTPUTS: &'static str = "the logits of shares in a library and of zeros";
    const DECODED: usize = 2;

    fn describe_mean(graph: &mut Graph, mean: Value, parameters: &[Value]) -> Value {
        // (1 - π) μ = μ / (1 + eᶻ)
        let power = graph.node(Operation::Exp, &[parameters[0]]);
        let above = graph.plus(power, 1.0);
        graph.div(mean, above)
    }

    fn describe_loss(
        graph: &mut Graph,
        ln_mean: Value,
        count: Value,
        parameters: &[Value],
    ) -> Value {
        let nats = NegativeBinomial::describe_loss(graph, ln_mean, count, &parameters[1..]);
        let logit = parameters[0];
        let inflation = describe_softplus(graph, logit);
        let counted = graph.add(inflation, nats);
        let both = graph.add(logit, nats);
        let minus = graph.node(Operation::Neg, &[both]);
        let sum = describe_softplus(graph, minus);
        let zero = graph.sub(inflation, logit);
        let zero = graph.sub(zero, sum);
        let half = graph.scalar(0.5, count);
        let is_counted = graph.node(Operation::Greater, &[count, half]);
        graph.node(Operation::Where, &[is_counted, counted, zero])
    }
}
