//! The nearest neighbours' vote.

use std::io;

use latentia_tensor::{
    Accumulate, Matrix, MatrixRef, Rows, matmul_nt, sum_of_squares, update, vectorized,
};
use rayon::prelude::*;

use crate::autoencoder::inference::column_means;

/// Queries that are held at once.
const QUERIES: usize = 4096;

/// Queries whose distances are computed together.
const QUERY_BLOCK: usize = 256;

/// Training features that are held at once.
const TRAINING_BLOCK: usize = 1024;

/// The label that most of the `k` nearest training features have, for each query: `[queries]`. Distances are Euclidean, by
/// `‖a - b‖² = ‖a‖² + ‖b‖² - 2 a·b` in f32, with the training features' mean as the origin. Of equally near features the
/// first counts, of equally frequent labels the smallest wins. There must be training features.
pub(crate) fn vote(
    (features, labels): (&dyn Rows, &[u8]),
    queries: &dyn Rows,
    k: usize,
) -> io::Result<Vec<u8>> {
    let means: Vec<f32> = column_means(features)?.iter().map(|&x| x as f32).collect();
    let mut votes = Vec::with_capacity(queries.rows());
    let (mut query, mut training) = (Matrix::default(), Matrix::default());
    for first_query in (0..queries.rows()).step_by(QUERIES) {
        read_centred(queries, first_query, QUERIES, &means, &mut query)?;
        let mut blocks: Vec<Block<'_>> = (0..query.rows())
            .step_by(QUERY_BLOCK)
            .map(|first| Block::new(&query, first, QUERY_BLOCK.min(query.rows() - first), k))
            .collect();
        for first in (0..features.rows()).step_by(TRAINING_BLOCK) {
            read_centred(features, first, TRAINING_BLOCK, &means, &mut training)?;
            let rows = training.view().iter_rows();
            let squares: Vec<f32> = rows.map(|row| sum_of_squares(row) as f32).collect();
            let labels = &labels[first..][..training.rows()];
            blocks
                .par_iter_mut()
                .for_each(|block| block.meet(training.view(), &squares, labels));
        }
        votes.extend(
            blocks
                .iter()
                .flat_map(|block| &block.nearest)
                .map(Nearest::vote),
        );
    }
    Ok(votes)
}

/// Reads at most `most` rows from `first` on, minus the means.
fn read_centred(
    rows: &dyn Rows,
    first: usize,
    most: usize,
    means: &[f32],
    out: &mut Matrix,
) -> io::Result<()> {
    let count = most.min(rows.rows() - first);
    if out.rows() != count {
        *out = Matrix::zeros(count, rows.cols());
    }
    let indices: Vec<u32> = (first as u32..(first + count) as u32).collect();
    rows.read(&indices, out.view_mut())?;
    for row in out.view_mut().iter_rows_mut() {
        update(row, means, |x, mean| x - mean);
    }
    Ok(())
}

/// Some queries with their nearest training features so far.
struct Block<'a> {
    queries: MatrixRef<'a>,
    nearest: Vec<Nearest>,
    distances: Matrix,
}

impl<'a> Block<'a> {
    fn new(queries: &'a Matrix, first: usize, rows: usize, k: usize) -> Self {
        let cols = queries.cols();
        let elements = &queries.as_slice()[first * cols..][..rows * cols];
        Self {
            queries: MatrixRef::new(elements, rows, cols),
            nearest: vec![Nearest::new(k); rows],
            distances: Matrix::default(),
        }
    }

    /// Takes in training features with their squared norms and labels.
    fn meet(&mut self, training: MatrixRef<'_>, squares: &[f32], labels: &[u8]) {
        let shape = (self.queries.rows(), training.rows());
        if (self.distances.rows(), self.distances.cols()) != shape {
            self.distances = Matrix::zeros(shape.0, shape.1);
        }
        let mut distances = self.distances.view_mut();
        matmul_nt(
            distances.reborrow(),
            Accumulate::Replace,
            self.queries,
            training,
        );
        for (row, nearest) in distances.iter_rows_mut().zip(&mut self.nearest) {
            // ‖a‖² is the same for all b.
            update(row, squares, |product, square| square - 2.0 * product);
            nearest.meet(row, labels);
        }
    }
}

/// The nearest of the features met so far, nearest first, with their labels.
#[derive(Clone)]
struct Nearest {
    found: Vec<(f32, u8)>,
    k: usize,
}

/// Distances that are passed over together where none is near.
const STRETCH: usize = 64;

impl Nearest {
    fn new(k: usize) -> Self {
        Self {
            found: Vec::with_capacity(k + 1),
            k,
        }
    }

    /// The distance that a feature must fall short of.
    fn limit(&self) -> f32 {
        match self.found.last() {
            Some(&(last, _)) if self.found.len() == self.k => last,
            _ => f32::INFINITY,
        }
    }

    fn meet(&mut self, distances: &[f32], labels: &[u8]) {
        let stretches = distances.chunks(STRETCH).zip(labels.chunks(STRETCH));
        for (distances, labels) in stretches {
            if !any_below(distances, self.limit()) {
                continue;
            }
            for (&distance, &label) in distances.iter().zip(labels) {
                if distance < self.limit() {
                    let place = self.found.partition_point(|(other, _)| *other <= distance);
                    self.found.insert(place, (distance, label));
                    self.found.truncate(self.k);
                }
            }
        }
    }

    fn vote(&self) -> u8 {
        let mut counts = [0usize; 256];
        for &(_, label) in &self.found {
            counts[usize::from(label)] += 1;
        }
        let most = counts.iter().max();
        let winner = counts.iter().position(|count| Some(count) == most);
        winner.unwrap_or_default() as u8
    }
}

fn any_below(x: &[f32], limit: f32) -> bool {
    vectorized(
        #[inline(always)]
        || {
            let mut any = false;
            for &x in x {
                any |= x < limit;
            }
            any
        },
    )
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    /// As [`vote`], in f64 and by sorting.
    fn reference(features: &Matrix, labels: &[u8], queries: &Matrix, k: usize) -> Vec<u8> {
        let distance = |a: &[f32], b: &[f32]| -> f64 {
            let pairs = a.iter().zip(b);
            pairs
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum()
        };
        let one = |query: &[f32]| {
            let rows = features.view().iter_rows().zip(labels);
            let mut all: Vec<(f64, u8)> = rows.map(|(x, &y)| (distance(x, query), y)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            let votes = |label: u8| all.iter().take(k).filter(|(_, y)| *y == label).count();
            (0..=255)
                .rev()
                .max_by_key(|&label| votes(label))
                .unwrap_or(0)
        };
        queries.view().iter_rows().map(one).collect()
    }

    /// More rows than a block holds, far from the origin.
    fn example(rows: usize, seed: u64) -> Matrix {
        let numbers = numbers(seed, rows * 7);
        Matrix::from_vec(rows, 7, numbers.iter().map(|x| 50.0 + x).collect())
    }

    #[test]
    fn the_vote_is_that_of_sorted_distances_in_f64() {
        let (features, queries) = (example(2500, 1), example(600, 2));
        let labels: Vec<u8> = numbers(3, 2500)
            .iter()
            .map(|x| (100.0 + 4.0 * x) as u8)
            .collect();
        for k in [1, 2, 10] {
            let found = vote((&features, &labels), &queries, k).expect("in memory");
            assert_eq!(found, reference(&features, &labels, &queries, k), "k = {k}");
        }
    }

    #[test]
    fn few_features_all_vote_and_the_smaller_label_wins_a_tie() {
        let features = Matrix::from_vec(3, 1, vec![0.0, 1.0, 1.0]);
        let queries = Matrix::from_vec(2, 1, vec![0.0, 9.0]);
        let vote = |labels: &[u8], k| vote((&features, labels), &queries, k).expect("in memory");
        assert_eq!(vote(&[5, 8, 8], 10), [8, 8]);
        assert_eq!(vote(&[8, 5, 6], 10), [5, 5]);
        // The first of those equally near.
        assert_eq!(vote(&[8, 6, 5], 1), [8, 6]);
    }
}
