//! Models for other programs.

use latentia_models::ModelFile;

use crate::harness::{TINY, TestDir, table};

#[test]
fn a_model_is_written_as_onnx() {
    let dir = TestDir::with([("m", &TINY[..])]);
    for (part, said) in [
        ("reconstruct", "examples to reconstructions"),
        ("encode", "examples to codes"),
        ("decode", "codes to examples"),
        ("score", "examples to scores, flagged from "),
    ] {
        let ran = dir.run(&format!("export m -o {part}.onnx --part {part}"));
        let ran = ran.done();
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        let bytes = dir.read(&format!("{part}.onnx"));
        let holds = |text: &str| bytes.windows(text.len()).any(|own| own == text.as_bytes());
        assert!(holds("Gemm") && holds("latentia.spec") && holds("batch"));
        assert_eq!(holds("latentia.threshold"), part == "score");
    }
    // What is written by default, twice the same.
    dir.run("export m -o again.onnx").done();
    assert!(dir.read("again.onnx") == dir.read("reconstruct.onnx"));
}

#[test]
fn what_cannot_be_exported_is_said_before_anything_is_written() {
    let dir = TestDir::with([("m", &TINY[..]), ("t.csv", table(60).as_bytes())]);
    for (arguments, code, words) in [
        (
            "-o m.tflite",
            2,
            "end it in .onnx, or in .safetensors with --layout torch",
        ),
        ("-o m.onnx --threshold 2", 2, "go with --part score"),
        (
            "-o m.onnx --part score --threshold nan",
            2,
            "a finite number",
        ),
        (
            "-o m.onnx --columns",
            1,
            "`m`: the model is none of a table",
        ),
        ("-o no/m.onnx", 1, "cannot write `no/m.onnx`"),
    ] {
        dir.refused(&format!("export m {arguments}"), code, &[words]);
    }
    let path = dir.path("m");
    let file = ModelFile::load(&path).expect("a model");
    ModelFile::save(&file.model, &file.provenance, &[], &path).expect("written");
    let hint = "`latentia detect --train DATA --save model.safetensors` makes one";
    dir.refused("export m -o m.onnx --part score", 1, &["no detector", hint]);
}

#[test]
fn few_calibrating_scores_are_warned_of() {
    let dir = TestDir::with([("t.csv", table(60).as_bytes())]);
    dir.run("detect --train t.csv --preset table --save m.safetensors")
        .done();
    let ran = dir.run("export m.safetensors -o m.onnx --part score --columns");
    let warning = "warning: too few rows to calibrate";
    assert!(ran.done().stderr.contains(warning));
    // A threshold needs none.
    let ran = dir.run("export m.safetensors -o m.onnx --part score --threshold 2.5");
    let ran = ran.done();
    assert!(!ran.stderr.contains(warning), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("flagged from 2.5000 on"),
        "{}",
        ran.stderr
    );
}

#[test]
fn weights_are_written_as_pytorch_has_them() {
    let dir = TestDir::with([("m", &TINY[..])]);
    let ran = dir.run("export m -o w.safetensors --layout torch").done();
    assert!(ran.stderr.contains("wrote w.safetensors"), "{}", ran.stderr);
    for line in ["nn.Linear(", "load_file(\"w.safetensors\")"] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
    let header = dir.read("w.safetensors");
    let holds = |text: &str| header.windows(text.len()).any(|own| own == text.as_bytes());
    assert!(holds("encoder.0.weight") && !holds("latentia"));
    let endings = "end it in .safetensors";
    dir.refused("export m -o w.onnx --layout torch", 2, &[endings]);
}
