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

/// A window over feature maps, each pair `[down, across]`; `padding` counts what lies above and left.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Numbers in the window.
    pub kernel: [usize; 2],
    /// How far it moves.
    pub stride: [usize; 2],
    /// Distance of its elements.
    pub dilation: [usize; 2],
    /// Zeros above and left.
    pub padding: [usize; 2],
}

impl Window {
    /// Where number `at` of the window lies on a feature map of `size` when the window is at `position`; nothing outside.
    pub fn position(&self, place: [usize; 2], at: [usize; 2], size: [usize; 2]) -> Option<usize> {
        let mut position = [0; 2];
        for axis in 0..2 {
            let padded = place[axis] * self.stride[axis] + at[axis] * self.dilation[axis];
            position[axis] = padded.checked_sub(self.padding[axis])?;
            if position[axis] >= size[axis] {
                return None;
            }
        }
        Some(position[0] * size[1] + position[1])
    }

    /// Calls `see(position in the feature map, position of the output, number of the window)` for all of them.
    pub fn each(
        &self,
        input: [usize; 2],
        output: [usize; 2],
        mut see: impl FnMut(usize, usize, usize),
    ) {
        for place in 0..output[0] * output[1] {
            for at in 0..self.kernel[0] * self.kernel[1] {
                let [places, ats] = [(place, output[1]), (at, self.kernel[1])]
                    .map(|(i, width)| [i / width, i % width]);
                if let Some(position) = self.position(places, ats, input) {
                    see(position, place, at);
                }
            }
        }
    }
}

/// `y = w * x`: feature maps `[outputs, out]` from feature maps `[inputs, size]` and a weight `[outputs, inputs, kernel]`.
pub fn convolution(
    x: &[f64],
    size: [usize; 2],
    w: &[f64],
    outputs: usize,
    out: [usize; 2],
    window: Window,
) -> Vec<f64> {
    let (positions, kernel, places) = (
        size[0] * size[1],
        window.kernel[0] * window.kernel[1],
        out[0] * out[1],
    );
    let inputs = x.len() / positions;
    let mut y = vec![0.0; outputs * places];
    for o in 0..outputs {
        for c in 0..inputs {
            window.each(size, out, |position, place, at| {
                y[o * places + place] +=
                    w[(o * inputs + c) * kernel + at] * x[c * positions + position];
            });
        }
    }
    y
}

/// The transpose of [`convolution`] in `x`: feature maps `[inputs, size]` from feature maps `[outputs, out]`.
pub fn transposed_convolution(
    y: &[f64],
    out: [usize; 2],
    w: &[f64],
    inputs: usize,
    size: [usize; 2],
    window: Window,
) -> Vec<f64> {
    let (positions, kernel, places) = (
        size[0] * size[1],
        window.kernel[0] * window.kernel[1],
        out[0] * out[1],
    );
    let outputs = y.len() / places;
    let mut x = vec![0.0; inputs * positions];
    for o in 0..outputs {
        for c in 0..inputs {
            window.each(size, out, |position, place, at| {
                x[c * positions + position] +=
                    w[(o * inputs + c) * kernel + at] * y[o * places + place];
            });
        }
    }
    x
}
