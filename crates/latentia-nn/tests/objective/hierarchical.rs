//! A second stochastic layer as a prior: its density against a textbook in f64, and the estimate of it against draws.

use std::sync::Arc;

use latentia_nn::Prior;
use latentia_nn::priors::Hierarchical;
use latentia_tensor::Matrix;
use latentia_testing::numbers;

use crate::densities::log_normal;
use crate::priors::{draw, log_density, parameters};

#[test]
fn an_estimate_of_a_hierarchical_density_is_that_of_its_draws() {
    // In each cell of a grid: the share of the draws, and the mean of p̂(z) over points that are uniform there.
    let (rows, width) = (400_000, 1);
    for (units, hidden) in [(1, 2), (3, 5)] {
        let own = Hierarchical { units, hidden };
        let prior: Arc<dyn Prior> = Arc::new(own);
        let mut chain = parameters(&prior, width, 1.0);
        // Weights of importance have a variance where q(h | z) is no narrower than p(h).
        for parameter in &mut chain.parameters_mut()[4..6] {
            let values = parameter.value.as_mut_slice();
            values.iter_mut().for_each(|w| *w *= 0.3);
            if parameter.name == "encoder-bias-3" {
                values[units..].fill(1.0);
            }
        }
        let cell = |z: f32| ((z + 4.0) / 0.5).floor();
        let mut drawn = [0.0; 16];
        for z in draw(&own, &chain, rows, width).into_vec() {
            if (0.0..16.0).contains(&cell(z)) {
                drawn[cell(z) as usize] += 1.0 / rows as f64;
            }
        }
        let z: Vec<f32> = (0..rows)
            .map(|row| 8.0 * (row as f32 + 0.5) / rows as f32 - 4.0)
            .collect();
        let z = Matrix::from_vec(rows, width, z);
        let mut estimated = [0.0; 16];
        for (row, ln_p) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
            estimated[cell(z.row(row)[0]) as usize] += 8.0 / rows as f64 * f64::from(ln_p).exp();
        }
        for (drawn, estimated) in drawn.iter().zip(estimated) {
            assert!(
                (drawn - estimated).abs() < 0.005,
                "{own:?}: {drawn} {estimated}"
            );
        }
    }
}

#[test]
fn a_second_code_that_says_nothing_leaves_one_gaussian() {
    // Without weights p(z | h) is the standard normal, and q(h | z) the prior of h: the estimate is exact.
    let prior: Arc<dyn Prior> = Arc::new(Hierarchical {
        units: 3,
        hidden: 4,
    });
    let mut chain = parameters(&prior, 5, 0.0);
    for parameter in chain.parameters_mut() {
        parameter.value.as_mut_slice().fill(0.0);
    }
    let z = Matrix::from_vec(70, 5, numbers(5, 350));
    for (row, obtained) in log_density(&*prior, &chain, &z).into_iter().enumerate() {
        let normal = z.row(row).iter().map(|z| log_normal((*z).into(), 0.0, 0.0));
        assert!((f64::from(obtained) - normal.sum::<f64>()).abs() < 1e-5);
    }
}
