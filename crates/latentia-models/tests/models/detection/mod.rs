//! What does not belong: scores, what they are held against, decisions, reasons, and what a file keeps.

mod calibration;
mod cross_fit;
mod decision;
mod finite;
mod invariance;
mod parts;
mod reference;
mod stored;
mod tables;
mod usual;

use latentia_models::{Autoencoder, Detector};
use latentia_tensor::{Column, ColumnKind, Matrix, Rows, Schema};
use latentia_testing::numbers;

use crate::{model_spec, training_spec};

/// A small variational model of numbers or a table.
const SMALL: &str = "
    preprocessing = 'standardise'
    likelihood = 'columns-learned-scale'
    code = { kind = 'gaussian', units = 3 }
    encoder = [{ layer = 'dense', units = 12, activation = 'relu' }]
    decoder = [{ layer = 'dense', units = 12, activation = 'relu' }, { layer = 'dense' }]";

/// Few updates, so that a test is quick.
const BRIEF: &str = "steps = 60\nbatch-size = 16\nlearning-rate = 0.01\nvalidation = 0";

/// `model`, having learned from `training` for a short while.
fn learned(mut model: Autoencoder, training: &dyn Rows) -> Autoencoder {
    let fitted = model.fit(training, &training_spec(BRIEF), 5);
    fitted.expect("it converges");
    model
}

/// A small model that learned from rows of numbers.
fn of_numbers(training: &Matrix) -> Autoencoder {
    let model = model_spec(SMALL).build(&[training.cols()], 3);
    learned(model.expect("parts that fit"), training)
}

/// A small model that learned from rows of a table.
fn of_table(schema: &Schema, training: &Matrix) -> Autoencoder {
    let model = model_spec(SMALL).build_table(schema, 3);
    learned(model.expect("parts that fit"), training)
}

/// Rows of numbers of which the last half follow from the first, but for some noise.
fn points(seed: u64, rows: usize, cols: usize) -> Matrix {
    let noise = numbers(seed, 2 * rows * cols);
    let mut values = Vec::with_capacity(rows * cols);
    for noise in noise.chunks(2 * cols) {
        let free = cols.div_ceil(2);
        for element in 0..cols {
            values.push(match element < free {
                true => 10.0 + 3.0 * noise[element] + noise[cols + element],
                false => {
                    noise[element - free] - noise[(element + 1) % free]
                        + 0.1 * noise[cols + element]
                }
            });
        }
    }
    Matrix::from_vec(rows, cols, values)
}

/// A table of: numbers, numbers of which one in three is missing, numbers that are always 7, a boolean, a category of four levels, the last of
/// which is rare.
fn mixed(seed: u64, rows: usize) -> (Schema, Matrix) {
    let gappy = Column {
        gaps: true,
        ..Column::new("gappy", ColumnKind::Number)
    };
    let of_levels = |name: &str, kind, levels: &[&str]| Column {
        levels: levels.iter().map(|&level| level.into()).collect(),
        ..Column::new(name, kind)
    };
    let schema = Schema {
        header: true,
        columns: vec![
            Column::new("length", ColumnKind::Number),
            gappy,
            Column::new("always", ColumnKind::Number),
            of_levels("grown", ColumnKind::Boolean, &["no", "yes"]),
            of_levels("island", ColumnKind::Category, &["a", "b", "c", "d"]),
        ],
        ..Schema::default()
    };
    let noise = numbers(seed, 4 * rows);
    let row = |x: &[f32]| {
        let island = match x[3] {
            ..0.1 => 0.0,
            ..0.6 => 1.0,
            ..0.95 => 2.0,
            _ => 3.0,
        };
        let gappy = match x[1] < -1.0 / 3.0 {
            true => f32::NAN,
            false => 5.0 * x[0] + x[1],
        };
        [20.0 + 4.0 * x[0], gappy, 7.0, f32::from(x[2] > 0.5), island]
    };
    let values = noise.chunks(4).flat_map(row).collect();
    (schema, Matrix::from_vec(rows, 5, values))
}

/// The detector of a model that learned from `training`, calibrated by `held_out`.
fn fitted(model: &Autoencoder, training: &Matrix, held_out: &Matrix) -> Detector {
    let detector = Detector::fit(model, training, Some(held_out));
    detector.expect("rows that fit")
}

/// Scores, bit by bit.
fn score_bits(detector: &Detector, rows: &dyn Rows) -> Vec<u64> {
    let scores = detector.score(rows).expect("rows that fit");
    scores.into_iter().map(f64::to_bits).collect()
}

/// `rows` without all but these.
fn only(rows: &Matrix, chosen: impl IntoIterator<Item = usize>) -> Matrix {
    let chosen: Vec<usize> = chosen.into_iter().collect();
    let values = chosen.iter().flat_map(|&i| rows.row(i).to_vec()).collect();
    Matrix::from_vec(chosen.len(), rows.cols(), values)
}
