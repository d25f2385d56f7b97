//! A loss that is counted on what corruption hid: that of the hidden elements alone.

use std::f64::consts::PI;
use std::sync::Arc;

use latentia_nn::layers::{Corrupt, Dense, OneHot};
use latentia_nn::likelihoods::Columns;
use latentia_nn::{
    Activation, Chain, Corruption, Initializer, Layer, Likelihood, LikelihoodSpec, Mode, Objective,
    ObjectiveBuffers, Optimizer, Position, Step, StepOptions, Tape, Unit,
};
use latentia_tensor::{ElementKind, Matrix, Picture};
use latentia_testing::{assert_gradient, numbers, reference, wide};

use crate::case::{Case, PLAIN, Row, SEED, check, gaussian, identity, loss, sampled};
use crate::case::{kl_of_dimensions, mean};

const ROWS: usize = 70;

/// The loss of an element of a row of outputs, of as many elements, by its target.
type ElementLoss = fn(row: &[f64], elements: usize, element: usize, target: f64) -> f64;

fn squared(o: &[f64], _: usize, i: usize, t: f64) -> f64 {
    (o[i] - t).powi(2)
}

fn cross_entropy(o: &[f64], _: usize, i: usize, t: f64) -> f64 {
    (1.0 + o[i].exp()).ln() - t * o[i]
}

fn density(error: f64, s: f64) -> f64 {
    let log_scale = -6.0 + (1.0 + (s + 6.0).exp()).ln();
    0.5 * (error / log_scale.exp()).powi(2) + log_scale + 0.5 * (2.0 * PI).ln()
}

fn unit_scale(o: &[f64], _: usize, i: usize, t: f64) -> f64 {
    0.5 * (o[i] - t).powi(2) + 0.5 * (2.0 * PI).ln()
}

fn shared_scale(o: &[f64], n: usize, i: usize, t: f64) -> f64 {
    density(o[i] - t, o[n])
}

fn learned_scale(o: &[f64], n: usize, i: usize, t: f64) -> f64 {
    density(o[i] - t, o[n + i])
}

/// `columns-learned-scale` of a number, a category of three levels, a boolean and a number.
fn columns(o: &[f64], _: usize, i: usize, t: f64) -> f64 {
    match i {
        0 => density(o[0] - t, o[6]),
        1 => o[1..4].iter().map(|o| o.exp()).sum::<f64>().ln() - o[1 + t as usize],
        2 => cross_entropy(o, 0, 4, t),
        _ => density(o[5] - t, o[7]),
    }
}

const KINDS: [ElementKind; 4] = [
    ElementKind::Number,
    ElementKind::Category { levels: 3 },
    ElementKind::Boolean,
    ElementKind::Number,
];

/// Layers from a corrupted example of `n` elements to the outputs of `likelihood`.
fn layers(n: usize, likelihood: &dyn Likelihood, corruption: Corruption) -> Vec<Box<dyn Layer>> {
    let corrupt = Corrupt::new(n, corruption).of_picture(Picture::of(&[n / 4, 4]));
    let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(corrupt.recording(true))];
    if likelihood.takes_missing() {
        layers.push(Box::new(OneHot::new(&KINDS, &[true; 4])));
    }
    let width = layers.last().map_or(n, |layer| layer.outputs());
    let outputs = likelihood.outputs(n);
    layers.push(Box::new(Dense::new(
        width,
        outputs,
        Activation::Linear,
        Initializer::Glorot,
    )));
    layers
}

/// Compares loss and gradient with those of `element_loss` over hidden elements, for a batch of examples of `n` elements.
fn check_likelihood(
    likelihood: Arc<dyn Likelihood>,
    x: &Matrix,
    corruption: Corruption,
    element_loss: ElementLoss,
) {
    let (n, rows) = (x.cols(), x.rows());
    let mut chain = Chain::new(layers(n, &*likelihood, corruption), 3).expect("layers that fit");
    let is_mean = likelihood.unit() != Unit::NatsPerExample;
    let objective = Objective {
        hidden: Some(0),
        latent: 0,
        likelihood,
        ..Objective::from(LikelihoodSpec::Mse)
    };
    // What the first step will meet.
    let mut tape = Tape::forward_only(&chain, 0..chain.layers().len(), Mode::Corrupted, rows);
    let indices: Vec<u32> = (0..rows as u32).collect();
    tape.read(x, &indices).expect("in memory");
    let position = Position {
        seed: SEED,
        ..Position::default()
    };
    tape.forward(&chain, position);
    let last = chain.layers().len() - 1;
    let inputs: Vec<Row> = tape.trace(last).x.iter_rows().map(wide).collect();
    let hidden: Vec<Row> = tape.trace(0).saved.iter_rows().map(wide).collect();
    let weights: Vec<Row> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();
    let value = |which: usize, numbers: &[f64]| {
        let parameter = |i: usize| match i == which {
            true => numbers.to_vec(),
            false => weights[i].clone(),
        };
        let dense = reference::Dense {
            weight: parameter(0),
            bias: parameter(1),
            activation: |z| z,
        };
        mean(inputs.iter().enumerate().map(|(row, input)| {
            let outputs = dense.forward(input);
            let of_row: Row = (0..n)
                .filter(|&i| hidden[row][i] == 1.0 && !x.row(row)[i].is_nan())
                .map(|i| element_loss(&outputs, n, i, x.row(row)[i].into()))
                .collect();
            let count = if is_mean { of_row.len().max(1) } else { 1 };
            of_row.iter().sum::<f64>() / count as f64
        }))
    };
    let expected = value(usize::MAX, &[]);
    let close = |obtained: f64| (obtained - expected).abs() < 1e-5 * expected.abs();
    let mut buffers = ObjectiveBuffers::new(&chain, &objective, Mode::Corrupted, rows);
    let validated = objective.evaluate(&chain, &mut tape, &mut buffers, rows);
    assert!(close(validated), "{validated} {expected}");
    let options = StepOptions {
        objective,
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: SEED,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, rows, options);
    let trained = step.run(&mut chain, x, &indices, 0.0.into());
    let trained = trained.expect("in memory");
    assert!(close(trained), "{trained} {expected}");
    for (which, moments) in step.moments().iter().enumerate() {
        let gradient = moments.gradient.as_slice();
        assert_gradient(gradient, &weights[which], 40, 3e-5, |at| value(which, at));
    }
}

#[test]
fn loss_and_gradient_are_those_of_the_hidden_elements_under_every_likelihood() {
    let kinds: [(LikelihoodSpec, ElementLoss); 6] = [
        (LikelihoodSpec::Mse, squared),
        (LikelihoodSpec::Bce, cross_entropy),
        (LikelihoodSpec::Bernoulli, cross_entropy),
        (LikelihoodSpec::Gaussian, unit_scale),
        (LikelihoodSpec::GaussianSharedScale, shared_scale),
        (LikelihoodSpec::GaussianLearnedScale, learned_scale),
    ];
    let pixels = numbers(9, ROWS * 20).into_iter().map(|x| 0.5 + 0.5 * x);
    let x = Matrix::from_vec(ROWS, 20, pixels.collect());
    for (likelihood, element_loss) in kinds {
        for corruption in [
            Corruption::Masking { rate: 0.4 },
            // Of some rows nothing is hidden.
            Corruption::SaltAndPepper { rate: 0.05 },
            Corruption::Patches { size: 2, rate: 0.5 },
            Corruption::Patches { size: 1, rate: 1.0 },
        ] {
            check_likelihood(likelihood.into(), &x, corruption, element_loss);
        }
    }
}

#[test]
fn whole_columns_are_hidden_and_what_was_missing_before_stays_out() {
    let noise = numbers(4, ROWS * 4);
    let cell = |(i, u): (usize, &f32)| match (i % 13, i % 4) {
        (5, _) => f32::NAN,
        (_, 1) => (1.5 + 1.5 * u).floor().clamp(0.0, 2.0),
        (_, 2) => f32::from(*u > 0.0),
        _ => *u,
    };
    let x = Matrix::from_vec(ROWS, 4, noise.iter().enumerate().map(cell).collect());
    let likelihood = Columns::new(KINDS.to_vec(), true);
    let hide = Corruption::Hide { rate: 0.4 };
    check_likelihood(Arc::new(likelihood), &x, hide, columns);
}

#[test]
fn distributions_over_bytes_count_their_own_elements() {
    let bytes = numbers(9, ROWS * 20)
        .iter()
        .map(|x| (127.5 + 127.5 * x).floor() / 255.0)
        .collect();
    let x = Matrix::from_vec(ROWS, 20, bytes);
    for likelihood in [
        LikelihoodSpec::DiscretisedLogistic,
        LikelihoodSpec::BetaBinomial,
    ] {
        let likelihood: Arc<dyn Likelihood> = likelihood.into();
        let patches = Corruption::Patches { size: 2, rate: 0.3 };
        let chain = Chain::new(layers(20, &*likelihood, patches), 3).expect("layers that fit");
        let mut tape = Tape::forward_only(&chain, 0..2, Mode::Corrupted, ROWS);
        let indices: Vec<u32> = (0..ROWS as u32).collect();
        tape.read(&x, &indices).expect("in memory");
        tape.forward(&chain, Position::default());
        let mut elements = Matrix::zeros(ROWS, 20);
        likelihood.element_losses(tape.output(), x.view(), elements.view_mut());
        let hidden = tape.trace(0).saved.span().iter().zip(elements.as_slice());
        let expected: f64 = hidden
            .map(|(&hidden, &loss)| f64::from(hidden * loss))
            .sum();
        let objective = Objective {
            hidden: Some(0),
            likelihood,
            ..Objective::from(LikelihoodSpec::Mse)
        };
        let mut buffers = ObjectiveBuffers::new(&chain, &objective, Mode::Corrupted, ROWS);
        let obtained = objective.evaluate(&chain, &mut tape, &mut buffers, ROWS);
        let expected = expected / ROWS as f64;
        assert!(
            (obtained - expected).abs() < 1e-5 * expected,
            "{obtained} {expected}"
        );
    }
}

/// A case of which most elements are hidden.
fn masked(case: Case, inputs: usize) -> Case {
    let masking = Corruption::Masking { rate: 0.6 };
    Case {
        before: Some(Box::new(Corrupt::new(inputs, masking).recording(true))),
        hidden: Some(0),
        ..case
    }
}

#[test]
fn codes_and_penalties_see_the_corrupted_example_alone() {
    for (rows, inputs, width) in crate::case::SHAPES {
        let case = Case::new(width, None, Vec::new());
        check(masked(case, inputs), rows, inputs, identity, loss);
        // The samples of an example's posterior explain the same hidden elements.
        for samples in [1, 3] {
            let case = gaussian(width, samples, vec![Arc::new(PLAIN)]);
            check(masked(case, inputs), rows, inputs, sampled, |seen| {
                loss(seen) + kl_of_dimensions(seen).iter().sum::<f64>()
            });
        }
    }
}

#[test]
fn nothing_is_hidden_outside_training_and_validation() {
    let likelihood: Arc<dyn Likelihood> = LikelihoodSpec::Bernoulli.into();
    let masking = Corruption::Masking { rate: 0.9 };
    let chain = Chain::new(layers(8, &*likelihood, masking), 1).expect("layers that fit");
    let x = Matrix::from_vec(3, 8, vec![0.5; 24]);
    for (mode, is_hidden) in [
        (Mode::Train, true),
        (Mode::Corrupted, true),
        (Mode::Sample, false),
        (Mode::Eval, false),
    ] {
        let mut tape = Tape::forward_only(&chain, 0..2, mode, 3);
        for _ in 0..2 {
            tape.read(&x, &[0, 1, 2]).expect("in memory");
            tape.forward(&chain, Position::default());
        }
        let trace = tape.trace(0);
        assert_eq!(trace.y.span() != x.as_slice(), is_hidden, "{mode:?}");
        assert_eq!(trace.saved.span().contains(&1.0), is_hidden, "{mode:?}");
    }
}
