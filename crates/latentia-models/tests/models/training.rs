//! How a run ends, and what it sees.

use std::io;
use std::ops::ControlFlow;
use std::sync::Mutex;

use latentia_data::{Locations, load};
use latentia_models::{
    Autoencoder, Metrics, ModelError, Observer, Pca, Preset, StoppedBy, Training, TrainingSpec,
};
use latentia_tensor::{Matrix, MatrixMut, Rows, Subset};

use crate::{begin, bits, message, model_spec, signed, small, training_spec, unit};

/// Examples that note which of them are read.
struct Recorder {
    examples: Matrix,
    reads: Mutex<Vec<Vec<u32>>>,
}

impl Recorder {
    fn new(examples: Matrix) -> Self {
        let reads = Mutex::default();
        Self { examples, reads }
    }

    /// What was read since the last call.
    fn take(&self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.reads.lock().expect("no reader panics"))
    }
}

impl Rows for Recorder {
    fn rows(&self) -> usize {
        self.examples.rows()
    }

    fn cols(&self) -> usize {
        self.examples.cols()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        let mut reads = self.reads.lock().expect("no reader panics");
        reads.push(indices.to_vec());
        self.examples.read(indices, out)
    }
}

/// Breaks after a number of batches, and notes how far each went.
struct Breaks {
    after: usize,
    done: Vec<usize>,
}

impl Observer for Breaks {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        done: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.done.push(done);
        Ok(match self.done.len() < self.after {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    }
}

/// Runs to the end and returns the learning rates, relative to the first.
fn learning_rates(spec: &str, examples: &Matrix) -> Vec<f32> {
    let mut model = small(examples.cols(), 1);
    let mut run = begin(&mut model, training_spec(spec), 1, examples, None).expect("all fits");
    run.run(&mut ()).expect("it converges");
    let first = run.history()[0].learning_rate;
    run.history()
        .iter()
        .map(|epoch| epoch.learning_rate / first)
        .collect()
}

#[test]
fn patience_ends_a_run_and_brings_back_the_best_weights() {
    let (examples, validation) = (signed(1, 40, 6), signed(2, 200, 6));
    let mut model = small(6, 1);
    let spec = training_spec("epochs = 500\nbatch-size = 8\nlearning-rate = 0.02\npatience = 5");
    let mut run = begin(&mut model, spec, 1, &examples, Some(&validation)).expect("all fits");
    assert_eq!(run.run(&mut ()).expect("it converges"), StoppedBy::Patience);

    let best = *run.best_epoch().expect("epochs were run");
    let history = run.history().to_vec();
    assert_eq!(history.len(), best.epoch as usize + 5);
    assert!(history.len() < 500, "it never overfitted");
    let losses = history
        .iter()
        .map(|epoch| epoch.validation_loss.expect("there is validation"));
    let least = losses.fold(f64::INFINITY, f64::min);
    assert_eq!(best.validation_loss, Some(least));
    let measured = Metrics::measure(&model, &validation).expect("all fits");
    assert_eq!(measured.loss, least);
}

#[test]
fn losses_under_a_warming_divergence_are_not_compared() {
    let mut model = model_spec(
        "likelihood = 'gaussian'\ncode = { kind = 'gaussian', units = 2 }\nobjective = { beta = 100.0, warm-up = 6 }
         encoder = [{ layer = 'dense', units = 4 }]\ndecoder = [{ layer = 'dense' }]",
    )
    .build(&[6], 1)
    .expect("parts that fit");
    // The loss rises while the divergence gains weight; without it, patience would end the run at once.
    let examples = signed(1, 200, 6);
    let spec = training_spec("epochs = 9\nbatch-size = 20\nlearning-rate = 1e-30\npatience = 1");
    let mut run = begin(&mut model, spec, 1, &examples, None).expect("all fits");
    assert_eq!(run.run(&mut ()).expect("it converges"), StoppedBy::Patience);
    let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
    assert!(losses[..6].is_sorted(), "{losses:?}");
    assert!(losses.len() > 7 && run.best_epoch().is_some_and(|best| best.epoch > 6));
}

#[test]
fn losses_under_a_warming_code_are_not_compared() {
    let mut model = model_spec(
        "likelihood = 'mse'\ncode = { kind = 'top-k', k = 1, warm-up = 6 }
         encoder = [{ layer = 'dense', units = 6 }]\ndecoder = [{ layer = 'dense' }]",
    )
    .build(&[6], 1)
    .expect("parts that fit");
    // The loss depends on how many numbers stay, and on nothing else.
    let examples = signed(1, 200, 6);
    let text =
        "epochs = 9\nbatch-size = 20\nlearning-rate = 1e-30\npatience = 1\nstop-at-loss = 1e9";
    let mut run = begin(&mut model, training_spec(text), 1, &examples, None);
    let run = run.as_mut().expect("all fits");
    assert_eq!(
        run.run(&mut ()).expect("it converges"),
        StoppedBy::StopAtLoss
    );
    assert_eq!(run.history().len(), 7);
    assert_eq!(run.best_epoch().map(|best| best.epoch), Some(7));
}

#[test]
fn terms_that_compare_codes_refuse_batches_of_one() {
    for term in ["mmd", "total-correlation", "sliced-wasserstein"] {
        let spec = format!(
            "likelihood = 'gaussian'\ncode = {{ kind = 'gaussian', units = 2 }}\nobjective = {{ {term} = 1.0 }}
             encoder = [{{ layer = 'dense', units = 4 }}]\ndecoder = [{{ layer = 'dense' }}]"
        );
        let mut model = model_spec(&spec).build(&[6], 1).expect("parts that fit");
        let examples = signed(1, 20, 6);
        let one = training_spec("batch-size = 1");
        let error = message(begin(&mut model, one, 1, &examples, None));
        assert_eq!(
            error,
            format!(
                "`batch-size` is 1 beside {term}; it must be at least 2 where a penalty compares the codes of a batch"
            )
        );
        let two = training_spec("batch-size = 2");
        assert!(begin(&mut model, two, 1, &examples, None).is_ok());
    }
}

#[test]
fn patience_without_validation_watches_the_training_loss() {
    // One example and steps of nothing: the loss stays the same.
    let mut model = small(6, 1);
    let examples = signed(1, 1, 6);
    let spec = training_spec("learning-rate = 1e-30\npatience = 3");
    let mut run = begin(&mut model, spec, 1, &examples, None).expect("all fits");
    assert_eq!(run.run(&mut ()).expect("it converges"), StoppedBy::Patience);
    assert_eq!(run.history().len(), 4);
}

#[test]
fn a_run_without_patience_keeps_its_last_weights() {
    let (examples, validation) = (signed(1, 40, 6), signed(2, 40, 6));
    let mut model = small(6, 1);
    let spec = training_spec("epochs = 60\nbatch-size = 8\nlearning-rate = 0.02");
    let mut run = begin(&mut model, spec, 1, &examples, Some(&validation)).expect("all fits");
    assert_eq!(run.run(&mut ()).expect("it converges"), StoppedBy::Epochs);
    let best = run.best_epoch().and_then(|epoch| epoch.validation_loss);
    let last = run.history().last().and_then(|epoch| epoch.validation_loss);
    assert!(best < last, "it never overfitted");
    let measured = |model: &Autoencoder| Metrics::measure(model, &validation).map(|m| m.loss);
    assert_eq!(measured(run.model()).ok(), last);
    run.restore_best();
    assert_eq!(measured(&model).ok(), best);
}

#[test]
fn a_run_stops_at_a_loss() {
    let examples = unit(1, 64, 4);
    let validation = unit(2, 64, 4);
    for validation in [None, Some(&validation as &dyn Rows)] {
        let mut model = small(4, 1);
        let spec = training_spec("learning-rate = 0.01\nbatch-size = 8\nstop-at-loss = 0.02");
        let mut run = begin(&mut model, spec, 1, &examples, validation).expect("all fits");
        let stopped_by = run.run(&mut ()).expect("it converges");
        assert_eq!(stopped_by, StoppedBy::StopAtLoss);
        let losses: Vec<f64> = run
            .history()
            .iter()
            .map(|epoch| epoch.validation_loss.unwrap_or(epoch.train_loss))
            .collect();
        let (last, before) = losses.split_last().expect("epochs were run");
        assert!(
            *last <= 0.02 && before.iter().all(|&loss| loss > 0.02),
            "{losses:?}"
        );
    }
}

#[test]
fn a_schedule_is_seen_in_the_history() {
    let examples = unit(1, 16, 4);
    let rates = learning_rates(
        "epochs = 5\nschedule = { kind = 'step', every = 2, factor = 0.5 }",
        &examples,
    );
    assert_eq!(rates, [1.0, 1.0, 0.5, 0.5, 0.25]);
    let rates = learning_rates("epochs = 4\nschedule = { kind = 'cosine' }", &examples);
    let expected = [1.0, 0.853_553_4, 0.5, 0.146_446_6];
    for (rate, expected) in rates.iter().zip(expected) {
        assert!((rate - expected).abs() < 1e-6, "{rates:?}");
    }
    // One example and steps of nothing: the loss stays the same.
    let rates = learning_rates(
        "epochs = 6\nlearning-rate = 1e-30\nschedule = { kind = 'plateau', factor = 0.5, patience = 2 }",
        &signed(1, 1, 4),
    );
    assert_eq!(rates, [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]);
}

#[test]
fn a_short_last_batch_is_used_and_counts_by_its_size() {
    let examples = Recorder::new(unit(1, 10, 4));
    let mut model = small(4, 1);
    let untrained = Metrics::measure(&model, &examples.examples).expect("all fits");
    let spec = training_spec("epochs = 1\nbatch-size = 4\nlearning-rate = 1e-30");
    let mut run = begin(&mut model, spec, 1, &examples, None).expect("all fits");
    examples.take();
    let mut observer = Breaks {
        after: 100,
        done: Vec::new(),
    };
    run.run(&mut observer).expect("it converges");
    assert_eq!(observer.done, [4, 8, 10]);
    let mut reads = examples.take();
    assert_eq!(reads.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2]);
    reads[0].sort_unstable();
    let mut all = reads.concat();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
    // The steps change nothing: the loss of the epoch is that of the untrained model.
    let loss = run.history()[0].train_loss;
    assert!(
        (loss - untrained.loss).abs() < 1e-6 * loss,
        "{loss} {}",
        untrained.loss
    );
}

#[test]
fn each_epoch_has_its_own_order_that_follows_from_the_seed() {
    let orders = |seed| -> Vec<Vec<u32>> {
        let examples = Recorder::new(unit(1, 30, 4));
        let mut model = small(4, 1);
        let spec = training_spec("epochs = 3\nbatch-size = 30");
        let mut run = begin(&mut model, spec, seed, &examples, None).expect("all fits");
        examples.take();
        run.run(&mut ()).expect("it converges");
        examples.take()
    };
    let first = orders(1);
    assert_eq!(first.len(), 3);
    assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    assert_eq!(orders(1), first);
    assert!(orders(2).iter().zip(&first).all(|(a, b)| a != b));
}

#[test]
fn an_observer_ends_a_run_after_a_batch_and_it_can_go_on() {
    let spec = "epochs = 3\nbatch-size = 4\nlearning-rate = 0.01";
    let whole = |breaks: &[usize]| {
        let examples = Recorder::new(unit(1, 10, 4));
        let mut model = small(4, 1);
        let mut run = begin(&mut model, training_spec(spec), 1, &examples, None).expect("all fits");
        examples.take();
        for &after in breaks {
            let mut observer = Breaks {
                after,
                done: Vec::new(),
            };
            let stopped_by = run.run(&mut observer).expect("it converges");
            assert_eq!(stopped_by, StoppedBy::Interrupt);
            assert_eq!(examples.take().len(), after);
        }
        let stopped_by = run.run(&mut ()).expect("it converges");
        assert_eq!(stopped_by, StoppedBy::Epochs);
        assert_eq!(run.examples_done(), 30);
        let history = run.history().to_vec();
        (bits(&model), history)
    };
    let uninterrupted = whole(&[]);
    // In the first epoch; at its end, before it counts; in the second, then in the third.
    for breaks in [&[1][..], &[3], &[4, 3]] {
        assert_eq!(whole(breaks), uninterrupted, "{breaks:?}");
    }
}

#[test]
fn penalties_of_a_batch_are_validated_over_groups_of_its_size() {
    let (examples, validation) = (unit(1, 40, 4), unit(2, 130, 4));
    let (batch, target) = (40, 0.1f64);
    // Blocks of 64 examples, and of 56, as the wide layer asks for.
    for hidden in [4, 5000] {
        let spec = model_spec(&format!(
            "likelihood = 'mse'\nobjective = {{ kl-sparsity = {{ weight = 1.0, target = {target} }} }}
             encoder = [{{ layer = 'dense', units = {hidden} }}, {{ layer = 'dense', units = 3, activation = 'sigmoid' }}]
             decoder = [{{ layer = 'dense' }}]"
        ));
        let mut model = spec.build(&[4], 1).expect("parts that fit");
        let training = training_spec(&format!("epochs = 1\nbatch-size = {batch}"));
        let mut run =
            begin(&mut model, training, 1, &examples, Some(&validation)).expect("all fits");
        run.run(&mut ()).expect("it converges");
        let obtained = run.history()[0].validation_loss.expect("a validation set");
        let codes = model.encode(&validation).expect("they fit");
        let mut expected = Metrics::measure(&model, &validation)
            .expect("they fit")
            .loss;
        for group in codes.as_slice().chunks(3 * batch) {
            let rows = group.len() / 3;
            for unit in 0..3 {
                let on = group.iter().skip(unit).step_by(3);
                let mean = on.map(|&x| f64::from(x)).sum::<f64>() / rows as f64;
                let off = 1.0 - target;
                let kl = target * (target / mean).ln() + off * (off / (1.0 - mean)).ln();
                expected += rows as f64 / 130.0 * kl;
            }
        }
        assert!(
            (obtained - expected).abs() < 1e-6 * expected,
            "{hidden}: {obtained} {expected}"
        );
    }
}

#[test]
fn the_scale_comes_from_the_training_part_alone() {
    let spec = model_spec(
        "likelihood = 'mse'\npreprocessing = 'standardise'
         encoder = [{ layer = 'dense', units = 1 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let mut model = spec.build(&[2], 1).expect("parts that fit");
    let examples = Matrix::from_vec(4, 2, vec![1.0, 5.0, 3.0, 5.0, 5.0, 5.0, 7.0, 5.0]);
    let validation = Matrix::from_vec(2, 2, vec![1e3, -1e3, 2e3, 0.0]);
    begin(
        &mut model,
        TrainingSpec::default(),
        1,
        &examples,
        Some(&validation),
    )
    .expect("all fits");
    // The second column is constant: only shifted.
    assert_eq!(model.scaling().shift, [4.0, 5.0]);
    assert_eq!(model.scaling().divisor, [5f32.sqrt(), 1.0]);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    let examples = Subset::new(&digits.train, (0..600).collect());
    for preset in ["mnist", "vae-2", "denoising"] {
        check_threads(&Preset::named(preset).expect("it comes along"), &examples);
    }
}

fn check_threads(preset: &Preset, examples: &Subset<'_>) {
    let outcome = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads start").install(|| {
            let mut model = preset.model.build(&[28, 28], 1).expect("parts that fit");
            let spec = training_spec("epochs = 1\nbatch-size = 200");
            let mut run = begin(&mut model, spec, 1, examples, Some(examples)).expect("all fits");
            run.run(&mut ()).expect("it converges");
            let history = run.history().to_vec();
            let metrics = Metrics::measure(&model, examples).expect("all fits");
            let pca = Pca::learn(examples, 5).and_then(|pca| pca.mse(examples));
            (bits(&model), history, metrics, pca.expect("all fits"))
        })
    };
    let one = outcome(1);
    assert_eq!(outcome(2), one);
    assert_eq!(outcome(3), one);
}

#[test]
fn an_output_bias_is_in_the_order_of_the_outputs() {
    // Two pictures of 2 x 2 pixels and 3 colours, channels last, whose means are 0.05, 0.06 and so on.
    let means: Vec<f32> = (0..12).map(|i| 0.05 + 0.01 * i as f32).collect();
    let both = [-0.01, 0.01].map(|by| means.iter().map(move |mean| mean + by));
    let examples = Matrix::from_vec(2, 12, both.into_iter().flatten().collect());
    for (likelihood, behind) in [
        ("mse", "{ layer = 'reshape', shape = [3, 2, 2] }"),
        (
            "gaussian-learned-scale",
            "{ layer = 'reshape', shape = [6, 2, 2] }",
        ),
        (
            "gaussian-shared-scale",
            "{ layer = 'reshape', shape = [3, 2, 2] }",
        ),
        ("mse", "{ layer = 'dropout', rate = 0.0 }"),
        ("mse", "{ layer = 'activation', activation = 'sigmoid' }"),
    ] {
        let spec = model_spec(&format!(
            "likelihood = '{likelihood}'\noutput-bias = 'data-mean'\n\
             encoder = [{{ layer = 'dense', units = 1 }}]\n\
             decoder = [{{ layer = 'dense' }}, {behind}]"
        ));
        let mut model = spec.build(&[2, 2, 3], 1).expect("parts that fit");
        begin(&mut model, training_spec("epochs = 1"), 1, &examples, None)
            .expect("examples that fit");
        // A code of zero leaves the bias alone.
        let decoded = model.decode(&Matrix::zeros(1, 1)).expect("a code");
        for (obtained, expected) in decoded.as_slice().iter().zip(&means) {
            let error = (obtained - expected).abs();
            assert!(error < 1e-5, "{likelihood} {behind}: {decoded:?}");
        }
    }
}

#[test]
fn an_output_bias_at_the_data_mean_begins_there() {
    // columns of mean 0.25 and 0, the second at its bound
    let examples = Matrix::from_vec(2, 2, vec![0.2, 0.0, 0.3, 0.0]);
    for (likelihood, activation, expected) in [
        ("bce", "linear", [-1.098_612_3, -6.906_755]),
        ("mse", "sigmoid", [-1.098_612_3, -6.906_755]),
        ("mse", "linear", [0.25, 0.0]),
    ] {
        let spec = model_spec(&format!(
            "likelihood = '{likelihood}'\noutput-bias = 'data-mean'\n\
             encoder = [{{ layer = 'dense', units = 1 }}]\n\
             decoder = [{{ layer = 'dense', activation = '{activation}' }}]"
        ));
        let mut model = spec.build(&[2], 1).expect("parts that fit");
        let training = begin(&mut model, training_spec("epochs = 1"), 1, &examples, None);
        let bias = training
            .expect("examples that fit")
            .model()
            .chain()
            .parameters()[3]
            .value
            .clone();
        for (obtained, expected) in bias.as_slice().iter().zip(expected) {
            assert!(
                (obtained - expected).abs() < 1e-5,
                "{likelihood} {activation}: {bias:?}"
            );
        }
    }
}
