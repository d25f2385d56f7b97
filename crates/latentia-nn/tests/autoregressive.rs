//! The promises of layers of which each position sees those before it.

use latentia_nn::layers::{Embedding, Mask, MaskedDense, PositionWise};
use latentia_nn::{Activation, Chain, Initializer, Layer, Mode, Position, Tape};
use latentia_tensor::{Matrix, MatrixRef};
use latentia_testing::{assert_close, numbers};

const POSITIONS: usize = 5;
const INDICES: usize = 7;

fn forward(chain: &Chain, x: &Matrix) -> Matrix {
    let layers = 0..chain.layers().len();
    let mut tape = Tape::forward_only(chain, layers, Mode::Eval, x.rows());
    let mut input = tape.input_mut(x.rows(), &[]);
    input.as_mut_slice().copy_from_slice(x.as_slice());
    tape.forward(chain, Position::default());
    tape.output().to_matrix()
}

fn chain(layers: Vec<Box<dyn Layer>>) -> Chain {
    let mut chain = Chain::new(layers, 3).expect("layers that fit");
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        let values = parameter.value.as_mut_slice().iter_mut().zip(noise);
        values.for_each(|(w, noise)| *w += 0.3 * noise);
    }
    chain
}

/// An autoregressive network over indices.
fn network(reach: usize) -> Chain {
    let masked = |sizes, mask| -> Box<dyn Layer> {
        let mask = (mask, reach);
        Box::new(MaskedDense::new(POSITIONS, sizes, mask, Activation::Silu))
    };
    let (linear, glorot) = (Activation::Linear, Initializer::Glorot);
    chain(vec![
        Box::new(Embedding::new(POSITIONS, INDICES, 3)),
        masked([3, 4], Mask::Before),
        masked([4, 6], Mask::UpTo),
        Box::new(PositionWise::new(POSITIONS, [6, INDICES], linear, glorot)),
    ])
}

#[test]
fn an_output_depends_on_the_indices_before_it_alone() {
    let chain = network(POSITIONS);
    let x = Matrix::from_vec(1, POSITIONS, vec![2.0, 0.0, 6.0, 3.0, 3.0]);
    let y = forward(&chain, &x);
    for changed in 0..POSITIONS {
        let mut other = x.clone();
        other.as_mut_slice()[changed] = 1.0;
        let other = forward(&chain, &other);
        for position in 0..POSITIONS {
            let own = position * INDICES..(position + 1) * INDICES;
            let is_same = y.as_slice()[own.clone()] == other.as_slice()[own];
            assert_eq!(is_same, position <= changed, "{position} of {changed}");
        }
    }
}

#[test]
fn an_output_depends_on_as_many_as_the_layers_reach() {
    // Two before it, and of each of these and of itself one more.
    let chain = network(2);
    let x = Matrix::from_vec(1, POSITIONS, vec![2.0, 0.0, 6.0, 3.0, 3.0]);
    let y = forward(&chain, &x);
    let mut other = x.clone();
    other.as_mut_slice()[0] = 1.0;
    let other = forward(&chain, &other);
    let is_same = |position: usize| {
        let own = position * INDICES..(position + 1) * INDICES;
        y.as_slice()[own.clone()] == other.as_slice()[own]
    };
    let seen: Vec<bool> = (0..POSITIONS).map(|position| !is_same(position)).collect();
    assert_eq!(seen, [false, true, true, true, false]);
}

#[test]
fn a_masked_layer_is_the_dense_one_whose_weight_has_a_mask() {
    for (mask, reach, rows) in [
        (Mask::Before, 9, 1),
        (Mask::UpTo, 9, 70),
        (Mask::UpTo, 2, 129),
        (Mask::Before, 3, 3),
    ] {
        let layer = MaskedDense::new(4, [2, 3], (mask, reach), Activation::Tanh);
        let chain = chain(vec![Box::new(layer.clone())]);
        let x = Matrix::from_vec(rows, 8, numbers(9, rows * 8));
        let y = forward(&chain, &x);
        let [weight, bias] = chain.parameters() else {
            panic!("two parameters");
        };
        let mut stored = weight.value.view().iter_rows();
        let mut full = vec![[0.0f64; 12]; 8];
        for position in 0..4 {
            let end = position + usize::from(mask == Mask::UpTo);
            for own in full[2 * end.saturating_sub(reach)..2 * end].iter_mut() {
                let row = stored.next().expect("a row for each input");
                let columns = own[3 * position..][..3].iter_mut();
                columns.zip(row).for_each(|(w, &stored)| *w = stored.into());
            }
        }
        assert!(stored.next().is_none());
        let bias = bias.value.as_slice();
        let expected = x.view().iter_rows().flat_map(|x| {
            (0..12).map(|j| {
                let products = x.iter().zip(&full).map(|(&x, w)| f64::from(x) * w[j]);
                (products.sum::<f64>() + f64::from(bias[j])).tanh()
            })
        });
        assert_close(y.as_slice(), &expected.collect::<Vec<_>>(), 1e-6);

        // One position after another, to the bit.
        let mut in_turn = Matrix::zeros(rows, 12);
        let input = MatrixRef::new(x.as_slice(), rows, 8);
        for position in 0..4 {
            layer.forward_at(position, chain.parameters(), input, &mut in_turn);
        }
        assert_eq!(in_turn, y);
    }
}

#[test]
fn an_index_without_a_vector_is_zeros() {
    let chain = chain(vec![Box::new(Embedding::new(2, 3, 2))]);
    let table = chain.parameters()[0].value.clone();
    let x = Matrix::from_vec(3, 2, vec![2.0, 0.0, 3.0, -1.0, f32::NAN, 1.0]);
    let y = forward(&chain, &x);
    let zeros = [0.0; 2];
    let rows = [
        table.row(2),
        table.row(0),
        &zeros,
        &zeros,
        &zeros,
        table.row(1),
    ];
    assert_eq!(y.as_slice(), rows.concat());
}
