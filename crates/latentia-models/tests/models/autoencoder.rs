//! Codes and reconstructions of any number of examples.

use std::io;

use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, MatrixMut, Rows};

use crate::{begin, bits, message, model_spec, signed, small, training_spec};

/// More than are in memory at once, and not a whole number of blocks.
const ROWS: usize = 2_500;

/// Examples of which one cannot be read.
struct Torn(Matrix);

impl Rows for Torn {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn cols(&self) -> usize {
        self.0.cols()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        if indices.contains(&1_500) {
            return Err(io::Error::other("torn"));
        }
        self.0.read(indices, out)
    }
}

#[test]
fn codes_come_block_by_block_in_order() {
    let (model, examples) = (small(5, 1), signed(1, ROWS, 5));
    let codes = model.encode(&examples).expect("all fits");
    assert_eq!((codes.rows(), codes.cols()), (ROWS, 3));
    let mut seen = Vec::new();
    let result = model.for_each_code(&examples, |first, block| {
        assert_eq!(first * 3, seen.len());
        seen.extend_from_slice(block.span());
        Ok(())
    });
    result.expect("all fits");
    assert_eq!(seen, codes.as_slice());

    let reconstructions = model.reconstruct(&examples).expect("all fits");
    assert_eq!(model.decode(&codes).expect("all fits"), reconstructions);
    assert_eq!((reconstructions.rows(), reconstructions.cols()), (ROWS, 5));
}

#[test]
fn a_clone_that_learns_leaves_the_original_alone() {
    let (model, examples) = (small(5, 1), signed(1, 40, 5));
    let (before, codes) = (bits(&model), model.encode(&examples).expect("all fits"));
    let mut clone = model.clone();
    assert_eq!(bits(&clone), before);
    assert_eq!(clone.encode(&examples).expect("all fits"), codes);
    begin(&mut clone, training_spec("epochs = 2"), 1, &examples, None)
        .and_then(|mut training| training.run(&mut ()))
        .expect("it converges");
    assert_ne!(bits(&clone), before);
    assert_eq!(bits(&model), before);
    assert_eq!(model.encode(&examples).expect("all fits"), codes);
}

#[test]
fn no_examples_have_no_codes() {
    let model = small(5, 1);
    let codes = model.encode(&Matrix::zeros(0, 5)).expect("all fits");
    assert_eq!((codes.rows(), codes.cols()), (0, 3));
    let back = model.decode(&codes).expect("all fits");
    assert_eq!((back.rows(), back.cols()), (0, 5));
}

#[test]
fn failures_say_whose_they_are() {
    let (model, examples) = (small(5, 1), signed(1, ROWS, 5));
    let mut blocks = 0;
    let result = model.for_each_code(&examples, |_, _| {
        blocks += 1;
        match blocks {
            3 => Err(io::Error::other("disk full")),
            _ => Ok(()),
        }
    });
    assert_eq!(message(result), "cannot write the codes: disk full");
    assert_eq!(blocks, 3);

    let torn = Torn(examples);
    let expected = "cannot read the examples: torn";
    assert_eq!(message(model.encode(&torn)), expected);
    assert_eq!(message(model.reconstruct(&torn)), expected);
    let other = signed(1, 2, 4);
    let expected = "the data has 4 values an example, the model takes 5";
    assert_eq!(message(model.encode(&other)), expected);
    assert_eq!(message(model.reconstruct(&other)), expected);
    let expected = "the data has 4 values an example, the model takes 3";
    assert_eq!(message(model.decode(&other)), expected);
}

/// A model that standardises, with constants learned.
fn standardising(examples: &Matrix) -> Autoencoder {
    let spec = model_spec(
        "likelihood = 'mse'\npreprocessing = 'standardise'
         encoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let mut model = spec.build(&[4], 1).expect("parts that fit");
    let training = training_spec("epochs = 1");
    begin(&mut model, training, 1, examples, None).expect("all fits");
    model
}

#[test]
fn examples_come_back_in_the_scale_of_the_data() {
    let mut examples = signed(1, 20, 4);
    for (i, x) in examples.as_mut_slice().iter_mut().enumerate() {
        *x = 3.0 * *x + i as f32 % 4.0;
    }
    let model = standardising(&examples);
    let unscaled = |mut matrix: Matrix| {
        model.scaling().undo(matrix.view_mut(), 1.0);
        matrix
    };
    let codes = model.encode(&examples).expect("all fits");
    let scaled = model.reconstruct_scaled(&examples).expect("all fits");
    let reconstructions = model.reconstruct(&examples).expect("all fits");
    assert_ne!(scaled, reconstructions);
    assert_eq!(unscaled(scaled.clone()), reconstructions);
    assert_eq!(model.decode(&codes).expect("all fits"), reconstructions);
    assert_eq!(model.decode_scaled(&codes).expect("all fits"), scaled);
    let draws = model.decode_draws(&codes, 1).expect("all fits");
    assert_eq!(draws, reconstructions);
    for (input, x) in model
        .inputs(&examples)
        .expect("all fits")
        .as_slice()
        .iter()
        .zip(examples.as_slice())
    {
        assert!((input - x).abs() < 1e-5, "{input} {x}");
    }

    let compressed = model.compress_image(examples.row(7)).expect("all fits");
    assert_eq!(compressed.ratio, 2.0);
    assert_eq!(compressed.code, codes.row(7));
    let back = model.decompress_image(&compressed).expect("all fits");
    assert_eq!(back, reconstructions.row(7));
    assert_eq!(
        message(model.compress_image(&[0.5; 3])),
        "the data has 3 values an example, the model takes 4"
    );
}

#[test]
fn an_input_is_maximised_in_the_unit_range_only_where_examples_lie_there() {
    let range = |head: &str| {
        let text = format!(
            "{head}\nencoder = [{{ layer = 'dense', units = 1 }}]\ndecoder = [{{ layer = 'dense' }}]"
        );
        let model = model_spec(&text).build(&[8], 1).expect("parts that fit");
        let input = model.maximise(0, 200, 1).expect("a linear unit");
        let values = input.as_slice().iter();
        values.fold((f32::MAX, f32::MIN), |(low, high), &x| {
            (low.min(x), high.max(x))
        })
    };
    for head in [
        "likelihood = 'mse'",
        "likelihood = 'gaussian'",
        "likelihood = 'mse'\npreprocessing = 'standardise'",
    ] {
        let (low, high) = range(head);
        assert!(low < -0.1 && high > 1.1, "{head}: {low} {high}");
    }
    for head in [
        "likelihood = 'bce'",
        "likelihood = 'discretised-logistic'",
        "likelihood = 'mse'\npreprocessing = 'min-max'",
        "likelihood = 'bernoulli'\npreprocessing = 'binarise-static'",
    ] {
        assert_eq!(range(head), (0.0, 1.0), "{head}");
    }
}
