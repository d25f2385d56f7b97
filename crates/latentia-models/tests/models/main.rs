//! Models through the public border of the crate.

mod annealed;
mod augmentation;
mod autoencoder;
mod autoregressive;
mod counts;
mod detection;
mod directions;
mod encoder;
mod fit;
mod formats;
mod gradients;
mod latent_usage;
mod likelihood;
mod masked;
mod metrics;
mod model_file;
mod objectives;
mod parts;
mod pca;
mod posteriors;
mod priors;
mod processes;
mod ranking;
mod refusals;
mod resume;
mod rollback;
mod series;
mod sizes;
mod spec;
mod torch;
mod training;

use latentia_models::{
    Autoencoder, ModelError, ModelSpec, Part, Training, TrainingSpec, Validation,
};
use latentia_tensor::{Matrix, Rows};
use latentia_testing::numbers;

/// `rows` examples of `cols` numbers in `[0, 1)`.
fn unit(seed: u64, rows: usize, cols: usize) -> Matrix {
    let numbers = numbers(seed, rows * cols);
    let data = numbers.iter().map(|x| 0.5 + 0.5 * x).collect();
    Matrix::from_vec(rows, cols, data)
}

/// `rows` examples of `cols` numbers in `[-1, 1)`.
fn signed(seed: u64, rows: usize, cols: usize) -> Matrix {
    Matrix::from_vec(rows, cols, numbers(seed, rows * cols))
}

fn model_spec(text: &str) -> ModelSpec {
    toml::from_str(text).expect("a specification of the test's own")
}

fn training_spec(text: &str) -> TrainingSpec {
    toml::from_str(text).expect("a specification of the test's own")
}

/// A run on all of `examples` that is validated on `validation`, where there are some.
fn begin<'a>(
    model: &'a mut Autoencoder,
    spec: TrainingSpec,
    seed: u64,
    examples: &'a dyn Rows,
    validation: Option<&'a dyn Rows>,
) -> Result<Training<'a>, ModelError> {
    let spec = TrainingSpec {
        validation: match validation {
            Some(_) => Validation::Part(Part::Test),
            None => Validation::Share(0.0),
        },
        ..spec
    };
    Training::new(model, spec, seed, examples, validation)
}

/// A small model for examples of `cols` numbers, that can learn them by heart.
fn small(cols: usize, seed: u64) -> Autoencoder {
    let spec = model_spec(
        "likelihood = 'mse'
         encoder = [{ layer = 'dense', units = 32, activation = 'tanh' }, { layer = 'dense', units = 3 }]
         decoder = [{ layer = 'dense', units = 32, activation = 'tanh' }, { layer = 'dense' }]",
    );
    spec.build(&[cols], seed).expect("parts that fit")
}

/// Every parameter, bit by bit.
fn bits(model: &Autoencoder) -> Vec<u32> {
    let parameters = model.chain().parameters().iter();
    parameters
        .flat_map(|p| p.value.as_slice())
        .map(|x| x.to_bits())
        .collect()
}

/// The message of what must fail.
fn message<T, E: ToString>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => panic!("it should be refused"),
        Err(error) => error.to_string(),
    }
}
