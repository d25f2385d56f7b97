//! A run that was stopped, written down and taken up again ends in the same bytes as one that never stopped.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use latentia_models::{Autoencoder, Epoch, ModelError, Observer, StoppedBy, Training};
use latentia_tensor::Matrix;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{begin, bits, message, model_spec, training_spec, unit};

const FINGERPRINT: &str = "0123456789abcdef";

const PLAIN: &str = "likelihood = 'bce'
    encoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense', units = 3 }]
    decoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense' }]";

const DROPOUT: &str = "likelihood = 'mse'
    preprocessing = 'standardise'
    encoder = [{ layer = 'dropout', rate = 0.2 }, { layer = 'dense', units = 8, activation = 'gelu' }]
    decoder = [{ layer = 'dropout', rate = 0.5 }, { layer = 'dense' }]";

const VARIATIONAL: &str = "likelihood = 'bernoulli'
    corruption = { kind = 'salt-and-pepper', rate = 0.2 }
    code = { kind = 'gaussian', units = 2 }
    objective = { beta = 2.0, warm-up = 3 }
    encoder = [{ layer = 'dense', units = 8, activation = 'tanh' }]
    decoder = [{ layer = 'dense', units = 8, activation = 'silu' }, { layer = 'dense' }]";

/// A discriminator has parameters, moments and draws of its own.
const ADVERSARIAL: &str = "likelihood = 'bernoulli'
    code = { kind = 'gaussian', units = 2 }
    objective = { discriminator = { against = 'permuted', units = 7, layers = 1 } }
    encoder = [{ layer = 'dense', units = 8, activation = 'tanh' }]
    decoder = [{ layer = 'dense', units = 8, activation = 'silu' }, { layer = 'dense' }]";

fn build(model: &str) -> Autoencoder {
    let model = model_spec(model).build(&[5], 7);
    model.expect("parts that fit")
}

/// Where a run is to be cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// Killed at the end of an epoch, with a checkpoint just written.
    Epoch(u32),
    /// Interrupted after a number of batches.
    Batch(usize),
}

/// Cuts a run.
struct Scissors<'a> {
    cut: Cut,
    batches: usize,
    path: &'a Path,
}

impl Observer for Scissors<'_> {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.batches += 1;
        Ok(match self.cut {
            Cut::Batch(batch) if batch == self.batches => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(
        &mut self,
        training: &Training<'_>,
        epoch: &Epoch,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        match self.cut {
            Cut::Epoch(cut) if cut == epoch.epoch => {
                training.save_checkpoint(self.path, FINGERPRINT)?;
                Err(io::Error::other("killed").into())
            }
            _ => Ok(ControlFlow::Continue(())),
        }
    }
}

type Outcome = (StoppedBy, Vec<Epoch>, Vec<u32>);

/// Runs to the end, begun anew wherever it is cut.
fn outcome(model: &str, training: &str, cuts: &[Cut]) -> Outcome {
    let (examples, validation) = (unit(1, 22, 5), unit(2, 70, 5));
    let folder = TempDir::new().expect("a folder can be made");
    let path = folder.path().join("checkpoint.safetensors");
    for done in 0..=cuts.len() {
        let mut model = build(model);
        let mut run = begin(
            &mut model,
            training_spec(training),
            3,
            &examples,
            Some(&validation),
        )
        .expect("all fits");
        if done > 0 {
            run.resume(&path, FINGERPRINT).expect("it was just written");
        }
        match cuts.get(done) {
            None => {
                let stopped_by = run.run(&mut ()).expect("it converges");
                let history = run.history().to_vec();
                return (stopped_by, history, bits(&model));
            }
            Some(&cut) => {
                let mut scissors = Scissors {
                    cut,
                    batches: 0,
                    path: &path,
                };
                match run.run(&mut scissors) {
                    Ok(stopped_by) => {
                        assert_eq!(stopped_by, StoppedBy::Interrupt, "{cut:?}");
                        run.save_checkpoint(&path, FINGERPRINT)
                            .expect("the folder can be written");
                    }
                    Err(error) => assert!(error.to_string().ends_with("killed"), "{error}"),
                }
            }
        }
    }
    unreachable!("the last turn returns")
}

/// Compares runs cut in several ways with one that is not.
fn check(model: &str, training: &str) -> Outcome {
    let whole = outcome(model, training, &[]);
    // Six batches an epoch: 6 x 4 rows less two.
    for cuts in [
        &[Cut::Epoch(1)][..],
        &[Cut::Epoch(4)],
        &[Cut::Batch(1)],
        &[Cut::Batch(6)],
        &[Cut::Batch(7)],
        &[Cut::Epoch(2), Cut::Batch(8), Cut::Batch(2), Cut::Epoch(5)],
    ] {
        assert_eq!(outcome(model, training, cuts), whole, "{cuts:?}");
    }
    whole
}

#[test]
fn adam_goes_on_exactly() {
    let (stopped_by, history, _) = check(PLAIN, "epochs = 8\nbatch-size = 4\nlearning-rate = 0.01");
    assert_eq!((stopped_by, history.len()), (StoppedBy::Epochs, 8));
}

#[test]
fn other_optimisers_go_on_exactly() {
    for kind in ["sgd', momentum = 0.9", "rmsprop'", "adamw'"] {
        let optimizer = format!("optimizer = {{ kind = '{kind} }}");
        check(
            PLAIN,
            &format!("{optimizer}\nepochs = 6\nbatch-size = 4\nlearning-rate = 0.003"),
        );
    }
}

#[test]
fn dropout_goes_on_exactly() {
    check(DROPOUT, "epochs = 6\nbatch-size = 4\nlearning-rate = 0.01");
}

#[test]
fn noise_and_warm_up_go_on_exactly() {
    check(
        VARIATIONAL,
        "epochs = 6\nbatch-size = 4\nlearning-rate = 0.01\npatience = 2",
    );
}

#[test]
fn a_discriminator_goes_on_exactly() {
    check(
        ADVERSARIAL,
        "epochs = 6\nbatch-size = 4\nlearning-rate = 0.01",
    );
}

/// Statistics that a layer keeps: means and variances of batches, codebooks of moving means whose dead vectors are revived.
const KEPT: &str = "likelihood = 'mse'
    corruption = { kind = 'masking', rate = 0.3 }
    code = { kind = 'vector-quantised', codebook = 6, codebooks = 2, dimension = 2 }
    encoder = [
        { layer = 'dense', units = 8, activation = 'relu' },
        { layer = 'batch-norm' },
        { layer = 'dense', units = 4 },
    ]
    decoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense' }]";

#[test]
fn kept_statistics_go_on_exactly() {
    check(KEPT, "epochs = 6\nbatch-size = 4\nlearning-rate = 0.01");
}

/// What is hidden is drawn anew at every step, and always alike in validation.
const MASKED: &str = "likelihood = 'bernoulli'
    corruption = { kind = 'patches', size = 1, rate = 0.6 }
    loss-on = 'hidden'
    encoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense', units = 3 }]
    decoder = [{ layer = 'dense', units = 8, activation = 'relu' }, { layer = 'dense' }]";

#[test]
fn a_loss_on_what_is_hidden_goes_on_exactly() {
    check(
        MASKED,
        "epochs = 6\nbatch-size = 4\nlearning-rate = 0.01\npatience = 3",
    );
}

#[test]
fn schedules_go_on_exactly() {
    for schedule in [
        "{ kind = 'step', every = 2, factor = 0.5 }",
        "{ kind = 'cosine', floor = 0.1 }",
    ] {
        let training =
            format!("schedule = {schedule}\nepochs = 6\nbatch-size = 4\nlearning-rate = 0.01");
        check(PLAIN, &training);
    }
}

#[test]
fn plateau_and_patience_go_on_exactly() {
    let (stopped_by, history, _) = check(
        DROPOUT,
        "epochs = 200\nbatch-size = 4\nlearning-rate = 0.05\npatience = 6
         schedule = { kind = 'plateau', factor = 0.5, patience = 2 }",
    );
    assert_eq!(stopped_by, StoppedBy::Patience);
    let last = history.last().expect("epochs were run");
    assert!(last.learning_rate < 0.05, "no plateau was met");
}

#[test]
fn clipping_goes_on_exactly() {
    check(
        PLAIN,
        "epochs = 6\nbatch-size = 4\nlearning-rate = 0.01\nclip-norm = 0.05
         schedule = { kind = 'cosine', floor = 0.1 }",
    );
}

#[test]
fn a_run_that_had_ended_ends_again() {
    let training = "epochs = 3\nbatch-size = 4";
    let whole = outcome(PLAIN, training, &[]);
    assert_eq!(outcome(PLAIN, training, &[Cut::Epoch(3)]), whole);
}

/// A checkpoint after one epoch.
fn checkpoint(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("checkpoint.safetensors");
    let mut model = build(PLAIN);
    let examples = unit(1, 22, 5);
    let spec = training_spec("epochs = 1\nbatch-size = 4");
    let mut run = begin(&mut model, spec, 3, &examples, None).expect("all fits");
    run.run(&mut ()).expect("it converges");
    run.save_checkpoint(&path, FINGERPRINT)
        .expect("the folder can be written");
    path
}

/// The message that refuses `path` to a run, which stays as it was.
fn refused(path: &Path, model: &str, training: &str, seed: u64, fingerprint: &str) -> String {
    let examples = unit(1, 22, 5);
    let run = |resume: bool| {
        let mut model = build(model);
        let spec = training_spec(training);
        let mut run = begin(&mut model, spec, seed, &examples, None).expect("all fits");
        let error = resume.then(|| message(run.resume(path, fingerprint)));
        assert!(run.history().is_empty());
        run.run(&mut ()).expect("it converges");
        (bits(&model), error)
    };
    let (untouched, _) = run(false);
    let (after, error) = run(true);
    assert_eq!(after, untouched);
    error.expect("it was resumed")
}

#[test]
fn the_checkpoint_of_another_run_is_refused_by_what_differs() {
    let folder = TempDir::new().expect("a folder can be made");
    let path = checkpoint(&folder);
    let training = "epochs = 1\nbatch-size = 4";
    let check = |error: String, expected: &str| assert!(error.contains(expected), "{error}");
    check(
        refused(&path, PLAIN, training, 4, FINGERPRINT),
        "belongs to another run: its `seed` is 3, here it is 4",
    );
    check(
        refused(
            &path,
            &PLAIN.replace("units = 3", "units = 2"),
            training,
            3,
            FINGERPRINT,
        ),
        "its `model.encoder.1.units` is 3, here it is 2",
    );
    check(
        refused(&path, PLAIN, "epochs = 1\nbatch-size = 5", 3, FINGERPRINT),
        "its `training.batch-size` is 4, here it is 5",
    );
    check(
        refused(&path, PLAIN, training, 3, "fedcba9876543210"),
        "belongs to other training data",
    );
}

/// The message that refuses these bytes, or nothing when they are taken.
fn taken(folder: &TempDir, bytes: &[u8]) -> Result<(), String> {
    let path = folder.path().join("changed.safetensors");
    fs::write(&path, bytes).expect("the folder can be written");
    let mut model = build(PLAIN);
    let before = bits(&model);
    let examples = Matrix::zeros(22, 5);
    let spec = training_spec("epochs = 1\nbatch-size = 4");
    let mut run = begin(&mut model, spec, 3, &examples, None).expect("all fits");
    let result = run
        .resume(&path, FINGERPRINT)
        .map_err(|error| error.to_string());
    if result.is_err() {
        assert_eq!(bits(&model), before);
    }
    result
}

#[test]
fn damaged_checkpoints_are_refused() {
    let folder = TempDir::new().expect("a folder can be made");
    let good = fs::read(checkpoint(&folder)).expect("it was just written");
    assert_eq!(taken(&folder, &good), Ok(()));

    let check = |bytes: &[u8], expected: &str| {
        let error = message(taken(&folder, bytes));
        assert!(error.contains(expected), "{error}");
    };
    let changed = |pattern: &[u8], new: u8| {
        let mut bytes = good.clone();
        let mut windows = bytes.windows(pattern.len());
        let at = windows.position(|window| window == pattern);
        bytes[at.expect("it is in the file") + pattern.len() - 1] = new;
        bytes
    };
    check(b"", "is no checkpoint, or is cut short");
    check(&[0; 1000], "is no checkpoint, or is cut short");
    check(
        &changed(br#"\"format\":2"#, b'3'),
        "has format 3; this version reads up to 2: use a newer latentia",
    );
    check(
        &[&good[..], b"more"].concat(),
        "is no checkpoint, or is cut short",
    );
    check(
        &changed(br#"\"seed\":3"#, b'7'),
        "does not match its SHA-256",
    );
    let model = b"{\"__metadata__\":{\"latentia-model";
    check(
        &changed(&model[..model.len() - 5], b'!'),
        "it is no checkpoint of latentia",
    );
    let absent = folder.path().join("absent.safetensors");
    let error = refused(&absent, PLAIN, "epochs = 1", 3, FINGERPRINT);
    assert!(error.starts_with("cannot read `"), "{error}");
}

/// A checkpoint whose digest fits, whatever its content.
fn with_digest(bytes: &[u8]) -> Option<Vec<u8>> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    let tensors = SafeTensors::deserialize(bytes).ok()?;
    let metadata = header.metadata().as_ref()?.get("latentia-checkpoint")?;
    let (_, content) = metadata.split_once("\"content\":")?;
    let content = content.strip_suffix('}')?;
    let mut named: Vec<_> = tensors.iter().collect();
    named.sort_unstable_by_key(|(name, _)| *name);
    seal(content, named)
}

/// A checkpoint of this content and these tensors, in the order of their names.
fn seal(content: &str, named: Vec<(&str, TensorView<'_>)>) -> Option<Vec<u8>> {
    let mut hash = Sha256::new_with_prefix(content);
    for (name, tensor) in &named {
        let (kind, shape) = (tensor.dtype(), tensor.shape());
        hash.update(format!("\0{name}\0{kind:?}{shape:?}\0"));
        hash.update(tensor.data());
    }
    let digest = hex::encode(hash.finalize());
    let metadata = format!("{{\"sha256\":\"{digest}\",\"content\":{content}}}");
    let key = "latentia-checkpoint".to_string();
    serialize(named, Some(HashMap::from([(key, metadata)]))).ok()
}

#[test]
fn a_record_is_taken_whole_or_not_at_all() {
    let folder = TempDir::new().expect("a folder can be made");
    let good = fs::read(checkpoint(&folder)).expect("it was just written");
    let (_, header) = SafeTensors::read_metadata(&good).expect("it was just written");
    let metadata = &header.metadata().as_ref().expect("it has some")["latentia-checkpoint"];
    let content = metadata.split_once("\"content\":").expect("it has one").1;
    let content = content.strip_suffix('}').expect("it is an object");
    let tensors = SafeTensors::deserialize(&good).expect("it was just written");
    let record = tensors.tensor("run").expect("it is in the file").data();
    // With a digest that fits.
    let taken = |dtype, record: &[u8]| {
        let own = TensorView::new(dtype, vec![record.len()], record).expect("bytes");
        let mut named: Vec<_> = tensors.iter().filter(|(name, _)| *name != "run").collect();
        named.push(("run", own));
        named.sort_unstable_by_key(|(name, _)| *name);
        taken(&folder, &seal(content, named).expect("tensors that fit"))
    };
    assert_eq!(taken(Dtype::U8, record), Ok(()));
    let more = message(taken(Dtype::U8, &[record, b"more"].concat()));
    assert!(
        more.contains("is damaged: `run`: 4 bytes are left over"),
        "{more}"
    );
    let cut = message(taken(Dtype::U8, &record[..record.len() - 1]));
    assert!(cut.contains("is damaged: `run`: "), "{cut}");
    // A history of as many epochs as there can be, of which nothing is there: no memory is asked for.
    let mut long = record.to_vec();
    long[16..24].fill(0xff);
    let long = message(taken(Dtype::U8, &long));
    assert!(long.contains("is damaged: `run`: "), "{long}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_can_change_unseen(at: prop::sample::Index, change in 1u8.., cut: prop::sample::Index) {
        let folder = TempDir::new().expect("a folder can be made");
        let mut bytes = fs::read(checkpoint(&folder)).expect("it was just written");
        prop_assert!(taken(&folder, &bytes[..cut.index(bytes.len())]).is_err());
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(taken(&folder, &bytes).is_err());
    }

    /// Even with a digest that fits: refused or taken, but no panic.
    #[test]
    fn nothing_in_a_checkpoint_is_trusted(at: prop::sample::Index, new: [u8; 3]) {
        let folder = TempDir::new().expect("a folder can be made");
        let mut bytes = fs::read(checkpoint(&folder)).expect("it was just written");
        let at = 8 + at.index(bytes.len() - 11);
        bytes[at..][..3].copy_from_slice(&new);
        if let Some(bytes) = with_digest(&bytes) {
            let _ = taken(&folder, &bytes);
        }
    }
}
