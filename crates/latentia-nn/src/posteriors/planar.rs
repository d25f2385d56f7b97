//! Planar flow.

use std::f64::consts::E;

use serde::{Deserialize, Serialize};

use super::steps::{StepFlow, dot, sigmoid, softplus};
use crate::graph::{Graph, Operation, Value};

/// Added to `|w|²`, so that `w = 0` is a direction too.
const LEAST_SQUARE: f64 = 1e-12;

/// `z' = z + û tanh(wᵀz + b)` in steps, with `ln |det| = Σ ln |1 + wᵀû (1 - tanh²(wᵀz + b))|`: planar flow (Rezende and Mohamed 2015,
/// arXiv 1505.05770).
///
/// `û = u + (m(wᵀu) - wᵀu) w / |w|²` with `m(a) = ln(1 + (e - 1) eᵃ) - 1`, so that `wᵀû > -1` and a step has an inverse. Theirs is
/// `m(a) = ln(1 + eᵃ) - 1`; this one is 0 at 0, where `û = u`, and so bounded near `w = 0`.
///
/// `u`, `w` and `b` of each step come from the encoder, for every example, as in the paper: the context, `[steps (2 n + 1)]`. (The
/// library pythae learns one set of them for all examples.) Nothing else is learned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Planar {
    /// How many steps there are. Example: `steps = 20`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256)))]
    #[serde(default = "steps")]
    pub steps: usize,
}

fn steps() -> usize {
    10
}

impl Default for Planar {
    fn default() -> Self {
        Self { steps: steps() }
    }
}

/// One step on one code.
struct PlanarStep<'a> {
    u: &'a [f32],
    w: &'a [f32],
    /// `wᵀu`
    along: f64,
    /// `|w|²`, a little more.
    square: f64,
    /// `(m(wᵀu) - wᵀu) / |w|²`
    correction: f64,
    /// `wᵀû`
    stretch: f64,
    /// `tanh(wᵀz + b)`
    tanh: f64,
}

impl<'a> PlanarStep<'a> {
    fn new(h: &'a [f32], z: &[f32]) -> Self {
        let (u, rest) = h.split_at(z.len());
        let (w, b) = rest.split_at(z.len());
        let (along, square) = (dot(w, u), dot(w, w) + LEAST_SQUARE);
        let correction = (softplus(along + shift()) - 1.0 - along) / square;
        Self {
            u,
            w,
            along,
            square,
            correction,
            stretch: along + correction * (square - LEAST_SQUARE),
            tanh: libm::tanh(dot(w, z) + f64::from(b[0])),
        }
    }

    /// `û` of an element.
    fn moved_by(&self, element: usize) -> f64 {
        f64::from(self.u[element]) + self.correction * f64::from(self.w[element])
    }

    /// `1 + wᵀû (1 - tanh²)`
    fn determinant(&self) -> f64 {
        1.0 + self.stretch * (1.0 - self.tanh * self.tanh)
    }

    /// Moves a code; `ln |det|`.
    fn forward(&self, z: &mut [f32]) -> f64 {
        for (element, z) in z.iter_mut().enumerate() {
            *z = (f64::from(*z) + self.moved_by(element) * self.tanh) as f32;
        }
        self.determinant().abs().ln()
    }

    /// Turns gradients with respect to the code behind the step into those with respect to the code before it, and writes those
    /// with respect to `u`, `w` and `b`.
    fn backward(&self, z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]) {
        let (n, steepness) = (z.len(), 1.0 - self.tanh * self.tanh);
        let by_determinant = factor / self.determinant();
        let along_move = (0..n).map(|j| f64::from(dz[j]) * self.moved_by(j));
        let along_move: f64 = along_move.sum();
        let by_tanh = along_move - 2.0 * by_determinant * self.stretch * self.tanh;
        let by_argument = steepness * by_tanh;
        let by_stretch = by_determinant * steepness;
        // û = u + k w, k = (m - wᵀu) / |w|², and wᵀû: by û it is dz tanh + by_stretch w.
        let by_correction = self.tanh * dot(dz, self.w) + by_stretch * (self.square - LEAST_SQUARE);
        let by_along = by_correction * (sigmoid(self.along + shift()) - 1.0) / self.square;
        let by_square = -by_correction * self.correction / self.square;
        let (du, rest) = dh.split_at_mut(n);
        let (dw, db) = rest.split_at_mut(n);
        db[0] = by_argument as f32;
        for j in 0..n {
            let [u, w, z, g] = [self.u[j], self.w[j], z[j], dz[j]].map(f64::from);
            let by_move = g * self.tanh + by_stretch * w;
            du[j] = (by_move + by_along * w) as f32;
            dw[j] = (by_stretch * self.moved_by(j)
                + self.correction * by_move
                + by_along * u
                + 2.0 * by_square * w
                + by_argument * z) as f32;
            dz[j] = (g + by_argument * w) as f32;
        }
    }
}

/// `ln(e - 1)`
fn shift() -> f64 {
    libm::log(E - 1.0)
}

impl StepFlow for Planar {
    const NAME: &'static str = "planar";

    fn steps(&self) -> usize {
        self.steps
    }

    fn context_of_step(width: usize) -> usize {
        2 * width + 1
    }

    fn multiplications_of_step(width: usize) -> usize {
        5 * width
    }

    fn forward_step(h: &[f32], z: &mut [f32]) -> f64 {
        PlanarStep::new(h, z).forward(z)
    }

    fn backward_step(h: &[f32], z: &[f32], factor: f64, dz: &mut [f32], dh: &mut [f32]) {
        PlanarStep::new(h, z).backward(z, factor, dz, dh);
    }

    fn describe_step(graph: &mut Graph, h: Value, first: usize, z: Value) -> Value {
        let width = graph.shape(z)[0];
        let dot = |graph: &mut Graph, a: Value, b: Value| {
            let products = graph.mul(a, b);
            let sum = graph.node(Operation::ReduceSum(0), &[products]);
            graph.reshape(sum, &[1])
        };
        let u = graph.slice(h, [first, first + width]);
        let w = graph.slice(h, [first + width, first + 2 * width]);
        let b = graph.slice(h, [first + 2 * width, first + 2 * width + 1]);
        let along = dot(graph, w, u);
        let square = dot(graph, w, w);
        let square = graph.plus(square, LEAST_SQUARE);
        let m = graph.plus(along, shift());
        let m = graph.node(Operation::Softplus, &[m]);
        let m = graph.plus(m, -1.0);
        let excess = graph.sub(m, along);
        let correction = graph.div(excess, square);
        let correction = graph.mul(correction, w);
        let moved_by = graph.add(u, correction);
        let argument = dot(graph, w, z);
        let argument = graph.add(argument, b);
        let tanh = graph.node(Operation::Tanh, &[argument]);
        let moved = graph.mul(moved_by, tanh);
        graph.add(z, moved)
    }
}
