//! The promises of frozen layers: they stay as they are to the bit, work as in evaluation, and the others learn as beside layers
//! that learn.

use std::sync::Arc;

use latentia_nn::latents::{Commitment, GaussianLatent, VectorQuantisedLatent};
use latentia_nn::layers::{BatchNorm, Dense, Dropout};
use latentia_nn::penalties::{KlDivergence, Mmd};
use latentia_nn::{
    Activation, Chain, Importance, Initializer, Layer, LayerSpec, LikelihoodSpec, Mode, Objective,
    Optimizer, Position, Shape, Step, StepOptions, Tape, Widths,
};
use latentia_tensor::Matrix;
use latentia_testing::{assert_close, numbers};
use serde::Deserialize;

const ROWS: usize = 130;

fn dense(inputs: usize, outputs: usize) -> Box<dyn Layer> {
    let (activation, initializer) = (Activation::Tanh, Initializer::Glorot);
    Box::new(Dense::new(inputs, outputs, activation, initializer))
}

/// A convolutional encoder, a code and a decoder, with every way in which a layer sums its gradients.
fn convolutional() -> Vec<Box<dyn Layer>> {
    #[derive(Deserialize)]
    struct Layers {
        layers: Vec<LayerSpec>,
    }
    let text = "layers = [
        { layer = 'conv', channels = 3, kernel = 3, activation = 'silu' }, { layer = 'group-norm', groups = 3 },
        { layer = 'residual', layers = [{ layer = 'conv', channels = 3, kernel = 3 }, { layer = 'layer-norm' }] },
        { layer = 'dense', units = 5, activation = 'tanh' }, { layer = 'dropout', rate = 0.2 }, { layer = 'dense' },
        { layer = 'reshape', shape = [1, 4, 5] }, { layer = 'transposed-conv', channels = 1, kernel = 3 } ]";
    let layers: Layers = toml::from_str(text).expect("layers");
    let widths = Widths {
        last: 20,
        others: 20,
        sizes: None,
    };
    let built = LayerSpec::build(&layers.layers, Shape::feature_maps([1, 4, 5]), widths);
    built.expect("layers that fit").0
}

fn objective(latent: usize) -> Objective {
    Objective {
        latent,
        ..LikelihoodSpec::Gaussian.into()
    }
}

/// A chain, its step and examples of its width.
fn set_up(
    layers: Vec<Box<dyn Layer>>,
    objective: Objective,
    clip_norm: Option<f32>,
    frozen: Vec<usize>,
) -> (Chain, Step, Matrix) {
    let chain = Chain::new(layers, 3).expect("layers that fit");
    let options = StepOptions {
        objective,
        optimizer: Optimizer::default(),
        clip_norm,
        seed: 5,
        frozen,
    };
    let step = Step::new(&chain, ROWS, options);
    let width = chain.layers()[0].inputs();
    let examples = Matrix::from_vec(ROWS, width, numbers(9, ROWS * width));
    (chain, step, examples)
}

/// Loss and gradients of the first step.
fn first_step(
    layers: Vec<Box<dyn Layer>>,
    objective: Objective,
    frozen: Vec<usize>,
) -> (f64, Vec<Matrix>, Chain) {
    let (mut chain, mut step, examples) = set_up(layers, objective, None, frozen);
    let indices: Vec<u32> = (0..ROWS as u32).collect();
    let loss = step.run(&mut chain, &examples, &indices, 0.01.into());
    let gradients = step.moments().iter().map(|m| m.gradient.clone());
    (loss.expect("in memory"), gradients.collect(), chain)
}

fn values(chain: &Chain) -> Vec<Matrix> {
    chain.parameters().iter().map(|p| p.value.clone()).collect()
}

/// Whether the layer that owns parameter `number` is in `frozen`.
fn is_frozen(chain: &Chain, frozen: &[usize], number: usize) -> bool {
    let mut layers = frozen.iter();
    layers.any(|&layer| chain.owned(layer).contains(&number))
}

const PARTS: [&[usize]; 5] = [&[0, 1, 2, 3, 4, 5], &[6, 7, 8], &[2, 3, 7, 8], &[0], &[8]];

#[test]
fn frozen_parameters_stay_to_the_bit_and_all_others_learn() {
    for frozen in PARTS {
        for clip_norm in [None, Some(0.1)] {
            let layers = convolutional();
            let (mut chain, mut step, examples) =
                set_up(layers, objective(6), clip_norm, frozen.to_vec());
            let before = values(&chain);
            let indices: Vec<u32> = (0..ROWS as u32).collect();
            for _ in 0..20 {
                step.run(&mut chain, &examples, &indices, 0.01.into())
                    .expect("in memory");
            }
            assert!(step.learns(&chain));
            for (number, (before, after)) in before.iter().zip(values(&chain)).enumerate() {
                let expected = is_frozen(&chain, frozen, number);
                assert_eq!(*before == after, expected, "{frozen:?}: {number}");
                let moments = &step.moments()[number];
                let all = [&moments.gradient, &moments.first, &moments.second];
                let untouched = all.iter().all(|m| m.as_slice().iter().all(|&x| x == 0.0));
                assert_eq!(untouched, expected, "{frozen:?}: moments of {number}");
            }
        }
    }
}

#[test]
fn loss_and_gradients_of_the_rest_are_those_of_the_full_step_to_the_bit() {
    let gaussian = || -> Vec<Box<dyn Layer>> {
        vec![
            dense(7, 6),
            Box::new(GaussianLatent::new(3, 1)),
            dense(3, 7),
        ]
    };
    let kl = KlDivergence {
        weight: 2.0,
        warm_up: 0,
        free_bits: 0.0,
        capacity: None,
    };
    let variational = || Objective {
        penalties: vec![Arc::new(kl), Arc::new(Mmd { weight: 3.0 })],
        ..objective(1)
    };
    let weighted = || Objective {
        importance: Some(Importance::default()),
        ..objective(1)
    };
    type Case<'a> = (
        &'a dyn Fn() -> Vec<Box<dyn Layer>>,
        &'a dyn Fn() -> Objective,
        &'a [&'a [usize]],
    );
    let cases: [Case<'_>; 3] = [
        (&convolutional, &|| objective(6), &PARTS),
        (&gaussian, &variational, &[&[0], &[0, 1], &[2]]),
        (&gaussian, &weighted, &[&[0, 1], &[2]]),
    ];
    for (layers, objective, parts) in cases {
        let (loss, gradients, _) = first_step(layers(), objective(), Vec::new());
        for frozen in parts {
            let (own_loss, own, chain) = first_step(layers(), objective(), frozen.to_vec());
            assert_eq!(own_loss.to_bits(), loss.to_bits(), "{frozen:?}");
            for (number, (own, full)) in own.iter().zip(&gradients).enumerate() {
                match is_frozen(&chain, frozen, number) {
                    true => assert!(own.as_slice().iter().all(|&g| g == 0.0)),
                    false => assert_eq!(own, full, "{frozen:?}: {number}"),
                }
            }
        }
    }
}

#[test]
fn frozen_parameters_have_no_part_in_the_norm_that_is_clipped() {
    let frozen: Vec<usize> = (0..6).collect();
    let (_, gradients, chain) = first_step(convolutional(), objective(6), Vec::new());
    let rest = gradients.iter().enumerate();
    let rest = rest.filter(|(number, _)| !is_frozen(&chain, &frozen, *number));
    let squares = rest
        .flat_map(|(_, g)| g.as_slice())
        .map(|&g| f64::from(g).powi(2));
    let norm = squares.sum::<f64>().sqrt();
    // Just above the norm of the rest: nothing of it is cut.
    let limit = Some(1.001 * norm as f32);
    let (mut chain, mut step, examples) = set_up(convolutional(), objective(6), limit, frozen);
    let indices: Vec<u32> = (0..ROWS as u32).collect();
    step.run(&mut chain, &examples, &indices, 0.01.into())
        .expect("in memory");
    assert!((step.gradient_norm(&chain) - norm).abs() < 1e-6 * norm);
}

/// A dense layer, batch normalisation with running statistics off their initial values, and a dense layer.
fn normalised(frozen: Vec<usize>) -> (Chain, Step, Matrix) {
    let norm = BatchNorm::new(Shape::Flat(4), 0.9, Activation::Linear);
    let layers = vec![dense(6, 4), Box::new(norm), dense(4, 6)];
    let (mut chain, step, examples) = set_up(layers, objective(0), None, frozen);
    let range = chain.owned(1);
    let draws = [[0.5, 1.5], [-1.0, 1.0], [-0.5, 0.5], [0.1, 2.0]];
    for ((seed, parameter), [low, high]) in (3..).zip(&mut chain.parameters_mut()[range]).zip(draws)
    {
        let draws = numbers(seed, 4).into_iter();
        let draws = draws.map(|x| low + (high - low) * (0.5 + 0.5 * x));
        parameter.value = Matrix::from_vec(1, 4, draws.collect());
    }
    (chain, step, examples)
}

#[test]
fn frozen_batch_normalisation_works_as_in_evaluation() {
    let (mut chain, mut step, examples) = normalised(vec![1]);
    let before = values(&chain);
    let mut tape = Tape::forward_only(&chain, 0..3, Mode::Eval, ROWS);
    let indices: Vec<u32> = (0..ROWS as u32).collect();
    tape.read(&examples, &indices).expect("in memory");
    tape.forward(&chain, Position::default());
    let mut losses = vec![0.0; ROWS];
    LikelihoodSpec::Gaussian.losses(tape.output(), examples.view(), &mut losses);
    let expected = losses.iter().sum::<f64>() / ROWS as f64;
    let loss = step.run(&mut chain, &examples, &indices, 0.01.into());
    let loss = loss.expect("in memory");
    assert!(
        (loss - expected).abs() < 1e-12 * expected,
        "{loss}, {expected}"
    );
    let after = values(&chain);
    let own = chain.owned(1);
    assert_eq!(after[own.clone()], before[own.clone()]);
    assert!(after[own.end..] != before[own.end..]);

    // As a function of each example by itself it is γ (x - m) / √(v + 10⁻⁵) + β, a dense layer of a diagonal matrix.
    let mut diagonal = Chain::new(
        vec![
            dense(6, 4),
            Box::new(Dense::new(4, 4, Activation::Linear, Initializer::Zeros)),
            dense(4, 6),
        ],
        3,
    )
    .expect("layers that fit");
    let [gamma, beta, mean, variance] = [0, 1, 2, 3].map(|at| before[own.start + at].as_slice());
    let owned = diagonal.owned(1);
    let parameters = diagonal.parameters_mut();
    let others = (0..owned.start)
        .zip(&before)
        .chain((owned.end..).zip(&before[own.end..]));
    for (number, value) in others {
        parameters[number].value = value.clone();
    }
    for channel in 0..4 {
        let factor = gamma[channel] / (variance[channel] + 1e-5).sqrt();
        parameters[owned.start].value.as_mut_slice()[5 * channel] = factor;
        parameters[owned.start + 1].value.as_mut_slice()[channel] =
            beta[channel] - factor * mean[channel];
    }
    let options = StepOptions {
        objective: objective(0),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 5,
        frozen: Vec::new(),
    };
    let mut other = Step::new(&diagonal, ROWS, options);
    other
        .run(&mut diagonal, &examples, &indices, 0.0.into())
        .expect("in memory");
    for at in 0..own.start {
        let expected = other.moments()[at].gradient.as_slice();
        let expected: Vec<f64> = expected.iter().map(|&g| g.into()).collect();
        assert_close(step.moments()[at].gradient.as_slice(), &expected, 1e-6);
    }
}

#[test]
fn a_frozen_codebook_keeps_its_vectors() {
    let run = |frozen| {
        let code = Box::new(VectorQuantisedLatent::new(4, 6, 2, 0.9));
        let layers: Vec<Box<dyn Layer>> = vec![dense(6, 4), code, dense(4, 6)];
        let objective = Objective {
            penalties: vec![Arc::new(Commitment {
                weight: 0.25,
                codebooks: 1,
            })],
            ..objective(1)
        };
        let (_, _, chain) = first_step(layers, objective, frozen);
        let own = chain.owned(1);
        (chain.parameters()[own.start].value.clone(), chain)
    };
    let initial = Chain::new(
        vec![
            dense(6, 4),
            Box::new(VectorQuantisedLatent::new(4, 6, 2, 0.9)),
        ],
        3,
    );
    let initial = initial.expect("layers that fit");
    let before = &initial.parameters()[initial.owned(1).start].value;
    assert_eq!(run(vec![1]).0, *before);
    assert_ne!(run(Vec::new()).0, *before);
}

#[test]
fn dropout_stays_random_in_frozen_layers() {
    let layers = || -> Vec<Box<dyn Layer>> {
        let dropout = Box::new(Dropout::new(Shape::Flat(8), 0.5));
        vec![dense(6, 8), dropout, dense(8, 6)]
    };
    let (loss, ..) = first_step(layers(), objective(0), Vec::new());
    let (frozen_loss, ..) = first_step(layers(), objective(0), vec![0, 1]);
    let (without, ..) = first_step(vec![dense(6, 8), dense(8, 6)], objective(0), Vec::new());
    assert_eq!(frozen_loss.to_bits(), loss.to_bits());
    assert_ne!(frozen_loss, without);
}

#[test]
fn a_step_with_all_layers_frozen_gives_the_loss_and_learns_nothing() {
    let (loss, ..) = first_step(convolutional(), objective(6), Vec::new());
    let (mut chain, mut step, examples) =
        set_up(convolutional(), objective(6), Some(0.1), (0..9).collect());
    let before = values(&chain);
    assert!(!step.learns(&chain));
    let indices: Vec<u32> = (0..ROWS as u32).collect();
    let own = step.run(&mut chain, &examples, &indices, 0.01.into());
    assert_eq!(own.expect("in memory").to_bits(), loss.to_bits());
    assert_eq!(values(&chain), before);
    assert_eq!(step.gradient_norm(&chain), 0.0);
}
