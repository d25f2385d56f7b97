//! Maps of one scale: what windows see, and what their pixels take back.
//!
//! Maps are flat, and so are the loops over them: what a window along a row sees beyond the row's end is computed and not used, or zero.

/// Sums that grow side by side in registers.
const LANES: usize = 16;

const C1: f32 = 0.01 * 0.01;
const C2: f32 = 0.03 * 0.03;

/// `out[i] = Σ_k window[k] · x[i + k · step]`
#[inline(always)]
pub(super) fn weigh(out: &mut [f32], window: &[f32], x: &[f32], step: usize) {
    let (chunks, rest) = out.as_chunks_mut::<LANES>();
    let mut i = 0;
    for out in chunks {
        let mut sums = [0.0; LANES];
        for (k, weight) in window.iter().enumerate() {
            for (sum, x) in sums.iter_mut().zip(&x[i + k * step..][..LANES]) {
                *sum += weight * x;
            }
        }
        *out = sums;
        i += LANES;
    }
    for out in rest {
        let mut sum = 0.0;
        for (k, weight) in window.iter().enumerate() {
            sum += weight * x[i + k * step];
        }
        *out = sum;
        i += 1;
    }
}

#[inline(always)]
fn at_least_0(x: f32) -> f32 {
    // So that NaN stays.
    if x < 0.0 { 0.0 } else { x }
}

/// Replaces the means in windows of `s = x + y - 1`, `d = x - y`, `s²` and `d²` by the derivatives of `cs`, or of `l cs` where `with_luminance`, by the
/// mean of `y`, by that of `s²` and by that of `d²`; the last by `1 - cs`, or `1 - l cs`.
///
/// With `a` and `b` the means of `s` and `d`, `vₛ` and `v_d` their variances, `m = a + 1`:
///
/// ```text
/// 1 - l = 2 b² / (m² + b² + 2 c₁),  1 - cs = 2 v_d / (vₛ + v_d + 2 c₂)
/// ```
///
/// So pictures that are nearly equal keep their digits: nothing is taken from 1.
#[inline(always)]
pub(super) fn differentiate(means: [&mut [f32]; 4], with_luminance: bool) {
    let [a, b, ss, dd] = means;
    let n = a.len();
    let (b, ss, dd) = (&mut b[..n], &mut ss[..n], &mut dd[..n]);
    for i in 0..n {
        let (mean_s, mean_d) = (a[i], b[i]);
        let of_s = at_least_0(ss[i] - mean_s * mean_s);
        let of_d = at_least_0(dd[i] - mean_d * mean_d);
        let over = 1.0 / (of_s + of_d + 2.0 * C2);
        let lacking = 2.0 * of_d * over;
        let by_ss = lacking * over;
        let by_dd = (lacking - 2.0) * over;
        let (mut by_mean, mut luminance, mut both) = (0.0, 1.0, lacking);
        if with_luminance {
            let m = mean_s + 1.0;
            let over = 1.0 / (m * m + mean_d * mean_d + 2.0 * C1);
            let darker = 2.0 * mean_d * mean_d * over;
            // By the mean of `s`, less that by the mean of `d`.
            let by_means = 2.0 * over * (m * darker - mean_d * (darker - 2.0));
            by_mean = (1.0 - lacking) * by_means;
            luminance = 1.0 - darker;
            both = darker + lacking - darker * lacking;
        }
        let (by_ss, by_dd) = (luminance * by_ss, luminance * by_dd);
        a[i] = by_mean - 2.0 * (mean_s * by_ss - mean_d * by_dd);
        b[i] = by_ss;
        ss[i] = by_dd;
        dd[i] = both;
    }
}

/// Means of 2 x 2 pixels of `[height, width]`.
#[inline(always)]
pub(super) fn halve(out: &mut [f32], x: &[f32], [height, width]: [usize; 2]) {
    let half = width / 2;
    for r in 0..height / 2 {
        let above = &x[2 * r * width..][..2 * half];
        let below = &x[(2 * r + 1) * width..][..2 * half];
        let pairs = above
            .as_chunks::<2>()
            .0
            .iter()
            .zip(below.as_chunks::<2>().0);
        for (out, ([a, b], [c, d])) in out[r * half..][..half].iter_mut().zip(pairs) {
            *out = 0.25 * ((a + b) + (c + d));
        }
    }
}

/// `fine = factor · fine`, and a quarter of what its 2 x 2 pixels have in `coarse` added to each of `[height, width]`.
#[inline(always)]
pub(super) fn add_doubled(
    fine: &mut [f32],
    factor: f32,
    coarse: &[f32],
    [height, width]: [usize; 2],
) {
    let half = width / 2;
    for (r, row) in fine.chunks_exact_mut(width).enumerate() {
        row.iter_mut().for_each(|x| *x *= factor);
        if r / 2 < height / 2 {
            let coarse = &coarse[r / 2 * half..][..half];
            for (pair, coarse) in row.as_chunks_mut::<2>().0.iter_mut().zip(coarse) {
                pair[0] += 0.25 * coarse;
                pair[1] += 0.25 * coarse;
            }
        }
    }
}
