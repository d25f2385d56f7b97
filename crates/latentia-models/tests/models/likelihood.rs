//! Models under every likelihood: how wide their decoders are, what they refuse, that they learn.

use latentia_data::{Locations, load};
use latentia_models::{Autoencoder, ElboReport, Metrics, ModelFile};
use latentia_tensor::{Matrix, Rows};

use crate::{begin, message, model_spec, training_spec, unit};

/// Likelihoods with outputs of their own, and how many a decoder of 4 numbers has.
const LEARNED: [(&str, usize); 4] = [
    ("gaussian-shared-scale", 4),
    ("gaussian-learned-scale", 8),
    ("discretised-logistic", 8),
    ("beta-binomial", 8),
];

fn spec(likelihood: &str, code: &str, units: usize) -> String {
    format!(
        "likelihood = '{likelihood}'\n{code}
         encoder = [{{ layer = 'dense', units = {units}, activation = 'relu' }}]
         decoder = [{{ layer = 'dense', units = {units}, activation = 'relu' }}, {{ layer = 'dense' }}]"
    )
}

#[test]
fn the_last_dense_layer_is_as_wide_as_the_likelihood_asks() {
    for (likelihood, wide) in LEARNED {
        let text = spec(likelihood, "", 3);
        let model = model_spec(&text).build(&[4], 1).expect("parts that fit");
        let decoder = model.sections().decoder.clone();
        let layers = &model.chain().layers()[decoder];
        assert_eq!(layers[1].outputs(), wide);
        let last = layers.last().map(|layer| layer.outputs());
        assert_eq!(last, Some(model.likelihood().outputs(4)));

        let text = text.replace("{ layer = 'dense' }", "{ layer = 'dense', units = 7 }");
        let error = message(model_spec(&text).build(&[4], 1));
        let what = match wide {
            4 => "an example has 4".into(),
            _ => format!("`{likelihood}` takes {wide} for the 4 of an example"),
        };
        let expected = format!(
            "decoder ends with 7 elements; {what}; leave out `units` or `channels` of its last layer"
        );
        assert_eq!(error, expected);
        // Whoever writes the right width is right.
        let text = text.replace("units = 7", &format!("units = {wide}"));
        model_spec(&text).build(&[4], 1).expect("parts that fit");
    }
}

#[test]
fn a_last_activation_is_refused_where_outputs_are_no_means() {
    let build = |likelihood: &str| {
        let last = "{ layer = 'dense', activation = 'sigmoid' }";
        let text = spec(likelihood, "", 3).replace("{ layer = 'dense' }", last);
        model_spec(&text).build(&[4], 1)
    };
    for (likelihood, what) in [
        (
            "gaussian-learned-scale",
            "means and the logarithms of scales",
        ),
        ("discretised-logistic", "means and the logarithms of scales"),
        ("beta-binomial", "the logarithms of α and β"),
    ] {
        let expected = format!(
            "decoder ends with activation `sigmoid` under likelihood `{likelihood}`; it works on {what}: leave the last \
             activation out"
        );
        assert_eq!(message(build(likelihood)), expected);
    }
    // One scale for all is appended to means that may end in a sigmoid.
    build("gaussian-shared-scale").expect("parts that fit");
}

#[test]
fn discretised_likelihoods_take_8_bit_data_only() {
    for likelihood in ["discretised-logistic", "beta-binomial"] {
        for preprocessing in ["min-max", "standardise"] {
            let text = format!(
                "preprocessing = '{preprocessing}'\n{}",
                spec(likelihood, "", 3)
            );
            let expected = format!(
                "likelihood `{likelihood}` does not fit preprocessing `{preprocessing}`; it needs 8-bit values as they are: \
                 use `unit-range`, or likelihood `gaussian-learned-scale`"
            );
            assert_eq!(message(model_spec(&text).build(&[4], 1)), expected);
        }
        let bytes = Matrix::from_vec(5, 4, (0..20).map(|i| 13.0 * i as f32 / 255.0).collect());
        let train = |examples: &Matrix, validation: Option<&dyn Rows>| {
            let mut model = model_spec(&spec(likelihood, "", 3))
                .build(&[4], 1)
                .expect("parts that fit");
            begin(&mut model, training_spec(""), 1, examples, validation).map(|_| ())
        };
        train(&bytes, Some(&bytes)).expect("8-bit data");
        for value in [0.5, 256.0 / 255.0, -1.0 / 255.0] {
            let mut others = bytes.clone();
            others.as_mut_slice()[7] = value;
            let expected = format!(
                "`{likelihood}` needs 8-bit data, multiples of 1/255 in [0, 1], but the data, after preprocessing, has a \
                 value of {value}; store it as bytes, or use likelihood `gaussian-learned-scale`"
            );
            assert_eq!(message(train(&others, None)), expected);
            assert_eq!(message(train(&bytes, Some(&others))), expected);
        }
    }
    // What is continuous elsewhere is welcome there.
    let mut model = model_spec(&spec("gaussian-learned-scale", "", 3))
        .build(&[4], 1)
        .expect("parts that fit");
    begin(&mut model, training_spec(""), 1, &unit(1, 5, 4), None).expect("any numbers");
}

#[test]
fn variational_models_of_digits_learn_under_each_likelihood() {
    let digits = load("mnist-mini", &Locations::new(None))
        .expect("it is embedded")
        .train;
    let code = "code = { kind = 'gaussian', units = 4 }";
    for (likelihood, _) in LEARNED {
        let mut model = model_spec(&spec(likelihood, code, 32))
            .build(digits.shape(), 1)
            .expect("parts that fit");
        let training = training_spec("epochs = 4\nbatch-size = 50\nlearning-rate = 2e-3");
        let mut run = begin(&mut model, training, 1, &digits, None).expect("8-bit data");
        run.run(&mut ()).expect("it stays finite");
        let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
        assert!(
            losses.is_sorted_by(|a, b| a > b),
            "{likelihood}: {losses:?}"
        );

        let metrics = Metrics::measure(&model, &digits).expect("all fits");
        assert!(
            metrics.loss.is_finite() && metrics.mse < 0.12,
            "{likelihood}: {metrics:?}"
        );
        let measured = ElboReport::measure(&model, &digits, 3, 1).expect("all fits");
        let bits = measured.map(|measured| measured.bits_per_dim);
        let most = if model.likelihood().is_discrete() {
            8.0
        } else {
            2.0
        };
        assert!(
            bits.is_some_and(|bits| bits < most),
            "{likelihood}: {bits:?}"
        );
        check_draws(&model);
    }
}

/// Draws are spread around the means, the same for the same seed and place, and 8-bit values where they should be.
fn check_draws(model: &Autoencoder) {
    let codes = model.sample_codes(70, 1).expect("a Gaussian code");
    let draws = model.decode_draws(&codes, 5).expect("codes that fit");
    assert_eq!(
        draws,
        model.decode_draws(&codes, 5).expect("codes that fit")
    );
    assert_ne!(
        draws,
        model.decode_draws(&codes, 6).expect("codes that fit")
    );
    let means = model.decode(&codes).expect("codes that fit");
    let sum = |x: &Matrix| x.as_slice().iter().map(|&x| f64::from(x)).sum::<f64>();
    let n = means.as_slice().len() as f64;
    assert!(((sum(&draws) - sum(&means)) / n).abs() < 0.01);
    if model.likelihood().is_discrete() {
        let is_byte = |x: f32| (255.0 * x - (255.0 * x).round()).abs() < 1e-3;
        assert!(
            draws
                .as_slice()
                .iter()
                .all(|&x| is_byte(x) && (0.0..=1.0).contains(&x))
        );
        assert!(means.as_slice().iter().all(|x| (0.0..=1.0).contains(x)));
    }
}

#[test]
fn a_learned_scale_is_kept_in_the_file() {
    let examples = unit(1, 40, 6);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.safetensors");
    for likelihood in ["gaussian-shared-scale", "gaussian-learned-scale"] {
        let mut model = model_spec(&spec(likelihood, "", 5))
            .build(&[6], 1)
            .expect("parts that fit");
        let training = training_spec("epochs = 3\nbatch-size = 8\nlearning-rate = 0.05");
        let mut run = begin(&mut model, training, 1, &examples, None).expect("all fits");
        let provenance = run.fit(&mut ()).provenance("x", "y", "z");
        ModelFile::save(&model, &provenance, &[], &path).expect("a folder of the test's own");
        let loaded = ModelFile::load(&path).expect("it was just written").model;
        let loss = |model: &Autoencoder| Metrics::measure(model, &examples).expect("all fits").loss;
        assert_eq!(loss(&loaded), loss(&model));
        let (name, scale) = model
            .chain()
            .parameters()
            .last()
            .map(|p| (p.name, p.value.as_slice()))
            .expect("some");
        assert!(
            name == "bias" || (name == "log-scale" && scale[0] < -0.1),
            "{name} {scale:?}"
        );
    }
}

#[test]
fn an_output_bias_begins_at_the_mean_and_leaves_scales_alone() {
    let examples = Matrix::from_vec(
        2,
        4,
        [0, 51, 102, 255, 0, 153, 204, 255]
            .map(|v| v as f32 / 255.0)
            .to_vec(),
    );
    for (likelihood, _) in LEARNED {
        let text = format!("output-bias = 'data-mean'\n{}", spec(likelihood, "", 3));
        let mut model = model_spec(&text).build(&[4], 1).expect("parts that fit");
        begin(&mut model, training_spec(""), 1, &examples, None).expect("8-bit data");
        let mut parameters = model.chain().parameters().iter();
        let bias = parameters
            .rfind(|p| p.name == "bias")
            .map(|p| p.value.as_slice());
        let bias = bias.expect("a dense layer");
        let expected = match likelihood {
            "beta-binomial" => [-6.906_755, -0.405_465, 0.405_465, 6.906_755],
            _ => [0.0, 0.4, 0.6, 1.0],
        };
        for (bias, expected) in bias.iter().zip(expected) {
            assert!(
                (bias - expected).abs() < 1e-4,
                "{likelihood}: {bias} {expected}"
            );
        }
        assert!(
            bias[4..].iter().all(|&s| s == 0.0),
            "{likelihood}: {bias:?}"
        );
    }
}

/// Convolutions there and back for pictures of 8 x 8 pixels and more.
const OF_PICTURES: &str = "likelihood = 'ms-ssim'
    encoder = [{ layer = 'conv', channels = 4, kernel = 3, stride = 2, activation = 'relu' }, { layer = 'dense', units = 16 }]
    decoder = [{ layer = 'dense', units = 32, activation = 'relu' }, { layer = 'dense' }]";

#[test]
fn a_likelihood_of_pictures_learns_digits_and_refuses_what_is_no_picture() {
    let digits = load("mnist-mini", &Locations::new(None))
        .expect("it is embedded")
        .train;
    let mut model = model_spec(OF_PICTURES)
        .build(digits.shape(), 1)
        .expect("parts that fit");
    let training = training_spec("epochs = 4\nbatch-size = 50\nlearning-rate = 2e-3");
    let mut run = begin(&mut model, training, 1, &digits, None).expect("values in [0, 1]");
    run.run(&mut ()).expect("it stays finite");
    let losses: Vec<f64> = run.history().iter().map(|epoch| epoch.train_loss).collect();
    assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
    let metrics = Metrics::measure(&model, &digits).expect("all fits");
    assert!(metrics.loss < 0.8 * losses[0], "{metrics:?}");
    // Of what an example adds at least, an equal one adds nothing.
    let least = model.least_element_scores(&digits).expect("all fits");
    assert!(least.as_slice().iter().all(|&least| least == 0.0));
    let elements = model.element_scores(&digits).expect("all fits");
    let scores = model.score(&digits).expect("all fits");
    for (elements, score) in elements.view().iter_rows().zip(scores) {
        let sum: f64 = elements.iter().map(|&x| f64::from(x)).sum();
        assert!((sum - score).abs() < 1e-5, "{sum} {score}");
    }

    let dense = spec("ms-ssim", "", 3);
    let others = "use `mse`, `bernoulli` or `gaussian`, which need no picture";
    for (shape, seen) in [
        (
            &[20][..],
            "`ms-ssim` compares pictures, but an example has 20 elements without height and width; ",
        ),
        (
            &[10, 2],
            "`ms-ssim` compares pictures, but an example is 1 x 10; it takes 3 x 3 pixels at least: ",
        ),
        (
            &[2, 9, 3],
            "`ms-ssim` compares pictures, but an example is 2 x 9; it takes 3 x 3 pixels at least: ",
        ),
    ] {
        let expected = format!("likelihood {seen}{others}");
        assert_eq!(message(model_spec(&dense).build(shape, 1)), expected);
    }
    let refused = [
        (
            spec("ms-ssim", "code = { kind = 'gaussian', units = 2 }", 3),
            "likelihood `ms-ssim` is a dissimilarity; the code's divergence is in nats per example: use `bernoulli`, a Gaussian, or one of 8-bit \
             values, or a deterministic code that `mmd` or a discriminator holds to its prior",
        ),
        (
            format!("preprocessing = 'standardise'\n{dense}"),
            "likelihood `ms-ssim` does not fit preprocessing `standardise`; it needs values in [0, 1]: use `unit-range` or `min-max`, or \
             likelihood `mse`",
        ),
        (
            dense.replace(
                "{ layer = 'dense' }",
                "{ layer = 'dense', activation = 'sigmoid' }",
            ),
            "decoder ends with activation `sigmoid` under likelihood `ms-ssim`; it works on logits and applies the sigmoid itself: leave the last \
             activation out",
        ),
    ];
    for (text, expected) in refused {
        assert_eq!(message(model_spec(&text).build(&[8, 8], 1)), expected);
    }
}
