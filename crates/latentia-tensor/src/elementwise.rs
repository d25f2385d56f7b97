//! Elementwise loops, compiled for the processor that runs them.
//!
//! The loops are generic over a function of single values, mostly one of [`crate::math`]: a caller writes the formula, the
//! loop around it is vectorised here.

use crate::MatrixMut;
use crate::dispatch::vectorized;

/// `y = f(y + bias)` in every row: `[rows, n]` and `[n]`.
pub fn add_bias_map(mut y: MatrixMut<'_>, bias: &[f32], f: impl Fn(f32) -> f32) {
    vectorized(
        #[inline(always)]
        || {
            for row in y.iter_rows_mut() {
                for (y, &b) in row.iter_mut().zip(bias) {
                    *y = f(*y + b);
                }
            }
        },
    );
}

/// `y = f(x)`, element by element.
pub fn map(y: &mut [f32], x: &[f32], f: impl Fn(f32) -> f32) {
    vectorized(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = f(x);
            }
        },
    );
}

/// `y = f(y)`, element by element.
pub fn map_in_place(y: &mut [f32], f: impl Fn(f32) -> f32) {
    vectorized(
        #[inline(always)]
        || {
            for y in y.iter_mut() {
                *y = f(*y);
            }
        },
    );
}

/// `y = f(y, x)`, element by element.
pub fn update(y: &mut [f32], x: &[f32], f: impl Fn(f32, f32) -> f32) {
    vectorized(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = f(*y, x);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, assert_close, numbers};

    use super::*;
    use crate::{Matrix, math};

    #[test]
    fn loops_match_f64_at_awkward_sizes() {
        for &n in &SIZES {
            let rows = 3;
            let x = Matrix::from_vec(rows, n, numbers(1, rows * n));
            let bias = numbers(2, n);
            let f64s = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let (wide, wide_bias) = (f64s(x.as_slice()), f64s(&bias));

            let mut y = x.clone();
            add_bias_map(y.view_mut(), &bias, math::tanh);
            let expected: Vec<f64> = (0..rows * n)
                .map(|i| (wide[i] + wide_bias[i % n]).tanh())
                .collect();
            assert_close(y.as_slice(), &expected, 5e-7);

            let mut y = vec![f32::NAN; rows * n];
            map(&mut y, x.as_slice(), math::exp);
            let expected: Vec<f64> = wide.iter().map(|x| x.exp()).collect();
            assert_close(&y, &expected, 1e-6);
        }
    }
}
