//! Samples of a posterior that come in rounds: as if all were there at once.

use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::layers::{BatchNorm, Dropout};
use latentia_nn::optim::Sgd;
use latentia_nn::penalties::KlDivergence;
use latentia_nn::posteriors::Iaf;
use latentia_nn::priors::{Hierarchical, Mixture, Vamp};
use latentia_nn::{
    Activation, Chain, Importance, Layer, LikelihoodSpec, Mode, NonFinite, Objective,
    ObjectiveBuffers, Optimizer, Penalty, Position, Shape, Step, StepOptions, Tape,
};
use latentia_tensor::Matrix;

use crate::parts::{dense, examples, options, values};

/// Elements of an example: 880 rows of them fit into a block.
const WIDTH: usize = 300;

/// Samples of an example: fifteen rounds, the last of them short.
const SAMPLES: usize = 900;

/// Examples in a batch.
const BATCH: usize = 3;

/// How samples come: in rounds, or all at once, as beside a penalty, which here weighs nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Come {
    InRounds,
    AtOnce,
}

fn objective(latent: usize, importance: Importance, come: Come) -> Objective {
    let nothing: Arc<dyn Penalty> = Arc::new(KlDivergence {
        weight: 0.0,
        warm_up: 0,
        free_bits: 0.0,
        capacity: None,
    });
    Objective {
        latent,
        importance: Some(importance),
        penalties: match come {
            Come::InRounds => Vec::new(),
            Come::AtOnce => vec![nothing],
        },
        ..Objective::from(LikelihoodSpec::Bernoulli)
    }
}

/// An encoder, `code` and a decoder with noise of its own.
fn layers(code: GaussianLatent) -> Vec<Box<dyn Layer>> {
    let (inputs, width) = (code.inputs(), code.output().elements());
    vec![
        dense(WIDTH, 16, Activation::Tanh),
        dense(16, inputs, Activation::Linear),
        Box::new(code),
        dense(width, 12, Activation::Tanh),
        Box::new(Dropout::new(Shape::Flat(12), 0.3)),
        dense(12, WIDTH, Activation::Linear),
    ]
}

fn code() -> GaussianLatent {
    GaussianLatent::new(6, SAMPLES)
}

/// The losses of two steps, the second of a short batch, and the gradients of the first.
fn trained(layers: Vec<Box<dyn Layer>>, objective: Objective) -> (Vec<f64>, Vec<Vec<f32>>) {
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    let options = StepOptions {
        objective,
        ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
    };
    let mut step = Step::new(&chain, BATCH, options);
    let x = examples(BATCH, WIDTH);
    let mut run = |step: &mut Step, indices: &[u32]| {
        let ran = step.run(&mut chain, &x, indices, 1e-3.into());
        ran.expect("in memory")
    };
    let first = run(&mut step, &[0, 1, 2]);
    let gradients = step.moments().iter();
    let gradients = gradients.map(|own| own.gradient.as_slice().to_vec());
    let gradients = gradients.collect();
    (vec![first, run(&mut step, &[2, 1])], gradients)
}

/// Holds what rounds make of a chain to what all samples at once make.
fn check(name: &str, layers: impl Fn() -> Vec<Box<dyn Layer>>, importance: Importance) {
    let latent = (layers().iter())
        .position(|layer| layer.name().starts_with("gaussian"))
        .expect("a code");
    let chain = Chain::new(layers(), 1).expect("layers that fit");
    for come in [Come::InRounds, Come::AtOnce] {
        let rounds = objective(latent, importance, come).sample_rounds(&chain, Mode::Train);
        assert_eq!(rounds.is_some(), come == Come::InRounds);
    }
    let [(losses, gradients), (expected, all)] = [Come::InRounds, Come::AtOnce]
        .map(|come| trained(layers(), objective(latent, importance, come)));
    assert!((losses[0] - expected[0]).abs() <= 1e-13 * expected[0].abs());
    assert!((losses[1] - expected[1]).abs() <= 1e-7 * expected[1].abs());
    for layer in 0..chain.layers().len() {
        // A bias before a batch norm has next to none beside the weights.
        let own = chain.owned(layer);
        let expected = all[own.clone()].iter().flatten();
        let largest = expected.clone().fold(0.0f32, |most, g| most.max(g.abs()));
        for (obtained, expected) in gradients[own].iter().flatten().zip(expected) {
            // Sums of 2,700 rows in another order: √2700 times half a unit in the last place.
            let apart = (obtained - expected).abs();
            assert!(
                apart <= 52.0 * f32::EPSILON * largest,
                "{name}: layer {layer}: {obtained} {expected} of {largest}"
            );
        }
    }
}

#[test]
fn rounds_have_the_loss_and_the_gradients_of_all_samples_at_once() {
    let plain = Importance::default();
    let of = |groups, mix, partially, doubly_reparameterised| Importance {
        groups,
        mix,
        partially,
        doubly_reparameterised,
    };
    for importance in [
        plain,
        // Groups of a round, of less, of more, of no whole number of them.
        of(4, 1.0, false, false),
        of(50, 0.3, false, false),
        of(1, 1.0, false, true),
        of(2, 1.0, true, false),
        of(12, 1.0, true, true),
        of(SAMPLES, 1.0, true, false),
    ] {
        check(&format!("{importance:?}"), || layers(code()), importance);
    }
}

#[test]
fn rounds_have_the_gradients_of_priors_posteriors_and_statistics_before_the_code() {
    let partial = Importance {
        groups: 4,
        partially: true,
        ..Importance::default()
    };
    let mixture = || Arc::new(Mixture { components: 7 });
    let iaf = || {
        Arc::new(Iaf {
            steps: 2,
            units: 9,
            context: 3,
        })
    };
    let flowing = || layers(code().with_prior(mixture()).with_posterior(iaf()));
    check("a flow and a mixture", flowing, Importance::default());
    check("a flow and a mixture", flowing, partial);
    let vamp = || Arc::new(Vamp { components: 70 });
    let pseudo_inputs = || layers(code().with_prior(vamp()));
    check("pseudo-inputs", pseudo_inputs, Importance::default());
    let hierarchical = || {
        Arc::new(Hierarchical {
            units: 3,
            hidden: 5,
        })
    };
    let two_codes = || layers(code().with_prior(hierarchical()));
    check("a hierarchical prior", two_codes, partial);
    let normalised = || {
        let mut all = layers(code());
        let norm = BatchNorm::new(Shape::Flat(16), 0.9, Activation::Linear);
        all.insert(1, Box::new(norm));
        all
    };
    check("batch statistics", normalised, Importance::default());
}

#[test]
fn an_evaluation_in_rounds_is_that_of_all_samples_at_once() {
    let chain = Chain::new(layers(code()), 1).expect("layers that fit");
    let x = examples(BATCH, WIDTH);
    let sum = |come| {
        let objective = objective(2, Importance::default(), come);
        let mode = Mode::Sample;
        let mut tape = match objective.sample_rounds(&chain, mode) {
            Some(rounds) => Tape::in_rounds(&chain, mode, rounds),
            None => Tape::forward_only(&chain, 0..chain.layers().len(), mode, 1),
        };
        let mut buffers = ObjectiveBuffers::new(&chain, &objective, mode, 1);
        let of = |example| {
            let position = Position {
                first_row: example,
                ..Position::default()
            };
            tape.read(&x, &[example]).expect("in memory");
            tape.forward(&chain, position);
            objective.evaluate(&chain, &mut tape, &mut buffers, BATCH)
        };
        (0..BATCH as u32).map(of).sum::<f64>()
    };
    assert_eq!(sum(Come::InRounds), sum(Come::AtOnce));
}

#[test]
fn statistics_behind_the_code_and_few_samples_have_all_at_once() {
    let rounds = |layers: Vec<Box<dyn Layer>>| {
        let chain = Chain::new(layers, 1).expect("layers that fit");
        let objective = objective(2, Importance::default(), Come::InRounds);
        objective.sample_rounds(&chain, Mode::Train)
    };
    let mut normalised = layers(code());
    let norm = BatchNorm::new(Shape::Flat(12), 0.9, Activation::Linear);
    normalised[4] = Box::new(norm);
    assert_eq!(rounds(normalised), None);
    assert_eq!(rounds(layers(GaussianLatent::new(6, 880))), None);
    assert!(rounds(layers(GaussianLatent::new(6, 881))).is_some());
}

#[test]
fn rounds_do_not_depend_on_the_number_of_threads() {
    let after = |threads, clip_norm| -> Vec<Matrix> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads start").install(|| {
            let mixture = Arc::new(Mixture { components: 7 });
            let layers = layers(code().with_prior(mixture));
            let mut chain = Chain::new(layers, 1).expect("layers that fit");
            let options = StepOptions {
                objective: objective(2, Importance::default(), Come::InRounds),
                clip_norm,
                ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
            };
            let mut step = Step::new(&chain, BATCH, options);
            let x = examples(12, WIDTH);
            let order: Vec<u32> = (0..12).collect();
            for indices in order.chunks(BATCH).chain(order.chunks(2)) {
                let ran = step.run(&mut chain, &x, indices, 0.01.into());
                ran.expect("in memory");
            }
            values(&chain)
        })
    };
    for clip_norm in [None, Some(0.01)] {
        let alone = after(1, clip_norm);
        for threads in [2, 3, 7] {
            assert!(after(threads, clip_norm) == alone, "{threads} threads");
        }
    }
}

#[test]
fn a_frozen_part_stays_and_the_others_learn_as_from_all_samples_at_once() {
    for frozen in [vec![0, 1, 2], vec![3, 5], vec![0]] {
        let after = |come| {
            let mut chain = Chain::new(layers(code()), 1).expect("layers that fit");
            let before = values(&chain);
            let options = StepOptions {
                objective: objective(2, Importance::default(), come),
                frozen: frozen.clone(),
                ..options(LikelihoodSpec::Bernoulli, Sgd::default().into())
            };
            let mut step = Step::new(&chain, BATCH, options);
            let ran = step.run(&mut chain, &examples(BATCH, WIDTH), &[0, 1, 2], 0.1.into());
            ran.expect("in memory");
            for &layer in &frozen {
                let own = chain.owned(layer);
                assert!(
                    chain
                        .parameters_of(layer)
                        .iter()
                        .map(|p| &p.value)
                        .eq(&before[own])
                );
            }
            assert!(values(&chain) != before);
            values(&chain)
        };
        let both = after(Come::InRounds).into_iter().zip(after(Come::AtOnce));
        for (obtained, expected) in both {
            for (obtained, expected) in obtained.as_slice().iter().zip(expected.as_slice()) {
                assert!((obtained - expected).abs() < 1e-6, "{obtained} {expected}");
            }
        }
    }
}

#[test]
fn a_loss_that_is_not_finite_in_some_round_stops_the_step_and_its_origin_is_known() {
    for (parameter, value, expected) in [
        (0, f32::NAN, NonFinite::Parameters(0)),
        (0, 3e38, NonFinite::Output(0)),
        (4, 3e38, NonFinite::Output(3)),
    ] {
        let mut all = layers(code());
        all[0] = dense(WIDTH, 16, Activation::Relu);
        // Overflows for some samples alone.
        all[3] = dense(6, 12, Activation::Relu);
        let mut chain = Chain::new(all, 1).expect("layers that fit");
        chain.parameters_mut()[parameter].value.as_mut_slice()[0] = value;
        let before = values(&chain);
        let options = StepOptions {
            objective: objective(2, Importance::default(), Come::InRounds),
            ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
        };
        let mut step = Step::new(&chain, BATCH, options);
        let mut x = examples(BATCH, WIDTH);
        x.as_mut_slice()[0] = 1e3;
        let loss = step.run(&mut chain, &x, &[0, 1, 2], 0.01.into());
        let loss = loss.expect("in memory");
        assert!(!loss.is_finite(), "{parameter}: {loss}");
        assert!(values(&chain).iter().zip(&before).all(|(own, before)| {
            let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits();
            own.as_slice().iter().zip(before.as_slice()).all(same)
        }));
        assert_eq!(step.non_finite(&chain), expected, "{parameter}");
    }
}
