//! Running statistics of batch normalisation.

use latentia_nn::{Mode, Position, Shape, Step, Tape};
use latentia_tensor::Matrix;
use latentia_testing::assert_close;

use crate::chains::{build, options};

#[test]
fn batch_norm_keeps_moving_means_and_uses_them() {
    let mut chain = build(
        "{ layer = 'batch-norm', momentum = 0.8 }, { layer = 'dense' }",
        Shape::Flat(2),
    )
    .expect("it fits");
    let x = Matrix::from_vec(4, 2, vec![1.0, 10.0, 2.0, 30.0, 3.0, 20.0, 6.0, 20.0]);
    let mut step = Step::new(&chain, 4, options());
    let loss = step.run(&mut chain, &x, &[0, 1, 2, 3], 0.0.into());
    loss.expect("in memory");
    let statistics: Vec<f64> = chain.parameters()[2..4]
        .iter()
        .flat_map(|p| p.value.as_slice().iter().map(|&x| x.into()))
        .collect();
    // Means 3 and 20, unbiased variances 14/3 and 200/3; they began at 0 and 1.
    let expected = [0.6, 4.0, 0.8 + 0.2 * 14.0 / 3.0, 0.8 + 0.2 * 200.0 / 3.0];
    let obtained: Vec<f32> = statistics.iter().map(|&x| x as f32).collect();
    assert_close(&obtained, &expected, 1e-6);

    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
    tape.input_mut(1, &[])
        .as_mut_slice()
        .copy_from_slice(&[1.0, 10.0]);
    tape.forward(&chain, Position::default());
    let normal = |x: f64, i: usize| (x - expected[i]) / (expected[i + 2] + 1e-5).sqrt();
    assert_close(
        tape.output().span(),
        &[normal(1.0, 0), normal(10.0, 1)],
        1e-6,
    );
}
