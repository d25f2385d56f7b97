//! Pseudo-inputs of a prior in a step.

use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::layers::BatchNorm;
use latentia_nn::penalties::SampledKl;
use latentia_nn::priors::Vamp;
use latentia_nn::{
    Activation, Chain, Layer, LikelihoodSpec, Mode, Objective, Optimizer, Position, Shape, Step,
    StepOptions, Tape,
};

use crate::parts::{dense, examples, options};

/// An encoder, with a layer of one's own before the last, and a code of 3 whose prior has `components` pseudo-inputs.
fn layers(components: usize, own: Option<Box<dyn Layer>>) -> Vec<Box<dyn Layer>> {
    let prior = Arc::new(Vamp { components });
    let code = GaussianLatent::new(3, 1).with_prior(prior);
    let mut layers = vec![dense(8, 5, Activation::Tanh)];
    layers.extend(own);
    layers.push(dense(5, 6, Activation::Linear));
    layers.push(Box::new(code));
    layers.push(dense(3, 8, Activation::Linear));
    layers
}

#[test]
fn a_step_leaves_the_posteriors_that_its_encoder_gives_pseudo_inputs() {
    let count = 70;
    let mut chain = Chain::new(layers(count, None), 3).expect("layers that fit");
    let (weight, warm_up) = (1.0, 0);
    let options = StepOptions {
        objective: Objective {
            latent: 2,
            penalties: vec![Arc::new(SampledKl { weight, warm_up })],
            ..Objective::from(LikelihoodSpec::Gaussian)
        },
        ..options(LikelihoodSpec::Gaussian, Optimizer::default())
    };
    let (x, indices) = (examples(20, 8), (0..20).collect::<Vec<u32>>());
    let mut step = Step::new(&chain, 20, options);
    let (first, parameter) = chain.pseudo_inputs().expect("the prior has some");
    assert_eq!(first, 0);
    let before = chain.parameters()[parameter].value.clone();
    let mut tape = Tape::forward_only(&chain, 0..2, Mode::Eval, count);
    for _ in 0..3 {
        step.run(&mut chain, &x, &indices, 0.01.into())
            .expect("in memory");
        let own = chain.parameters()[parameter].value.as_slice();
        let mut input = tape.input_mut(count, &[]);
        input.as_mut_slice().copy_from_slice(own);
        tape.forward(&chain, Position::default());
        let posteriors = &chain.parameters_of(2)[0].value;
        assert_eq!(posteriors.as_slice(), tape.output().span());
    }
    assert_ne!(before, chain.parameters()[parameter].value);
}

#[test]
fn pseudo_inputs_cannot_pass_a_layer_that_needs_statistics_of_a_batch() {
    let own = BatchNorm::new(Shape::Flat(5), 0.9, Activation::Linear);
    let refused = Chain::new(layers(4, Some(Box::new(own))), 3).expect_err("batch norm");
    let message = refused.to_string();
    assert!(message.contains("batch norm"), "{message}");
    assert!(message.contains("group-norm"), "{message}");
}
