//! A likelihood of pictures through the program.

use crate::harness::{TestDir, table};

const MODEL: &str = "m/model.safetensors";

const CONFIG: &str = "data = 'mnist-mini'
[model]
likelihood = 'ms-ssim'
encoder = [{ layer = 'conv', channels = 4, kernel = 3, stride = 2, activation = 'relu' }, { layer = 'dense', units = 16 }]
decoder = [{ layer = 'dense', units = 64, activation = 'relu' }, { layer = 'dense' }]
[training]
epochs = 2
";

#[test]
fn pictures_are_learned_by_structure_measured_and_used() {
    let dir = TestDir::new();
    dir.write("conv.toml", CONFIG);
    dir.run("train --config conv.toml --threads 1 --out m")
        .done();
    dir.run("train --config conv.toml --threads 2 --out again")
        .done();
    assert!(dir.read(MODEL) == dir.read("again/model.safetensors"));

    let report = dir.run(&format!("evaluate {MODEL} --data mnist-mini"));
    let report = report.done().stdout;
    assert!(report.contains("loss, dissimilarity "), "{report}");
    assert!(
        report.contains("ssim") && !report.contains("nats"),
        "{report}"
    );
    dir.run(&format!(
        "reconstruct {MODEL} mnist-mini -n 4 -o digits.png"
    ))
    .done();
    dir.run(&format!("detect {MODEL} mnist-mini --json -n 1"))
        .done();
    dir.run(&format!("compress {MODEL} mnist-mini -o digits.ltc"))
        .done();
    dir.run(&format!("export {MODEL} -o reconstruct.onnx"))
        .done();
    let words = ["the loss of `ms-ssim` cannot be described"];
    let score = format!("export {MODEL} --part score --false-alarm 0.5 -o score.onnx");
    dir.refused(&score, 1, &words);
}

#[test]
fn a_table_is_no_picture() {
    let dir = TestDir::new();
    dir.write("table.csv", table(40));
    let dense = CONFIG.replace(
        "layer = 'conv', channels = 4, kernel = 3, stride = 2",
        "layer = 'dense', units = 8",
    );
    dir.write("dense.toml", dense);
    let words = ["likelihood `ms-ssim` compares pictures, but an example has"];
    dir.refused(
        "train --config dense.toml --data table.csv --out m",
        2,
        &words,
    );
}
