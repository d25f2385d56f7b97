//! How much the code moves when the input does.

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::engine::objective::{Slopes, State, Term};
use crate::layer::{Layer, Mode, Parameter, Pass, Trace};

/// Standard deviation of the step by which an input is moved: small against the unit range, large against rounding.
const STEP: f32 = 0.01;

/// `λ ‖J‖²`, the squared Frobenius norm of the code's Jacobian by the input, mean over examples (Rifai et al. 2011).
///
/// It is estimated without bias up to the curvature within a step, for any encoder: `E ‖f(x + τε) - f(x)‖² / τ²` with
/// `ε ~ N(0, 1)` and `τ = 0.01`, one draw for each example and step. A [`Perturb`] layer before the encoder makes the pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contractive {
    /// `λ`, in the loss's unit.
    pub weight: f32,
}

impl Term for Contractive {
    fn apply(
        &self,
        codes: Trace<'_>,
        state: State,
        mut slopes: Option<Slopes<'_>>,
        _scratch: &mut Vec<f32>,
    ) -> f64 {
        let pairs = codes.y.rows() / 2;
        let square = f64::from(STEP) * f64::from(STEP);
        let weight = f64::from(self.weight) * state.share / (square * pairs as f64);
        let slope = (2.0 * weight) as f32;
        let mut sum = 0.0;
        for pair in 0..pairs {
            let (still, moved) = (codes.y.row(2 * pair), codes.y.row(2 * pair + 1));
            let numbers = still.iter().zip(moved);
            sum += numbers.map(|(a, b)| f64::from(b - a).powi(2)).sum::<f64>();
            if let Some(slopes) = &mut slopes {
                for (row, factor) in [(2 * pair, -slope), (2 * pair + 1, slope)] {
                    let numbers = still.iter().zip(moved);
                    for (dy, (a, b)) in slopes.dy.row_mut(row).iter_mut().zip(numbers) {
                        *dy += factor * (b - a);
                    }
                }
            }
        }
        weight * sum
    }
}

/// A layer that hands each row on twice but in use: as it is, and a small random step beside. It must stand before every
/// layer that learns.
#[derive(Clone, Debug)]
pub struct Perturb {
    width: usize,
}

impl Perturb {
    /// Pairs of rows of `width` numbers.
    pub fn new(width: usize) -> Self {
        Self { width }
    }
}

impl Layer for Perturb {
    fn name(&self) -> String {
        "perturb".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn outputs(&self) -> usize {
        self.width
    }

    fn copies(&self, mode: Mode) -> usize {
        match mode {
            Mode::Train | Mode::Sample => 2,
            Mode::Use => 1,
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _saved: MatrixMut<'_>,
        _scratch: &mut [f32],
    ) {
        if pass.mode == Mode::Use {
            return y.as_mut_slice().copy_from_slice(x.span());
        }
        for (at, y) in (0..).zip(y.iter_rows_mut()) {
            let x = x.row(at as usize / 2);
            if at % 2 == 0 {
                y.copy_from_slice(x);
            } else {
                pass.noise.normal(pass.first_row + at, y);
                for (y, x) in y.iter_mut().zip(x) {
                    *y = x + STEP * *y;
                }
            }
        }
    }

    /// Its place is before everything that learns, where nobody asks for a gradient.
    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _scratch: &mut [f32],
        _sums: &mut [f32],
    ) {
        assert!(dx.is_none(), "pairs are made behind a layer that learns");
    }
}
