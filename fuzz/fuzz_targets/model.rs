//! Model files: refused in words, or a model that encodes; digests are not looked at.
#![no_main]

use latentia_fuzz::file;
use latentia_models::ModelFile;
use latentia_tensor::Matrix;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = file("a.safetensors", data);
    let Ok(file) = ModelFile::load(&path) else {
        return;
    };
    let examples = Matrix::zeros(3, file.model.width());
    let _ = file.model.encode(&examples);
    let _ = file.model.reconstruct(&examples);
});
