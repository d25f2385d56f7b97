//! Central differences of a function that is computed in f32.

use latentia_tensor::{Matrix, Noise, sum_of_squares};

use super::report::{ComparedGradient, Comparison};

/// Steps are `2⁻⁴` to `2⁻¹²`: the first are far above rounding, the last cross few kinks.
const STEPS: [i32; 9] = [4, 5, 6, 7, 8, 9, 10, 11, 12];

/// Share of the largest gradient's root mean square below which an element's error does not count as relative to itself: rounding
/// of what makes the larger ones is seen there.
const FLOOR: f64 = 0.03;

/// Share of the tolerance to which two estimates must agree.
const AGREEMENT: f64 = 0.25;

/// How elements are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compare {
    /// The largest relative error that passes.
    pub(super) tolerance: f64,
    /// At most how many elements of a gradient are compared.
    pub(super) elements: usize,
    /// Root mean square of the largest gradient in the check.
    pub(super) largest: f64,
    /// Which elements are compared.
    pub(super) noise: Noise,
}

/// Root mean square of the elements of a gradient.
pub(super) fn root_mean_square(gradient: &Matrix) -> f64 {
    let n = gradient.as_slice().len().max(1) as f64;
    (sum_of_squares(gradient.as_slice()) / n).sqrt()
}

/// `|a - b|` over the largest of both and of `scale`.
pub(super) fn relative_error(a: f64, b: f64, scale: f64) -> f64 {
    match (a - b).abs() {
        0.0 => 0.0,
        difference => difference / a.abs().max(b.abs()).max(scale),
    }
}

impl Compare {
    /// Compares a gradient with central differences of `value(i, x)`, the function where element `i` of `at` is `x`.
    ///
    /// Steps `h` and `h / 2` estimate a derivative as `(4 D(h / 2) - D(h)) / 3` (Richardson 1911), whose error is of order `h⁴`.
    /// Where that of steps half as long disagrees there is a kink between, or `h` is too long, or so short that rounding shows:
    /// the next shorter ones are tried. An element for which no two estimates agree has no derivative there and is left out.
    pub(super) fn gradient(
        &self,
        name: String,
        at: &Matrix,
        gradient: &Matrix,
        mut value: impl FnMut(usize, f32) -> f64,
    ) -> ComparedGradient {
        let scale = root_mean_square(gradient).max(FLOOR * self.largest);
        let mut compared = ComparedGradient::new(name);
        for i in self.chosen(at.as_slice().len()) {
            let analytic = f64::from(gradient.as_slice()[i]);
            let (row, col) = (i / at.cols(), i % at.cols());
            let middle = at.as_slice()[i];
            let difference = |exponent: i32| {
                let h = 2f32.powi(-exponent);
                let (above, below) = (middle + h, middle - h);
                (value(i, above) - value(i, below)) / (f64::from(above) - f64::from(below))
            };
            let comparison = |numeric: f64| Comparison {
                row,
                col,
                analytic,
                numeric,
                relative_error: relative_error(analytic, numeric, scale),
            };
            match self.derivative(analytic, scale, difference) {
                Some(numeric) => compared.add(comparison(numeric)),
                None => compared.skipped += 1,
            }
        }
        compared
    }

    /// Compares a gradient with the one that it must be, element by element.
    pub(super) fn equal(
        &self,
        name: String,
        gradient: &Matrix,
        expected: &Matrix,
    ) -> ComparedGradient {
        let scale = root_mean_square(expected).max(FLOOR * self.largest);
        let mut compared = ComparedGradient::new(name);
        let pairs = gradient.as_slice().iter().zip(expected.as_slice());
        for (i, (&own, &expected)) in pairs.enumerate() {
            compared.add(Comparison {
                row: i / gradient.cols(),
                col: i % gradient.cols(),
                analytic: own.into(),
                numeric: expected.into(),
                relative_error: relative_error(own.into(), expected.into(), scale),
            });
        }
        compared
    }

    /// The first reliable estimate that is `analytic`, else the last reliable one.
    fn derivative(
        &self,
        analytic: f64,
        scale: f64,
        mut difference: impl FnMut(i32) -> f64,
    ) -> Option<f64> {
        let (mut longer, mut before, mut last) = (difference(STEPS[0]), f64::NAN, None);
        for exponent in &STEPS[1..] {
            let shorter = difference(*exponent);
            let estimate = (4.0 * shorter - longer) / 3.0;
            if relative_error(before, estimate, scale) <= AGREEMENT * self.tolerance {
                last = Some(estimate);
                if relative_error(analytic, estimate, scale) <= self.tolerance {
                    break;
                }
            }
            (longer, before) = (shorter, estimate);
        }
        last
    }

    /// Elements to compare of `n`: all, or as many as asked for, one at random from each of as many equal parts.
    fn chosen(&self, n: usize) -> impl Iterator<Item = usize> {
        let count = n.min(self.elements);
        let mut draws = vec![0.0; count];
        self.noise.uniform(0, &mut draws);
        (0..count).zip(draws).map(move |(part, draw)| {
            let (first, end) = (part * n / count, (part + 1) * n / count);
            first + (f64::from(draw) * (end - first) as f64) as usize
        })
    }
}

impl ComparedGradient {
    /// With respect to `name`, nothing compared yet.
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            compared: 0,
            skipped: 0,
            worst: Comparison::default(),
        }
    }

    /// Counts an element that was compared.
    pub(super) fn add(&mut self, comparison: Comparison) {
        if self.compared == 0 || comparison.relative_error > self.worst.relative_error {
            self.worst = comparison;
        }
        self.compared += 1;
    }
}
