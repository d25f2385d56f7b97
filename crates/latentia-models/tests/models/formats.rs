//! Files of every version of the formats still open, and mean the same.
//!
//! When a format's number rises, it is added here, and `cargo test -p latentia-models -- --ignored files_of_this_version` writes
//! files of the new version beside the old ones.

use std::ops::ControlFlow;
use std::path::Path;

use latentia_models::{Autoencoder, ModelError, ModelFile, Observer, StoppedBy, Training};

use crate::{begin, model_spec, training_spec, unit};

const SPEC: &str = "likelihood = 'bernoulli'
    preprocessing = 'unit-range'
    corruption = { kind = 'salt-and-pepper', rate = 0.1 }
    code = { kind = 'gaussian', units = 2 }
    objective = { beta = 2.0, warm-up = 2 }
    encoder = [
        { layer = 'conv', channels = 2, kernel = 3, stride = 2, activation = 'relu' },
        { layer = 'batch-norm' },
        { layer = 'dense', units = 5, activation = 'gelu' },
    ]
    decoder = [{ layer = 'dense', units = 5, activation = 'tanh' }, { layer = 'dense' }]";

const TRAINING: &str = "epochs = 6
    batch-size = 8
    learning-rate = 0.01
    schedule = { kind = 'cosine', floor = 0.1 }
    patience = 5
    clip-norm = 1.0";

/// Versions of which there are files, the present one last.
const MODELS: &[u32] = &[1];
const CHECKPOINTS: &[u32] = &[1, 2];

const SHAPE: [usize; 2] = [4, 4];
const FINGERPRINT: &str = "0123456789abcdef";

/// Interrupts in the middle of the fourth epoch.
struct Stop(usize);

impl Observer for Stop {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.0 += 1;
        Ok(match self.0 {
            17 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}

fn build() -> Autoencoder {
    model_spec(SPEC).build(&SHAPE, 3).expect("parts that fit")
}

fn file(kind: &str, format: u32) -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/formats");
    folder.join(format!("{kind}-{format}.safetensors"))
}

/// What the run of these files comes to: the losses of its epochs and some codes. Where other instructions are used than
/// where this was written, rounding differs a little.
fn check(losses: &[f64], codes: &[f32]) {
    assert_eq!((losses.len(), codes.len()), (LOSSES.len(), CODES.len()));
    for (loss, expected) in losses.iter().zip(LOSSES) {
        assert!((loss - expected).abs() < 1e-4 * expected, "{losses:?}");
    }
    for (code, expected) in codes.iter().zip(CODES) {
        assert!((code - expected).abs() < 1e-3, "{codes:?}");
    }
}

const LOSSES: [f64; 6] = [
    11.495510996534358,
    11.384309101664622,
    11.415186881949193,
    11.300052197487094,
    11.234352244501498,
    11.37427863699536,
];
const CODES: [f32; 4] = [-0.008617712, 0.22590233, -0.023835175, 0.17987908];

fn losses(history: &[latentia_models::Epoch]) -> Vec<f64> {
    history.iter().map(|epoch| epoch.train_loss).collect()
}

fn codes(model: &Autoencoder) -> Vec<f32> {
    let codes = model.encode(&unit(9, 2, 16)).expect("examples that fit");
    codes.into_vec()
}

#[test]
fn models_of_every_format_open() {
    for &format in MODELS {
        let file = ModelFile::load(&file("model", format)).expect("it was ours");
        check(&losses(&file.provenance.history), &codes(&file.model));
        assert_eq!(file.model.spec(), Some(&model_spec(SPEC)));
        assert_eq!(file.provenance.training, training_spec(TRAINING));
        assert_eq!(file.provenance.stopped_by, StoppedBy::Epochs);
        // Of a compressor, which reads them.
        let attached = file.attachments.iter().map(|tensor| &tensor.name[..]);
        let expected = ["counts", "first", "size", "step"];
        assert!(attached.eq(expected.map(|name| format!("symbols.{name}"))));
    }
}

#[test]
fn checkpoints_of_every_format_go_on() {
    for &format in CHECKPOINTS {
        let (mut model, examples) = (build(), unit(1, 40, 16));
        let training = training_spec(TRAINING);
        let run = begin(&mut model, training, 3, &examples, Some(&examples));
        let mut run = run.expect("all fits");
        run.resume(&file("checkpoint", format), FINGERPRINT)
            .expect("it was ours");
        assert_eq!((run.history().len(), run.examples_done()), (3, 3 * 40 + 16));
        run.run(&mut ()).expect("it converges");
        check(&losses(run.history()), &codes(run.model()));
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "what is to be written above")]
#[ignore = "writes the files that the other tests read"]
fn files_of_this_version() {
    let [model_path, checkpoint_path] = [("model", MODELS), ("checkpoint", CHECKPOINTS)]
        .map(|(kind, formats)| file(kind, formats[formats.len() - 1]));
    let (mut model, examples) = (build(), unit(1, 40, 16));
    let training = training_spec(TRAINING);
    let run = begin(&mut model, training, 3, &examples, Some(&examples));
    let mut run = run.expect("all fits");
    run.run(&mut Stop(0)).expect("it converges");
    // Files of the past are kept.
    if !checkpoint_path.exists() {
        run.save_checkpoint(&checkpoint_path, FINGERPRINT)
            .expect("the folder is there");
    }
    let provenance = run.fit(&mut ()).provenance("own", "data", FINGERPRINT);
    println!("const LOSSES: [f64; 6] = {:?};", losses(run.history()));
    println!("const CODES: [f32; 4] = {:?};", codes(run.model()));
    if !model_path.exists() {
        ModelFile::save(&model, &provenance, &[], &model_path).expect("the folder is there");
    }
}
