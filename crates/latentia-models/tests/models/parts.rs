//! Models of one's own parts.

use std::ops::Range;
use std::sync::Arc;

use latentia_models::{
    Autoencoder, Metrics, ModelFile, Parts, Preset, Provenance, Registry, Training,
};
use latentia_nn::layers::Dense;
use latentia_nn::likelihoods::Bernoulli;
use latentia_nn::{
    Activation, BackwardMemory, CodeGradients, Codes, ForwardMemory, Initializer, Latent, Layer,
    Likelihood, Parameter, ParameterRole, ParameterSpec, Pass, Penalty, PenaltyContext, Shape,
    Trace,
};
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, Noise};
use tempfile::TempDir;

use crate::{bits, message, model_spec, training_spec, unit};

/// `y = s x`, with a learned `s` for each element.
#[derive(Debug)]
struct Gain {
    width: usize,
    initial: Initializer,
}

impl Layer for Gain {
    fn name(&self) -> String {
        format!("gain {}", self.width)
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let shape = [1, self.width];
        vec![ParameterSpec::new(
            ParameterRole::Scale,
            "gain",
            shape,
            self.initial,
        )]
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _: ForwardMemory<'_>,
    ) {
        let gain = parameters[0].value.row(0);
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            for ((y, x), gain) in y.iter_mut().zip(x).zip(gain) {
                *y = gain * x;
            }
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        _: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _: BackwardMemory<'_>,
    ) {
        let gain = parameters[0].value.row(0);
        let Some(mut dx) = dx else { return };
        for (dx, dy) in dx.iter_rows_mut().zip(dy.as_ref().iter_rows()) {
            for ((dx, dy), gain) in dx.iter_mut().zip(dy).zip(gain) {
                *dx = gain * dy;
            }
        }
    }

    fn gradient(
        &self,
        _: usize,
        _: Range<usize>,
        trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        if accumulate == Accumulate::Replace {
            out.as_mut_slice().fill(0.0);
        }
        for (x, dy) in trace.x.iter_rows().zip(dy.iter_rows()) {
            for ((g, x), dy) in out.as_mut_slice().iter_mut().zip(x).zip(dy) {
                *g += x * dy;
            }
        }
    }
}

/// `Σ |o - t| + n ln 2`: a Laplace distribution of unit scale.
#[derive(Debug)]
struct Laplace;

impl Likelihood for Laplace {
    fn name(&self) -> &'static str {
        "laplace"
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        _workspace: &mut Vec<f32>,
    ) {
        let constant = targets.cols() as f64 * std::f64::consts::LN_2;
        let pairs = outputs.iter_rows().zip(targets.iter_rows());
        for ((o, t), loss) in pairs.zip(losses) {
            let errors = o.iter().zip(t).map(|(o, t)| f64::from((o - t).abs()));
            *loss = errors.sum::<f64>() + constant;
        }
        if let Some(mut gradient) = gradient {
            let pairs = outputs.span().iter().zip(targets.span());
            for (g, (o, t)) in gradient.as_mut_slice().iter_mut().zip(pairs) {
                *g = scale * (o - t).signum();
            }
        }
    }

    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        mean.as_mut_slice().copy_from_slice(outputs.span());
    }

    fn sample(&self, outputs: MatrixRef<'_>, _: Noise, _: u32, out: MatrixMut<'_>) {
        self.mean(outputs, out);
    }
}

/// Codes as they come, at least one element.
#[derive(Debug)]
struct Plain;

impl Latent for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn layers(&self, inputs: usize, _: usize) -> Vec<Box<dyn Layer>> {
        vec![gain(inputs)]
    }
}

/// Half the squares of the code.
#[derive(Debug)]
struct Squares;

impl Penalty for Squares {
    fn name(&self) -> &'static str {
        "squares"
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _: &mut Vec<f32>,
    ) -> f64 {
        let weight = context.share / codes.codes.rows() as f64;
        if let Some(mut gradients) = gradients {
            let gradients = gradients.codes.as_mut_slice().iter_mut();
            for (g, z) in gradients.zip(codes.codes.span()) {
                *g += weight as f32 * z;
            }
        }
        let squares = codes
            .codes
            .span()
            .iter()
            .map(|&z| f64::from(z) * f64::from(z));
        0.5 * weight * squares.sum::<f64>()
    }
}

fn gain(width: usize) -> Box<dyn Layer> {
    let initial = Initializer::Ones;
    Box::new(Gain { width, initial })
}

fn dense(inputs: usize, outputs: usize) -> Box<dyn Layer> {
    let (linear, glorot) = (Activation::Linear, Initializer::Glorot);
    Box::new(Dense::new(inputs, outputs, linear, glorot))
}

/// A model of own parts for examples of five numbers.
fn own(width: usize, seed: u64) -> Autoencoder {
    let parts = Parts {
        encoder: vec![dense(5, width), gain(width)],
        latent: Arc::new(Plain),
        decoder: vec![dense(width, 5)],
        likelihood: Arc::new(Laplace),
        penalties: vec![Arc::new(Squares)],
        ..Parts::default()
    };
    Autoencoder::from_parts(parts, &[5], seed).expect("parts that fit")
}

const TRAINING: &str = "epochs = 30\nbatch-size = 16\nlearning-rate = 0.01\nvalidation = 0.2";

#[test]
fn own_parts_are_trained_measured_and_used() {
    let examples = unit(1, 80, 5);
    let mut model = own(3, 1);
    let fitted = model
        .fit(&examples, &training_spec(TRAINING), 1)
        .expect("it converges");
    let losses = |epoch: usize| fitted.history[epoch].validation_loss.expect("a fifth");
    assert!(losses(29) < losses(0) - 0.1, "{} {}", losses(0), losses(29));
    // All that learns has learned.
    let untouched = own(3, 1);
    let pairs = model.weights().zip(untouched.weights());
    for ((name, now), (_, before)) in pairs {
        assert_ne!(now, before, "{name}");
    }
    let names: Vec<String> = model.weights().map(|(name, _)| name).collect();
    assert!(names.contains(&"encoder.1.gain".into()), "{names:?}");
    assert!(names.contains(&"code.0.gain".into()), "{names:?}");
    let codes = model.encode(&examples).expect("all fits");
    assert_eq!((codes.rows(), codes.cols()), (80, 3));
    assert_eq!(
        model.decode(&codes).expect("all fits"),
        model.reconstruct(&examples).expect("all fits")
    );
    let metrics = Metrics::measure(&model, &examples).expect("all fits");
    let scores = model.score(&examples).expect("all fits");
    let mean = scores.iter().sum::<f64>() / 80.0;
    assert!((metrics.loss - mean).abs() < 1e-9 * mean.abs());
}

#[test]
fn a_run_of_own_parts_goes_on_from_its_checkpoint() {
    let (examples, folder) = (unit(1, 80, 5), TempDir::new().expect("a folder"));
    let path = folder.path().join("checkpoint.safetensors");
    let spec = training_spec(TRAINING);
    let mut whole = own(3, 1);
    whole.fit(&examples, &spec, 1).expect("it converges");
    let mut first = own(3, 1);
    let mut run = Training::new(&mut first, spec.clone(), 1, &examples, None).expect("all fits");
    for _ in 0..7 {
        let _ = run.fit_epoch(&mut ()).expect("it converges");
    }
    run.save_checkpoint(&path, "these")
        .expect("the folder is there");
    let mut second = own(3, 2);
    let mut run = Training::new(&mut second, spec.clone(), 1, &examples, None).expect("all fits");
    run.resume(&path, "these").expect("the same run");
    run.run(&mut ()).expect("it converges");
    assert_eq!(bits(&second), bits(&whole));

    let mut other = own(4, 1);
    let mut run = Training::new(&mut other, spec, 1, &examples, None).expect("all fits");
    let refused = message(run.resume(&path, "these"));
    assert!(refused.contains("belongs to another run"), "{refused}");
}

#[test]
fn a_file_of_own_parts_opens_with_who_knows_them_alone() {
    let examples = unit(1, 80, 5);
    let mut model = own(3, 1);
    let fitted = model
        .fit(&examples, &training_spec(TRAINING), 1)
        .expect("it converges");
    let provenance: Provenance = fitted.provenance("own", "numbers", "");
    let bytes = |model: &Autoencoder| ModelFile::to_bytes(model, &provenance, &[]);
    assert_eq!(
        message(bytes(&model)),
        "the model is made of parts that nothing describes; say how to build it again with `described_as` before it is saved"
    );
    let model = model.described_as("gains", &3).expect("a number");
    let file = bytes(&model).expect("it is described");
    assert_eq!(
        message(ModelFile::from_bytes(&file)),
        "`model in memory` has parts that are none of this library's; only a program that registers how to build `gains` opens it"
    );
    let build = |shape: &[usize], width: usize| {
        assert_eq!(shape, [5]);
        Ok::<_, std::fmt::Error>(own(width, 7))
    };
    let registry = Registry::new().with("gains", build);
    let loaded = ModelFile::from_bytes_with(&file, &registry)
        .expect("it is known")
        .model;
    assert_eq!(bits(&loaded), bits(&model));
    assert!(loaded.is_fitted());
    assert_eq!(bytes(&loaded).expect("it is described"), file);

    let refused = |registry: Registry| message(ModelFile::from_bytes_with(&file, &registry));
    let wider = |_: &[usize], width: usize| Ok::<_, std::fmt::Error>(own(width + 1, 7));
    let message = refused(Registry::new().with("gains", wider));
    assert!(
        message.contains("`encoder.0.weight` is missing or has the wrong size"),
        "{message}"
    );
    let text = |_: &[usize], _: String| Ok::<_, std::fmt::Error>(own(3, 7));
    let message = refused(Registry::new().with("gains", text));
    assert!(
        message.contains("a model `gains` that cannot be built: invalid type"),
        "{message}"
    );
}

#[test]
fn the_parts_of_a_specification_make_the_same_model() {
    for name in [
        "mnist",
        "vae-2",
        "conv-vq-vae",
        "conditional-vae",
        "iwae-burda",
        "denoising",
    ] {
        let Some(preset) = Preset::named(name) else {
            panic!("`{name}` is no preset");
        };
        let built = preset.model.build(&[28, 28], 3).expect("a preset");
        let parts = preset.model.parts(&[28, 28]).expect("a preset");
        let made = Autoencoder::from_parts(parts, &[28, 28], 3).expect("a preset");
        assert_eq!(bits(&made), bits(&built), "{name}");
        assert_eq!(made.sections(), built.sections(), "{name}");
        assert!(made.spec().is_none() && built.spec().is_some());
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let refused = |parts: Parts| message(Autoencoder::from_parts(parts, &[5], 1));
    assert_eq!(
        refused(Parts::default()),
        "encoder has no layer; it needs at least one"
    );
    let fits = || Parts {
        encoder: vec![dense(5, 2)],
        decoder: vec![dense(2, 5)],
        ..Parts::default()
    };
    let narrow = Parts {
        encoder: vec![dense(4, 2)],
        ..fits()
    };
    assert_eq!(
        refused(narrow),
        "encoder begins with dense linear, which takes 4; an example has 5"
    );
    let short = Parts {
        decoder: vec![dense(2, 4)],
        ..fits()
    };
    assert_eq!(
        refused(short),
        "decoder ends with 4 elements; an example has 5"
    );
    let gap = Parts {
        decoder: vec![dense(3, 5)],
        ..fits()
    };
    let message = refused(gap);
    assert!(
        message.contains("takes 3") && message.contains("2"),
        "{message}"
    );
    let scale = Parts {
        preprocessing: latentia_models::Preprocessing::Standardise,
        likelihood: Arc::new(Bernoulli),
        ..fits()
    };
    assert!(refused(scale).contains("`bernoulli` does not fit preprocessing `standardise`"));
    let spec = model_spec(
        "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 2 }]\ndecoder = [{ layer = 'dense' }]",
    );
    let changed = Parts {
        likelihood: Arc::new(Laplace),
        ..spec.parts(&[5]).expect("parts that fit")
    };
    let model = Autoencoder::from_parts(changed, &[5], 1).expect("parts that fit");
    assert_eq!(model.likelihood().name(), "laplace");
}
