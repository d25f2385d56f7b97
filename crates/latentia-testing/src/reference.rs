//! Formulas in f64, as a textbook writes them.

/// `a · b` in f64: `[m, n]` from `[m, k]` and `[k, n]`, row-major.
pub fn matmul(a: &[f32], b: &[f32], m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..k {
            for c in 0..n {
                out[i * n + c] += f64::from(a[i * k + j]) * f64::from(b[j * n + c]);
            }
        }
    }
    out
}

/// `1 / (1 + e⁻ˣ)`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Distribution function of the standard normal, by its series and continued fraction.
pub fn normal_cdf(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if x.abs() < 3.0 {
        // Φ(x) = 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + …)
        let (mut term, mut sum) = (x, x);
        for i in 1..100 {
            term *= x * x / f64::from(2 * i + 1);
            sum += term;
        }
        return 0.5 + density * sum;
    }
    let mut fraction = 0.0;
    for i in (1..200).rev() {
        fraction = f64::from(i) / (x.abs() + fraction);
    }
    let tail = density / (x.abs() + fraction);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// A fully connected layer, `f(x W + b)`.
#[derive(Clone)]
pub struct Dense {
    /// `[inputs, outputs]`, row-major.
    pub weight: Vec<f64>,
    /// `[outputs]`
    pub bias: Vec<f64>,
    /// The activation function.
    pub activation: fn(f64) -> f64,
}

impl Dense {
    /// The output for one row.
    pub fn forward(&self, x: &[f64]) -> Vec<f64> {
        let n = self.bias.len();
        (0..n)
            .map(|c| {
                let sum: f64 = x
                    .iter()
                    .enumerate()
                    .map(|(r, x)| x * self.weight[r * n + c])
                    .sum();
                (self.activation)(sum + self.bias[c])
            })
            .collect()
    }
}

/// Derivative of `f` by number `i` of `at`, by central differences.
pub fn derivative(f: impl Fn(&[f64]) -> f64, at: &[f64], i: usize) -> f64 {
    let h = 1e-5;
    let mut at = at.to_vec();
    let middle = at[i];
    at[i] = middle + h;
    let up = f(&at);
    at[i] = middle - h;
    (up - f(&at)) / (2.0 * h)
}
