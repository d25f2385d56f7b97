//! Steps that fail: what cannot be read, and what is not finite.

use std::io;

use latentia_nn::{Activation, Chain, LikelihoodSpec, NonFinite, Optimizer, Step};
use latentia_tensor::{MatrixMut, Rows};

use crate::parts::{after_one_step, dense, examples, options, values};

#[test]
fn an_example_that_cannot_be_read_stops_the_step_and_changes_nothing() {
    struct Broken;
    impl Rows for Broken {
        fn rows(&self) -> usize {
            100
        }
        fn cols(&self) -> usize {
            4
        }
        fn read(&self, indices: &[u32], _out: MatrixMut<'_>) -> io::Result<()> {
            match indices.contains(&70) {
                true => Err(io::Error::other("example 70 is gone")),
                false => Ok(()),
            }
        }
    }
    let mut chain = Chain::new(vec![dense(4, 4, Activation::Linear)], 1).expect("layers that fit");
    let before = chain.parameters()[0].value.clone();
    let mut step = Step::new(
        &chain,
        100,
        options(LikelihoodSpec::Mse, Optimizer::default()),
    );
    let indices: Vec<u32> = (0..100).collect();
    let error = step
        .run(&mut chain, &Broken, &indices, 0.1.into())
        .expect_err("70 is gone");
    assert_eq!(error.to_string(), "example 70 is gone");
    assert_eq!(chain.parameters()[0].value, before);
    assert_eq!(step.steps(), 0);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_step_and_its_origin_is_known() {
    // parameter, its number, its value; a number of the data; where it begins
    let cases = [
        (0, f32::NAN, 0.5, NonFinite::Parameters(0)),
        (3, f32::INFINITY, 0.5, NonFinite::Parameters(2)),
        (0, 3e38, 1e3, NonFinite::Output(0)),
        (3, 1e30, 0.5, NonFinite::Likelihood),
        (3, 0.0, f32::NAN, NonFinite::Output(0)),
    ];
    for (parameter, value, seen, expected) in cases {
        let (mut chain, mut step) = after_one_step();
        chain.parameters_mut()[parameter].value.as_mut_slice()[0] = value;
        let before = values(&chain);
        let mut data = examples(100, 4);
        // In the second tape, which the short batch after it does not fill.
        data.as_mut_slice()[4 * 70] = seen;
        let indices: Vec<u32> = (0..100).collect();
        let loss = step
            .run(&mut chain, &data, &indices, 0.01.into())
            .expect("in memory");
        assert!(!loss.is_finite(), "{expected:?}: {loss}");
        assert_eq!(step.non_finite(&chain), expected);
        assert_eq!(format!("{:?}", values(&chain)), format!("{before:?}"));
        assert_eq!((step.steps(), step.updates()), (2, 1));
    }
}

#[test]
fn parameters_that_a_gradient_broke_are_told_from_ones_that_a_rate_broke() {
    let indices: Vec<u32> = (0..100).collect();
    let (mut chain, mut step) = after_one_step();
    // Squares of the errors stay below 1e38, their products with what the last layer is given do not.
    let mut data = examples(100, 4);
    data.as_mut_slice().iter_mut().for_each(|x| *x *= 1e18);
    chain.parameters_mut()[0].value.as_mut_slice().fill(5e18);
    chain.parameters_mut()[2].value.as_mut_slice().fill(1e-20);
    let loss = step
        .run(&mut chain, &data, &indices, 0.01.into())
        .expect("in memory");
    assert!(loss.is_finite(), "{loss}");
    assert_eq!(step.non_finite(&chain), NonFinite::Gradient(2));

    let (mut chain, mut step) = after_one_step();
    step.run(
        &mut chain,
        &examples(100, 4),
        &indices,
        f32::INFINITY.into(),
    )
    .expect("in memory");
    assert_eq!(step.non_finite(&chain), NonFinite::Parameters(0));
}
