//! Principal components against a slow reference, and against what a linear autoencoder learns.

use std::io;

use latentia_models::{Metrics, Pca};
use latentia_tensor::{Matrix, MatrixMut, Noise, Rows};

use crate::{begin, message, model_spec, signed, training_spec};

/// Normal numbers whose deviation halves from direction to direction, the directions turned and the mean moved.
fn cloud(rows: usize, cols: usize) -> Matrix {
    let mut x = Matrix::zeros(rows, cols);
    for (row, numbers) in (0..).zip(x.view_mut().iter_rows_mut()) {
        Noise::new(1, 0).normal(row, numbers);
        let mut deviation = 1.0;
        for number in numbers.iter_mut() {
            *number *= deviation;
            deviation *= 0.6;
        }
        for turn in 0..3 {
            for i in 0..cols {
                let j = (i + turn + 1) % cols;
                let (a, b) = (numbers[i], numbers[j]);
                (numbers[i], numbers[j]) = (0.8 * a - 0.6 * b, 0.6 * a + 0.8 * b);
            }
        }
        for (i, number) in numbers.iter_mut().enumerate() {
            *number += 0.2 * i as f32;
        }
    }
    x
}

fn mse(examples: &Matrix, components: usize) -> f64 {
    let learned = Pca::learn(examples, components);
    let mse = learned.and_then(|pca| pca.mse(examples));
    mse.expect("in memory")
}

/// Eigenvalues of a symmetric matrix by Jacobi's rotations, largest first.
fn eigenvalues(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    let n = a.len();
    for _ in 0..50 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
                let (s, c) = theta.sin_cos();
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (above, below) = a.split_at_mut(q);
                for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i][i]).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[test]
fn errors_are_the_variances_left_over() {
    // More rows than are read at once, by several times; fewer than columns.
    for (rows, cols) in [(50, 6), (5000, 7), (6, 9), (13, 20)] {
        let x = cloud(rows, cols);
        let wide = |r: usize, c: usize| f64::from(x.row(r)[c]);
        let n = rows as f64;
        let mean: Vec<f64> = (0..cols)
            .map(|c| (0..rows).map(|r| wide(r, c)).sum::<f64>() / n)
            .collect();
        let covariance = (0..cols)
            .map(|i| {
                let product = |r, j| (wide(r, i) - mean[i]) * (wide(r, j) - mean[j]);
                (0..cols)
                    .map(|j| (0..rows).map(|r| product(r, j)).sum::<f64>() / n)
                    .collect()
            })
            .collect();
        let values = eigenvalues(covariance);
        for k in 0..cols.min(rows) {
            let expected = values[k..].iter().sum::<f64>() / cols as f64;
            let obtained = mse(&x, k);
            assert!(
                (obtained - expected).abs() < 1e-5 * expected + 1e-13,
                "{k} of {cols}: {obtained} {expected}"
            );
        }
        assert!(mse(&x, cols) < 1e-12);
        assert!(mse(&x, cols + 5) < 1e-12);
    }
}

/// Examples of three directions, of every third column each, and a little noise.
struct Striped {
    rows: usize,
    cols: usize,
}

impl Striped {
    const NOISE: f32 = 0.01;
}

impl Rows for Striped {
    fn rows(&self) -> usize {
        self.rows
    }

    fn cols(&self) -> usize {
        self.cols
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            let mut along = [0.0; 3];
            Noise::new(1, 0).normal(index, &mut along);
            Noise::new(2, 0).normal(index, row);
            for (i, value) in row.iter_mut().enumerate() {
                *value = 5.0 + along[i % 3] * (3 - i % 3) as f32 + Self::NOISE * *value;
            }
        }
        Ok(())
    }
}

#[test]
fn any_number_of_columns_has_components() {
    for (rows, cols, is_exact) in [(40, 20_000, true), (4100, 4099, false)] {
        let examples = Striped { rows, cols };
        let pca = Pca::learn(&examples, 3).expect("computed");
        assert_eq!(pca.is_exact(), is_exact);
        let error = pca.mse(&examples).expect("computed");
        // The noise, but for its three dimensions among as many as there are.
        let noise = f64::from(Striped::NOISE).powi(2);
        let expected = noise * (1.0 - 4.0 / rows.min(cols) as f64);
        assert!((error / expected - 1.0).abs() < 0.02, "{error} {expected}");
        let plane = pca.project(&examples).expect("computed");
        assert_eq!((plane.rows(), plane.cols()), (rows, 3));
    }
}

#[test]
fn components_of_some_examples_explain_others() {
    let pca = Pca::learn(&cloud(50, 6), 2).expect("in memory");
    let others = cloud(600, 6);
    let error = pca.mse(&others).expect("in memory");
    assert!(error > mse(&others, 2) && error < mse(&others, 0));
}

#[test]
fn a_linear_autoencoder_reaches_the_error_of_pca() {
    let x = cloud(512, 8);
    let spec = model_spec(
        "likelihood = 'mse'
         encoder = [{ layer = 'dense', units = 3 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let mut model = spec.build(&[8], 1).expect("parts that fit");
    let training = training_spec(
        "epochs = 1000\nbatch-size = 32\nlearning-rate = 0.01\nschedule = { kind = 'cosine' }",
    );
    begin(&mut model, training, 1, &x, None)
        .and_then(|mut run| run.run(&mut ()))
        .expect("it converges");
    let learned = Metrics::measure(&model, &x).expect("all fits").mse;
    let exact = mse(&x, 3);
    assert!(
        (exact * 0.9999..exact * 1.01).contains(&learned),
        "{learned} {exact}"
    );
}

#[test]
fn what_has_no_components_is_refused() {
    let refused = |examples: &Matrix| message(Pca::learn(examples, 1));
    assert_eq!(
        refused(&Matrix::zeros(0, 3)),
        "there are no examples to learn components from"
    );
    let mut unknown = signed(1, 600, 3);
    unknown.as_mut_slice()[1700] = f32::INFINITY;
    assert_eq!(
        refused(&unknown),
        "the data has a value that is not finite in example 566, column 2 (both counted from 0); remove the example, or fill the value in"
    );
    let pca = Pca::learn(&signed(1, 10, 3), 2).expect("in memory");
    assert_eq!(
        message(pca.mse(&Matrix::zeros(1, 4))),
        "the data has 4 values an example, the model takes 3"
    );
    assert_eq!(
        message(pca.mse(&Matrix::zeros(0, 3))),
        "there are no examples to measure"
    );
}
