//! Activation functions, applied by the layer whose output they shape.

use latentia_tensor::math::{exp, exp_m1_negative, ln, normal_cdf, sigmoid, softplus, tanh};
use latentia_tensor::{MatrixMut, MatrixRef, add_bias_map, map_in_place, update};
use serde::{Deserialize, Serialize};

use crate::graph::{Graph, Operation, Value};

/// An elementwise function `y = f(z)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `z`
    #[default]
    Linear,
    /// `max(z, 0)`
    Relu,
    /// `z` for positive `z`, else `0.01 z`
    LeakyRelu,
    /// `z` for positive `z`, else `eᶻ - 1` (Clevert et al. 2016, α = 1)
    Elu,
    /// `z Φ(z)`, with the distribution function of the standard normal (Hendrycks and Gimpel 2016)
    Gelu,
    /// `z σ(z)`, also called swish (Elfwing et al. 2018)
    Silu,
    /// `tanh z`
    Tanh,
    /// `σ(z) = 1 / (1 + e⁻ᶻ)`
    Sigmoid,
    /// `ln(1 + eᶻ)`
    Softplus,
    /// `sign(z) ln(1 + |z|)` (Hafner et al. 2023), `log1p` of counts
    Symlog,
}

/// Elements that a function is applied to.
trait Elements {
    fn map(self, f: impl Fn(f32) -> f32);
}

/// Elements to which a bias is added first.
struct Biased<'a>(MatrixMut<'a>, &'a [f32]);

impl Elements for Biased<'_> {
    fn map(self, f: impl Fn(f32) -> f32) {
        add_bias_map(self.0, self.1, f);
    }
}

/// Elements as they are.
struct Plain<'a>(MatrixMut<'a>);

impl Elements for Plain<'_> {
    fn map(mut self, f: impl Fn(f32) -> f32) {
        map_in_place(self.0.as_mut_slice(), f);
    }
}

/// Gradient of the leaky ReLU left of zero.
const LEAK: f32 = 0.01;

impl Activation {
    /// Its name in a specification.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "relu",
            Self::LeakyRelu => "leaky-relu",
            Self::Elu => "elu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::Symlog => "symlog",
        }
    }

    /// Elements that a layer of `width` outputs saves for the gradient: those of `z` where [`Self::gradient_needs_input`].
    pub fn saved(self, width: usize) -> usize {
        match self.gradient_needs_input() {
            true => width,
            false => 0,
        }
    }

    /// Whether the gradient is a function of `z`, so that a layer must save `z` beside `y`.
    pub fn gradient_needs_input(self) -> bool {
        matches!(self, Self::Gelu | Self::Silu)
    }

    /// `y = f(y + bias)`; the argument of `f` is saved in `z` where [`Self::gradient_needs_input`].
    ///
    /// Shapes: `y` `[rows, n]`, `bias` `[n]`, `z` `[rows, n]` or `[rows, 0]`.
    pub fn forward(self, mut y: MatrixMut<'_>, bias: &[f32], z: MatrixMut<'_>) {
        if self.gradient_needs_input() {
            add_bias_map(y.reborrow(), bias, |z| z);
            return self.apply(y, z);
        }
        self.map(Biased(y, bias));
    }

    /// `y = f(y)`, as [`Self::forward`] without a bias.
    pub fn apply(self, mut y: MatrixMut<'_>, mut z: MatrixMut<'_>) {
        if self.gradient_needs_input() {
            z.as_mut_slice().copy_from_slice(y.as_mut_slice());
        }
        self.map(Plain(y));
    }

    /// Applies `f` to all elements.
    fn map(self, elements: impl Elements) {
        match self {
            Self::Linear => elements.map(|z| z),
            Self::Relu => elements.map(|z| if z < 0.0 { 0.0 } else { z }),
            Self::LeakyRelu => elements.map(|z| if z < 0.0 { LEAK * z } else { z }),
            Self::Elu => elements.map(|z| if z < 0.0 { exp_m1_negative(z) } else { z }),
            Self::Gelu => elements.map(|z| z * normal_cdf(z)),
            Self::Silu => elements.map(|z| z * sigmoid(z)),
            Self::Tanh => elements.map(tanh),
            Self::Sigmoid => elements.map(sigmoid),
            Self::Softplus => elements.map(softplus),
            Self::Symlog => elements.map(|z| ln(1.0 + z.abs()).copysign(z)),
        }
    }

    /// Adds to `graph` what it makes of `z`.
    pub fn describe(self, graph: &mut Graph, z: Value) -> Value {
        let same = match self {
            Self::Linear => return z,
            Self::Gelu => {
                let share = graph.times(z, std::f64::consts::FRAC_1_SQRT_2);
                let share = graph.node(Operation::Erf, &[share]);
                let share = graph.plus(share, 1.0);
                let product = graph.mul(z, share);
                return graph.times(product, 0.5);
            }
            Self::Silu => {
                let share = graph.node(Operation::Sigmoid, &[z]);
                return graph.mul(z, share);
            }
            Self::Symlog => {
                let size = graph.node(Operation::Abs, &[z]);
                let size = graph.plus(size, 1.0);
                let size = graph.node(Operation::Log, &[size]);
                let sign = graph.node(Operation::Sign, &[z]);
                return graph.mul(sign, size);
            }
            Self::Relu => Operation::Relu,
            Self::LeakyRelu => Operation::LeakyRelu { alpha: LEAK },
            Self::Elu => Operation::Elu,
            Self::Tanh => Operation::Tanh,
            Self::Sigmoid => Operation::Sigmoid,
            Self::Softplus => Operation::Softplus,
        };
        graph.node(same, &[z])
    }

    /// `dz = dy · f'(z)`, in place of `dy`. Shapes as in [`Self::forward`].
    pub fn backward(self, mut dy: MatrixMut<'_>, y: MatrixRef<'_>, z: MatrixRef<'_>) {
        let d = dy.as_mut_slice();
        let y = y.span();
        match self {
            Self::Linear => {}
            Self::Relu => update(d, y, |d, y| if y > 0.0 { d } else { 0.0 }),
            Self::LeakyRelu => update(d, y, |d, y| if y < 0.0 { LEAK * d } else { d }),
            Self::Elu => update(d, y, |d, y| if y < 0.0 { d * (y + 1.0) } else { d }),
            Self::Tanh => update(d, y, |d, y| d * (1.0 - y * y)),
            Self::Sigmoid => update(d, y, |d, y| d * (y * (1.0 - y))),
            // y = ln(1 + e^z), so σ(z) = 1 - e^-y
            Self::Softplus => update(d, y, |d, y| -d * exp_m1_negative(-y)),
            // |y| = ln(1 + |z|), so 1 / (1 + |z|) = e^-|y|
            Self::Symlog => update(d, y, |d, y| d * exp(-y.abs())),
            Self::Gelu => update(d, z.span(), |d, z| {
                const INVERSE_ROOT_TWO_PI: f32 = 0.398_942_3;
                d * (normal_cdf(z) + z * INVERSE_ROOT_TWO_PI * exp(-0.5 * z * z))
            }),
            Self::Silu => update(d, z.span(), |d, z| {
                let s = sigmoid(z);
                d * (s * (1.0 + z * (1.0 - s)))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;
    use latentia_testing::{SIZES, assert_close, numbers, reference};

    use super::*;

    fn check(activation: Activation, f: fn(f64) -> f64) {
        for &n in &SIZES {
            let rows = 2;
            let x: Vec<f32> = numbers(1, rows * n).iter().map(|x| 6.0 * x).collect();
            let bias = numbers(2, n);
            let dy = numbers(3, rows * n);
            let z = |i: usize| f64::from(x[i]) + f64::from(bias[i % n]);

            let mut y = Matrix::from_vec(rows, n, x.clone());
            let kept = activation.saved(n);
            let mut saved = Matrix::from_vec(rows, kept, vec![f32::NAN; rows * kept]);
            activation.forward(y.view_mut(), &bias, saved.view_mut());
            let expected: Vec<f64> = (0..rows * n).map(|i| f(z(i))).collect();
            assert_close(y.as_slice(), &expected, 1e-6);

            let mut d = Matrix::from_vec(rows, n, dy.clone());
            activation.backward(d.view_mut(), y.view(), saved.view());
            let h = 1e-6;
            let expected: Vec<f64> = (0..rows * n)
                .map(|i| f64::from(dy[i]) * (f(z(i) + h) - f(z(i) - h)) / (2.0 * h))
                .collect();
            assert_close(d.as_slice(), &expected, 2e-6);
        }
    }

    #[test]
    fn values_and_gradients_match_f64() {
        check(Activation::Linear, |z| z);
        check(Activation::Relu, |z| z.max(0.0));
        check(Activation::LeakyRelu, |z| z.max(0.01 * z));
        check(Activation::Elu, |z| if z < 0.0 { z.exp_m1() } else { z });
        check(Activation::Gelu, |z| z * reference::normal_cdf(z));
        check(Activation::Silu, |z| z * reference::sigmoid(z));
        check(Activation::Tanh, f64::tanh);
        check(Activation::Sigmoid, reference::sigmoid);
        check(Activation::Softplus, |z| z.exp().ln_1p());
        check(Activation::Symlog, |z| z.abs().ln_1p().copysign(z));
    }
}
