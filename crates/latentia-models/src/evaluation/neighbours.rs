//! The nearest neighbours' vote.

use std::cmp::Reverse;
use std::io;
use std::ops::Range;

use latentia_tensor::{
    Accumulate, Matrix, Rows, dot, matmul_nt, squared_distance, sum_of_squares, update, vectorized,
};
use rayon::prelude::*;

use super::observed::ProgressObserver;
use super::sketch::{Side, Sketch, Sketches};
use crate::autoencoder::inference::column_means;

/// Elements of the queries that are held at once.
const QUERY_ELEMENTS: usize = 1 << 23;

/// Queries whose bounds are computed together.
const QUERY_BLOCK: usize = 256;

/// Training features that are compared together.
const TRAINING_BLOCK: usize = 512;

/// Blocks of training features that are held at once.
const TRAINING_BLOCKS: usize = 8;

/// A block's pairs are looked at one by one when at most 1 in so many may be near, else a product of all is computed.
const FEW: usize = 16;

/// The label that most of the `k` nearest training features have, for each query: `[queries]`. Distances are Euclidean,
/// `Σ (a - b)²` in f32. Of equally near features the first counts, of equally frequent labels the smallest wins. There must be
/// training features. `observer` is told of those that all queries at hand have met.
///
/// Distances are computed only where `‖a‖² - 2 (a·b - ‖b‖²/2)` may be small, by an upper bound of what is in brackets that costs less than
/// it ([`Sketch`]), first of a short one for all pairs, then of a longer one, and with the training features' mean as the origin.
pub(crate) fn vote(
    (features, labels): (&dyn Rows, &[u32]),
    queries: &dyn Rows,
    k: usize,
    observer: &dyn ProgressObserver,
) -> io::Result<Vec<u32>> {
    let at_once = (QUERY_ELEMENTS / queries.cols().max(1)).next_multiple_of(QUERY_BLOCK);
    let pairs = features.rows() as u64 * queries.rows().div_ceil(at_once) as u64;
    observer.on_stage("nearest neighbours", pairs);
    let space = Space::of(features)?;
    let mut votes = Vec::with_capacity(queries.rows());
    for first_query in (0..queries.rows()).step_by(at_once) {
        let last = queries.rows().min(first_query + at_once);
        let mut blocks = (first_query..last)
            .into_par_iter()
            .step_by(QUERY_BLOCK)
            .map(|first| {
                let range = first..last.min(first + QUERY_BLOCK);
                Ok(Block::new(space.read(queries, range, Side::Query)?, k))
            })
            .collect::<io::Result<Vec<Block>>>()?;
        let size = TRAINING_BLOCK * TRAINING_BLOCKS;
        for start in (0..features.rows()).step_by(size) {
            let end = features.rows().min(start + size);
            let training = (start..end)
                .into_par_iter()
                .step_by(TRAINING_BLOCK)
                .map(|first| {
                    let range = first..end.min(first + TRAINING_BLOCK);
                    space.read(features, range, Side::Feature)
                })
                .collect::<io::Result<Vec<Points>>>()?;
            blocks
                .par_iter_mut()
                .for_each_init(Buffers::default, |buffers, block| {
                    let labels = labels[start..end].chunks(TRAINING_BLOCK);
                    for (training, labels) in training.iter().zip(labels) {
                        block.meet(training, labels, buffers);
                    }
                });
            observer.on_examples(end - start);
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
    sketches: Option<Sketches>,
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
        // 2 a·b - ‖b‖² of n elements is off by at most n ε (‖a‖² + ‖b‖²), and sketches are rounded too.
        let slack = 2.0 * features.cols() as f32 * f32::EPSILON;
        Ok(Self {
            sketch: Sketch::learn(features, &means, slack)?,
            means: means.iter().map(|&x| x as f32).collect(),
            slack,
        })
    }

    fn read(&self, from: &dyn Rows, range: Range<usize>, side: Side) -> io::Result<Points> {
        let mut rows = Matrix::zeros(range.len(), from.cols());
        let indices: Vec<u32> = (range.start as u32..range.end as u32).collect();
        from.read(&indices, rows.view_mut())?;
        for row in rows.view_mut().iter_rows_mut() {
            update(row, &self.means, |x, mean| x - mean);
        }
        let norms = rows.view().iter_rows().map(sum_of_squares);
        let mut squares: Vec<f32> = norms.map(|square| square as f32).collect();
        let sketch = self.sketch.as_ref();
        let sketches = sketch.map(|sketch| sketch.draw(rows.view(), &squares, side));
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
}

impl Block {
    fn new(queries: Points, k: usize) -> Self {
        Self {
            nearest: vec![Nearest::new(k); queries.rows.rows()],
            queries,
        }
    }

    /// Takes in training features with their labels; what `buffers` hold is of no more than this call.
    fn meet(&mut self, training: &Points, labels: &[u32], buffers: &mut Buffers) {
        let queries = &self.queries;
        let Buffers { bounds, candidates } = buffers;
        let shape = (queries.rows.rows(), training.rows.rows());
        if (bounds.rows(), bounds.cols()) != shape {
            *bounds = Matrix::zeros(shape.0, shape.1);
        }
        let sketches = queries.sketches.as_ref().zip(training.sketches.as_ref());
        let sketches = sketches.filter(|(a, b)| {
            self.nearest.iter().all(Nearest::is_full) && {
                multiply(bounds, &a.short, &b.short);
                self.find_candidates(bounds, candidates);
                candidates.rows.len() * FEW <= shape.0 * shape.1
            }
        });
        if sketches.is_none() {
            multiply(bounds, &queries.rows, &training.rows);
            for row in bounds.view_mut().iter_rows_mut() {
                update(row, &training.squares, |product, square| {
                    product - 0.5 * square
                });
            }
            self.find_candidates(bounds, candidates);
        }
        for (query, nearest) in self.nearest.iter_mut().enumerate() {
            let asked = Query {
                row: queries.rows.row(query),
                square: queries.squares[query],
                bounds: bounds.row(query),
                candidates: candidates.of(query),
                sketch: sketches.map(|(a, b)| (a.long.row(query), &b.long)),
            };
            nearest.meet(&asked, &training.rows, labels);
        }
    }

    /// Finds the pairs whose distance may be below its limit.
    fn find_candidates(&self, bounds: &Matrix, candidates: &mut Candidates) {
        candidates.rows.clear();
        candidates.ends.clear();
        let rows = bounds.view();
        let rows = rows.iter_rows().zip(&self.nearest);
        for ((row, nearest), &square) in rows.zip(&self.queries.squares) {
            push_above(&mut candidates.rows, row, nearest.floor(square));
            candidates.ends.push(candidates.rows.len());
        }
    }
}

/// What a block needs while it meets training features.
#[derive(Default)]
struct Buffers {
    /// At least `a·b - ‖b‖²/2` of the queries `a` and training features `b`.
    bounds: Matrix,
    candidates: Candidates,
}

/// Training features that may be near, query by query.
#[derive(Default)]
struct Candidates {
    rows: Vec<u32>,
    /// Where those of each query end.
    ends: Vec<usize>,
}

impl Candidates {
    fn of(&self, query: usize) -> &[u32] {
        let start = query.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[start..self.ends[query]]
    }
}

/// `a · bᵀ`
fn multiply(out: &mut Matrix, a: &Matrix, b: &Matrix) {
    matmul_nt(out.view_mut(), Accumulate::Replace, a.view(), b.view());
}

/// A query beside some training features `b`.
struct Query<'a> {
    row: &'a [f32],
    /// `‖a‖²`
    square: f32,
    /// At least `a·b - ‖b‖²/2` of each.
    bounds: &'a [f32],
    /// Those that may be near.
    candidates: &'a [u32],
    /// Its long sketch and theirs, whose product is another such bound.
    sketch: Option<(&'a [f32], &'a Matrix)>,
}

/// The nearest of the features met so far, nearest first, with their labels.
#[derive(Clone)]
struct Nearest {
    found: Vec<(f32, u32)>,
    k: usize,
}

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

    /// What the bound of a feature must be above, for a query whose squared norm is `square`.
    fn floor(&self, square: f32) -> f32 {
        0.5 * (square - self.limit())
    }

    /// Takes in the rows of `training` with their labels.
    fn meet(&mut self, query: &Query<'_>, training: &Matrix, labels: &[u32]) {
        for &row in query.candidates {
            let (row, floor) = (row as usize, self.floor(query.square));
            if query.bounds[row] <= floor {
                continue;
            }
            if let Some((own, others)) = query.sketch
                && dot(own, others.row(row)) <= floor
            {
                continue;
            }
            let distance = squared_distance(query.row, training.row(row));
            if distance < self.limit() {
                let place = self.found.partition_point(|(other, _)| *other <= distance);
                self.found.insert(place, (distance, labels[row]));
                self.found.truncate(self.k);
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

/// Bounds that are passed over together where none is high: a register of them.
const STRETCH: usize = 16;

/// Appends the numbers of those of `x` that are above `floor`.
fn push_above(found: &mut Vec<u32>, x: &[f32], floor: f32) {
    vectorized(
        #[inline(always)]
        || {
            let (stretches, rest) = x.as_chunks::<STRETCH>();
            for (number, stretch) in stretches.iter().enumerate() {
                let mut any = false;
                for &x in stretch {
                    any |= x > floor;
                }
                if any {
                    push_each_above(found, number * STRETCH, stretch, floor);
                }
            }
            push_each_above(found, stretches.len() * STRETCH, rest, floor);
        },
    );
}

#[inline(always)]
fn push_each_above(found: &mut Vec<u32>, first: usize, x: &[f32], floor: f32) {
    for (number, &x) in (first as u32..).zip(x) {
        if x > floor {
            found.push(number);
        }
    }
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
            let found = vote((&features, &labels), &queries, k, &()).expect("in memory");
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
                        .install(|| vote((&features, &labels), &queries, k, &()));
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
        let vote =
            |labels: &[u32], k| vote((&features, labels), &queries, k, &()).expect("in memory");
        assert_eq!(vote(&[5, 8, 8], 10), [8, 8]);
        assert_eq!(vote(&[8, 5, 6], 10), [5, 5]);
        // The first of those equally near.
        assert_eq!(vote(&[8, 6, 5], 1), [8, 6]);
    }
}
