//! A model for JavaScript, without threads, files or a clock. `run.mjs` beside it loads one and calls it.
//!
//! ```sh
//! cargo build --release --target wasm32-unknown-unknown --example wasm -p latentia
//! ```
//!
//! Whoever calls writes bytes to where [`input`] says, calls what is wanted, and reads what [`output`] says: `f32`s row after row, or a
//! message where the call has returned 0.

#![allow(
    unsafe_code,
    reason = "a name that is exported as it stands is an unsafe attribute; nothing else here is"
)]

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use latentia::models::{Autoencoder, ModelFile, TrainingSpec, Validation};
use latentia::tensor::Matrix;

type Answer = Result<Vec<u8>, Box<dyn Error>>;

static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static MODEL: Mutex<Option<Autoencoder>> = Mutex::new(None);

/// Memory for `length` bytes of input, until the next call of this function.
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *mut u8 {
    let mut input = lock(&INPUT);
    input.clear();
    input.resize(length, 0);
    input.as_mut_ptr()
}

/// Where the output of the last call begins.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    lock(&OUTPUT).as_ptr()
}

/// Bytes of [`output`].
#[unsafe(no_mangle)]
pub extern "C" fn output_length() -> usize {
    lock(&OUTPUT).len()
}

/// Loads the model whose file is the input.
#[unsafe(no_mangle)]
pub extern "C" fn load() -> bool {
    let file = ModelFile::from_bytes(&lock(&INPUT));
    answer(file.map_err(Into::into).map(|file| {
        *lock(&MODEL) = Some(file.model);
        Vec::new()
    }))
}

/// Codes of the examples that are the input.
#[unsafe(no_mangle)]
pub extern "C" fn encode() -> bool {
    answer(with_model(|model| {
        Ok(bytes(&model.encode(&rows(model.width())?)?))
    }))
}

/// Reconstructions from the codes that are the input.
#[unsafe(no_mangle)]
pub extern "C" fn decode() -> bool {
    answer(with_model(|model| {
        Ok(bytes(&model.decode(&rows(model.code_width())?)?))
    }))
}

/// The examples that are the input, encoded and decoded.
#[unsafe(no_mangle)]
pub extern "C" fn reconstruct() -> bool {
    answer(with_model(|model| {
        Ok(bytes(&model.reconstruct(&rows(model.width())?)?))
    }))
}

/// Trains the model for eight epochs on the examples that are the input; its losses in the first and in the last of them.
#[unsafe(no_mangle)]
pub extern "C" fn train() -> bool {
    answer(with_model(|model| {
        let spec = TrainingSpec {
            epochs: 8,
            batch_size: 10,
            validation: Validation::Share(0.0),
            ..TrainingSpec::default()
        };
        let fitted = model.fit(&rows(model.width())?, &spec, 1)?;
        let ends = fitted.history.iter().step_by(7);
        let losses: Vec<f32> = ends.map(|epoch| epoch.train_loss as f32).collect();
        Ok(bytes(&Matrix::from_vec(1, losses.len(), losses)))
    }))
}

fn with_model(work: impl FnOnce(&mut Autoencoder) -> Answer) -> Answer {
    let mut model = lock(&MODEL);
    work(model.as_mut().ok_or("no model is loaded")?)
}

/// The input as rows of `cols` values.
fn rows(cols: usize) -> Result<Matrix, String> {
    let input = lock(&INPUT);
    let values: Vec<f32> = input
        .as_chunks()
        .0
        .iter()
        .map(|&x| f32::from_le_bytes(x))
        .collect();
    match input.len() % (4 * cols) {
        0 => Ok(Matrix::from_vec(values.len() / cols, cols, values)),
        _ => Err(format!(
            "{} bytes are no rows of {cols} values of 4 bytes",
            input.len()
        )),
    }
}

fn bytes(matrix: &Matrix) -> Vec<u8> {
    let values = matrix.as_slice().iter();
    values.flat_map(|x| x.to_le_bytes()).collect()
}

/// Puts out what a call has made, or what went wrong; whether nothing did.
fn answer(made: Answer) -> bool {
    let is_made = made.is_ok();
    *lock(&OUTPUT) = made.unwrap_or_else(|error| error.to_string().into_bytes());
    is_made
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
