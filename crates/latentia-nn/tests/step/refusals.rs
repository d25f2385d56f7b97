//! Batches and layers that are refused.

use std::io;

use latentia_nn::layers::{Activate, Corrupt, DenseSpec, DropoutSpec};
use latentia_nn::penalties::Perturb;
use latentia_nn::{Activation, Chain, Corruption, Initializer, Layer, LayerSpec, Shape, Widths};

use crate::parts::{after_one_step, dense, examples, values};

#[test]
fn layers_out_of_range_are_refused() {
    let widths = Widths {
        last: 4,
        others: 4,
        sizes: None,
    };
    let build = |spec: LayerSpec| {
        let built = LayerSpec::build(&[spec], Shape::Flat(4), widths);
        built.map(|_| ()).map_err(|error| error.to_string())
    };
    let dense = |units| {
        LayerSpec::from(DenseSpec {
            units,
            activation: Activation::Relu,
            initializer: Initializer::He,
        })
    };
    assert_eq!(build(dense(None)), Ok(()));
    let zero = "layer 0 (dense) has units 0; it needs at least 1";
    assert_eq!(build(dense(Some(0))), Err(zero.into()));
    for rate in [-0.1, 1.0, f32::NAN] {
        let error = build(DropoutSpec { rate }.into()).expect_err("no probability below one");
        assert!(error.contains("at least 0 and less than 1"), "{error}");
    }
}

#[test]
fn a_batch_of_no_examples_or_of_too_many_is_refused_and_changes_nothing() {
    let (mut chain, mut step) = after_one_step();
    let before = values(&chain);
    for count in [0, 101] {
        let indices: Vec<u32> = (0..count).collect();
        let error = step
            .run(&mut chain, &examples(200, 4), &indices, 0.01.into())
            .expect_err("such a batch has no step");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let expected = format!("a batch of {count} examples for a step that takes from 1 to 100");
        assert_eq!(error.to_string(), expected);
        assert_eq!(values(&chain), before);
        assert_eq!((step.steps(), step.updates()), (1, 1));
    }
}

/// The message that refuses these layers.
fn refused(layers: Vec<Box<dyn Layer>>) -> String {
    let error = Chain::new(layers, 1).expect_err("they stand where they cannot work");
    error.to_string()
}

#[test]
fn layers_that_stand_where_they_cannot_work_are_refused_when_the_chain_is_made() {
    let corrupt = || Box::new(Corrupt::new(4, Corruption::Masking { rate: 0.5 }));
    let perturb = || Box::new(Perturb::new(4));
    let residual = |layers| {
        let shape = Shape::Flat(4);
        Box::new(Activate::residual(shape, Activation::Linear, layers))
    };
    let wide = |outputs| dense(4, outputs, Activation::Relu);
    let chain = |layers| Chain::new(layers, 1).map(|_| ());
    assert_eq!(
        refused(vec![wide(3), wide(4)]),
        "layer 1 (dense relu) takes 4 elements, but the layer before it gives 3"
    );
    let learned =
        "but layer 0 (dense relu) before it learns; put it before every layer that learns";
    assert_eq!(
        refused(vec![wide(4), corrupt()]),
        format!("layer 1 (masking 0.5) has no gradient, {learned}")
    );
    assert_eq!(
        refused(vec![wide(4), wide(4), corrupt()]),
        format!("layer 2 (masking 0.5) has no gradient, {learned}")
    );
    assert_eq!(
        chain(vec![corrupt(), perturb(), wide(4), perturb()]),
        Ok(())
    );
    for (layers_back, problem) in [(0, "that is the layer itself"), (2, "has 1 before it")] {
        let skip = refused(vec![wide(4), residual(layers_back)]);
        let problem = format!("adds the input of the layer {layers_back} before it, but {problem}");
        assert!(skip.ends_with(&problem), "{skip}");
    }
    let skip = refused(vec![wide(3), dense(3, 4, Activation::Relu), residual(1)]);
    assert!(
        skip.ends_with("but that has 3 elements and its own 4"),
        "{skip}"
    );
    let skip = refused(vec![perturb(), wide(4), residual(2)]);
    assert!(
        skip.ends_with("but perturb between them gives several rows for one"),
        "{skip}"
    );
    assert_eq!(chain(vec![perturb(), wide(4), residual(1)]), Ok(()));
}
