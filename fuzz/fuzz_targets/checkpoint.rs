//! Checkpoints: refused in words, or a run that goes on; digests are not looked at.
#![no_main]

use std::ops::ControlFlow;

use latentia_fuzz::file;
use latentia_models::{ModelError, ModelSpec, Observer, Training, TrainingSpec};
use latentia_tensor::Matrix;
use libfuzzer_sys::fuzz_target;

/// What the checkpoint in `seeds` belongs to.
pub const SPEC: &str = "likelihood = 'mse'
    encoder = [{ layer = 'dense', units = 2, activation = 'relu' }]
    decoder = [{ layer = 'dense' }]";

/// Ends after the first batch.
struct One;

impl Observer for One {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok(ControlFlow::Break(()))
    }
}

fuzz_target!(|data: &[u8]| {
    let spec: ModelSpec = toml::from_str(SPEC).expect("a specification");
    let mut model = spec.build(&[3], 1).expect("parts that fit");
    let examples = Matrix::zeros(4, 3);
    let training = TrainingSpec {
        epochs: 3,
        batch_size: 2,
        ..TrainingSpec::default()
    };
    let mut run = Training::new(&mut model, training, 1, &examples, None).expect("all fits");
    if data == b"write the seed" {
        run.run(&mut One).expect("it runs");
        let path = file("seed", b"");
        run.save_checkpoint(&path, "").expect("it can be written");
        println!("{}", path.display());
        return;
    }
    let path = file("a.safetensors", data);
    if run.resume(&path, "").is_ok() {
        let _ = run.run(&mut One);
    }
});
