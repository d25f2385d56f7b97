//! Codes between neighbours.

use latentia_tensor::{Matrix, Noise};
use rayon::prelude::*;

use super::code_sample::MOST_CODES;
use super::sampler::CodeSampler;
use crate::autoencoder::value_range::check_finite;
use crate::{ModelError, stream};

/// Codes on the lines between codes of examples and their nearest neighbours (Chawla et al. 2002, SMOTE): a code drawn at random,
/// one of its `k` nearest others, and a place between them, each uniform.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeNeighbours {
    pub(super) codes: Matrix,
    pub(super) k: usize,
}

impl CodeNeighbours {
    /// Keeps at most 20,000 of `codes`, evenly spread.
    ///
    /// # Errors
    /// When there are no codes, or some that are not finite, or `k` is 0.
    pub fn fit(codes: &Matrix, k: usize) -> Result<Self, ModelError> {
        if codes.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "find neighbours among",
            });
        }
        if k == 0 {
            return Err(ModelError::Option {
                name: "neighbours",
                seen: "0".into(),
                valid: "at least 1",
            });
        }
        check_finite(codes)?;
        let (all, count) = (codes.rows(), codes.rows().min(MOST_CODES));
        let rows = (0..count).flat_map(|i| codes.row(i * all / count));
        let kept = Matrix::from_vec(count, codes.cols(), rows.copied().collect());
        Ok(Self { codes: kept, k })
    }

    /// To how many neighbours of a code lines go.
    pub fn neighbours(&self) -> usize {
        self.k
    }

    /// The number of the `rank`-th nearest other of code `own`, from 0.
    fn neighbour(&self, own: usize, rank: usize) -> usize {
        let at = self.codes.row(own);
        let distance = |row: usize| -> f32 {
            let squares = self
                .codes
                .row(row)
                .iter()
                .zip(at)
                .map(|(a, b)| (a - b).powi(2));
            squares.sum()
        };
        let others = (0..self.codes.rows()).filter(|row| *row != own);
        let mut others: Vec<(f32, usize)> = others.map(|row| (distance(row), row)).collect();
        let order = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        let (_, found, _) = others.select_nth_unstable_by(rank, order);
        found.1
    }
}

impl CodeSampler for CodeNeighbours {
    fn sample(&self, count: usize, seed: u64) -> Matrix {
        let (rows, cols) = (self.codes.rows(), self.codes.cols());
        let mut codes = Matrix::zeros(count, cols);
        let noise = Noise::new(seed, stream::SAMPLER);
        let all = codes.as_mut_slice().par_chunks_mut(cols.max(1));
        all.enumerate().for_each(|(row, code)| {
            let mut draws = [0.0; 3];
            noise.uniform(row as u32, &mut draws);
            let own = super::place(draws[0], rows);
            let others = self.k.min(rows - 1);
            let other = match others {
                0 => own,
                _ => self.neighbour(own, super::place(draws[1], others)),
            };
            let ends = self.codes.row(own).iter().zip(self.codes.row(other));
            for (z, (a, b)) in code.iter_mut().zip(ends) {
                *z = a + draws[2] * (b - a);
            }
        });
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lie_between_neighbours_and_not_between_clusters() {
        let mut own = Matrix::zeros(60, 2);
        for (row, z) in (0..).zip(own.view_mut().iter_rows_mut()) {
            Noise::new(1, 0).normal(row, z);
            z[0] += if row % 2 == 0 { 50.0 } else { -50.0 };
        }
        let neighbours = CodeNeighbours::fit(&own, 3).expect("finite codes");
        let drawn = neighbours.sample(2000, 1);
        let sides = drawn.view().iter_rows().map(|z| f64::from(z[0] > 0.0));
        let right = sides.sum::<f64>() / 2000.0;
        assert!((right - 0.5).abs() < 0.05, "{right}");
        for z in drawn.view().iter_rows() {
            assert!((45.0..55.0).contains(&z[0].abs()), "{z:?}");
            // It is on the line of two codes that are among each other's nearest.
            let on_line = |a: usize, b: usize| {
                let (a, b) = (own.row(a), own.row(b));
                let d = [b[0] - a[0], b[1] - a[1]];
                let e = [z[0] - a[0], z[1] - a[1]];
                (d[0] * e[1] - d[1] * e[0]).abs() < 1e-3
            };
            let pairs = (0..60).flat_map(|a| (0..3).map(move |rank| (a, rank)));
            let mut pairs = pairs.map(|(a, rank)| (a, neighbours.neighbour(a, rank)));
            assert!(pairs.any(|(a, b)| on_line(a, b)), "{z:?}");
        }
        assert_eq!(neighbours.sample(3, 1).as_slice(), &drawn.as_slice()[..6]);
        // A code that is alone is all there is.
        let single = Matrix::from_vec(1, 2, vec![1.0, 2.0]);
        let single = CodeNeighbours::fit(&single, 5).expect("a code");
        assert_eq!(single.sample(2, 1).as_slice(), [1.0, 2.0, 1.0, 2.0]);
        assert!(CodeNeighbours::fit(&own, 0).is_err());
    }
}
