//! Models give the same bits in WebAssembly as here, and learn there.
//!
//! `LATENTIA_WASM` names the example `wasm` built for `wasm32-unknown-unknown`, which `node` runs. Without it there is nothing to test.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use latentia::data::{Locations, load};
use latentia::models::{Autoencoder, ModelFile, Preset, TrainingSpec, Validation};
use latentia::tensor::{Matrix, Rows, Subset};

/// A folder of a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("latentia-wasm-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).expect("the folder can be written");
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        let bytes = fs::read(self.0.join(name)).expect("it was just written");
        let values = bytes.as_chunks().0.iter();
        values.map(|&x| f32::from_le_bytes(x)).collect()
    }

    /// Runs `program` on the folder.
    fn run(&self, program: &OsString) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/wasm/run.mjs");
        let mut node = Command::new("node");
        node.arg(script).arg(program).arg(&self.0);
        node.output().expect("node starts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program() -> Option<OsString> {
    env::var_os("LATENTIA_WASM")
}

/// A model of a preset after an epoch on a few digits, with its file.
fn trained(name: &str, digits: &dyn Rows) -> (Autoencoder, Vec<u8>) {
    let preset = Preset::named(name).expect("it comes along");
    let mut model = preset.model.build(&[28, 28], 1).expect("parts that fit");
    let spec = TrainingSpec {
        epochs: 1,
        validation: Validation::Share(0.0),
        ..preset.training
    };
    let fitted = model.fit(digits, &spec, 1).expect("it converges");
    let provenance = fitted.provenance(name, "mnist-mini", "");
    let file = ModelFile::to_bytes(&model, &provenance, &[]).expect("all is finite");
    (model, file)
}

#[test]
fn models_give_the_same_bits_in_webassembly_and_learn_there() {
    let Some(program) = program() else { return };
    let digits = load("mnist-mini", &Locations::new(None)).expect("it comes along");
    let few = Subset::new(&digits.train, (0..512).collect());
    // Several blocks of a model of convolutions.
    let others: Vec<u32> = (600..620).collect();
    let mut examples = Matrix::zeros(20, 784);
    let read = digits.train.read(&others, examples.view_mut());
    read.expect("memory");
    for x in examples.as_mut_slice() {
        *x /= 255.0;
    }
    let bytes = examples.as_slice().iter().flat_map(|x| x.to_le_bytes());
    let bytes: Vec<u8> = bytes.collect();
    for name in [
        "mnist",
        "conv",
        "vae-20",
        "conv-vae",
        "top-k",
        "vq-vae",
        "rate-distortion",
        "lossless",
    ] {
        let (model, file) = trained(name, &few);
        let folder = Folder::new(name);
        folder.write("model.safetensors", &file);
        folder.write("examples.f32", &bytes);
        let output = folder.run(&program);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {message}");
        let codes = model.encode(&examples).expect("all fits");
        let check = |file: &str, expected: &Matrix| {
            let seen = folder.floats(file);
            let pairs = seen.iter().zip(expected.as_slice());
            let off = pairs.filter(|(a, b)| a.to_bits() != b.to_bits()).count();
            let values = (seen.len(), expected.as_slice().len());
            assert!(
                off == 0 && values.0 == values.1,
                "{name}, {file}: {off} of {values:?} differ"
            );
        };
        check("encode.f32", &codes);
        check("decode.f32", &model.decode(&codes).expect("all fits"));
        let reconstructions = model.reconstruct(&examples).expect("all fits");
        check("reconstruct.f32", &reconstructions);
        let [before, after] = folder.floats("train.f32")[..] else {
            panic!("a loss at the beginning and one at the end")
        };
        assert!(after < before, "{name}: {before} to {after}");
    }
}

#[test]
fn what_is_no_model_is_refused_in_words_in_webassembly() {
    let Some(program) = program() else { return };
    let folder = Folder::new("garbage");
    folder.write("model.safetensors", b"no model");
    folder.write("examples.f32", &[]);
    let output = folder.run(&program);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        message.contains("load: `model in memory` is no model file"),
        "{message}"
    );
}
