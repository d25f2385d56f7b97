//! Codes of a few levels in each dimension.

use latentia_tensor::math::tanh;
use latentia_tensor::{MatrixMut, MatrixRef, vectorized};
use serde::{Deserialize, Serialize};

use super::cut::check_cut;
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Memory, Parameter, Pass, Trace};

/// Codes that one vector can be, at most.
const MOST_CODES: usize = 1 << 16;

/// What the ends of the hyperbolic tangent's range are short of the outermost levels, as a fraction.
const EPSILON: f64 = 1e-3;

/// The encoder's output, cut into vectors each of whose dimensions is rounded to a few levels; see
/// [`FiniteScalarQuantisedLatent`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FiniteScalarQuantised {
    /// Levels of each dimension of a vector; the width of the encoder's output, or its channels, are a multiple of how many
    /// dimensions there are. Their product, the codes that a vector can be, is at most 65,536; the paper advises 5 levels or
    /// more. Example: `levels = [8, 5, 5, 5]`
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1, max = 16), inner(range(min = 2, max = 65536)))
    )]
    pub levels: Vec<usize>,
}

impl Latent for FiniteScalarQuantised {
    fn name(&self) -> &'static str {
        "finite-scalar-quantised"
    }

    fn check(&self, row: Shape) -> Result<(), InvalidSpec> {
        let (levels, dimensions) = (&self.levels, self.levels.len());
        require(
            levels.iter().all(|&levels| levels >= 2) && dimensions > 0,
            || format!("has levels {levels:?}"),
            "there must be one number for each dimension of a vector, each at least 2",
        )?;
        let codes = levels.iter().try_fold(1usize, |n, &l| n.checked_mul(l));
        require(
            codes.is_some_and(|codes| codes <= MOST_CODES),
            || format!("has levels {levels:?}"),
            "their product must be at most 65,536",
        )?;
        check_cut(row, dimensions, || {
            format!("vectors of {dimensions} dimensions, one for each of its levels {levels:?}")
        })
    }

    fn layers(&self, inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        vec![Box::new(FiniteScalarQuantisedLatent::new(
            inputs,
            &self.levels,
        ))]
    }

    fn is_per_position(&self) -> bool {
        true
    }

    fn values(&self) -> CodeValues {
        CodeValues::Codebook {
            vectors: self.levels.iter().product(),
            dimension: self.levels.len(),
            codebooks: 1,
        }
    }

    fn quantise(&self, code: &mut [f32]) -> bool {
        for vector in code.chunks_mut(self.levels.len()) {
            for (x, &levels) in vector.iter_mut().zip(&self.levels) {
                let half_width = (levels / 2) as f32;
                let digit = (*x * half_width + 0.5).floor() + half_width;
                *x = level(digit.clamp(0.0, (levels - 1) as f32), half_width);
            }
        }
        true
    }

    fn read_indices(&self, saved: &[f32], indices: &mut Vec<u32>) {
        // Behind the indices are the derivatives.
        let saved = &saved[..saved.len() / (1 + self.levels.len())];
        indices.extend(saved.iter().map(|&index| index as u32));
    }

    fn read_code(&self, _parameters: &[Parameter], indices: &[u32], code: &mut [f32]) {
        for (vector, &index) in code.chunks_mut(self.levels.len()).zip(indices) {
            let mut rest = index as usize;
            for (x, &levels) in vector.iter_mut().zip(&self.levels) {
                *x = level((rest % levels) as f32, (levels / 2) as f32);
                rest /= levels;
            }
        }
    }
}

/// The value of a level, counted from 0.
fn level(digit: f32, half_width: f32) -> f32 {
    (digit - half_width) / half_width
}

/// A row is cut into vectors of as many elements as there are `levels`, and each element `x` is rounded to one of its `L`
/// levels: finite scalar quantisation (Mentzer, Minnen, Agustsson and Tschannen 2023, arXiv 2309.15505).
///
/// ```text
/// q = round(h tanh(x + s) - o),  z = q / ⌊L / 2⌋
/// h = (1 - ε) (L - 1) / 2,  o = 0 of odd L and ½ of even,  s = tan(o / h),  ε = 10⁻³
/// ```
///
/// so that `z` lies in `[-1, 1]`. There is no codebook that is learned and none that falls into disuse: every vector of levels is a
/// code. Gradients pass as if nothing were rounded, through the hyperbolic tangent:
/// `∂z/∂x = h (1 - tanh²(x + s)) / ⌊L / 2⌋`.
///
/// The index of a vector is `Σᵢ (qᵢ + ⌊Lᵢ / 2⌋) Πⱼ﹤ᵢ Lⱼ`, as the authors count.
#[derive(Clone, Debug)]
pub struct FiniteScalarQuantisedLatent {
    width: usize,
    dimensions: Vec<Dimension>,
}

/// The constants of one dimension.
#[derive(Clone, Copy, Debug)]
struct Dimension {
    levels: usize,
    /// `h`
    half_range: f32,
    /// `½ - o`: with it, to round is to round down.
    rounding: f32,
    /// `s`
    shift: f32,
    /// `⌊L / 2⌋`
    half_width: f32,
    /// How much the index of a vector grows from one level to the next.
    stride: f32,
}

impl Dimension {
    fn new(levels: usize, stride: usize) -> Self {
        let half_range = (1.0 - EPSILON) * (levels - 1) as f64 / 2.0;
        let offset = if levels.is_multiple_of(2) { 0.5 } else { 0.0 };
        Self {
            levels,
            half_range: half_range as f32,
            rounding: (0.5 - offset) as f32,
            shift: tan(offset / half_range) as f32,
            half_width: (levels / 2) as f32,
            stride: stride as f32,
        }
    }
}

/// The tangent of `x` in `[0, 1.01]`, by Lambert's continued fraction: the system's differs from machine to machine.
fn tan(x: f64) -> f64 {
    let divisors = (1..16).rev().map(|k| f64::from(2 * k + 1));
    x / (1.0 - divisors.fold(0.0, |rest, divisor| x * x / (divisor - rest)))
}

impl FiniteScalarQuantisedLatent {
    /// Cuts rows of `width` elements, a multiple of how many `levels` there are, and rounds each element of a vector to as many
    /// levels as the list has for it, 2 at least.
    pub fn new(width: usize, levels: &[usize]) -> Self {
        let mut stride = 1;
        let dimensions = levels.iter().map(|&levels| {
            let dimension = Dimension::new(levels, stride);
            stride *= levels;
            dimension
        });
        Self {
            width,
            dimensions: dimensions.collect(),
        }
    }

    /// Vectors in a row.
    pub fn vectors(&self) -> usize {
        self.width / self.dimensions.len()
    }

    /// A constant of each dimension.
    fn constants(&self, graph: &mut Graph, name: &str, of: impl Fn(&Dimension) -> f32) -> Value {
        let constants: Vec<f32> = self.dimensions.iter().map(of).collect();
        graph.constant(name, &[constants.len()], constants)
    }
}

impl Layer for FiniteScalarQuantisedLatent {
    fn name(&self) -> String {
        let levels = self.dimensions.iter().map(|d| d.levels.to_string());
        let levels: Vec<String> = levels.collect();
        format!(
            "finite-scalar-quantised, {} of {} levels",
            self.vectors(),
            levels.join(" x ")
        )
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: the indices of the vectors, `[vectors]`, and the derivatives `∂z/∂x`, `[width]`.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.vectors() + self.width,
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let (vectors, n) = (self.vectors(), self.dimensions.len());
        let mut saved = memory.saved;
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, saved), x) in rows.zip(x.iter_rows()) {
            let (indices, derivatives) = saved.split_at_mut(vectors);
            let derivatives = derivatives.chunks_mut(n);
            let all = indices.iter_mut().zip(derivatives);
            let all = all.zip(y.chunks_mut(n).zip(x.chunks(n)));
            vectorized(
                #[inline(always)]
                || {
                    for ((index, derivatives), (z, x)) in all {
                        *index = 0.0;
                        let elements = z.iter_mut().zip(derivatives).zip(x);
                        for (((z, derivative), x), d) in elements.zip(&self.dimensions) {
                            let t = tanh(x + d.shift);
                            let q = (t * d.half_range + d.rounding).floor();
                            *z = q / d.half_width;
                            *derivative = (1.0 - t * t) * d.half_range / d.half_width;
                            *index += (q + d.half_width) * d.stride;
                        }
                    }
                },
            );
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        let rows = dx.iter_rows_mut().zip(dy.iter_rows_mut());
        for ((dx, dy), saved) in rows.zip(trace.saved.iter_rows()) {
            let derivatives = &saved[self.vectors()..];
            for ((dx, dy), derivative) in dx.iter_mut().zip(dy).zip(derivatives) {
                *dx = *dy * derivative;
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let shift = self.constants(graph, "shift", |d| d.shift);
        let half_range = self.constants(graph, "half-range", |d| d.half_range);
        let rounding = self.constants(graph, "rounding", |d| d.rounding);
        let half_width = self.constants(graph, "half-width", |d| d.half_width);
        let x = graph.reshape(inputs[0], &[self.vectors(), self.dimensions.len()]);
        let x = graph.add(x, shift);
        let t = graph.node(Operation::Tanh, &[x]);
        let bounded = graph.mul(t, half_range);
        let bounded = graph.add(bounded, rounding);
        let q = graph.node(Operation::Floor, &[bounded]);
        let code = graph.div(q, half_width);
        Ok(graph.flat(code))
    }
}

#[cfg(test)]
mod tests {
    use super::tan;

    #[test]
    fn the_tangent_is_that_of_the_system() {
        for x in [0.0, 1e-3, 0.1, 0.5, 1.0 / 0.999] {
            assert!((tan(x) - x.tan()).abs() < 1e-14, "{x}");
        }
    }
}
