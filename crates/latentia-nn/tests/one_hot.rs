//! The promises of a table's elements as a network takes them.

use latentia_nn::layers::OneHot;
use latentia_nn::{Chain, Layer, Mode, Position, Tape};
use latentia_tensor::ElementKind;

const KINDS: [ElementKind; 4] = [
    ElementKind::Number,
    ElementKind::Category { levels: 3 },
    ElementKind::Boolean,
    ElementKind::Number,
];

fn chain(gaps: &[bool]) -> Chain {
    Chain::new(vec![Box::new(OneHot::new(&KINDS, gaps))], 1).expect("a layer that fits")
}

fn forward(gaps: &[bool], x: [f32; 4]) -> Vec<f32> {
    let chain = chain(gaps);
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
    tape.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
    tape.forward(&chain, Position::default());
    tape.output().span().to_vec()
}

#[test]
fn elements_are_spread_out_in_their_order() {
    let none = [false; 4];
    let all = [true; 4];
    let nan = f32::NAN;
    let check = |gaps: &[bool], x, expected: &[f32]| assert_eq!(forward(gaps, x), expected);
    check(
        &none,
        [-0.5, 2.0, 1.0, 7.0],
        &[-0.5, 0.0, 0.0, 1.0, 1.0, 7.0],
    );
    check(&none, [nan; 4], &[0.0, 0.0, 0.0, 0.0, 0.5, 0.0]);
    check(
        &all,
        [0.5, 0.0, 0.0, 0.0],
        &[0.5, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    );
    check(
        &all,
        [nan; 4],
        &[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 1.0, 0.0, 1.0],
    );
    // Gaps of one element, and what is no level.
    check(
        &[false, true],
        [1.0, nan, nan, 2.0],
        &[1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 2.0],
    );
    for absurd in [-1.0, 3.0, 1e9, f32::INFINITY, f32::NEG_INFINITY] {
        check(
            &[false, true],
            [absurd, absurd, absurd, absurd],
            &[absurd, 0.0, 0.0, 0.0, 1.0, 0.5, absurd],
        );
    }
    for (gaps, width) in [(&none[..], 6), (&all, 10), (&[false, true], 7), (&[], 6)] {
        assert_eq!(OneHot::width(&KINDS, gaps), width);
        assert_eq!(OneHot::new(&KINDS, gaps).output().elements(), width);
    }
}

#[test]
fn the_gradient_goes_back_to_numbers_that_are_there() {
    let chain = chain(&[true, true, true, true]);
    let mut tape = Tape::for_input_gradients(&chain, 0..1, 2);
    let x = [0.5, 1.0, 0.0, f32::NAN, f32::NAN, f32::NAN, 1.0, 3.0];
    tape.input_mut(2, &[]).as_mut_slice().copy_from_slice(&x);
    tape.forward(&chain, Position::default());
    let dy: Vec<f32> = (1..=20u8).map(f32::from).collect();
    let dx = tape.input_gradient(&chain, |mut out| out.as_mut_slice().copy_from_slice(&dy));
    assert_eq!(dx.span(), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 19.0]);
}
