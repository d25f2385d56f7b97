//! Pooling of feature maps.

use crate::dispatch::vectorized;
use crate::{MatrixMut, MatrixRef, Window};

/// The positions of a window on feature maps of one size.
#[derive(Clone, Debug)]
pub struct Pooling {
    input: [usize; 3],
    output: [usize; 3],
    window: Window,
    /// One over the elements in the window, padding not counted, at each of its positions.
    shares: Vec<f32>,
}

impl Pooling {
    /// On maps `[channels, height, width]`; `None` when the window does not fit them, or could lie in the padding alone.
    pub fn new(input: [usize; 3], window: Window) -> Option<Self> {
        let [channels, height, width] = input;
        let [down, across] = window.places([height, width])?;
        let pooling = Self {
            input,
            output: [channels, down, across],
            window,
            shares: Vec::new(),
        };
        let mut counts = vec![0.0f32; down.checked_mul(across)?];
        pooling.each(|_, _, output| counts[output] += 1.0);
        if counts.contains(&0.0) {
            return None;
        }
        let shares = counts.into_iter().map(f32::recip).collect();
        Some(Self { shares, ..pooling })
    }

    /// `[channels, height, width]` of an input.
    pub fn input(&self) -> [usize; 3] {
        self.input
    }

    /// `[channels, height, width]` of an output.
    pub fn output(&self) -> [usize; 3] {
        self.output
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Whether windows of 2 x 2 lie side by side, for which there are loops of their own.
    fn is_halving(&self) -> bool {
        self.window == Window::square(2, 2)
    }

    /// The maximum of each window, and in `which` its argmax within the window, the first of several. A NaN is the maximum.
    ///
    /// Shapes: `x` `[rows, input]`, `y` and `which` `[rows, output]`.
    pub fn max(&self, x: MatrixRef<'_>, mut y: MatrixMut<'_>, mut which: MatrixMut<'_>) {
        let ([_, height, width], [_, down, across]) = (self.input, self.output);
        let maps = x.span().chunks(height * width);
        let outputs = y.as_mut_slice().chunks_mut(down * across);
        let outputs = outputs.zip(which.as_mut_slice().chunks_mut(down * across));
        for (x, (y, which)) in maps.zip(outputs) {
            if self.is_halving() {
                let rows = y.chunks_mut(across).zip(which.chunks_mut(across));
                for ((y, which), x) in rows.zip(x.chunks(2 * width)) {
                    let (upper, lower) = x.split_at(width);
                    halve(upper, lower, y, which);
                }
                continue;
            }
            y.fill(f32::NEG_INFINITY);
            which.fill(0.0);
            self.each(|at, place, output| {
                let x = x[place];
                if x > y[output] || x.is_nan() {
                    (y[output], which[output]) = (x, at as f32);
                }
            });
        }
    }

    /// Adds up `dy` where the maxima were: `dx` `[rows, input]` from `which` and `dy` `[rows, output]`.
    pub fn max_gradient(&self, which: MatrixRef<'_>, dy: MatrixRef<'_>, mut dx: MatrixMut<'_>) {
        let ([_, height, width], [_, down, across]) = (self.input, self.output);
        dx.as_mut_slice().fill(0.0);
        let outputs = which.span().chunks(down * across);
        let outputs = outputs.zip(dy.span().chunks(down * across));
        let maps = dx.as_mut_slice().chunks_mut(height * width);
        for (dx, (which, dy)) in maps.zip(outputs) {
            if self.is_halving() {
                let rows = which.chunks(across).zip(dy.chunks(across));
                for ((which, dy), dx) in rows.zip(dx.chunks_mut(2 * width)) {
                    let (upper, lower) = dx.split_at_mut(width);
                    double(which, dy, upper, lower);
                }
                continue;
            }
            self.each(|at, place, output| {
                dx[place] += if which[output] == at as f32 {
                    dy[output]
                } else {
                    0.0
                };
            });
        }
    }

    /// The mean of each window, without its padding: `y` `[rows, output]` from `x` `[rows, input]`.
    pub fn average(&self, x: MatrixRef<'_>, mut y: MatrixMut<'_>) {
        let ([_, height, width], [_, down, across]) = (self.input, self.output);
        let outputs = y.as_mut_slice().chunks_mut(down * across);
        for (x, y) in x.span().chunks(height * width).zip(outputs) {
            y.fill(0.0);
            self.each(|_, place, output| y[output] += x[place] * self.shares[output]);
        }
    }

    /// As [`Self::average`], backward: `dx` `[rows, input]` from `dy` `[rows, output]`.
    pub fn average_gradient(&self, dy: MatrixRef<'_>, mut dx: MatrixMut<'_>) {
        let ([_, height, width], [_, down, across]) = (self.input, self.output);
        dx.as_mut_slice().fill(0.0);
        let maps = dx.as_mut_slice().chunks_mut(height * width);
        for (dx, dy) in maps.zip(dy.span().chunks(down * across)) {
            self.each(|_, place, output| dx[place] += dy[output] * self.shares[output]);
        }
    }

    /// Calls `see(element of the window, position on the map, position on the output)` for all of them.
    fn each(&self, mut see: impl FnMut(usize, usize, usize)) {
        let ([_, height, width], [_, down, across]) = (self.input, self.output);
        let [kernel_height, kernel_width] = self.window.kernel;
        for row in 0..down {
            for k in 0..kernel_height {
                let Some(y) = self.window.position(0, row, k, height) else {
                    continue;
                };
                for l in 0..kernel_width {
                    for column in 0..across {
                        if let Some(x) = self.window.position(1, column, l, width) {
                            see(k * kernel_width + l, y * width + x, row * across + column);
                        }
                    }
                }
            }
        }
    }
}

/// The maximum of each 2 x 2 elements of two rows, and its argmax.
fn halve(upper: &[f32], lower: &[f32], y: &mut [f32], which: &mut [f32]) {
    let (upper, _) = upper.as_chunks::<2>();
    let (lower, _) = lower.as_chunks::<2>();
    vectorized(
        #[inline(always)]
        || {
            let elements = upper.iter().zip(lower).zip(y.iter_mut().zip(which));
            for ((upper, lower), (y, which)) in elements {
                let (mut largest, mut at) = (upper[0], 0.0);
                for (x, index) in [(upper[1], 1.0), (lower[0], 2.0), (lower[1], 3.0)] {
                    // A comparison with NaN is false.
                    let larger = x > largest || x.is_nan();
                    largest = if larger { x } else { largest };
                    at = if larger { index } else { at };
                }
                (*y, *which) = (largest, at);
            }
        },
    );
}

/// Puts `dy` where the maximum of 2 x 2 elements was, and 0 elsewhere.
fn double(which: &[f32], dy: &[f32], upper: &mut [f32], lower: &mut [f32]) {
    let (upper, _) = upper.as_chunks_mut::<2>();
    let (lower, _) = lower.as_chunks_mut::<2>();
    vectorized(
        #[inline(always)]
        || {
            let gradients = upper.iter_mut().zip(lower);
            for ((upper, lower), (&which, &dy)) in gradients.zip(which.iter().zip(dy)) {
                upper[0] = if which == 0.0 { dy } else { 0.0 };
                upper[1] = if which == 1.0 { dy } else { 0.0 };
                lower[0] = if which == 2.0 { dy } else { 0.0 };
                lower[1] = if which == 3.0 { dy } else { 0.0 };
            }
        },
    );
}
