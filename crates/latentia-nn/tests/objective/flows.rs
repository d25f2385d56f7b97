//! The flow of a posterior alone: its Jacobian, its inverse, and where it begins.

use std::sync::Arc;

use latentia_nn::posteriors::{Planar, Radial};
use latentia_nn::{Chain, Layer, Mode, POSTERIOR_ROWS, Position, Posterior, Tape};
use latentia_tensor::Matrix;
use latentia_testing::{numbers, wide};

use crate::case::Row;
use crate::densities::log_determinant;
use crate::posteriors::{IAFS, inverse_iaf, layer, posteriors};

/// A layer with the flow and its parameters moved from where they begin, and its input.
struct Flowing {
    chain: Chain,
    values: Vec<Row>,
    x: Matrix,
    width: usize,
}

impl Flowing {
    /// With parameters moved by up to `by`: large ones make steps whose inverse single precision does not determine.
    fn new(posterior: &Arc<dyn Posterior>, rows: usize, width: usize, by: f32) -> Self {
        let layer = layer(width, 1, posterior, &None);
        let inputs = layer.inputs();
        let mut chain = Chain::new(vec![Box::new(layer)], 3).expect("a layer");
        for (i, parameter) in (1..).zip(chain.parameters_mut()) {
            let noise = numbers(i, parameter.value.as_slice().len());
            for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
                *w += by * noise;
            }
        }
        let values = chain.parameters().iter();
        Self {
            values: values.map(|p| wide(p.value.as_slice())).collect(),
            chain,
            x: Matrix::from_vec(rows, inputs, numbers(5, rows * inputs)),
            width,
        }
    }

    fn context(&self, row: usize) -> Row {
        wide(&self.x.row(row)[2 * self.width..])
    }

    /// Codes and `ln |det|` of samples `z`, whatever was in the workspace.
    fn carry(&self, posterior: &dyn Posterior, z: &Matrix) -> (Matrix, Vec<f32>) {
        let (mut codes, mut all) = (z.clone(), vec![f32::NAN; z.rows()]);
        let mut workspace = vec![f32::NAN; posterior.workspace(self.width)];
        let h = (0..z.rows()).flat_map(|row| self.x.row(row)[2 * self.width..].to_vec());
        let h = Matrix::from_vec(z.rows(), posterior.context(self.width), h.collect());
        assert!(z.rows() <= POSTERIOR_ROWS);
        let parameters = self.chain.parameters();
        let mut saved = Matrix::zeros(z.rows(), posterior.saved(self.width));
        posterior.forward(
            parameters,
            h.view(),
            codes.view_mut(),
            &mut all,
            saved.view_mut(),
            &mut workspace,
        );
        (codes, all)
    }
}

fn samples(rows: usize, width: usize) -> Matrix {
    let numbers = numbers(7, rows * width);
    Matrix::from_vec(rows, width, numbers.iter().map(|z| 3.0 * z).collect())
}

#[test]
fn a_posterior_has_the_determinant_of_its_jacobian() {
    for (posterior, flow) in posteriors() {
        for width in [1, 2, 3, 8, 70] {
            let (rows, by) = if width > 8 { (3, 0.05) } else { (64, 0.5) };
            let own = Flowing::new(&posterior, rows, width, by);
            let z = samples(rows, width);
            let (codes, obtained) = own.carry(&*posterior, &z);
            for (row, obtained) in obtained.into_iter().enumerate() {
                let (start, h) = (wide(z.row(row)), own.context(row));
                let (expected, _) = flow(&start, &h, &own.values);
                for (code, expected) in codes.row(row).iter().zip(&expected) {
                    let error = (f64::from(*code) - expected).abs();
                    assert!(error < 1e-5 * expected.abs().max(1.0), "{posterior:?}");
                }
                let moved = |j: usize, by: f64| {
                    let mut start = start.clone();
                    start[j] += by;
                    flow(&start, &h, &own.values).0
                };
                let column = |j: usize| -> Row {
                    let ends = moved(j, 1e-5).into_iter().zip(moved(j, -1e-5));
                    ends.map(|(a, b)| (a - b) / 2e-5).collect()
                };
                let expected = log_determinant((0..width).map(column).collect());
                let error = (f64::from(obtained) - expected).abs();
                assert!(
                    error < 1e-5 * expected.abs().max(1.0),
                    "{posterior:?} of {width}: {obtained} {expected}"
                );
            }
        }
    }
}

#[test]
fn inverse_autoregressive_flow_has_an_inverse() {
    for iaf in IAFS {
        for width in [1, 2, 8, 40] {
            let posterior: Arc<dyn Posterior> = Arc::new(iaf);
            let own = Flowing::new(&posterior, 20, width, 0.1);
            let z = samples(20, width);
            let (codes, _) = own.carry(&*posterior, &z);
            for row in 0..20 {
                let h = own.context(row);
                let back = inverse_iaf(iaf, &wide(codes.row(row)), &h, &own.values);
                for (back, z) in back.iter().zip(z.row(row)) {
                    assert!((back - f64::from(*z)).abs() < 1e-5, "{back} {z}");
                }
            }
        }
    }
}

#[test]
fn steps_along_a_line_and_from_a_point_have_an_inverse() {
    // One dimension, in which an inverse is an order: codes rise with samples, however strong the steps.
    let kinds: [Arc<dyn Posterior>; 2] =
        [Arc::new(Planar { steps: 4 }), Arc::new(Radial { steps: 4 })];
    for posterior in kinds {
        let mut own = Flowing::new(&posterior, 64, 1, 0.5);
        let strong: Vec<f32> = own.x.row(0).iter().map(|x| 6.0 * x).collect();
        for row in own.x.view_mut().iter_rows_mut() {
            row.copy_from_slice(&strong);
        }
        let z = Matrix::from_vec(64, 1, (0..64).map(|i| i as f32 / 8.0 - 4.0).collect());
        let (codes, _) = own.carry(&*posterior, &z);
        assert!(codes.as_slice().is_sorted_by(|a, b| a < b), "{codes:?}");
    }
}

#[test]
fn a_flow_of_one_step_that_does_nothing_leaves_the_gaussian() {
    // Planar steps by u = 0, radial ones by a = b.
    let posteriors: [Arc<dyn Posterior>; 2] =
        [Arc::new(Planar { steps: 2 }), Arc::new(Radial { steps: 2 })];
    for posterior in posteriors {
        let mut own = Flowing::new(&posterior, 9, 4, 0.5);
        let size = posterior.context(4) / 2;
        for x in own.x.view_mut().iter_rows_mut() {
            for h in x[8..].chunks_mut(size) {
                match posterior.name() {
                    "planar" => h[..4].fill(0.0),
                    _ => h[5] = h[4],
                }
            }
        }
        let z = samples(9, 4);
        let (codes, log_determinant) = own.carry(&*posterior, &z);
        assert_eq!(codes.as_slice(), z.as_slice());
        assert!(log_determinant.iter().all(|ln| ln.abs() < 1e-12));
    }
}

#[test]
fn in_evaluation_a_code_is_what_the_flow_makes_of_the_mean() {
    for (posterior, flow) in posteriors() {
        let own = Flowing::new(&posterior, 9, 5, 0.5);
        let mut tape = Tape::forward_only(&own.chain, 0..1, Mode::Eval, 9);
        let mut input = tape.input_mut(9, &[]);
        input.as_mut_slice().copy_from_slice(own.x.as_slice());
        tape.forward(&own.chain, Position::default());
        for row in 0..9 {
            let mean = wide(&own.x.row(row)[..5]);
            let (expected, _) = flow(&mean, &own.context(row), &own.values);
            for (z, expected) in tape.output().row(row).iter().zip(&expected) {
                assert!((f64::from(*z) - expected).abs() < 1e-5, "{posterior:?}");
            }
        }
    }
}
