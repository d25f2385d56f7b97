//! Model files: refused in words, or a model that encodes; their digests are made to fit.
#![no_main]

use latentia_fuzz::{file, with_digest};
use latentia_models::ModelFile;
use latentia_tensor::Matrix;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = file("a.safetensors", &with_digest(data, "latentia"));
    let Ok(file) = ModelFile::load(&path) else {
        return;
    };
    let examples = Matrix::zeros(3, file.model.width());
    let _ = file.model.encode(&examples);
    let _ = file.model.reconstruct(&examples);
});
