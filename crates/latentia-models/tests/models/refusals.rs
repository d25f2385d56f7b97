//! What training refuses.

use latentia_models::{ModelError, Training, TrainingSpec};
use latentia_tensor::{Matrix, Rows};

use crate::{begin, bits, message, model_spec, signed, small, training_spec, unit};

#[test]
fn numbers_out_of_range_are_refused() {
    let wrong = [
        ("epochs = 0", "`epochs` is 0; it must be 1 to 500000"),
        ("batch-size = 0", "`batch-size` is 0; it must be at least 1"),
        (
            "learning-rate = 0.0",
            "`learning-rate` is 0; it must be a positive number",
        ),
        (
            "learning-rate = nan",
            "`learning-rate` is NaN; it must be a positive number",
        ),
        (
            "learning-rate = inf",
            "`learning-rate` is inf; it must be a positive number",
        ),
        (
            "clip-norm = -1.0",
            "`clip-norm` is -1; it must be a positive number",
        ),
        (
            "validation = 1.0",
            "`validation` is 1; it must be at least 0 and less than 1, or `test`",
        ),
        (
            "validation = nan",
            "`validation` is NaN; it must be at least 0 and less than 1, or `test`",
        ),
        ("patience = 0", "`patience` is 0; it must be at least 1"),
        (
            "stop-at-loss = nan",
            "`stop-at-loss` is NaN; it must be a finite number",
        ),
        (
            "schedule = { kind = 'step', every = 0, factor = 0.5 }",
            "`every` is 0; it must be at least 1",
        ),
        (
            "schedule = { kind = 'plateau', patience = 0, factor = 0.5 }",
            "`patience` is 0; it must be at least 1",
        ),
    ];
    let examples = unit(1, 4, 4);
    for (text, expected) in wrong {
        let mut model = small(4, 1);
        let refused = Training::new(&mut model, training_spec(text), 1, &examples, None);
        assert_eq!(message(refused), expected);
    }
}

/// The message that refuses these examples to a model of four numbers.
fn refused(likelihood: &str, examples: &Matrix, validation: Option<&dyn Rows>) -> String {
    let spec = format!(
        "likelihood = '{likelihood}'
         encoder = [{{ layer = 'dense', units = 2 }}]\ndecoder = [{{ layer = 'dense' }}]"
    );
    let mut model = model_spec(&spec).build(&[4], 1).expect("parts that fit");
    let before = bits(&model);
    let error = message(begin(
        &mut model,
        TrainingSpec::default(),
        1,
        examples,
        validation,
    ));
    assert_eq!(bits(&model), before);
    error
}

#[test]
fn examples_that_do_not_fit_are_refused() {
    let good = unit(1, 8, 4);
    assert_eq!(
        refused("mse", &unit(1, 8, 5), None),
        "the data has 5 values an example, the model takes 4"
    );
    assert_eq!(
        refused("mse", &good, Some(&unit(1, 8, 3))),
        "the data has 3 values an example, the model takes 4"
    );
    assert_eq!(
        refused("mse", &Matrix::zeros(0, 4), None),
        "there are no examples to train on"
    );
}

#[test]
fn values_without_a_likelihood_are_refused() {
    let good = unit(1, 8, 4);
    let mut wide = good.clone();
    wide.as_mut_slice()[7] = -0.5;
    wide.as_mut_slice()[9] = 3.0;
    let expected =
        "needs values in [0, 1], but the data, after preprocessing, ranges from -0.5 to 3";
    for likelihood in ["bce", "bernoulli"] {
        for error in [
            refused(likelihood, &wide, None),
            refused(likelihood, &good, Some(&wide)),
        ] {
            let start = format!("`{likelihood}` {expected}");
            assert!(error.starts_with(&start), "{error}");
        }
    }
    // A min-max scale puts the training part where it belongs, whatever it is.
    let mut model = model_spec(
        "likelihood = 'bce'\npreprocessing = 'min-max'
         encoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    )
    .build(&[4], 1)
    .expect("parts that fit");
    let mut fits = |examples, validation| {
        begin(&mut model, TrainingSpec::default(), 1, examples, validation).map(|_| ())
    };
    assert!(fits(&wide, None).is_ok());
    assert!(fits(&wide, Some(&good)).is_ok());
    let error = message(fits(&good, Some(&wide)));
    let end = "validation examples lie far outside those to train on: \
               use likelihood `mse` with a decoder that ends linear";
    assert!(error.ends_with(end), "{error}");

    let mut unknown = good.clone();
    unknown.as_mut_slice()[31] = f32::NAN;
    let error = "the data has a value that is not finite in example 7, column 3 (both counted from 0); remove the example, \
                 or fill the value in";
    assert_eq!(refused("mse", &unknown, None), error);
    assert_eq!(refused("mse", &good, Some(&unknown)), error);
}

#[test]
fn a_value_that_is_not_finite_is_told_where_it_is_whatever_the_preprocessing() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut examples = signed(1, 900, 4);
        examples.as_mut_slice()[4 * 700 + 1] = value;
        examples.as_mut_slice()[4 * 800] = value;
        for preprocessing in ["unit-range", "standardise", "min-max"] {
            let text = format!(
                "likelihood = 'mse'\npreprocessing = '{preprocessing}'
                 encoder = [{{ layer = 'dense', units = 1 }}]\ndecoder = [{{ layer = 'dense' }}]"
            );
            let mut model = model_spec(&text).build(&[4], 1).expect("parts that fit");
            let spec = TrainingSpec::default();
            let result = begin(&mut model, spec, 1, &examples, None).map(|_| ());
            let place = matches!(
                result,
                Err(ModelError::NonFinite {
                    row: 700,
                    column: 1
                })
            );
            assert!(place, "{preprocessing}: {result:?}");
        }
    }
}

#[test]
fn values_whose_squares_overflow_are_refused_unless_they_are_scaled() {
    let mut examples = signed(1, 32, 4);
    examples.as_mut_slice()[5] = -1e30;
    let fits = |preprocessing: &str| {
        let text = format!(
            "likelihood = 'mse'\npreprocessing = '{preprocessing}'
             encoder = [{{ layer = 'dense', units = 1 }}]\ndecoder = [{{ layer = 'dense' }}]"
        );
        let mut model = model_spec(&text).build(&[4], 1).expect("parts that fit");
        let spec = TrainingSpec::default();
        let trained = begin(&mut model, spec, 1, &examples, None).map(|_| ());
        let scores = model.score(&examples);
        (trained, scores)
    };
    let (trained, scores) = fits("unit-range");
    let error = "the data, after preprocessing, has a value of -1e30, whose square is too large for `mse`; values up to 1e12 \
                 are taken: use preprocessing `standardise` or `min-max`";
    assert_eq!(message(trained), error);
    assert_eq!(message(scores), error);
    for preprocessing in ["standardise", "min-max"] {
        let (trained, scores) = fits(preprocessing);
        trained.expect("values of moderate size");
        assert!(scores.expect("they fit").iter().all(|x| x.is_finite()));
    }
}
