//! The promises of latents by themselves.

use latentia_nn::latents::TopKLatent;
use latentia_nn::{Chain, Mode, Position, Tape};

#[test]
fn the_largest_stay_and_of_equal_elements_the_first() {
    let check = |x: [f32; 5], k, expected: [f32; 5]| {
        let chain = Chain::new(vec![Box::new(TopKLatent::new(5, k, 0))], 1);
        let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
        tape.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
        tape.forward(&chain, Position::default());
        assert_eq!(tape.output().span(), expected);
    };
    check([1.0, 5.0, -2.0, 3.0, 4.0], 2, [0.0, 5.0, 0.0, 0.0, 4.0]);
    check([2.0, 2.0, 1.0, 2.0, 0.0], 2, [2.0, 2.0, 0.0, 0.0, 0.0]);
    check(
        [-1.0, -2.0, -3.0, -4.0, -5.0],
        1,
        [-1.0, 0.0, 0.0, 0.0, 0.0],
    );
    check([1.0, 2.0, 3.0, 4.0, 5.0], 5, [1.0, 2.0, 3.0, 4.0, 5.0]);
    // A NaN must show, not vanish.
    let chain = Chain::new(vec![Box::new(TopKLatent::new(2, 1, 0))], 1);
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
    let x = [0.0, f32::NAN];
    tape.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
    tape.forward(&chain, Position::default());
    assert!(tape.output().span()[1].is_nan());
}

#[test]
fn fewer_stay_as_the_warm_up_goes_on() {
    let chain = Chain::new(vec![Box::new(TopKLatent::new(9, 1, 4))], 1);
    let kept = |mode, epochs| {
        let mut tape = Tape::forward_only(&chain, 0..1, mode, 1);
        tape.input_mut(1, &[]).as_mut_slice().fill(1.0);
        let position = Position {
            epochs,
            ..Position::default()
        };
        tape.forward(&chain, position);
        tape.output().span().iter().sum::<f32>()
    };
    let counts = [0.0, 1.0, 2.0, 3.9, 4.0, 50.0].map(|epochs| kept(Mode::Train, epochs));
    assert_eq!(counts, [9.0, 7.0, 5.0, 1.0, 1.0, 1.0]);
    assert_eq!(kept(Mode::Sample, 0.0), 1.0);
}
