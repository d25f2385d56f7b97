//! Negative binomial distribution of counts.

pub use latentia_tensor::loss::counts::NegativeBinomial;

use super::counts::CountKind;
use super::described::describe_ln_gamma;
use crate::graph::{Graph, Operation, Value};

/// Outputs are `n` logits of shares in the library; `ln θ` is learned for each element and all rows, the dispersion `gene` of scVI.
impl CountKind for NegativeBinomial {
    const NAME: &'static str = "negative-binomial";
    const OUTPUTS: &'static str = "the logits of shares in a library";
    const DECODED: usize = 1;

    fn describe_mean(_graph: &mut Graph, mean: Value, _parameters: &[Value]) -> Value {
        mean
    }

    fn describe_loss(
        graph: &mut Graph,
        ln_mean: Value,
        count: Value,
        parameters: &[Value],
    ) -> Value {
        // ln θ = 12 tanh(x / 12), tanh y = 1 - 2 / (e²ʸ + 1)
        let twice = graph.times(parameters[0], 1.0 / 6.0);
        let power = graph.node(Operation::Exp, &[twice]);
        let above = graph.plus(power, 1.0);
        let minus = graph.scalar(-24.0, above);
        let share = graph.div(minus, above);
        let ln_theta = graph.plus(share, 12.0);
        let theta = graph.node(Operation::Exp, &[ln_theta]);
        let mean = graph.node(Operation::Exp, &[ln_mean]);
        let sum = graph.add(theta, mean);
        let ln_sum = graph.node(Operation::Log, &[sum]);
        let whole = graph.add(count, theta);
        let more = graph.plus(count, 1.0);
        let [whole, own, factorial] = [whole, theta, more].map(|x| describe_ln_gamma(graph, x));
        let ways = graph.sub(own, whole);
        let ways = graph.add(ways, factorial);
        let none = graph.sub(ln_theta, ln_sum);
        let none = graph.mul(theta, none);
        let loss = graph.sub(ways, none);
        let each = graph.sub(ln_mean, ln_sum);
        let all = graph.mul(count, each);
        graph.sub(loss, all)
    }
}
