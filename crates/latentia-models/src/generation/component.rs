//! One Gaussian of a mixture.

use std::f64::consts::PI;

use latentia_tensor::{add_gram, cholesky, vectorized};

use super::code_sample::Codes;

/// A responsibility too small to matter to a sum of thousands.
const NEGLIGIBLE: f64 = 1e-12;

/// Codes whose products are summed together.
pub(super) const BLOCK: usize = 512;

/// Codes whose densities are computed side by side: what stays in registers. With 32 a fit takes five times as long.
pub(super) const LANES: usize = 16;

/// One element of each of some codes.
pub(super) type Lanes = [f64; LANES];

/// One Gaussian, `N(μ, L Lᵀ)`, and how probable it is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Component {
    pub(super) weight: f64,
    /// `[cols]`
    pub(super) mean: Vec<f64>,
    /// `L`, lower triangular, `[cols, cols]`.
    pub(super) factor: Vec<f64>,
    /// `ln π - ½ ln |2π L Lᵀ|`
    log_scale: f64,
}

impl Component {
    /// One of `cols` dimensions without any codes.
    pub(super) fn empty(cols: usize) -> Self {
        Self {
            weight: 0.0,
            mean: vec![0.0; cols],
            factor: vec![0.0; cols * cols],
            log_scale: f64::NEG_INFINITY,
        }
    }

    /// One with these constants.
    pub(super) fn new(weight: f64, mean: Vec<f64>, factor: Vec<f64>) -> Self {
        let mut component = Self {
            weight,
            mean,
            factor,
            log_scale: 0.0,
        };
        component.scale();
        component
    }

    /// Sets the logarithm of the scale from all else.
    fn scale(&mut self) {
        let cols = self.mean.len();
        let diagonal = self.factor.iter().step_by(cols + 1);
        let log_root: f64 = diagonal.map(|pivot| pivot.ln()).sum();
        self.log_scale = self.weight.ln() - log_root - 0.5 * cols as f64 * (2.0 * PI).ln();
    }

    /// Sets the component to what is most likely, given its shares in the codes; `ridge` is added to every variance.
    pub(super) fn maximise(
        &mut self,
        codes: &Codes,
        shares: impl Iterator<Item = f64> + Clone,
        ridge: f64,
    ) {
        let cols = codes.cols;
        let members = codes
            .rows()
            .zip(shares)
            .filter(|(_, share)| *share > NEGLIGIBLE);
        let total: f64 = members.clone().map(|(_, share)| share).sum();
        self.weight = total / codes.rows as f64;
        // A component that has lost all codes stays where it was, and is never drawn.
        if total > 0.0 {
            self.mean.fill(0.0);
            for (code, share) in members.clone() {
                for (mean, z) in self.mean.iter_mut().zip(code) {
                    *mean += share * z;
                }
            }
            for mean in &mut self.mean {
                *mean /= total;
            }
            self.factor.fill(0.0);
            let mut block = Vec::with_capacity(BLOCK * cols);
            for (code, share) in members {
                let root = share.sqrt();
                let centred = code.iter().zip(&self.mean);
                block.extend(centred.map(|(z, mean)| root * (z - mean)));
                if block.len() == BLOCK * cols {
                    add_gram(&mut self.factor, &block, BLOCK);
                    block.clear();
                }
            }
            if !block.is_empty() {
                add_gram(&mut self.factor, &block, block.len() / cols);
            }
            for (i, row) in self.factor.chunks_exact_mut(cols.max(1)).enumerate() {
                for covariance in &mut row[..=i] {
                    *covariance /= total;
                }
                row[i] += ridge;
            }
            factorise(&mut self.factor, cols, ridge);
        }
        self.scale();
    }

    /// `ln π + ln N(z; μ, L Lᵀ)` of each lane's code; what `solved` holds is overwritten.
    pub(super) fn log_density(&self, codes: &[Lanes], solved: &mut [Lanes]) -> Lanes {
        vectorized(
            #[inline(always)]
            || {
                let mut squares = [0.0; LANES];
                for (j, (row, mean)) in self
                    .factor
                    .chunks_exact(self.mean.len().max(1))
                    .zip(&self.mean)
                    .enumerate()
                {
                    // Forward substitution, L x = z - μ, in all lanes side by side.
                    let mut x = codes[j];
                    for x in &mut x {
                        *x -= mean;
                    }
                    for (factor, solved) in row[..j].iter().zip(&*solved) {
                        for (x, solved) in x.iter_mut().zip(solved) {
                            *x -= factor * solved;
                        }
                    }
                    let inverse = 1.0 / row[j];
                    for (x, square) in x.iter_mut().zip(&mut squares) {
                        *x *= inverse;
                        *square += *x * *x;
                    }
                    solved[j] = x;
                }
                for square in &mut squares {
                    *square = self.log_scale - 0.5 * *square;
                }
                squares
            },
        )
    }

    /// From standard normal draws `ε` to a code, `μ + L ε`, in place.
    pub(super) fn place(&self, code: &mut [f32]) {
        // From the last row up: a row takes only the elements before it and its own.
        for i in (0..code.len()).rev() {
            let row = &self.factor[i * code.len()..][..=i];
            let sum: f64 = row.iter().zip(&*code).map(|(l, &e)| l * f64::from(e)).sum();
            code[i] = (self.mean[i] + sum) as f32;
        }
    }
}

/// Overwrites the lower triangle of the covariance `a`, `[n, n]`, to whose variances `ridge` was added, by the lower triangular
/// `L` with `L Lᵀ = a`. No square on its diagonal is less than half of `ridge`: where rounding has left no such factor, ten
/// times as much is added to the variances, then a hundred times, until there is one.
fn factorise(a: &mut [f64], n: usize, ridge: f64) {
    let covariance = a.to_vec();
    let mut added = ridge;
    let is_factor = |a: &[f64]| a.iter().step_by(n + 1).all(|l| 2.0 * l * l >= ridge);
    while !(cholesky(a, n) && is_factor(a)) && added.is_finite() {
        added *= 10.0;
        a.copy_from_slice(&covariance);
        for variance in a.iter_mut().step_by(n + 1) {
            *variance += added;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_covariance_that_rounding_has_corrupted_is_raised_until_it_has_a_factor() {
        // Eigenvalues 3 and -1: 2e-6 is raised to 2.
        let mut a = [1.0, 0.0, 2.0, 1.0];
        factorise(&mut a, 2, 2e-6);
        let rebuilt = [a[0] * a[0], a[2] * a[0], a[2] * a[2] + a[3] * a[3]];
        for (rebuilt, expected) in rebuilt.into_iter().zip([3.0, 2.0, 3.0]) {
            assert!((rebuilt - expected).abs() < 1e-9, "{a:?}");
        }
        // One that has a factor gets no more.
        let mut a = [4.0, 0.0, 2.0, 2.0];
        factorise(&mut a, 2, 1e-6);
        assert_eq!(a, [2.0, 0.0, 1.0, 1.0]);
    }
}
