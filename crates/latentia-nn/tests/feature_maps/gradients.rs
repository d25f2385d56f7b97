//! Outputs and gradients of chains, and the bits of their steps.

use latentia_nn::{Shape, Step};
use latentia_tensor::Matrix;
use latentia_testing::{assert_gradient, numbers, wide};

use crate::batch::Batch;
use crate::chains::{CHAINS, RETURNS, moved, options, specs};

/// Outputs, loss and gradients of a chain against f64, which comes back to its height and width where sizes on that way are `chosen`.
fn check(text: &str, input: [usize; 3], rows: usize, chosen: &[[usize; 2]]) {
    let shape = Shape::feature_maps(input);
    let end = (!chosen.is_empty()).then_some([input[1], input[2]]);
    let mut chain = moved(text, shape, end);
    let specs = specs(text);
    let width = shape.elements();
    let x = Matrix::from_vec(rows, width, numbers(9, rows * width));
    let parameters = chain.parameters().iter();
    let at: Vec<Vec<f64>> = parameters.map(|p| wide(p.value.as_slice())).collect();
    let outputs = |parameters: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let mut batch = Batch {
            rows: x
                .view()
                .iter_rows()
                .map(|r| r.iter().map(|&x| x.into()).collect())
                .collect(),
            shape,
            chosen: chosen.iter(),
        };
        let mut parameters = parameters.iter();
        for spec in &specs {
            batch.through(spec, &mut parameters);
        }
        batch.rows
    };
    let loss = |which: usize, numbers: &[f64]| -> f64 {
        let mut parameters = at.clone();
        if let Some(parameter) = parameters.get_mut(which) {
            *parameter = numbers.to_vec();
        }
        let outputs = outputs(&parameters);
        let rows_of = outputs.iter().zip(x.view().iter_rows());
        let squares =
            rows_of.flat_map(|(y, t)| y.iter().zip(t).map(|(y, t)| (y - f64::from(*t)).powi(2)));
        0.5 * squares.sum::<f64>() / rows as f64
            + 0.5 * width as f64 * (2.0 * std::f64::consts::PI).ln()
    };

    let mut step = Step::new(&chain, rows, options());
    let indices: Vec<u32> = (0..rows as u32).collect();
    let obtained = step.run(&mut chain, &x, &indices, 0.0.into());
    let (obtained, expected) = (obtained.expect("in memory"), loss(usize::MAX, &[]));
    assert!(
        (obtained - expected).abs() < 3e-6 * expected,
        "{text}: {obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        if !chain.parameters()[which].is_learned() {
            continue;
        }
        let gradient = moments.gradient.as_slice();
        assert_gradient(gradient, &at[which], 6, 5e-5, |n| loss(which, n));
    }
}

#[test]
fn layers_on_feature_maps_and_their_gradients_match_f64() {
    for (text, input, rows) in CHAINS {
        check(text, input, rows, &[]);
    }
}

#[test]
fn layers_that_come_back_to_a_size_and_their_gradients_match_f64() {
    for (text, input, rows, chosen) in RETURNS {
        check(text, input, rows, chosen);
    }
}

#[test]
fn steps_on_feature_maps_give_the_same_bits_for_any_number_of_threads() {
    for (text, input, _) in CHAINS {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let shape = Shape::feature_maps(input);
            // Many rows and more work than one thread is given.
            let x = Matrix::from_vec(900, shape.elements(), numbers(9, 900 * shape.elements()));
            let mut chain = moved(text, shape, None);
            let mut step = Step::new(&chain, 450, options());
            let indices: Vec<u32> = (0..900).collect();
            pool.expect("threads").install(|| {
                let mut losses = Vec::new();
                for batch in indices.chunks(450).cycle().take(4) {
                    let loss = step.run(&mut chain, &x, batch, 1e-3.into());
                    losses.push(loss.expect("in memory").to_bits());
                }
                let values: Vec<Vec<u32>> = chain
                    .parameters()
                    .iter()
                    .map(|p| p.value.as_slice().iter().map(|w| w.to_bits()).collect())
                    .collect();
                (losses, values)
            })
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert!(run(threads) == one, "{text}: {threads} threads");
        }
    }
}
