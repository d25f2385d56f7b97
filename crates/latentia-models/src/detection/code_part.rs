//! How far a row's code lies from those of the training rows.

use latentia_nn::graph::{Graph, Operation, Type, Value};
use latentia_tensor::{Matrix, MatrixRef, transpose, update};
use rayon::prelude::*;

/// Rows that a task looks for the neighbours of.
const ROWS: usize = 64;

/// Squared distances of which none is looked at where the least is no near one.
const SQUARES: usize = 32;

/// The most neighbours that are looked for.
const MOST: usize = 21;

/// Square of the least distance, as a share of the codes' variance.
const LEAST: f64 = 1e-6;

/// The neighbours that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbours {
    /// The one whose distance does.
    pub(super) distance: usize,
    /// The nearest ones whose own distances it is held against, or none.
    pub(super) local: usize,
}

/// The logarithm of the distance of a code to one of the nearest of the reference codes, which are those of training rows; and how much that is
/// above the mean of the same of its own nearest neighbours, which is a local outlier factor on a logarithmic scale (Breunig et al.
/// 2000).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CodePart {
    /// `[references, code width]`
    pub(super) references: Matrix,
    neighbours: Neighbours,
    /// The references, turned: an element's values side by side.
    turned: Matrix,
    /// Added to squared distances, as codes may be the same.
    least: f64,
    /// Of each reference code among the others.
    pub(super) own: Vec<f64>,
}

/// What is said of a code.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CodeDistance {
    pub(super) distance: f64,
    pub(super) local: f64,
}

impl CodePart {
    /// That of these codes, finite; none where there are fewer than two.
    pub(super) fn of(references: Matrix, neighbours: Neighbours) -> Option<Self> {
        let mut part = Self::with(references, neighbours, Vec::new())?;
        if neighbours.local > 0 {
            let own = part.nearest(part.references.view(), true);
            part.own = own.iter().map(|nearest| part.distance(nearest)).collect();
        }
        Some(part)
    }

    /// That of these codes, as [`Self::of`] has it, whose own values are known.
    pub(super) fn with(references: Matrix, neighbours: Neighbours, own: Vec<f64>) -> Option<Self> {
        let (rows, cols) = (references.rows(), references.cols());
        if rows < 2 || cols == 0 || references.as_slice().iter().any(|x| !x.is_finite()) {
            return None;
        }
        let mut spread = 0.0;
        for column in 0..cols {
            let values = || (0..rows).map(|row| f64::from(references.row(row)[column]));
            let mean = values().sum::<f64>() / rows as f64;
            spread += values().map(|x| (x - mean).powi(2)).sum::<f64>() / rows as f64;
        }
        let mut turned = Matrix::zeros(cols, rows);
        transpose(references.as_slice(), rows, cols, turned.as_mut_slice());
        Some(Self {
            references,
            neighbours,
            turned,
            least: (LEAST * spread).max(f64::MIN_POSITIVE),
            own,
        })
    }

    /// Whether there is an own value for each code, where they count.
    pub(super) fn fits(&self) -> bool {
        let own = if self.neighbours.local > 0 {
            self.references.rows()
        } else {
            0
        };
        self.own.len() == own && self.own.iter().all(|x| x.is_finite())
    }

    /// What is said of each code: `[rows]`.
    pub(super) fn values(&self, codes: MatrixRef<'_>) -> Vec<CodeDistance> {
        let nearest = self.nearest(codes, false);
        nearest.iter().map(|nearest| self.value(nearest)).collect()
    }

    /// What is said of each reference code, which is no neighbour of its own.
    pub(super) fn of_references(&self) -> Vec<CodeDistance> {
        let nearest = self.nearest(self.references.view(), true);
        nearest.iter().map(|nearest| self.value(nearest)).collect()
    }

    fn value(&self, nearest: &Nearest) -> CodeDistance {
        let distance = self.distance(nearest);
        let around = nearest.found().iter().take(self.neighbours.local);
        let around: Vec<f64> = around.map(|&(_, at)| self.own[at as usize]).collect();
        let local = match around.len() {
            0 => 0.0,
            n => distance - around.iter().sum::<f64>() / n as f64,
        };
        CodeDistance { distance, local }
    }

    fn distance(&self, nearest: &Nearest) -> f64 {
        let found = nearest.found();
        let neighbour = found.get(self.neighbours.distance - 1).or(found.last());
        let square = neighbour.map_or(f32::MAX, |&(square, _)| square.min(f32::MAX));
        0.5 * (f64::from(square) + self.least).ln()
    }

    /// The nearest reference codes of each code; `among` those, it is none itself.
    fn nearest(&self, codes: MatrixRef<'_>, among: bool) -> Vec<Nearest> {
        let wanted = self.neighbours.distance.max(self.neighbours.local);
        let rows: Vec<&[f32]> = codes.iter_rows().collect();
        let blocks = rows.par_chunks(ROWS).enumerate().map(|(block, rows)| {
            let mut squares = vec![0.0f32; self.references.rows()];
            let of_row = |(row, code): (usize, &&[f32])| {
                squares.fill(0.0);
                for (&x, references) in code.iter().zip(self.turned.view().iter_rows()) {
                    update(&mut squares, references, move |sum, y| {
                        sum + (x - y) * (x - y)
                    });
                }
                if among {
                    squares[block * ROWS + row] = f32::NAN;
                }
                Nearest::of(&squares, wanted)
            };
            rows.iter().enumerate().map(of_row).collect::<Vec<_>>()
        });
        blocks.collect::<Vec<_>>().concat()
    }
}

impl CodePart {
    /// Adds to `graph` what is said of codes, f64: the distance, and how much it is above that of the neighbours.
    pub(super) fn describe(&self, graph: &mut Graph, code: Value) -> [Value; 2] {
        graph.begin("detector.codes");
        let (n, width) = (self.references.rows(), self.references.cols());
        // ‖x - y‖² = ‖x‖² + ‖y‖² - 2 x·y, in f64 and about the mean, so that little cancels
        let rows = || self.references.view().iter_rows();
        let mean = |column: usize| rows().map(|row| f64::from(row[column])).sum::<f64>() / n as f64;
        let means: Vec<f64> = (0..width).map(mean).collect();
        let centred = |row: &[f32]| -> Vec<f64> {
            let both = row.iter().zip(&means);
            both.map(|(&x, mean)| f64::from(x) - mean).collect()
        };
        let norm = |row: &[f32]| centred(row).iter().map(|x| x * x).sum::<f64>();
        let norms: Vec<f64> = rows().map(norm).collect();
        let column = |at: usize| rows().map(move |row| f64::from(row[at]));
        let columns = (0..width).flat_map(|at| {
            column(at)
                .map(|x| -2.0 * (x - means[at]))
                .collect::<Vec<_>>()
        });
        let columns = graph.constant("references", &[width, n], columns.collect::<Vec<f64>>());
        let norms = graph.constant("norms", &[n], norms);
        let means = graph.constant("means", &[width], means);

        let code = graph.cast(code, Type::F64);
        let code = graph.sub(code, means);
        let own = graph.mul(code, code);
        let own = graph.node(Operation::ReduceSum(0), &[own]);
        let own = graph.reshape(own, &[1]);
        let products = graph.node(Operation::MatMul, &[code, columns]);
        let squares = graph.add(products, norms);
        let squares = graph.add(squares, own);
        let Neighbours { distance, local } = self.neighbours;
        let k = distance.max(local).min(n).min(MOST);
        let nearest = Operation::TopK { k, largest: false };
        let nearest = graph.node_outputs(nearest, &[squares]);
        let last = distance.min(k);
        let square = graph.slice(nearest[0], [last - 1, last]);
        let square = graph.at_least(square, 0.0);
        let square = graph.at_most(square, f32::MAX.into());
        let square = graph.reshape(square, &[]);
        let square = graph.plus(square, self.least);
        let ln = graph.node(Operation::Log, &[square]);
        let distance = graph.times(ln, 0.5);
        if self.own.is_empty() || local == 0 {
            return [distance, graph.scalar(0.0, distance)];
        }
        let around = graph.slice(nearest[1], [0, local.min(k)]);
        let own = graph.constant("own", &[n], self.own.clone());
        let around = graph.node(Operation::Gather(0), &[own, around]);
        let around = graph.node(Operation::ReduceMean(0), &[around]);
        [distance, graph.sub(distance, around)]
    }
}

/// The nearest, nearest first: squared distances and which reference codes they are.
#[derive(Clone, Copy, Debug)]
struct Nearest {
    all: [(f32, u32); MOST],
    found: usize,
}

impl Nearest {
    /// The `wanted` smallest, at most [`MOST`]; what is no number is left out, and of equal ones the first counts.
    fn of(squares: &[f32], wanted: usize) -> Self {
        let mut nearest = Self {
            all: [(f32::INFINITY, 0); MOST],
            found: 0,
        };
        let last = wanted.min(MOST) - 1;
        for (chunk, squares) in squares.chunks(SQUARES).enumerate() {
            let least =
                squares.iter().fold(
                    f32::INFINITY,
                    |least, &square| {
                        if square < least { square } else { least }
                    },
                );
            if least >= nearest.all[last].0 {
                continue;
            }
            for (at, &square) in squares.iter().enumerate() {
                if square < nearest.all[last].0 {
                    let place = nearest.all[..=last].partition_point(|&(other, _)| other <= square);
                    nearest.all[place..=last].rotate_right(1);
                    nearest.all[place] = (square, (chunk * SQUARES + at) as u32);
                    nearest.found = (nearest.found + 1).min(last + 1);
                }
            }
        }
        nearest
    }

    fn found(&self) -> &[(f32, u32)] {
        &self.all[..self.found]
    }
}
