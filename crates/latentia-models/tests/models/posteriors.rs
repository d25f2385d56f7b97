//! Gaussian codes whose posterior a flow makes richer.

use latentia_models::{Autoencoder, ElboReport, ModelFile, Provenance, StoppedBy};
use latentia_tensor::{Matrix, Noise};

use crate::{begin, message, model_spec, training_spec};

/// The posteriors that there are, as a specification has them.
const POSTERIORS: [&str; 3] = [
    "{ kind = 'iaf', steps = 2, units = 16, context = 4 }",
    "{ kind = 'planar', steps = 3 }",
    "{ kind = 'radial', steps = 3 }",
];

fn spec(code: &str, objective: &str) -> String {
    format!(
        "likelihood = 'gaussian'
         {objective}
         code = {{ kind = 'gaussian', {code} }}
         encoder = [{{ layer = 'dense', units = 16, activation = 'tanh' }}]
         decoder = [{{ layer = 'dense' }}]"
    )
}

/// Examples near a line.
fn examples(rows: usize) -> Matrix {
    let mut examples = Matrix::zeros(rows, 3);
    for (row, x) in (0..).zip(examples.view_mut().iter_rows_mut()) {
        Noise::new(5, 0).normal(row, x);
        let place = 2.0 * x[0];
        for (x, along) in x.iter_mut().zip([0.9, -1.3, 0.4]) {
            *x = *x + along * place + 0.3;
        }
    }
    examples
}

fn train(text: &str, examples: &Matrix, epochs: u32) -> Autoencoder {
    let mut model = model_spec(text).build(&[3], 1).expect("parts that fit");
    let training = training_spec(&format!(
        "epochs = {epochs}\nbatch-size = 50\nlearning-rate = 0.01"
    ));
    let mut run = begin(&mut model, training, 1, examples, None).expect("they fit");
    run.run(&mut ()).expect("it trains");
    model
}

fn measure(model: &Autoencoder, examples: &Matrix, samples: u32, seed: u64) -> ElboReport {
    let report = ElboReport::measure(model, examples, samples, seed).expect("they fit");
    report.expect("a distribution")
}

/// `-ln N(x; b, w wᵀ + 1)`, mean over examples: of a linear decoder of one dimension.
fn exact_nll(model: &Autoencoder, examples: &Matrix) -> f64 {
    let parameters = model.chain().parameters();
    let [w, b] = [2, 1].map(|back| parameters[parameters.len() - back].value.as_slice());
    let norm: f64 = w.iter().map(|w| f64::from(*w).powi(2)).sum();
    let one = |x: &[f32]| {
        let d: Vec<f64> = x.iter().zip(b).map(|(x, b)| f64::from(x - b)).collect();
        let along: f64 = d.iter().zip(w).map(|(d, w)| d * f64::from(*w)).sum();
        let squares: f64 = d.iter().map(|d| d * d).sum();
        0.5 * (squares - along * along / (1.0 + norm)
            + (1.0 + norm).ln()
            + 3.0 * (2.0 * std::f64::consts::PI).ln())
    };
    let sum: f64 = examples.view().iter_rows().map(one).sum();
    sum / examples.rows() as f64
}

#[test]
fn the_likelihood_of_a_linear_model_is_exact_by_samples_of_any_posterior() {
    let examples = examples(300);
    for posterior in POSTERIORS {
        for objective in ["", "objective = { importance-samples = 3 }"] {
            let text = spec(&format!("units = 1, posterior = {posterior}"), objective);
            let model = train(&text, &examples, 20);
            let exact = exact_nll(&model, &examples);
            let reports = [1, 5, 2000].map(|samples| measure(&model, &examples, samples, 1));
            let nll = reports[2].nll_nats;
            assert!((nll - exact).abs() < 0.01, "{posterior}: {nll} {exact}");
            assert!(reports.iter().all(|own| own.kl_per_dimension.is_empty()));
            // By one sample the bound is the ELBO of that sample.
            let one = &reports[0];
            assert!((one.nll_nats + one.elbo_nats).abs() < 1e-9, "{one:?}");
            let gap = -reports[2].elbo_nats - exact;
            assert!((-0.01..0.5).contains(&gap), "{posterior}: {gap}");
        }
    }
}

#[test]
fn a_model_file_keeps_the_posterior_and_its_prior() {
    let examples = examples(200);
    for posterior in POSTERIORS {
        for prior in ["", ", prior = { kind = 'flow', couplings = 2, hidden = 4 }"] {
            let text = spec(&format!("units = 2, posterior = {posterior}{prior}"), "");
            let written = toml::to_string(&model_spec(&text)).expect("plain data");
            assert_eq!(model_spec(&written), model_spec(&text));
            let model = train(&text, &examples, 2);
            let provenance = Provenance {
                warm_start: false,
                preset: "own.toml".into(),
                data: "lines".into(),
                target: None,
                fingerprint: "00ff".into(),
                seed: 1,
                training: training_spec("epochs = 2"),
                stopped_by: StoppedBy::Epochs,
                history: Vec::new(),
                warnings: Vec::new(),
            };
            let bytes = ModelFile::to_bytes(&model, &provenance, &[]).expect("all is finite");
            let read = ModelFile::from_bytes(&bytes).expect("they are whole").model;
            let encode = |model: &Autoencoder| model.encode(&examples).expect("they fit");
            assert_eq!(encode(&read).as_slice(), encode(&model).as_slice());
            let nll = |model: &Autoencoder| measure(model, &examples, 7, 1).nll_nats;
            assert_eq!(nll(&read), nll(&model));
            let draw = |model: &Autoencoder| model.sample_codes(20, 1).expect("a prior");
            assert_eq!(draw(&read).as_slice(), draw(&model).as_slice());
        }
    }
}

#[test]
fn what_needs_a_gaussian_is_refused_beside_a_flow() {
    let iaf = format!("units = 2, posterior = {}", POSTERIORS[0]);
    for (name, set) in [
        ("free-bits", "free-bits = 1.0"),
        ("capacity", "capacity = 1.0"),
        ("total-correlation", "total-correlation = 1.0"),
        (
            "covariance",
            "covariance = { weight = 1.0, diagonal = 2.0, of = 'codes' }",
        ),
        (
            "doubly-reparameterised",
            "importance-samples = 4, doubly-reparameterised = true",
        ),
    ] {
        let text = spec(&iaf, &format!("objective = {{ {set} }}"));
        let expected = format!(
            "objective has {name} beside a posterior of kind iaf; it needs a posterior that is a diagonal Gaussian: leave it \
             out, or `posterior` of the code"
        );
        assert_eq!(message(model_spec(&text).build(&[3], 1)), expected);
    }
    // What looks at codes alone has its meaning.
    let mmd = spec(&iaf, "objective = { mmd = 1.0, beta = 0.5, warm-up = 2 }");
    assert!(model_spec(&mmd).build(&[3], 1).is_ok());
}

#[test]
fn a_posterior_out_of_range_is_refused() {
    for (code, expected) in [
        (
            "units = 2, posterior = { kind = 'iaf', steps = 0 }",
            "code has a posterior of kind iaf of 0 steps; it must have from 1 to 256",
        ),
        (
            "units = 2, posterior = { kind = 'planar', steps = 300 }",
            "code has a posterior of kind planar of 300 steps; it must have from 1 to 256",
        ),
        (
            "units = 2, posterior = { kind = 'iaf', units = 0 }",
            "code has a posterior of kind iaf of 0 hidden units; it must have from 1 to 4096",
        ),
        (
            "units = 2, posterior = { kind = 'iaf', context = 5000 }",
            "code has a posterior of kind iaf of 5000 elements of the context; it must have from 1 to 4096",
        ),
        (
            "units = 2, posterior = { kind = 'iaf' }, prior = { kind = 'vamp', components = 5 }",
            "code has a prior of kind vamp beside a posterior of kind iaf; the posteriors of pseudo-inputs have a density where \
             they are Gaussians alone: leave one of them out",
        ),
    ] {
        assert_eq!(
            message(model_spec(&spec(code, "")).build(&[3], 1)),
            expected
        );
    }
}
