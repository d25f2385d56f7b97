//! Training examples that are changed and balanced.

use std::ops::ControlFlow;

use latentia_models::{Autoencoder, Epoch, Labelled, ModelError, Observer, StoppedBy, Training};
use latentia_tensor::Rows;
use tempfile::TempDir;

use crate::{begin, bits, message, model_spec, training_spec, unit};

const SHAPE: [usize; 3] = [4, 5, 3];

const BOTH: &str = "epochs = 4\nbatch-size = 7\nlearning-rate = 0.01
    augmentation = { flip = true, shift = 1, crop = 0.2 }\nbalance-classes = true";

const PLAIN: &str = "epochs = 4\nbatch-size = 7\nlearning-rate = 0.01";

fn build(shape: &[usize]) -> Autoencoder {
    let spec = model_spec(
        "likelihood = 'bce'
         encoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense', units = 3 }]
         decoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense' }]",
    );
    spec.build(shape, 7).expect("parts that fit")
}

/// Interrupts a run after so many batches.
struct Stop(usize);

impl Observer for Stop {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.0 -= 1;
        Ok(match self.0 {
            0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}

fn start<'a>(
    model: &'a mut Autoencoder,
    training: &str,
    examples: &'a dyn Rows,
    validation: &'a dyn Rows,
) -> Training<'a> {
    let spec = training_spec(training);
    begin(model, spec, 3, examples, Some(validation)).expect("all fits")
}

/// Trains on 40 pictures, interrupted after `stop` batches and taken up again where that is asked for.
fn outcome(training: &str, stop: Option<usize>) -> (Vec<Epoch>, Vec<u32>) {
    let (pictures, validation) = (unit(1, 40, 60), unit(2, 9, 60));
    let classes = |n: u32| (0..n).map(|i| u32::from(i % 10 == 0)).collect();
    let examples = Labelled::new(&pictures, classes(40));
    let folder = TempDir::new().expect("a folder can be made");
    let path = folder.path().join("checkpoint.safetensors");
    if let Some(stop) = stop {
        let mut model = build(&SHAPE);
        let mut run = start(&mut model, training, &examples, &validation);
        let ended = run.run(&mut Stop(stop)).expect("it converges");
        assert_eq!(ended, StoppedBy::Interrupt);
        run.save_checkpoint(&path, "0123")
            .expect("the folder can be written");
    }
    let mut model = build(&SHAPE);
    let mut run = start(&mut model, training, &examples, &validation);
    if stop.is_some() {
        run.resume(&path, "0123").expect("it was just written");
    }
    run.run(&mut ()).expect("it converges");
    let history = run.history().to_vec();
    (history, bits(&model))
}

#[test]
fn a_run_that_was_interrupted_goes_on_exactly() {
    let whole = outcome(BOTH, None);
    // six batches an epoch
    for stop in [1, 5, 6, 7, 20] {
        assert_eq!(outcome(BOTH, Some(stop)), whole, "after {stop} batches");
    }
}

#[test]
fn each_of_both_makes_a_difference_and_threads_make_none() {
    let lines: Vec<&str> = BOTH.lines().collect();
    let ends: Vec<Vec<u32>> = [
        PLAIN,
        &lines[..4].join("\n"),
        &[PLAIN, lines[4]].join("\n"),
        BOTH,
    ]
    .into_iter()
    .map(|training| outcome(training, None).1)
    .collect();
    for (number, end) in ends.iter().enumerate() {
        assert!(!ends[..number].contains(end), "{number}");
    }
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let end = pool.expect("threads").install(|| outcome(BOTH, None).1);
        assert_eq!(end, ends[3], "{threads} threads");
    }
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let refused = |shape: &[usize], likelihood: &str, augmentation: &str| {
        let spec = model_spec(&format!(
            "likelihood = '{likelihood}'\nencoder = [{{ layer = 'dense', units = 2 }}]\ndecoder = [{{ layer = 'dense' }}]"
        ));
        let mut model = spec.build(shape, 1).expect("parts that fit");
        let mut examples = unit(1, 9, shape.iter().product());
        examples.as_mut_slice().fill(1.0);
        let training = training_spec(&format!("epochs = 1\naugmentation = {augmentation}"));
        message(begin(&mut model, training, 1, &examples, None).map(|_| ()))
    };
    let expected = "it must be for pictures, of shape [height, width], [height, width, channels] or [channels, height, width]";
    for shape in [&[60][..], &[2, 2, 5, 3]] {
        assert_eq!(
            refused(shape, "mse", "{ flip = true }"),
            format!("`augmentation` is for examples of shape {shape:?}; {expected}")
        );
    }
    assert_eq!(
        refused(&[4, 15], "mse", "{ shift = 4 }"),
        "`shift` is 4; it must be less than the height and the width of the pictures"
    );
    assert_eq!(
        refused(&[4, 15], "mse", "{ crop = 1.0 }"),
        "`crop` is 1; it must be at least 0 and less than 1"
    );
    assert_eq!(
        refused(&[4, 15], "discretised-logistic", "{ crop = 0.1 }"),
        "`crop` is 0.1; it must be 0 under a likelihood of 8-bit values, or the data stored as bytes"
    );
}
