//! Gaussian codes with a prior that is learned.

use latentia_models::{Autoencoder, ElboReport, ModelFile, Provenance, StoppedBy};
use latentia_tensor::{Matrix, Noise, Rows};

use crate::{begin, message, model_spec, training_spec};

/// The priors that there are, as a specification has them.
const PRIORS: [&str; 4] = [
    "{ kind = 'vamp', components = 70 }",
    "{ kind = 'mixture', components = 4 }",
    "{ kind = 'flow', couplings = 6, hidden = 16 }",
    "{ kind = 'hierarchical', units = 2, hidden = 16 }",
];

fn spec(prior: &str, objective: &str) -> String {
    let prior = match prior {
        "" => String::new(),
        prior => format!(", prior = {prior}"),
    };
    format!(
        "likelihood = 'gaussian'
         {objective}
         code = {{ kind = 'gaussian', units = 2{prior} }}
         encoder = [{{ layer = 'dense', units = 16, activation = 'relu' }}]
         decoder = [{{ layer = 'dense', units = 16, activation = 'relu' }}, {{ layer = 'dense' }}]"
    )
}

/// Examples of four clusters.
fn clusters(rows: usize) -> Matrix {
    let mut examples = Matrix::zeros(rows, 6);
    for (row, x) in (0..).zip(examples.view_mut().iter_rows_mut()) {
        Noise::new(5, 0).normal(row, x);
        let [a, b] = [row % 2, row / 2 % 2].map(|side| 8.0 * side as f32 - 4.0);
        for (j, x) in x.iter_mut().enumerate() {
            *x = 0.3 * *x + if j % 2 == 0 { a } else { b };
        }
    }
    examples
}

fn train(text: &str, examples: &dyn Rows, epochs: u32) -> Autoencoder {
    let mut model = model_spec(text).build(&[6], 1).expect("parts that fit");
    let training = training_spec(&format!(
        "epochs = {epochs}\nbatch-size = 50\nlearning-rate = 0.005"
    ));
    let mut run = begin(&mut model, training, 1, examples, None).expect("they fit");
    run.run(&mut ()).expect("it trains");
    model
}

fn provenance() -> Provenance {
    Provenance {
        warm_start: false,
        preset: "own.toml".into(),
        data: "clusters".into(),
        target: None,
        fingerprint: "00ff".into(),
        seed: 1,
        training: training_spec("epochs = 2"),
        stopped_by: StoppedBy::Epochs,
        history: Vec::new(),
        warnings: Vec::new(),
    }
}

fn nll(model: &Autoencoder, examples: &Matrix) -> f64 {
    let report = ElboReport::measure(model, examples, 100, 1).expect("they fit");
    report.expect("a Gaussian code").nll_nats
}

#[test]
fn a_learned_prior_fits_clusters_better_than_the_standard_normal() {
    let examples = clusters(1000);
    // How many of what is drawn from the prior is an example of the four clusters.
    let near = |x: &&[f32]| x.iter().all(|x| (x.abs() - 4.0).abs() < 1.0);
    let share = |model: &Autoencoder| {
        let codes = model.sample_codes(400, 3).expect("a prior");
        let drawn = model.decode(&codes).expect("codes that fit");
        drawn.view().iter_rows().filter(near).count() as f64 / 400.0
    };
    let standard = train(&spec("", ""), &examples, 150);
    let (standard, standard_share) = (nll(&standard, &examples), share(&standard));
    for prior in PRIORS {
        for objective in ["", "objective = { importance-samples = 3 }"] {
            let model = train(&spec(prior, objective), &examples, 150);
            let (learned, share) = (nll(&model, &examples), share(&model));
            assert!(learned < standard - 0.1, "{prior}: {learned} {standard}");
            assert!(share > standard_share, "{prior}: {share} {standard_share}");
            assert_eq!(
                model.sample_codes(7, 3).expect("a prior").as_slice(),
                &model.sample_codes(9, 3).expect("a prior").as_slice()[..14]
            );
        }
    }
}

#[test]
fn a_traversal_goes_where_the_learned_prior_is() {
    let examples = clusters(400);
    for prior in PRIORS {
        let model = train(&spec(prior, ""), &examples, 3);
        let drawn = model.sample_codes(10_000, 0).expect("a prior");
        let column = |codes: &Matrix, j| -> Vec<f64> {
            codes.view().iter_rows().map(|z| f64::from(z[j])).collect()
        };
        let codes = model.traversal_codes(5).expect("a prior");
        for j in 0..2 {
            let of = |values: &[f64]| {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let variance = values.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
                (mean, variance.sqrt())
            };
            let (mean, deviation) = of(&column(&drawn, j));
            let crossed = column(&codes, j);
            let ends = [f64::min, f64::max].map(|f| crossed.iter().copied().reduce(f));
            let expected = [mean - 3.0 * deviation, mean + 3.0 * deviation];
            for (end, expected) in ends.into_iter().zip(expected) {
                let end = end.expect("codes");
                assert!((end - expected).abs() < 1e-4, "{end} {expected}");
            }
        }
    }
}

#[test]
fn a_model_file_keeps_the_prior() {
    let examples = clusters(200);
    for prior in PRIORS {
        let model = train(&spec(prior, ""), &examples, 2);
        let bytes = ModelFile::to_bytes(&model, &provenance(), &[]).expect("all is finite");
        let read = ModelFile::from_bytes(&bytes).expect("they are whole").model;
        assert_eq!(nll(&read, &examples), nll(&model, &examples));
        let draw = |model: &Autoencoder| model.sample_codes(20, 1).expect("a prior");
        assert_eq!(draw(&read).as_slice(), draw(&model).as_slice());
    }
}

#[test]
fn what_needs_the_standard_normal_is_refused_beside_a_learned_prior() {
    let mixture = "{ kind = 'mixture', components = 4 }";
    for name in ["free-bits", "capacity", "mmd", "total-correlation"] {
        let text = spec(mixture, &format!("objective = {{ {name} = 1.0 }}"));
        let error = message(model_spec(&text).build(&[6], 1));
        let expected = format!(
            "objective has {name} beside a learned prior of kind mixture; it needs the standard normal prior: leave it out, \
             or `prior` of the code"
        );
        assert_eq!(error, expected);
    }
    for (prior, expected) in [
        (
            "{ kind = 'mixture', components = 0 }",
            "code has a prior of 0 components; it must have from 1 to 10,000",
        ),
        (
            "{ kind = 'flow', couplings = 0 }",
            "code has a flow of 0 couplings; it must have from 1 to 1024",
        ),
        (
            "{ kind = 'flow', hidden = 2000 }",
            "code has a flow of 2000 hidden units; it must have from 1 to 1024",
        ),
        (
            "{ kind = 'hierarchical', units = 0 }",
            "code has a prior of kind hierarchical of 0 units; it must have from 1 to 4096",
        ),
    ] {
        let error = message(model_spec(&spec(prior, "")).build(&[6], 1));
        assert_eq!(error, expected);
    }
    let single = spec("{ kind = 'flow' }", "").replace("units = 2", "units = 1");
    assert_eq!(
        message(model_spec(&single).build(&[6], 1)),
        "code has a flow for a code of 1 unit; couplings need at least 2; a prior of kind `mixture` takes 1"
    );
}

#[test]
fn a_specification_without_a_prior_says_nothing_of_it() {
    let written = |prior| toml::to_string(&model_spec(&spec(prior, ""))).expect("plain data");
    assert!(!written("").contains("prior"), "{}", written(""));
    for prior in PRIORS {
        let read = model_spec(&written(prior));
        assert_eq!(read, model_spec(&spec(prior, "")));
    }
}

#[test]
fn pseudo_inputs_begin_at_training_examples_as_the_first_layer_that_learns_sees_them() {
    let examples = clusters(400);
    let vamp = "{ kind = 'vamp', components = 70 }";
    for corruption in ["", "corruption = { kind = 'masking', rate = 0.5 }\n"] {
        let text = format!("{corruption}{}", spec(vamp, ""));
        let mut model = model_spec(&text).build(&[6], 1).expect("parts that fit");
        let training = training_spec("epochs = 1\nbatch-size = 50");
        let run = begin(&mut model, training, 1, &examples, None).expect("they fit");
        let (_, parameter) = run.model().chain().pseudo_inputs().expect("a VampPrior");
        let own = &run.model().chain().parameters()[parameter].value;
        assert_eq!((own.rows(), own.cols()), (70, 6));
        let is_example = |row: &[f32]| examples.view().iter_rows().any(|x| x == row);
        assert!(own.view().iter_rows().all(is_example));
    }
}
