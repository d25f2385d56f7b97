//! Weights of PyTorch.

use latentia_models::{ModelFile, StoredTensor};

use crate::harness::{TestDir, npy_floats, read_npy};

const CONFIG: &str = r#"
[model]
likelihood = "mse"
encoder = [{ layer = "dense", units = 1 }]
decoder = [{ layer = "dense" }]
"#;

/// A safetensors file of tensors of f32, by hand: `y = W x + b` from 2 to 1 and back.
fn weights(encoder: &str) -> Vec<u8> {
    let header = format!(
        r#"{{"{encoder}.weight":{{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}},"{encoder}.bias":{{"dtype":"F32","shape":[1],"data_offsets":[8,12]}},"fc2.weight":{{"dtype":"F32","shape":[2,1],"data_offsets":[12,20]}},"fc2.bias":{{"dtype":"F32","shape":[2],"data_offsets":[20,28]}}}}"#
    );
    let values: [f32; 7] = [10.0, 1.0, 0.5, 1.0, -1.0, 0.0, 3.0];
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    bytes
}

#[test]
fn an_imported_model_computes_what_pytorch_does() {
    let dir = TestDir::with([
        ("spec.toml", CONFIG.as_bytes()),
        ("w", &weights("fc1")),
        ("x.npy", &npy_floats(2, &[2.0, 7.0])),
    ]);
    let ran = dir.run("import w --config spec.toml --shape 2 -o m.safetensors");
    let ran = ran.done();
    assert!(ran.stderr.contains("wrote m.safetensors"), "{}", ran.stderr);
    let again = dir.run("import w --config spec.toml --shape 2 -o again.safetensors --json");
    let json = again.done().json();
    assert_eq!(json["sources"]["encoder.0.weight"][0], "fc1.weight");
    dir.run("reconstruct m.safetensors x.npy -o y.npy").done();
    let (_, _, values) = read_npy(&dir.read("y.npy"));
    assert_eq!(values, [27.5, -24.5]);
    let file = ModelFile::load(&dir.path("m.safetensors")).expect("a model");
    assert!(file.model.is_fitted(), "training goes on from its weights");
    assert_eq!(file.attachments, Vec::<StoredTensor>::new());
    dir.run("inspect m.safetensors").done();
}

#[test]
fn weights_that_do_not_fit_are_refused_by_name() {
    let dir = TestDir::with([
        ("spec.toml", CONFIG.as_bytes()),
        ("w", &weights("fc1")),
        (
            "scaled.toml",
            CONFIG
                .replace("[model]", "[model]\npreprocessing = \"standardise\"")
                .as_bytes(),
        ),
        ("names.toml", b"\"encoder.0\" = \"fc2\""),
        ("bad.toml", b"\"encoder.0\" = 3"),
    ]);
    for (arguments, code, words) in [
        (
            "spec.toml --shape 3",
            1,
            "`encoder.0.weight` [1, 3] has no source",
        ),
        ("spec.toml --shape 3", 1, "`fc1.weight` [1, 2] is left over"),
        (
            "spec.toml --shape 2 --names names.toml",
            1,
            "`encoder.0.weight` takes [1, 2], `fc2.weight` has [2, 1]",
        ),
        (
            "spec.toml --shape 2 --names bad.toml",
            2,
            "`\"encoder.0\" = \"fc1\"`",
        ),
        (
            "spec.toml --shape 2 --axes nhw",
            2,
            "different numbers of dimensions",
        ),
        ("spec.toml --shape 2x", 2, "up to four sizes"),
        ("scaled.toml --shape 2", 2, "takes `unit-range`"),
    ] {
        dir.refused(
            &format!("import w -o m --config {arguments}"),
            code,
            &[words],
        );
    }
}
