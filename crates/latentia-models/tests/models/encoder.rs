//! An example has one code, however it is asked for.

use latentia_models::{Autoencoder, Labelled, ModelError, Preset};
use latentia_tensor::{Matrix, MatrixRef, Rows};

use crate::{message, model_spec, small, unit};

/// More than the blocks of any model on three threads, and not a whole number of them.
const ROWS: usize = 150;

/// Every model that comes along, and images to encode.
fn each_preset(mut check: impl FnMut(&str, &Autoencoder, &Matrix)) {
    for name in Preset::names() {
        let preset = Preset::named(name).expect("it comes along");
        let shape = match (name, preset.data.as_deref()) {
            ("series" | "series-vae", _) => vec![1, 64, 3],
            (_, Some("cifar10")) => vec![32, 32, 3],
            _ => vec![28, 28],
        };
        let model = preset.model.build(&shape, 1).expect("parts that fit");
        check(name, &model, &unit(1, ROWS, model.width()));
    }
}

/// Hands `see` the first `count` rows, with a class for each.
fn first<T>(rows: &Matrix, count: usize, see: impl FnOnce(&dyn Rows) -> T) -> T {
    let rows = rows.top(count);
    see(&Labelled::new(&rows, (0..10).cycle().take(count).collect()))
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads start").install(work)
}

#[test]
fn codes_have_the_same_bits_alone_in_any_batch_and_on_any_number_of_threads() {
    each_preset(|name, model, examples| {
        let encode = |count| first(examples, count, |rows| model.encode(rows)).expect("all fits");
        let codes = on_threads(1, || encode(ROWS));
        assert_eq!(on_threads(3, || encode(ROWS)), codes, "{name}");
        let mut encoder = model.encoder();
        // Fewer after more: memory that others have used.
        for count in [1, 9, ROWS, 65, 8] {
            let expected = codes.top(count).to_matrix();
            assert_eq!(encode(count), expected, "{name}: {count} of them");
            let mut out =
                Matrix::from_vec(count, codes.cols(), vec![f32::NAN; count * codes.cols()]);
            let encoded = first(examples, count, |rows| {
                on_threads(2, || encoder.encode_into(rows, out.view_mut()))
            });
            encoded.expect("all fits");
            assert_eq!(out, expected, "{name}: {count} of them");
        }
        for row in [0, 77] {
            match encoder.encode_one(examples.row(row)) {
                Ok(code) => assert_eq!(code, codes.row(row), "{name}"),
                Err(error) => assert!(
                    matches!(error, ModelError::Labels { classes: 10, .. })
                        && model.classes().is_some(),
                    "{name}: {error}"
                ),
            }
        }
    });
}

#[test]
fn reconstructions_have_the_same_bits_in_any_batch_and_on_any_number_of_threads() {
    each_preset(|name, model, examples| {
        let of = |count| first(examples, count, |rows| model.reconstruct(rows)).expect("all fits");
        let all = on_threads(1, || of(ROWS));
        assert_eq!(on_threads(3, || of(ROWS)), all, "{name}");
        for count in [1, 9, 65] {
            assert_eq!(of(count), all.top(count).to_matrix(), "{name}");
        }
    });
}

#[test]
fn an_encoder_scales_examples_as_the_model_does() {
    let spec = model_spec(
        "likelihood = 'mse'\npreprocessing = 'standardise'
         encoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let mut model = spec.build(&[3], 1).expect("parts that fit");
    let examples = unit(1, 20, 3);
    let training = crate::training_spec("epochs = 1");
    latentia_models::Training::new(&mut model, training, 1, &examples, None)
        .and_then(|mut training| training.run(&mut ()))
        .expect("it converges");
    assert_eq!(model.scaling().shift.len(), 3);
    let codes = model.encode(&examples).expect("all fits");
    let mut encoder = model.encoder();
    let code = encoder.encode_one(examples.row(7)).expect("all fits");
    assert_eq!(code, codes.row(7));
}

#[test]
fn an_encoder_says_what_does_not_fit() {
    let model = small(5, 1);
    let mut encoder = model.encoder();
    assert_eq!(
        message(encoder.encode_one(&[0.0; 4])),
        "the data has 4 values an example, the model takes 5"
    );
    let mut codes = Matrix::zeros(2, 3);
    let examples = [0.0; 15];
    let three = MatrixRef::new(&examples, 3, 5);
    assert_eq!(
        message(encoder.encode_into(&three, codes.view_mut())),
        "the memory for codes has shape [2, 3]; these codes have shape [3, 3]"
    );
    let none = MatrixRef::new(&[], 0, 5);
    encoder
        .encode_into(&none, codes.top_mut(0))
        .expect("nothing to do");
}
