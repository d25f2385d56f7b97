//! Sums, in a fixed order.

use crate::MatrixRef;
use crate::dispatch::vectorized;

/// Adds to `sums[c]` the sum of column `c` of `x`, rows in order: `[n]` from `[rows, n]`.
pub fn add_column_sums(sums: &mut [f32], x: MatrixRef<'_>) {
    vectorized(
        #[inline(always)]
        || {
            for r in 0..x.rows() {
                for (sum, &x) in sums.iter_mut().zip(x.row(r)) {
                    *sum += x;
                }
            }
        },
    );
}

/// Independent partial sums in a reduction: enough to fill two of the widest registers.
const LANES: usize = 32;

/// `term[i], out[i] = f(a[i], b[i])` and `Σ term[i]` back, in a fixed order: 32 partial sums, element `i` in sum
/// `i mod 32`, then added in f64. For slices of at most a few thousand elements, so that the partial sums stay precise.
#[inline(always)]
pub(crate) fn sum_pairs(
    a: &[f32],
    b: &[f32],
    out: Option<&mut [f32]>,
    f: impl Fn(f32, f32) -> (f32, f32),
) -> f64 {
    let mut lanes = [0.0f32; LANES];
    // Chunks of a size known when compiling have no bounds to check and become whole registers.
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    match out {
        Some(out) => {
            let (out, out_rest) = out.as_chunks_mut::<LANES>();
            for ((a, b), out) in a.iter().zip(b).zip(out) {
                add_pairs(&mut lanes, a, b, out, &f);
            }
            add_pairs(&mut lanes, a_rest, b_rest, out_rest, &f);
        }
        None => {
            let mut discarded = [0.0f32; LANES];
            for (a, b) in a.iter().zip(b) {
                add_pairs(&mut lanes, a, b, &mut discarded, &f);
            }
            add_pairs(&mut lanes, a_rest, b_rest, &mut discarded, &f);
        }
    }
    total(lanes)
}

#[inline(always)]
fn add_pairs(
    lanes: &mut [f32; LANES],
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
    f: impl Fn(f32, f32) -> (f32, f32),
) {
    for (((lane, out), &a), &b) in lanes.iter_mut().zip(out).zip(a).zip(b) {
        let (term, value) = f(a, b);
        *out = value;
        *lane += term;
    }
}

/// `term[i], out[0][i], out[1][i] = f(a[i], b[i], c[i])` and `Σ term[i]` back, in the order of [`sum_pairs`].
///
/// `f` is called as `(*f)(…)`: a reference to a function is a function too, but a long one is then not inlined.
#[inline(always)]
pub(crate) fn sum_triples(
    a: &[f32],
    b: &[f32],
    c: &[f32],
    out: Option<[&mut [f32]; 2]>,
    f: &impl Fn(f32, f32, f32) -> (f32, f32, f32),
) -> f64 {
    let mut lanes = [0.0f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let (c, c_rest) = c.as_chunks::<LANES>();
    match out {
        Some([u, v]) => {
            let (u, u_rest) = u.as_chunks_mut::<LANES>();
            let (v, v_rest) = v.as_chunks_mut::<LANES>();
            for i in 0..a.len() {
                add_triples(&mut lanes, [&a[i], &b[i], &c[i]], [&mut u[i], &mut v[i]], f);
            }
            add_triples(&mut lanes, [a_rest, b_rest, c_rest], [u_rest, v_rest], f);
        }
        None => {
            let (mut u, mut v) = ([0.0f32; LANES], [0.0f32; LANES]);
            for i in 0..a.len() {
                add_triples(&mut lanes, [&a[i], &b[i], &c[i]], [&mut u, &mut v], f);
            }
            add_triples(&mut lanes, [a_rest, b_rest, c_rest], [&mut u, &mut v], f);
        }
    }
    total(lanes)
}

#[inline(always)]
fn add_triples(
    lanes: &mut [f32; LANES],
    [a, b, c]: [&[f32]; 3],
    [u, v]: [&mut [f32]; 2],
    f: &impl Fn(f32, f32, f32) -> (f32, f32, f32),
) {
    let elements = a.iter().zip(b).zip(c);
    for (((lane, u), v), ((&a, &b), &c)) in lanes.iter_mut().zip(u).zip(v).zip(elements) {
        let (term, first, second) = (*f)(a, b, c);
        *u = first;
        *v = second;
        *lane += term;
    }
}

/// `Σ x[i]²`, in a fixed order.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    vectorized(
        #[inline(always)]
        || {
            let mut sum = 0.0;
            // Short slices keep the f32 partial sums precise.
            for slice in x.chunks(4096) {
                let mut lanes = [0.0f32; LANES];
                let (chunks, rest) = slice.as_chunks::<LANES>();
                for chunk in chunks {
                    for (lane, x) in lanes.iter_mut().zip(chunk) {
                        *lane += x * x;
                    }
                }
                for (lane, x) in lanes.iter_mut().zip(rest) {
                    *lane += x * x;
                }
                sum += total(lanes);
            }
            sum
        },
    )
}

/// `Σ a[i]` and `Σ a[i] b[i]`, in f64 and in a fixed order.
pub fn sum_and_dot(a: &[f32], b: &[f32]) -> [f64; 2] {
    const LANES: usize = 16;
    vectorized(
        #[inline(always)]
        || {
            let (mut sums, mut products) = ([0.0f64; LANES], [0.0f64; LANES]);
            let (a, a_rest) = a.as_chunks::<LANES>();
            let (b, b_rest) = b.as_chunks::<LANES>();
            for (a, b) in a.iter().zip(b) {
                for lane in 0..LANES {
                    let (a, b) = (f64::from(a[lane]), f64::from(b[lane]));
                    sums[lane] += a;
                    products[lane] += a * b;
                }
            }
            let (mut sum, mut product) = (0.0, 0.0);
            for (&a, &b) in a_rest.iter().zip(b_rest) {
                sum += f64::from(a);
                product += f64::from(a) * f64::from(b);
            }
            for lane in 0..LANES {
                sum += sums[lane];
                product += products[lane];
            }
            [sum, product]
        },
    )
}

#[inline(always)]
fn total(lanes: [f32; LANES]) -> f64 {
    let mut total = 0.0;
    for sum in lanes {
        total += f64::from(sum);
    }
    total
}

#[cfg(test)]
mod tests {
    use latentia_testing::{SIZES, assert_close, numbers};

    use super::*;

    #[test]
    fn sums_match_f64_at_awkward_sizes() {
        for &n in &SIZES {
            let rows = 3;
            let x = numbers(1, rows * n);
            let wide: Vec<f64> = x.iter().map(|&x| x.into()).collect();

            let mut sums = vec![0.0; n];
            add_column_sums(&mut sums, MatrixRef::new(&x, rows, n));
            let expected: Vec<f64> = (0..n)
                .map(|c| (0..rows).map(|r| wide[r * n + c]).sum())
                .collect();
            assert_close(&sums, &expected, 1e-6);

            let expected: f64 = wide.iter().map(|x| x * x).sum();
            let sum = sum_of_squares(&x);
            assert!(
                (sum - expected).abs() <= 1e-6 * expected,
                "{sum} {expected}"
            );
        }
    }
}
