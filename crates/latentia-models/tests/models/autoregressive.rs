//! Priors of quantised codes, fitted after training.

use latentia_models::{
    Autoencoder, Autoregressive, CodeNeighbours, Dtype, FittedFlow, FittedPrior, Hypersphere,
    Mixture, ModelFile, Provenance, StoppedBy,
};
use latentia_tensor::{Matrix, Noise};

use crate::{message, model_spec, training_spec};

/// A model whose codes have three indices.
fn model(code: &str) -> Autoencoder {
    let spec = model_spec(&format!(
        "likelihood = 'gaussian'
         code = {code}
         encoder = [{{ layer = 'dense', units = 6 }}]
         decoder = [{{ layer = 'dense' }}]"
    ));
    spec.build(&[5], 1).expect("parts that fit")
}

const QUANTISED: [&str; 2] = [
    "{ kind = 'vector-quantised', codebook = 9, dimension = 2 }",
    "{ kind = 'finite-scalar-quantised', levels = [3, 4] }",
];

/// Examples along a line.
fn line(rows: usize) -> Matrix {
    let mut examples = Matrix::zeros(rows, 5);
    for (row, x) in (0..).zip(examples.view_mut().iter_rows_mut()) {
        let mut at = [0.0];
        Noise::new(5, 0).normal(row, &mut at);
        for (x, slope) in x.iter_mut().zip([1.0, -2.0, 0.5, 1.5, -1.0]) {
            *x = slope * at[0];
        }
    }
    examples
}

fn provenance() -> Provenance {
    Provenance {
        warm_start: false,
        preset: "own.toml".into(),
        data: "line".into(),
        target: None,
        fingerprint: "00ff".into(),
        seed: 1,
        training: training_spec("epochs = 2"),
        stopped_by: StoppedBy::Epochs,
        history: Vec::new(),
        warnings: Vec::new(),
    }
}

#[test]
fn codes_that_are_drawn_are_those_that_examples_have() {
    for code in QUANTISED {
        let (model, examples) = (model(code), line(1000));
        let prior = Autoregressive::fit(&model, &examples, 1, &()).expect("a quantised code");
        let bits = prior.bits_per_index().expect("codes were held out");
        assert!(bits < 0.6 * prior.uniform_bits(), "{code}: {bits}");
        let met = model.encode(&examples).expect("they fit");
        let drawn = prior.sample_codes(&model, 200, 7).expect("its own codes");
        let known = |code: &&[f32]| met.view().iter_rows().any(|met| met == *code);
        let of_examples = drawn.view().iter_rows().filter(known).count();
        assert!(of_examples > 150, "{code}: {of_examples} of 200");
    }
}

/// A prior of each kind, of the model with a code that it fits.
fn priors() -> Vec<(Autoencoder, FittedPrior)> {
    let examples = line(200);
    let quantised = QUANTISED.map(|code| {
        let model = model(code);
        let prior = Autoregressive::fit(&model, &examples, 1, &()).expect("a quantised code");
        (model, prior.into())
    });
    let plain = model("{ kind = 'deterministic' }");
    let codes = plain.encode(&examples).expect("they fit");
    let others: [FittedPrior; 4] = [
        Mixture::fit(&codes, 3, 1).expect("finite codes").into(),
        FittedFlow::fit(&codes, 1).expect("finite codes").into(),
        CodeNeighbours::fit(&codes, 3).expect("finite codes").into(),
        Hypersphere::fit(&codes).expect("finite codes").into(),
    ];
    let others = others.map(|prior| (plain.clone(), prior));
    quantised.into_iter().chain(others).collect()
}

#[test]
fn a_prior_that_is_kept_in_a_file_draws_the_same() {
    for (model, prior) in priors() {
        let bytes = ModelFile::to_bytes(&model, &provenance(), &prior.tensors());
        let file = ModelFile::from_bytes(&bytes.expect("a file")).expect("the same");
        assert!(file.attachments.iter().all(FittedPrior::owns));
        let kept = FittedPrior::of(&file.model, &file.attachments);
        let kept = kept.expect("it is whole").expect("there is one");
        let drawn = |prior: &FittedPrior| prior.sample_codes(&model, 50, 3).expect("its model");
        assert_eq!(drawn(&kept), drawn(&prior));
        assert_eq!(kept.name(), prior.name());
        assert_eq!(kept.tensors(), prior.tensors());
        let bits = |prior: &FittedPrior| prior.autoregressive()?.bits_per_index();
        assert_eq!(bits(&kept), bits(&prior));
    }
    let none = FittedPrior::of(&model(QUANTISED[0]), &[]);
    assert!(none.expect("nothing is damaged").is_none());
}

#[test]
fn a_mixture_that_is_kept_has_the_same_density() {
    let plain = model("{ kind = 'deterministic' }");
    let codes = plain.encode(&line(200)).expect("they fit");
    let mixture = Mixture::fit(&codes, 3, 1).expect("finite codes");
    let kept = FittedPrior::of(&plain, &FittedPrior::from(mixture.clone()).tensors());
    match kept.expect("it is whole") {
        Some(FittedPrior::Mixture(kept)) => assert_eq!(kept, mixture),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_prior_that_is_damaged_or_of_another_model_is_refused() {
    let refused = |model: &Autoencoder, tensors: &[_]| {
        let message = message(FittedPrior::of(model, tensors));
        assert!(
            message.contains("damaged, or of another model"),
            "{message}"
        );
    };
    for (own, prior) in priors() {
        let tensors = prior.tensors();
        refused(&model("{ kind = 'gaussian', units = 4 }"), &tensors);
        if prior.autoregressive().is_some() {
            refused(&model("{ kind = 'gaussian', units = 6 }"), &tensors);
        }
        for number in 0..tensors.len() {
            let mut less = tensors.clone();
            let name = less.remove(number).name;
            // A prior of a few codes has none.
            if !name.ends_with("bits-per-index") {
                refused(&own, &less);
            }
            let mut short = tensors.clone();
            short[number].bytes.pop();
            refused(&own, &short);
            let mut other = tensors.clone();
            other[number].dtype = Dtype::I64;
            refused(&own, &other);
            let mut broken = tensors.clone();
            let last = broken[number].bytes.len().saturating_sub(4);
            broken[number].bytes[last..].fill(0xff);
            // As many neighbours are as good as all.
            if !name.ends_with("neighbours") {
                refused(&own, &broken);
            }
        }
    }
}

#[test]
fn codes_without_indices_and_codes_of_too_many_are_refused() {
    let fit = |model: &Autoencoder, rows| {
        message(Autoregressive::fit(model, &Matrix::zeros(rows, 5), 1, &()))
    };
    let gaussian = fit(&model("{ kind = 'gaussian', units = 6 }"), 9);
    assert!(
        gaussian.contains("gaussian, without a codebook"),
        "{gaussian}"
    );
    let deterministic = fit(&model("{ kind = 'deterministic' }"), 9);
    assert!(
        deterministic.contains("vector-quantised"),
        "{deterministic}"
    );
    assert!(fit(&model(QUANTISED[0]), 0).contains("no examples"));
    let spec = model_spec(
        "likelihood = 'gaussian'
         code = { kind = 'finite-scalar-quantised', levels = [65536] }
         encoder = [{ layer = 'dense', units = 6 }]
         decoder = [{ layer = 'dense' }]",
    );
    let large = fit(&spec.build(&[5], 1).expect("parts that fit"), 9);
    for words in ["6 indices from 65536 vectors", "262,144"] {
        assert!(large.contains(words), "{large}");
    }
}
