//! The nearest neighbours' vote.

use std::cmp::Reverse;
use std::io;
use std::ops::Range;

use latentia_tensor::{Accumulate, Matrix, Rows, matmul_nt, sum_of_squares, update, vectorized};
use rayon::prelude::*;

use super::sketch::Sketch;
use crate::autoencoder::inference::column_means;

/// Queries that are held at once.
const QUERIES: usize = 4096;

/// Queries whose distances are computed together.
const QUERY_BLOCK: usize = 256;

/// Training features that are compared together.
const TRAINING_BLOCK: usize = 1024;

/// Blocks of training features that are held at once.
const TRAINING_BLOCKS: usize = 4;

/// A block's distances are computed one by one when at most 1 in so many pairs may be near, else by a product of all.
const FEW: usize = 16;

/// The label that most of the `k` nearest training features have, for each query: `[queries]`. Distances are Euclidean,
/// `Σ (a - b)²` in f32. Of equally near features the first counts, of equally frequent labels the smallest wins. There must be
/// training features.
///
/// Distances are computed only where `‖a‖² + ‖b‖² - 2 a·b` may be small, with an upper bound of `a·b` that costs less
/// than `a·b` ([`Sketch`]), and the training features' mean as the origin.
pub(crate) fn vote(
    (features, labels): (&dyn Rows, &[u32]),
    queries: &dyn Rows,
    k: usize,
) -> io::Result<Vec<u32>> {
    let space = Space::of(features)?;
    let mut votes = Vec::with_capacity(queries.rows());
    for first_query in (0..queries.rows()).step_by(QUERIES) {
        let last = queries.rows().min(first_query + QUERIES);
        let mut blocks = (first_query..last)
            .into_par_iter()
            .step_by(QUERY_BLOCK)
            .map(|first| {
                let queries = space.read(queries, first..last.min(first + QUERY_BLOCK))?;
                Ok(Block::new(queries, k))
            })
            .collect::<io::Result<Vec<Block>>>()?;
        let size = TRAINING_BLOCK * TRAINING_BLOCKS;
        for start in (0..features.rows()).step_by(size) {
            let end = features.rows().min(start + size);
            let training = (start..end)
                .into_par_iter()
                .step_by(TRAINING_BLOCK)
                .map(|first| space.read(features, first..end.min(first + TRAINING_BLOCK)))
                .collect::<io::Result<Vec<Points>>>()?;
            blocks.par_iter_mut().for_each(|block| {
                let labels = labels[start..end].chunks(TRAINING_BLOCK);
                for (training, labels) in training.iter().zip(labels) {
                    block.meet(training, labels);
                }
            });
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

/// Some rows around an origin.
struct Points {
    rows: Matrix,
    /// Their squared norms, less what rounding may add to them and their products.
    squares: Vec<f32>,
    sketches: Option<Matrix>,
}

/// The origin, and how rows are sketched.
struct Space {
    means: Vec<f32>,
    slack: f32,
    sketch: Option<Sketch>,
}

impl Space {
    fn of(features: &dyn Rows) -> io::Result<Self> {
        let means = column_means(features)?;
        // 2 a·b of n elements is off by at most n/2 ε (‖a‖² + ‖b‖²), and sketches are rounded too.
        let slack = 2.0 * features.cols() as f32 * f32::EPSILON;
        Ok(Self {
            sketch: Sketch::learn(features, &means, slack)?,
            means: means.iter().map(|&x| x as f32).collect(),
            slack,
        })
    }

    fn read(&self, from: &dyn Rows, range: Range<usize>) -> io::Result<Points> {
        let mut rows = Matrix::zeros(range.len(), from.cols());
        let indices: Vec<u32> = (range.start as u32..range.end as u32).collect();
        from.read(&indices, rows.view_mut())?;
        for row in rows.view_mut().iter_rows_mut() {
            update(row, &self.means, |x, mean| x - mean);
        }
        let norms = rows.view().iter_rows().map(sum_of_squares);
        let mut squares: Vec<f32> = norms.map(|square| square as f32).collect();
        let sketch = self.sketch.as_ref();
        let sketches = sketch.map(|sketch| sketch.draw(rows.view(), &squares));
        for square in &mut squares {
            *square *= 1.0 - self.slack;
        }
        Ok(Points {
            rows,
            squares,
            sketches,
        })
    }
}

/// Some queries with their nearest training features so far.
struct Block {
    queries: Points,
    nearest: Vec<Nearest>,
    /// At most `‖a - b‖² - ‖a‖²` of the queries `a` and a block of training features `b`.
    bounds: Matrix,
}

impl Block {
    fn new(queries: Points, k: usize) -> Self {
        Self {
            nearest: vec![Nearest::new(k); queries.rows.rows()],
            queries,
            bounds: Matrix::default(),
        }
    }

    /// Takes in training features with their labels.
    fn meet(&mut self, training: &Points, labels: &[u32]) {
        let shape = (self.queries.rows.rows(), training.rows.rows());
        if (self.bounds.rows(), self.bounds.cols()) != shape {
            self.bounds = Matrix::zeros(shape.0, shape.1);
        }
        let queries = &self.queries;
        let few = match (&queries.sketches, &training.sketches) {
            (Some(a), Some(b)) if self.nearest.iter().all(Nearest::is_full) => {
                bound(&mut self.bounds, a, b, &training.squares);
                self.near() * FEW <= shape.0 * shape.1
            }
            _ => false,
        };
        if !few {
            let (a, b) = (&queries.rows, &training.rows);
            bound(&mut self.bounds, a, b, &training.squares);
        }
        let bounds = self.bounds.view();
        for (query, nearest) in self.nearest.iter_mut().enumerate() {
            let (row, own) = (queries.rows.row(query), queries.squares[query]);
            nearest.meet((bounds.row(query), own), row, &training.rows, labels);
        }
    }

    /// Pairs whose distance may be below its limit.
    fn near(&self) -> usize {
        let rows = self.bounds.view();
        let rows = rows.iter_rows().zip(&self.nearest);
        rows.zip(&self.queries.squares)
            .map(|((row, nearest), own)| count_below(row, nearest.limit() - own))
            .sum()
    }
}

/// Writes `‖b‖² - 2 a·b` for all pairs, with the squared norms of the `b`.
fn bound(out: &mut Matrix, a: &Matrix, b: &Matrix, squares: &[f32]) {
    matmul_nt(out.view_mut(), Accumulate::Replace, a.view(), b.view());
    for row in out.view_mut().iter_rows_mut() {
        update(row, squares, |product, square| square - 2.0 * product);
    }
}

/// The nearest of the features met so far, nearest first, with their labels.
#[derive(Clone)]
struct Nearest {
    found: Vec<(f32, u32)>,
    k: usize,
}

/// Bounds that are passed over together where none is low.
const STRETCH: usize = 64;

impl Nearest {
    fn new(k: usize) -> Self {
        Self {
            found: Vec::with_capacity(k + 1),
            k,
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() == self.k
    }

    /// The distance that a feature must fall short of.
    fn limit(&self) -> f32 {
        match self.found.last() {
            Some(&(last, _)) if self.is_full() => last,
            _ => f32::INFINITY,
        }
    }

    /// Takes in the rows of `training` with their labels. A bound and the query's `own` square are together at most a distance.
    fn meet(
        &mut self,
        (bounds, own): (&[f32], f32),
        query: &[f32],
        training: &Matrix,
        labels: &[u32],
    ) {
        for (number, stretch) in bounds.chunks(STRETCH).enumerate() {
            if !any_below(stretch, self.limit() - own) {
                continue;
            }
            for (row, &bound) in (number * STRETCH..).zip(stretch) {
                if bound >= self.limit() - own {
                    continue;
                }
                let distance = squared_distance(query, training.row(row));
                if distance < self.limit() {
                    let place = self.found.partition_point(|(other, _)| *other <= distance);
                    self.found.insert(place, (distance, labels[row]));
                    self.found.truncate(self.k);
                }
            }
        }
    }

    fn vote(&self) -> u32 {
        let votes = |&(_, own): &(f32, u32)| {
            let all = self.found.iter().filter(|(_, label)| *label == own);
            (all.count(), Reverse(own))
        };
        let winner = self.found.iter().map(votes).max();
        winner.map_or(0, |(_, Reverse(label))| label)
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

fn count_below(x: &[f32], limit: f32) -> usize {
    let count: u32 = vectorized(
        #[inline(always)]
        || x.iter().map(|&x| u32::from(x < limit)).sum(),
    );
    count as usize
}

/// Partial sums of a distance.
const LANES: usize = 32;

/// `Σ (a - b)²`
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    vectorized(
        #[inline(always)]
        || {
            let (a, a_rest) = a.as_chunks::<LANES>();
            let (b, b_rest) = b.as_chunks::<LANES>();
            let mut sums = [0.0f32; LANES];
            for (a, b) in a.iter().zip(b) {
                for i in 0..LANES {
                    sums[i] += (a[i] - b[i]) * (a[i] - b[i]);
                }
            }
            for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
                *sum += (a - b) * (a - b);
            }
            sums.iter().sum()
        },
    )
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    /// As [`vote`], in f64 and by sorting.
    fn reference(features: &Matrix, labels: &[u32], queries: &Matrix, k: usize) -> Vec<u32> {
        let distance = |a: &[f32], b: &[f32]| -> f64 {
            let pairs = a.iter().zip(b);
            pairs
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum()
        };
        let one = |query: &[f32]| {
            let rows = features.view().iter_rows().zip(labels);
            let mut all: Vec<(f64, u32)> = rows.map(|(x, &y)| (distance(x, query), y)).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            let votes = |label: u32| all.iter().take(k).filter(|(_, y)| *y == label).count();
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
        let labels: Vec<u32> = numbers(3, 2500)
            .iter()
            .map(|x| (100.0 + 4.0 * x) as u32)
            .collect();
        for k in [1, 2, 10] {
            let found = vote((&features, &labels), &queries, k).expect("in memory");
            assert_eq!(found, reference(&features, &labels, &queries, k), "k = {k}");
        }
    }

    /// 60 clusters in 90 dimensions, wide or so narrow that distances are lost in the rounding of squared norms.
    fn clusters(rows: usize, seed: u64, width: f32) -> Matrix {
        let (centres, noise) = (numbers(4, 60 * 90), numbers(seed, rows * 90));
        let rows_of_noise = noise.chunks(90).enumerate();
        let elements = rows_of_noise.flat_map(|(i, noise)| {
            let centre = &centres[(i * i + i / 7) % 60 * 90..][..90];
            let of = |(j, (x, noise)): (usize, (&f32, &f32))| x + width * noise / (1 + j) as f32;
            centre.iter().zip(noise).enumerate().map(of)
        });
        Matrix::from_vec(rows, 90, elements.collect())
    }

    #[test]
    fn no_neighbour_is_lost_to_a_sketch() {
        let labels: Vec<u32> = numbers(3, 5000)
            .iter()
            .map(|x| (100.0 + 20.0 * x) as u32)
            .collect();
        for width in [3.0, 0.3, 0.01] {
            let (features, queries) = (clusters(5000, 1, width), clusters(300, 2, width));
            for k in [1, 10] {
                let expected = reference(&features, &labels, &queries, k);
                for threads in [1, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                    let found = pool
                        .expect("threads start")
                        .install(|| vote((&features, &labels), &queries, k));
                    let found = found.expect("in memory");
                    assert_eq!(found, expected, "width = {width}, k = {k}");
                }
            }
        }
    }

    #[test]
    fn few_features_all_vote_and_the_smaller_label_wins_a_tie() {
        let features = Matrix::from_vec(3, 1, vec![0.0, 1.0, 1.0]);
        let queries = Matrix::from_vec(2, 1, vec![0.0, 9.0]);
        let vote = |labels: &[u32], k| vote((&features, labels), &queries, k).expect("in memory");
        assert_eq!(vote(&[5, 8, 8], 10), [8, 8]);
        assert_eq!(vote(&[8, 5, 6], 10), [5, 5]);
        // The first of those equally near.
        assert_eq!(vote(&[8, 6, 5], 1), [8, 6]);
    }
}
