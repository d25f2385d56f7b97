//! Losses as operations of a graph.

use crate::graph::{Graph, Operation, Type, Value};

/// The logarithm of the scale that stands for output `s`: `s + softplus(least - s)`, which is `least + softplus(s - least)`.
pub(super) fn describe_log_scale(graph: &mut Graph, s: Value, least: f32) -> Value {
    let below = graph.node(Operation::Neg, &[s]);
    let below = graph.plus(below, least.into());
    let above = describe_softplus(graph, below);
    graph.add(s, above)
}

/// `ln(1 + eˣ)`; the operation is one of single precision alone.
pub(super) fn describe_softplus(graph: &mut Graph, x: Value) -> Value {
    if graph.element(x) == Type::F32 {
        return graph.node(Operation::Softplus, &[x]);
    }
    let size = graph.node(Operation::Abs, &[x]);
    let minus = graph.node(Operation::Neg, &[size]);
    let power = graph.node(Operation::Exp, &[minus]);
    let power = graph.plus(power, 1.0);
    let ln = graph.node(Operation::Log, &[power]);
    let positive = graph.at_least(x, 0.0);
    graph.add(positive, ln)
}

/// The 8-bit value next to a target, f64.
pub(super) fn describe_level(graph: &mut Graph, t: Value) -> Value {
    let v = graph.times(t, 255.0);
    let v = graph.plus(v, 0.5);
    let v = graph.node(Operation::Floor, &[v]);
    let v = graph.at_least(v, 0.0);
    let v = graph.at_most(v, 255.0);
    graph.cast(v, Type::F64)
}

/// `ln Γ(x)` of positive f64 by Stirling's series at `x + 8`, within 1e-11.
pub(super) fn describe_ln_gamma(graph: &mut Graph, x: Value) -> Value {
    let mut product = x;
    for more in 1..8 {
        let factor = graph.plus(x, f64::from(more));
        product = graph.mul(product, factor);
    }
    let y = graph.plus(x, 8.0);
    let inverse = graph.scalar(1.0, y);
    let inverse = graph.div(inverse, y);
    let square = graph.mul(inverse, inverse);
    // 1/12 y - 1/360 y³ + 1/1260 y⁵ - 1/1680 y⁷
    let mut series = graph.times(square, -1.0 / 1680.0);
    for term in [1.0 / 1260.0, -1.0 / 360.0] {
        series = graph.plus(series, term);
        series = graph.mul(series, square);
    }
    series = graph.plus(series, 1.0 / 12.0);
    series = graph.mul(series, inverse);
    let ln = graph.node(Operation::Log, &[y]);
    let half = graph.plus(y, -0.5);
    let main = graph.mul(half, ln);
    let main = graph.sub(main, y);
    let main = graph.plus(main, 0.5 * std::f64::consts::TAU.ln());
    let all = graph.add(main, series);
    let shift = graph.node(Operation::Log, &[product]);
    graph.sub(all, shift)
}

/// `½ ((m - t) / σ)² + ln σ + ½ ln 2π`
pub(super) fn describe_density(graph: &mut Graph, [m, t]: [Value; 2], log_scale: Value) -> Value {
    let negative = graph.node(Operation::Neg, &[log_scale]);
    let inverse = graph.node(Operation::Exp, &[negative]);
    let error = graph.sub(m, t);
    let z = graph.mul(error, inverse);
    let square = graph.mul(z, z);
    let half = graph.times(square, 0.5);
    let constant = graph.plus(log_scale, 0.5 * std::f64::consts::TAU.ln());
    graph.add(half, constant)
}

/// `-t ln σ(o) - (1 - t) ln(1 - σ(o))`, of which no two terms cancel.
pub(super) fn describe_cross_entropy(graph: &mut Graph, o: Value, t: Value) -> Value {
    let against = graph.node(Operation::Softplus, &[o]);
    let minus = graph.node(Operation::Neg, &[o]);
    let against_one = graph.node(Operation::Softplus, &[minus]);
    let minus = graph.node(Operation::Neg, &[t]);
    let rest = graph.plus(minus, 1.0);
    let one = graph.mul(t, against_one);
    let zero = graph.mul(rest, against);
    graph.add(one, zero)
}

/// `ln Σ exp(oᵢ) - oₜ` of a category with the level `t`, of shape `[1]`.
pub(super) fn describe_softmax_loss(graph: &mut Graph, o: Value, t: Value, levels: usize) -> Value {
    let most = graph.node(Operation::ReduceMax(0), &[o]);
    let most = graph.reshape(most, &[1]);
    let below = graph.sub(o, most);
    let shares = graph.node(Operation::Exp, &[below]);
    let sum = graph.node(Operation::ReduceSum(0), &[shares]);
    let all = graph.node(Operation::Log, &[sum]);
    let all = graph.reshape(all, &[1]);
    let t = graph.filled(t, -1.0);
    let level = graph.plus(t, 0.5);
    let level = graph.node(Operation::Floor, &[level]);
    let level = graph.cast(level, Type::I64);
    let numbers = (0..levels as i64).collect::<Vec<_>>();
    let numbers = graph.constant("levels", &[levels], numbers);
    let own = graph.node(Operation::Equal, &[level, numbers]);
    let own = graph.indicator(own);
    let own = graph.mul(own, below);
    let own = graph.node(Operation::ReduceSum(0), &[own]);
    let own = graph.reshape(own, &[1]);
    graph.sub(all, own)
}

/// `loss`, or 0 where `t` is none of so many levels.
pub(super) fn known(graph: &mut Graph, t: Value, levels: usize, loss: Value) -> Value {
    let [least, most] = [-0.5, levels as f64 - 0.5].map(|end| graph.scalar(end, t));
    let above = graph.node(Operation::Greater, &[t, least]);
    let below = graph.node(Operation::Less, &[t, most]);
    let known = graph.node(Operation::And, &[above, below]);
    let zero = graph.scalar(0.0, loss);
    graph.node(Operation::Where, &[known, loss, zero])
}
