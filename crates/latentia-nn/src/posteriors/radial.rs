//! Radial flow.

use serde::{Deserialize, Serialize};

use super::steps::{StepFlow, sigmoid, softplus};
use crate::graph::{Graph, Operation, Value};

/// Added to the square of a distance, so that the point itself has a gradient.
const LEAST_SQUARE: f64 = 1e-12;

/// `z' = z + β (z - z_r) / (α + r)` in steps, with `r = |z - z_r|` and
/// `ln |det| = Σ (n - 1) ln(1 + β / (α + r)) + ln(1 + α β / (α + r)²)`: radial flow (Rezende and Mohamed 2015, arXiv 1505.05770).
///
/// `α = ln(1 + eᵃ)` and `β = ln(1 + eᵇ) - α`, so that `β > -α` and a step has an inverse; where `a = b` it does nothing.
///
/// `z_r`, `a` and `b` of each step come from the encoder, for every example, as in the paper: the context, `[steps (n + 2)]`. (The
/// library pythae learns one set of them for all examples.) Nothing else is learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Radial {
    /// How many steps there are. Example: `steps = 20`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256)))]
    #[serde(default = "steps")]
    pub steps: usize,
}

fn steps() -> usize {
    10
}

impl Default for Radial {
    fn default() -> Self {
        Self { steps: steps() }
    }
}

/// One step on one code.
struct RadialStep<'a> {
    /// `z_r`
    point: &'a [f32],
    a: f64,
    b: f64,
    /// `β`
    beta: f64,
    /// `r²`
    square: f64,
    /// `r`, a little more.
    distance: f64,
    /// `1 / (α + r)`
    nearness: f64,
}

impl<'a> RadialStep<'a> {
    fn new(h: &'a [f32], z: &[f32]) -> Self {
        let (point, rest) = h.split_at(z.len());
        let (a, b) = (f64::from(rest[0]), f64::from(rest[1]));
        let squares = z.iter().zip(point).map(|(z, point)| {
            let from = f64::from(*z) - f64::from(*point);
            from * from
        });
        let square: f64 = squares.sum();
        let distance = (square + LEAST_SQUARE).sqrt();
        let alpha = softplus(a);
        Self {
            point,
            a,
            b,
            beta: softplus(b) - alpha,
            square,
            distance,
            nearness: 1.0 / (alpha + distance),
        }
    }

    /// `β / (α + r)`
    fn scale(&self) -> f64 {
        self.beta * self.nearness
    }

    /// The factors by which space is stretched, across the line to the point and along it.
    fn stretches(&self) -> [f64; 2] {
        let across = 1.0 + self.scale();
        let along = across - self.scale() * self.nearness * self.square / self.distance;
        [across, along]
    }

    /// Moves a code; `ln |det|`.
    fn forward(&self, z: &mut [f32]) -> f64 {
        let scale = self.scale();
        let others = (z.len() - 1) as f64;
        for (z, point) in z.iter_mut().zip(self.point) {
            let own = f64::from(*z);
            *z = (own + scale * (own - f64::from(*point))) as f32;
        }
        let [across, along] = self.stretches().map(f64::ln);
        others * across + along
    }

    /// Turns gradients with respect to the code behind the step into those with respect to the code before it, and writes those
    /// with respect to `z_r`, `a` and `b`.
    fn backward(&self, z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]) {
        let n = z.len();
        let from = |j: usize| f64::from(z[j]) - f64::from(self.point[j]);
        let (scale, nearness, distance) = (self.scale(), self.nearness, self.distance);
        let [across, along] = self.stretches();
        let by_along = factor / along;
        // along = across - e, e = scale nearness r² / √(r² + ε).
        let ratio = self.square / distance;
        let along_line: f64 = (0..n).map(|j| f64::from(dz[j]) * from(j)).sum();
        let by_scale =
            along_line + factor * (n - 1) as f64 / across + by_along - by_along * nearness * ratio;
        let by_nearness = by_scale * self.beta - by_along * scale * ratio;
        let by_beta = by_scale * nearness;
        let by_sum = -by_nearness * nearness * nearness;
        let by_distance = by_sum + by_along * scale * nearness * ratio / distance;
        let by_square = -by_along * scale * nearness / distance + 0.5 * by_distance / distance;
        let (by_point, rest) = dh.split_at_mut(n);
        rest[0] = ((by_sum - by_beta) * sigmoid(self.a)) as f32;
        rest[1] = (by_beta * sigmoid(self.b)) as f32;
        for j in 0..n {
            let g = f64::from(dz[j]);
            let by_from = scale * g + 2.0 * by_square * from(j);
            by_point[j] = -by_from as f32;
            dz[j] = (g + by_from) as f32;
        }
    }
}

impl StepFlow for Radial {
    const NAME: &'static str = "radial";

    fn steps(&self) -> usize {
        self.steps
    }

    fn context_of_step(width: usize) -> usize {
        width + 2
    }

    fn multiplications_of_step(width: usize) -> usize {
        2 * width
    }

    fn forward_step(h: &[f32], z: &mut [f32]) -> f64 {
        RadialStep::new(h, z).forward(z)
    }

    fn backward_step(h: &[f32], z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]) {
        RadialStep::new(h, z).backward(z, factor, dz, dh);
    }

    fn describe_step(graph: &mut Graph, h: Value, first: usize, z: Value) -> Value {
        let width = graph.shape(z)[0];
        let point = graph.slice(h, [first, first + width]);
        let a = graph.slice(h, [first + width, first + width + 1]);
        let b = graph.slice(h, [first + width + 1, first + width + 2]);
        let [alpha, upper] = [a, b].map(|x| graph.node(Operation::Softplus, &[x]));
        let beta = graph.sub(upper, alpha);
        let from = graph.sub(z, point);
        let squares = graph.mul(from, from);
        let square = graph.node(Operation::ReduceSum(0), &[squares]);
        let square = graph.plus(square, LEAST_SQUARE);
        let distance = graph.node(Operation::Sqrt, &[square]);
        let distance = graph.reshape(distance, &[1]);
        let sum = graph.add(alpha, distance);
        let scale = graph.div(beta, sum);
        let moved = graph.mul(from, scale);
        graph.add(z, moved)
    }
}
