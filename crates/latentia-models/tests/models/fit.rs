//! Fitting a model: what is held out, what is kept, and how it goes on.

use std::ops::ControlFlow;

use latentia_models::{
    Autoencoder, Epoch, ModelError, ModelFile, Observer, Split, StoppedBy, Training, TrainingSpec,
    Validation,
};
use latentia_tensor::{Matrix, Rows, Windows, split};

use crate::{begin, bits, message, model_spec, signed, small, training_spec, unit};

#[test]
fn a_fit_holds_out_what_its_provenance_says() {
    let examples = unit(1, 40, 4);
    let spec = training_spec("epochs = 3\nbatch-size = 8\nvalidation = 0.25");
    let mut model = small(4, 1);
    let fitted = model.fit(&examples, &spec, 5).expect("it converges");
    let provenance = fitted.provenance("own", "numbers", "");
    assert_eq!(provenance.training.validation, Validation::Share(0.25));
    assert!(!provenance.warm_start);
    assert_eq!(fitted.stopped_by, StoppedBy::Epochs);

    // By hand: on those alone that are not held out.
    let (kept, held_out) = split(40, 0.25, 5);
    let rows = |indices: &[u32]| {
        let mut out = Matrix::zeros(indices.len(), 4);
        examples.read(indices, out.view_mut()).expect("in memory");
        out
    };
    let (kept, held_out) = (rows(&kept), rows(&held_out));
    let mut by_hand = small(4, 1);
    let mut run = begin(&mut by_hand, spec, 5, &kept, Some(&held_out)).expect("all fits");
    run.run(&mut ()).expect("it converges");
    assert_eq!(run.history(), fitted.history);
    assert_eq!(bits(&by_hand), bits(&model));
}

#[test]
fn validation_that_cannot_be_had_is_refused() {
    let (examples, nothing) = (unit(1, 8, 4), Matrix::zeros(0, 4));
    let refused = |spec: &str, test: Option<&Matrix>, examples: &Matrix| {
        let mut model = small(4, 1);
        let test = test.map(|test| test as &dyn Rows);
        message(Training::new(
            &mut model,
            training_spec(spec),
            1,
            examples,
            test,
        ))
    };
    let none = "`validation` is `test`, but there are no test examples; it must be a share of the training examples such as \
                0.1, where none are given";
    assert_eq!(refused("validation = 'test'", None, &examples), none);
    assert_eq!(
        refused("validation = 'test'", Some(&nothing), &examples),
        none
    );
    assert_eq!(
        refused("test = 0.1", Some(&examples), &examples),
        "`test` is 0.1, but there are 8 test examples; it must be 0 where the data has a test part of its own"
    );
    assert_eq!(
        refused("test = 0.1", None, &unit(1, 1, 4)),
        "`test` is 0.1 of a single example; it must be 0 where there are so few"
    );
    assert_eq!(
        refused("test = 1", None, &examples),
        "`test` is 1; it must be at least 0 and less than 1"
    );
    assert_eq!(
        refused("", None, &unit(1, 1, 4)),
        "`validation` is 0.1 of a single example; it must be 0 where there is but one"
    );
}

#[test]
fn every_example_is_in_one_part_of_a_split() {
    let examples = unit(1, 30, 2);
    let spec = training_spec("validation = 0.5\ntest = 0.2");
    let parts = Split::new(&examples, None, &spec, None, 3).expect("there are enough");
    let (validation, test) = (
        parts.validation.expect("half"),
        parts.test.expect("a fifth"),
    );
    assert_eq!((validation.rows(), test.rows()), (12, 6));
    let mut all = [parts.training, validation, test]
        .map(|part| part.indices())
        .concat();
    all.sort_unstable();
    assert_eq!(all, (0..30).collect::<Vec<u32>>());

    // Those that the data keeps apart are the test part, whatever is validated on.
    let apart = unit(2, 5, 2);
    for (text, validated) in [("validation = 0.5", 15), ("validation = 'test'", 5)] {
        let parts = Split::new(&examples, Some(&apart), &training_spec(text), None, 3);
        let parts = parts.expect("there are enough");
        let (validation, test) = (parts.validation.expect("some"), parts.test.expect("all"));
        assert_eq!((validation.rows(), test.rows()), (validated, 5));
    }
}

#[test]
fn windows_to_test_on_are_the_last_and_share_no_time_step_with_others() {
    let windows = Windows {
        length: 5,
        stride: 2,
        schema: None,
    };
    let examples = unit(1, 20, 5);
    let split = |share: f64| {
        let spec = training_spec(&format!("validation = 0.2\ntest = {share}"));
        Split::new(&examples, None, &spec, Some(&windows), 3)
    };
    let parts = split(0.2).expect("there are enough");
    let test = parts.test.expect("a fifth").indices();
    assert_eq!(test, [16, 17, 18, 19]);
    let validation = parts.validation.expect("a fifth").indices();
    let before = [parts.training.indices(), validation].concat();
    // Window 16 begins with time step 32, window 13 ends before step 31.
    assert_eq!(before.iter().max(), Some(&13));
    assert_eq!(before.len(), 14);
    assert_eq!(
        message(split(0.95)),
        "`test` is 0.95 of 20 windows, with which all others overlap; it must be 0 where there are so few"
    );
}

#[test]
fn epochs_one_by_one_are_those_of_a_whole_run() {
    let examples = unit(1, 20, 4);
    let spec = training_spec("epochs = 4\nbatch-size = 8");
    let mut whole = small(4, 1);
    let fitted = whole.fit(&examples, &spec, 2).expect("it converges");
    let mut step_by_step = small(4, 1);
    let mut run = Training::new(&mut step_by_step, spec, 2, &examples, None).expect("all fits");
    let mut epochs = Vec::new();
    let ended = loop {
        match run.fit_epoch(&mut ()).expect("it converges") {
            ControlFlow::Continue(epoch) => epochs.push(epoch),
            ControlFlow::Break(stopped_by) => break stopped_by,
        }
    };
    assert_eq!(ended, StoppedBy::Epochs);
    assert_eq!(epochs, fitted.history);
    assert_eq!(bits(&step_by_step), bits(&whole));
}

/// Ends a run after an epoch.
struct StopAfter(u32);

impl Observer for StopAfter {
    fn on_epoch_end(
        &mut self,
        _: &Training<'_>,
        epoch: &Epoch,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok(match epoch.epoch >= self.0 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }
}

#[test]
fn an_observer_ends_a_fit_after_an_epoch() {
    let examples = unit(1, 20, 4);
    let mut model = small(4, 1);
    let spec = training_spec("epochs = 9");
    let mut run = Training::new(&mut model, spec, 2, &examples, None).expect("all fits");
    let fitted = run.fit(&mut StopAfter(2));
    assert_eq!(fitted.stopped_by, StoppedBy::Interrupt);
    assert_eq!(fitted.history.len(), 2);
    // With its best weights but the last moments, it does not go on.
    assert_eq!(run.fit(&mut ()).history.len(), 2);
}

/// A model whose first training standardises.
fn standardising() -> Autoencoder {
    let spec = model_spec(
        "likelihood = 'mse'\npreprocessing = 'standardise'\noutput-bias = 'data-mean'
         encoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    );
    spec.build(&[3], 1).expect("parts that fit")
}

#[test]
fn a_model_that_has_learned_keeps_its_scale_and_goes_on_from_its_weights() {
    let (first, second) = (unit(1, 30, 3), signed(2, 30, 3));
    let spec = TrainingSpec {
        validation: Validation::Share(0.0),
        ..training_spec("epochs = 2")
    };
    let mut model = standardising();
    assert!(!model.is_fitted());
    let fitted = model.fit(&first, &spec, 1).expect("it converges");
    assert!(model.is_fitted());
    let (scaling, weights) = (model.scaling().clone(), bits(&model));
    // From a file it is the same model.
    let provenance = fitted.provenance("own", "numbers", "");
    let file = ModelFile::to_bytes(&model, &provenance, &[]).expect("plain data");
    let mut loaded = ModelFile::from_bytes(&file).expect("it was ours").model;
    for model in [&mut model, &mut loaded] {
        let run = Training::new(model, spec.clone(), 1, &second, None).expect("all fits");
        assert_eq!(bits(run.model()), weights);
        let fitted = model.fit(&second, &spec, 1).expect("it converges");
        assert!(fitted.provenance("own", "numbers", "").warm_start);
        assert_eq!(model.scaling(), &scaling);
        assert_ne!(bits(model), weights);
    }
    model.forget_scaling();
    model.fit(&second, &spec, 1).expect("it converges");
    let mut fresh = standardising();
    fresh.fit(&second, &spec, 1).expect("it converges");
    assert_eq!(model.scaling(), fresh.scaling());
}

#[test]
fn weights_are_set_by_name() {
    let mut model = small(4, 1);
    let other = small(4, 2);
    for (name, value) in other.weights() {
        model
            .set_weight(&name, value.as_slice())
            .expect("the same shapes");
    }
    assert_eq!(bits(&model), bits(&other));
    let refused = model.set_weight("encoder.0.bias", &[0.0; 3]);
    assert_eq!(
        message(refused),
        "`encoder.0.bias` has 1x32 elements, not 3"
    );
    let refused = message(model.set_weight("encoder.9.bias", &[0.0; 3]));
    assert!(
        refused.starts_with("`encoder.9.bias` is none of the model's: encoder.0.weight, "),
        "{refused}"
    );
}

#[test]
fn what_others_attach_is_fitted_to_the_training_examples_alone() {
    let examples = unit(1, 20, 4);
    let mut model = small(4, 1);
    let count = |model: &Autoencoder, split: &Split<'_>| {
        assert!(model.is_fitted());
        let validation = split.validation_rows().map_or(0, |rows| rows.rows());
        Err(format!("seen {} and {validation}", split.training.rows()).into())
    };
    let spec = training_spec("epochs = 1\nvalidation = 0.25");
    let run = Training::new(&mut model, spec, 2, &examples, None).expect("all fits");
    let fitted = run.attaching(&count).fit(&mut ());
    let error = fitted.attachments.expect_err("it refuses");
    assert_eq!(error.to_string(), "seen 15 and 5");
    assert!(fitted.error.is_none());
}

#[test]
fn frozen_parts_keep_their_weights_and_are_not_told_to_vanish() {
    let examples = unit(1, 60, 4);
    let spec =
        |freeze: &str| training_spec(&format!("epochs = 5\nbatch-size = 8\nfreeze = {freeze}"));
    for (freeze, part) in [("['encoder']", "encoder."), ("['decoder']", "decoder.")] {
        let (before, mut model) = (small(4, 1), small(4, 1));
        let fitted = model
            .fit(&examples, &spec(freeze), 2)
            .expect("it converges");
        for ((name, now), (_, before)) in model.weights().zip(before.weights()) {
            assert_eq!(now == before, name.starts_with(part), "{freeze} {name}");
        }
        assert!(fitted.gradients.is_empty(), "{:?}", fitted.gradients);
    }
    let mut model = small(4, 1);
    let all = spec("['encoder', 'decoder']");
    assert_eq!(
        message(model.fit(&examples, &all, 2)),
        "`freeze` is [encoder, decoder]; it must be a list that leaves something to learn"
    );
}
