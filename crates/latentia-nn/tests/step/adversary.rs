//! A discriminator that learns beside an encoder.

use latentia_nn::latents::GaussianLatent;
use latentia_nn::{
    Activation, Adversary, AdversaryStep, Against, Chain, Discriminator, Layer, LikelihoodSpec,
    Matrix, Mode, Objective, Optimizer, Position, Rates, Step, StepOptions, Tape,
};
use latentia_testing::{assert_gradient, reference, wide};

use crate::parts::{dense, examples, options, values};

const BOTH: [Against; 2] = [Against::Prior, Against::Permuted];

/// An encoder to a code of 3, and a decoder; with a layer of samples of a Gaussian, where `gaussian`.
fn chain(gaussian: bool) -> Chain {
    let width = if gaussian { 6 } else { 3 };
    let mut layers: Vec<Box<dyn Layer>> = vec![dense(8, width, Activation::Tanh)];
    if gaussian {
        layers.push(Box::new(GaussianLatent::new(3, 1)));
    }
    layers.push(dense(3, 8, Activation::Linear));
    Chain::new(layers, 3).expect("layers that fit")
}

/// A discriminator of codes of 3 that says something of them from the beginning.
fn adversary(against: Against) -> Adversary {
    let discriminator = Discriminator {
        weight: 0.7,
        against,
        units: 5,
        ..Discriminator::default()
    };
    Adversary::new(discriminator, 3, 11).expect("layers that fit")
}

fn with_adversary(gaussian: bool, against: Against) -> StepOptions {
    StepOptions {
        objective: Objective {
            latent: usize::from(gaussian),
            adversary: Some(adversary(against)),
            ..Objective::from(LikelihoodSpec::Gaussian)
        },
        ..options(LikelihoodSpec::Gaussian, Optimizer::default())
    }
}

/// The discriminator's logit that `z` is a draw, with some of its parameters.
fn logit(parameters: &[Vec<f64>], z: &[f64]) -> f64 {
    let leaky = |z: f64| if z > 0.0 { z } else { 0.01 * z };
    let layers = parameters
        .chunks(2)
        .enumerate()
        .map(|(at, own)| reference::Dense {
            weight: own[0].clone(),
            bias: own[1].clone(),
            activation: if at == 2 { |z| z } else { leaky },
        });
    layers.fold(z.to_vec(), |z, layer| layer.forward(&z))[0]
}

fn softplus(t: f64) -> f64 {
    t.max(0.0) + (-t.abs()).exp().ln_1p()
}

#[test]
fn the_encoder_has_the_gradient_of_what_it_takes_to_deceive_the_discriminator() {
    for (against, rows) in BOTH
        .into_iter()
        .flat_map(|own| [1, 7, 130].map(|rows| (own, rows)))
    {
        let (x, indices) = (examples(rows, 8), (0..rows as u32).collect::<Vec<_>>());
        let mut chain = chain(false);
        let own = adversary(against);
        let of_discriminator = values(own.chain());
        let of_discriminator: Vec<_> = of_discriminator
            .iter()
            .map(|v| wide(v.as_slice()))
            .collect();
        let parameters: Vec<_> = values(&chain).iter().map(|v| wide(v.as_slice())).collect();
        let mut step = Step::new(&chain, rows, with_adversary(false, against));
        step.run(&mut chain, &x, &indices, 0.0.into())
            .expect("in memory");
        let value = |which: usize, numbers: &[f64]| {
            let parameter = |i: usize| match i == which {
                true => numbers.to_vec(),
                false => parameters[i].clone(),
            };
            let layer = |i: usize, activation| reference::Dense {
                weight: parameter(i),
                bias: parameter(i + 1),
                activation,
            };
            let (encoder, decoder) = (layer(0, f64::tanh), layer(2, |z| z));
            let of_example = |row: usize| {
                let x = wide(x.row(row));
                let z = encoder.forward(&x);
                let t = logit(&of_discriminator, &z);
                let squares = decoder.forward(&z).into_iter().zip(x);
                let loss: f64 = squares.map(|(o, t)| 0.5 * (o - t).powi(2)).sum();
                let deceives = match against {
                    Against::Prior => softplus(-t),
                    Against::Permuted => -t,
                };
                loss + 0.7 * deceives
            };
            (0..rows).map(of_example).sum::<f64>() / rows as f64
        };
        for (which, moments) in step.moments().iter().enumerate() {
            let gradient = moments.gradient.as_slice();
            assert_gradient(gradient, &parameters[which], 12, 3e-5, |n| value(which, n));
        }
    }
}

#[test]
fn a_discriminator_has_the_gradient_of_its_cross_entropy_and_chance_is_ln_2() {
    // Codes that permutations leave alone, so that the draws are known: all examples are the same.
    let rows = 40;
    let x = Matrix::from_vec(rows, 8, examples(1, 8).as_slice().repeat(rows));
    let indices: Vec<u32> = (0..rows as u32).collect();
    let mut chain = chain(false);
    let own = adversary(Against::Permuted);
    let parameters: Vec<_> = values(own.chain())
        .iter()
        .map(|v| wide(v.as_slice()))
        .collect();
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, rows);
    tape.read(&x, &indices).expect("in memory");
    tape.forward(&chain, Position::default());
    let z = wide(tape.output().row(0));
    let mut step = Step::new(&chain, rows, with_adversary(false, Against::Permuted));
    let mut opponent = AdversaryStep::new(&chain, &step).expect("a discriminator");
    step.run(&mut chain, &x, &indices, 0.0.into())
        .expect("in memory");
    let obtained = opponent.run(&mut step).expect("in memory");
    let value = |which: usize, numbers: &[f64]| {
        let mut parameters = parameters.clone();
        if let Some(own) = parameters.get_mut(which) {
            *own = numbers.to_vec();
        }
        let t = logit(&parameters, &z);
        0.5 * (softplus(t) + softplus(-t))
    };
    assert!(
        (obtained - value(usize::MAX, &[])).abs() < 1e-6,
        "{obtained}"
    );
    for (which, moments) in opponent.moments().iter().enumerate() {
        let gradient = moments.gradient.as_slice();
        assert_gradient(gradient, &parameters[which], 15, 3e-5, |n| value(which, n));
    }
    // It learns that it cannot tell.
    let mut last = f64::NAN;
    for _ in 0..300 {
        last = opponent.run(&mut step).expect("in memory");
    }
    assert!((last - 2f64.ln()).abs() < 1e-3, "{last}");
}

#[test]
fn an_encoder_that_is_held_to_the_prior_gives_codes_that_are_taken_for_draws() {
    let rows = 256;
    let x = examples(rows, 8);
    let indices: Vec<u32> = (0..rows as u32).collect();
    let layers = vec![
        dense(8, 16, Activation::Tanh),
        dense(16, 2, Activation::Linear),
        dense(2, 8, Activation::Linear),
    ];
    let trained = |with: bool| {
        let mut chain = Chain::new(layers_of(&layers), 3).expect("layers that fit");
        let discriminator = Discriminator {
            weight: 3.0,
            units: 64,
            ..Discriminator::default()
        };
        let adversary = Adversary::new(discriminator, 2, 1).expect("layers that fit");
        let options = StepOptions {
            objective: Objective {
                latent: 1,
                adversary: with.then_some(adversary),
                ..Objective::from(LikelihoodSpec::Gaussian)
            },
            ..options(LikelihoodSpec::Gaussian, Optimizer::default())
        };
        let mut step = Step::new(&chain, rows, options);
        let mut opponent = AdversaryStep::new(&chain, &step);
        for _ in 0..1500 {
            step.run(&mut chain, &x, &indices, Rates::from(2e-3))
                .expect("in memory");
            if let Some(opponent) = &mut opponent {
                opponent.run(&mut step).expect("in memory");
            }
        }
        let mut tape = Tape::forward_only(&chain, 0..2, Mode::Eval, rows);
        tape.read(&x, &indices).expect("in memory");
        tape.forward(&chain, Position::default());
        let codes = wide(tape.output().span());
        [0, 1].map(|column| {
            let own = codes.iter().skip(column).step_by(2);
            let mean = own.clone().sum::<f64>() / rows as f64;
            let variance = own.map(|z| (z - mean).powi(2)).sum::<f64>() / rows as f64;
            (mean, variance)
        })
    };
    for (mean, variance) in trained(true) {
        assert!(
            mean.abs() < 0.3 && (0.6..1.5).contains(&variance),
            "{mean} {variance}"
        );
    }
    let free = trained(false);
    assert!(
        free.iter()
            .any(|(mean, variance)| mean.abs() > 0.3 || !(0.6..1.5).contains(variance))
    );
}

fn layers_of(layers: &[Box<dyn Layer>]) -> Vec<Box<dyn Layer>> {
    let linear = layers.len() - 2;
    let each = layers.iter().enumerate();
    each.map(|(at, layer)| {
        let activation = if at < linear {
            Activation::Tanh
        } else {
            Activation::Linear
        };
        dense(layer.inputs(), layer.outputs(), activation)
    })
    .collect()
}

#[test]
fn a_discriminator_that_is_reset_begins_anew() {
    let (x, indices) = (examples(50, 8), (0..50).collect::<Vec<u32>>());
    for against in BOTH {
        let mut chain = chain(true);
        let mut step = Step::new(&chain, 50, with_adversary(true, against));
        let mut opponent = AdversaryStep::new(&chain, &step).expect("a discriminator");
        let began = values(adversary(against).chain());
        let now = |step: &Step| {
            step.objective()
                .adversary
                .as_ref()
                .map(|own| values(own.chain()))
        };
        assert_eq!(now(&step).as_ref(), Some(&began));
        step.run(&mut chain, &x, &indices, 0.01.into())
            .expect("in memory");
        opponent.run(&mut step).expect("in memory");
        assert_ne!(now(&step).as_ref(), Some(&began));
        opponent.reset(&mut step);
        assert_eq!(now(&step).as_ref(), Some(&began));
    }
}
