//! What is random in training.

use latentia_nn::layers::Dropout;
use latentia_nn::{
    Activation, Chain, LikelihoodSpec, Mode, Optimizer, Position, Shape, Step, Tape,
};
use latentia_tensor::Matrix;

use crate::parts::{after_one_step, dense, examples, options, values};

#[test]
fn dropout_keeps_the_mean_in_training_and_everything_in_use() {
    let rows = 64;
    let chain = Chain::new(vec![Box::new(Dropout::new(Shape::Flat(100), 0.3))], 1)
        .expect("layers that fit");
    let ones = Matrix::from_vec(rows, 100, vec![1.0; rows * 100]);
    let indices: Vec<u32> = (0..rows as u32).collect();
    let run = |mode| {
        let mut tape = Tape::forward_only(&chain, 0..1, mode, rows);
        tape.read(&ones, &indices).expect("in memory");
        tape.forward(&chain, Position::default());
        tape.output().to_matrix()
    };
    assert_eq!(run(Mode::Eval), ones);
    let trained = run(Mode::Train);
    let y = trained.as_slice();
    let kept = y.iter().filter(|&&y| y != 0.0).count() as f64 / y.len() as f64;
    assert!((kept - 0.7).abs() < 0.02, "{kept}");
    assert!(y.iter().all(|&y| y == 0.0 || (y - 1.0 / 0.7).abs() < 1e-6));
}

#[test]
fn what_is_forgotten_changes_nothing_but_noise_goes_on() {
    let (mut chain, mut step) = after_one_step();
    let mut fresh = Step::new(
        &chain,
        100,
        options(LikelihoodSpec::Mse, Optimizer::default()),
    );
    let mut other = Chain::new(
        vec![
            dense(4, 3, Activation::Relu),
            Box::new(Dropout::new(Shape::Flat(3), 0.0)),
            dense(3, 4, Activation::Linear),
        ],
        1,
    )
    .expect("layers that fit");
    for (own, parameter) in other.parameters_mut().iter_mut().zip(chain.parameters()) {
        own.value = parameter.value.clone();
    }
    step.reset();
    let indices: Vec<u32> = (0..100).collect();
    for (step, chain) in [(&mut step, &mut chain), (&mut fresh, &mut other)] {
        step.run(chain, &examples(100, 4), &indices, 0.01.into())
            .expect("in memory");
    }
    assert_eq!(values(&chain), values(&other));
    assert_eq!((step.steps(), step.updates()), (2, 1));
}
