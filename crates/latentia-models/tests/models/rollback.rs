//! Losses that are not finite: where they began, and how a run goes back and on.

use std::ops::ControlFlow;

use latentia_models::{
    Autoencoder, Epoch, Metrics, ModelError, Observer, Rollback, StoppedBy, Training,
};
use latentia_tensor::{Matrix, Rows};
use tempfile::TempDir;

use crate::{begin, bits, model_spec, signed, small, training_spec};

/// Notes what it hears, and may end the run after some batches.
#[derive(Default)]
struct Listener {
    rollbacks: Vec<Rollback>,
    batches: usize,
    breaks_after: Option<usize>,
}

impl Observer for Listener {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.batches += 1;
        Ok(match self.breaks_after == Some(self.batches) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_rollback(&mut self, rollback: &Rollback) {
        self.rollbacks.push(rollback.clone());
    }
}

/// A run that no learning rate saves: its error, its rollbacks, its model and its history.
fn diverges(
    spec: &str,
    validation: Option<&dyn Rows>,
) -> (ModelError, Vec<Rollback>, Autoencoder, Vec<Epoch>) {
    let mut data = signed(1, 8, 4);
    data.as_mut_slice().iter_mut().for_each(|x| *x *= 100.0);
    let mut model = small(4, 1);
    let mut run = begin(&mut model, training_spec(spec), 1, &data, validation).expect("all fits");
    let mut listener = Listener::default();
    let error = run
        .run(&mut listener)
        .expect_err("no weights survive such steps");
    assert!(matches!(error, ModelError::Diverged { .. }), "{error}");
    assert_eq!(run.rollbacks(), 3);
    let history = run.history().to_vec();
    (error, listener.rollbacks, model, history)
}

#[test]
fn an_absurd_learning_rate_goes_back_three_times_and_ends_the_run() {
    let (error, rollbacks, model, history) = diverges(
        "batch-size = 2\nlearning-rate = 1e30\noptimizer = { kind = 'sgd' }",
        None,
    );
    let said: Vec<String> = rollbacks.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "the loss became inf in epoch 1, batch 2; it began in the likelihood (mse), after layers whose output was \
             finite; going back to the initial weights with half the learning rate, 5e29 (1 of 3)",
            "the loss became inf in epoch 1, batch 2; it began in the likelihood (mse), after layers whose output was \
             finite; going back to the initial weights with half the learning rate, 2.5e29 (2 of 3)",
            "the loss became inf in epoch 1, batch 2; it began in the likelihood (mse), after layers whose output was \
             finite; going back to the initial weights with half the learning rate, 1.25e29 (3 of 3)",
        ]
    );
    assert_eq!(
        error.to_string(),
        "the loss became inf in epoch 1, batch 2; it began in the likelihood (mse), after layers whose output was finite; \
         going back 3 times with half the learning rate did not help: try a smaller learning rate than 1.25e29, or \
         `clip-norm`"
    );
    assert_eq!(bits(&model), bits(&small(4, 1)));
    assert!(history.is_empty());
    // Clipping is no advice to a run that clips.
    let (error, ..) = diverges(
        "batch-size = 2\nlearning-rate = 1e30\noptimizer = { kind = 'sgd' }\nclip-norm = 1.0",
        None,
    );
    let said = error.to_string();
    assert!(said.ends_with(" than 1.25e29"), "{said}");
}

#[test]
fn weights_of_the_last_batch_that_are_not_finite_are_found_out() {
    // One batch an epoch: its own loss is still a number, the next would not be.
    let spec = "epochs = 1\nlearning-rate = 3e38\noptimizer = { kind = 'sgd' }";
    let validation = signed(2, 8, 4);
    for validation in [None, Some(&validation as &dyn Rows)] {
        let (error, ..) = diverges(spec, validation);
        let expected = "became NaN in epoch 1, batch 1; it began in encoder.0 (dense tanh), whose weights were no longer finite; ";
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn validation_alone_finds_out_too() {
    // One batch an epoch, and weights that are large but finite after it.
    let spec = "epochs = 1\nlearning-rate = 1e30\noptimizer = { kind = 'sgd' }";
    let (error, ..) = diverges(spec, Some(&signed(2, 70, 4)));
    let expected =
        "the loss became inf in epoch 1, batch 1; it began in the likelihood (mse), after layers";
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn a_run_that_diverges_keeps_the_weights_of_its_best_epoch() {
    let validation = signed(2, 70, 4);
    let spec = "batch-size = 2\nlearning-rate = 1e-6\noptimizer = { kind = 'sgd' }
                schedule = { kind = 'step', every = 2, factor = 1e35 }";
    let (error, rollbacks, model, history) = diverges(spec, Some(&validation));
    assert!(error.to_string().contains("in epoch 3, batch 2"), "{error}");
    assert!(rollbacks.iter().all(|rollback| rollback.back_to == 2));
    assert_eq!(history.len(), 2);
    let loss = Metrics::measure(&model, &validation)
        .expect("all fits")
        .loss;
    assert_eq!(history[1].validation_loss, Some(loss));
}

/// Linear layers with noise between, and a learning rate four times too large for them: 0.25 needs no rollback.
const SPEC: &str = "epochs = 30\nbatch-size = 4\nlearning-rate = 1.0\noptimizer = { kind = 'sgd', momentum = 0.9 }";

fn linear(dropout: bool) -> Autoencoder {
    let noise = match dropout {
        true => "{ layer = 'dropout', rate = 0.05 },",
        false => "",
    };
    let spec = model_spec(&format!(
        "likelihood = 'mse'
         encoder = [{{ layer = 'dense', units = 32 }}, {{ layer = 'dense', units = 3 }}]
         decoder = [{{ layer = 'dense', units = 32 }}, {noise} {{ layer = 'dense' }}]"
    ));
    spec.build(&[6], 1).expect("parts that fit")
}

/// Runs to the end, begun anew from a checkpoint after each of some numbers of batches. What came of it, how often it went
/// back, and after how many batches in all.
fn outcome(
    dropout: bool,
    spec: &str,
    cuts: &[usize],
) -> (Vec<Epoch>, Vec<u32>, u32, Vec<Rollback>) {
    let examples: Matrix = signed(1, 60, 6);
    let folder = TempDir::new().expect("a folder can be made");
    let path = folder.path().join("checkpoint.safetensors");
    let mut rollbacks = Vec::new();
    for done in 0..=cuts.len() {
        let mut model = linear(dropout);
        let mut run = begin(&mut model, training_spec(spec), 1, &examples, None).expect("all fits");
        if done > 0 {
            run.resume(&path, "").expect("it was just written");
        }
        let mut listener = Listener {
            breaks_after: cuts.get(done).copied(),
            ..Listener::default()
        };
        let stopped_by = run.run(&mut listener).expect("it recovers");
        rollbacks.append(&mut listener.rollbacks);
        if done < cuts.len() {
            assert_eq!(stopped_by, StoppedBy::Interrupt);
            run.save_checkpoint(&path, "")
                .expect("a folder to write in");
            continue;
        }
        assert_eq!(stopped_by, StoppedBy::Epochs);
        let (history, count) = (run.history().to_vec(), run.rollbacks());
        return (history, bits(&model), count, rollbacks);
    }
    unreachable!("the last turn returns")
}

#[test]
fn a_learning_rate_that_is_too_large_is_halved_until_it_is_not() {
    let small_enough = SPEC.replace("1.0", "0.25");
    assert_eq!(outcome(false, &small_enough, &[]).2, 0);

    let (history, _, count, rollbacks) = outcome(false, SPEC, &[]);
    assert_eq!((count, rollbacks.len()), (2, 2));
    assert_eq!(history.len(), 30);
    let (first, last) = (history[0], history[29]);
    assert!(last.train_loss < 0.5 * first.train_loss, "{history:?}");
    assert_eq!(last.learning_rate, 0.25);
    let rates = history.iter().map(|epoch| epoch.learning_rate);
    assert!(rates.is_sorted_by(|a, b| a >= b), "{history:?}");
    let numbers = history.iter().map(|epoch| epoch.epoch);
    assert!(numbers.eq(1..=30), "{history:?}");
    for (rollback, (rate, number)) in rollbacks.iter().zip([(0.5, 1), (0.25, 2)]) {
        assert_eq!((rollback.learning_rate, rollback.number), (rate, number));
        assert!(rollback.back_to < rollback.cause.epoch);
    }
}

#[test]
fn a_run_that_went_back_is_taken_up_exactly() {
    for dropout in [false, true] {
        let whole = outcome(dropout, SPEC, &[]);
        assert!(whole.2 > 0, "it never went back");
        // Before the first rollback, in the epoch after it, and later; fifteen batches an epoch.
        for cuts in [&[1][..], &[14, 20], &[40], &[100, 7], &[200, 150]] {
            assert_eq!(outcome(dropout, SPEC, cuts), whole, "{cuts:?}");
        }
    }
}

#[test]
fn rollbacks_do_not_depend_on_the_number_of_threads() {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("threads start");
        pool.install(|| outcome(true, SPEC, &[]))
    };
    let one = on(1);
    assert!(one.2 > 0, "it never went back");
    assert_eq!(on(2), one);
    assert_eq!(on(3), one);
}
