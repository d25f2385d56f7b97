//! The codes that a fitted prior learns from.

use latentia_tensor::{Matrix, Noise};
use rand::RngExt;

use crate::stream;

/// Codes that a prior of codes learns from at most, or keeps.
pub(super) const MOST_CODES: usize = 20_000;

/// Codes in f64.
pub(super) struct Codes {
    pub(super) elements: Vec<f64>,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

impl Codes {
    pub(super) fn of(codes: &Matrix, rows: impl ExactSizeIterator<Item = usize>) -> Self {
        let (count, cols) = (rows.len(), codes.cols());
        let elements = rows.flat_map(|row| codes.row(row).iter().map(|&z| z.into()));
        Self {
            elements: elements.collect(),
            rows: count,
            cols,
        }
    }

    /// At most 20,000 of `codes`, evenly spread.
    pub(super) fn spread(codes: &Matrix) -> Self {
        let (all, count) = (codes.rows(), codes.rows().min(MOST_CODES));
        Self::of(codes, (0..count).map(|i| i * all / count))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[f64]> + Clone {
        (0..self.rows).map(|row| self.row(row))
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.elements[row * self.cols..][..self.cols]
    }

    /// Variance, mean over the columns.
    pub(super) fn mean_variance(&self) -> f64 {
        let (n, cols) = (self.rows as f64, self.cols.max(1) as f64);
        let mut mean = vec![0.0; self.cols];
        for row in self.rows() {
            for (mean, z) in mean.iter_mut().zip(row) {
                *mean += z / n;
            }
        }
        let squares = self.rows().flat_map(|row| row.iter().zip(&mean));
        squares.map(|(z, mean)| (z - mean).powi(2)).sum::<f64>() / n / cols
    }

    /// Draws at most `most` of the codes as centres, each with a probability proportional to its squared distance to the
    /// nearest centre before it; fewer where fewer differ. How many, and the nearest of them for every code.
    pub(super) fn start(&self, most: usize, seed: u64) -> (usize, Vec<usize>) {
        let mut random = Noise::new(seed, stream::MIXTURE_START).row(0);
        let mut centre = random.random_range(0..self.rows);
        let mut distances = vec![f64::INFINITY; self.rows];
        let mut nearest = vec![0; self.rows];
        for number in 0..most {
            let at = self.row(centre);
            let rows = self.rows().zip(distances.iter_mut().zip(&mut nearest));
            for (row, (distance, nearest)) in rows {
                let own: f64 = row.iter().zip(at).map(|(a, b)| (a - b).powi(2)).sum();
                if own < *distance {
                    (*distance, *nearest) = (own, number);
                }
            }
            let mut rest = random.random::<f64>() * distances.iter().sum::<f64>();
            let mut apart = distances.iter().enumerate().filter(|(_, d)| **d > 0.0);
            let Some((mut next, _)) = apart.clone().next_back() else {
                return (number + 1, nearest);
            };
            if let Some((found, _)) = apart.find(|(_, distance)| {
                rest -= **distance;
                rest < 0.0
            }) {
                next = found;
            }
            centre = next;
        }
        (most, nearest)
    }
}
