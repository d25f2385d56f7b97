//! How near a model's samples are to real pictures: Fréchet distance, precision and recall in the features of a small classifier, which is
//! trained here of the library's layers and a likelihood of one's own, the cross-entropy of classes.
//!
//! Run it with `cargo run --release --example sample_quality -p latentia -- DATA MODEL...`, where DATA is `mnist` or another set of pictures with
//! classes and a test part, and each MODEL a file, or `mixture:FILE` to draw from a mixture of ten Gaussians that is fitted to its codes. A
//! line each says the distance, precision and recall of as many samples as there are test pictures, against these; first come those of training
//! pictures, which are real.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use latentia::data::{Locations, load};
use latentia::models::{
    FittedPrior, ModelError, ModelSpec, PrecisionRecall, PriorKind, frechet_distance,
};
use latentia::nn::layers::Dense;
use latentia::nn::{Activation, Initializer, Likelihood};
use latentia::tensor::{Matrix, MatrixMut, MatrixRef, Noise, Rows, Subset};
use latentia::{Autoencoder, ModelFile, TrainingSpec};

/// Features of a picture: the units before the classifier's last layer.
const FEATURES: usize = 64;

/// The seed of classifier, mixtures and samples.
const SEED: u64 = 1;

/// Of so many classes one, whose log probabilities the outputs are but for a constant: `ln Σ exp oᵢ - o[class]`, in nats. The first elements
/// of a target are 1 for the example's class and 0 for others, and so are the mean's probabilities.
#[derive(Debug)]
struct Categorical(usize);

#[rustfmt::skip]
impl Likelihood for Categorical {
    fn name(&self) -> &'static str { "categorical" }
    fn outputs(&self, _: usize) -> usize { self.0 }
    fn compute(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, scale: f32, losses: &mut [f64], mut gradient: Option<MatrixMut<'_>>, _workspace: &mut Vec<f32>) {
        for (row, loss) in losses.iter_mut().enumerate() {
            let (o, t) = (outputs.row(row), &targets.row(row)[..self.0]);
            let sum = log_sum(o);
            *loss = o.iter().zip(t).map(|(&o, &t)| f64::from(t * (sum - o))).sum();
            if let Some(gradient) = &mut gradient {
                let elements = gradient.row_mut(row).iter_mut().zip(o.iter().zip(t));
                elements.for_each(|(g, (o, t))| *g = scale * ((o - sum).exp() - t));
            }
        }
    }
    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        for (mean, o) in mean.iter_rows_mut().zip(outputs.iter_rows()) {
            let sum = log_sum(o);
            mean.fill(0.0);
            mean.iter_mut().zip(o).for_each(|(p, o)| *p = (o - sum).exp());
        }
    }
    /// Nobody draws classes here.
    fn sample(&self, outputs: MatrixRef<'_>, _: Noise, _: u32, out: MatrixMut<'_>) {
        self.mean(outputs, out);
    }
}

/// `ln Σ exp oᵢ`
fn log_sum(o: &[f32]) -> f32 {
    let largest = o.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    largest + o.iter().map(|o| (o - largest).exp()).sum::<f32>().ln()
}

/// Pictures, in `[0, 1]`, that are to be told by their classes.
struct Classified<'a> {
    pictures: &'a dyn Rows,
    classes: usize,
}

#[rustfmt::skip]
impl Rows for Classified<'_> {
    fn rows(&self) -> usize { self.pictures.rows() }
    fn cols(&self) -> usize { self.pictures.cols() }
    fn label(&self, index: u32) -> Option<u32> { self.pictures.label(index) }
    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> std::io::Result<()> {
        self.pictures.read(indices, out.reborrow())?;
        let scale = self.pictures.full_scale();
        out.as_mut_slice().iter_mut().for_each(|x| *x /= scale);
        Ok(())
    }
    fn has_targets(&self) -> bool { true }
    fn read_targets(&self, indices: &[u32], mut out: MatrixMut<'_>) -> std::io::Result<()> {
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            row.fill(0.0);
            let class = self.label(index).filter(|&class| (class as usize) < self.classes);
            let class = class.ok_or_else(|| std::io::Error::other(format!("picture {index} has no class that is known")))?;
            row[class as usize] = 1.0;
        }
        Ok(())
    }
}

/// Two convolutions and a dense layer of features, then the classes; after five epochs, which tell 99 of 100 digits of MNIST.
fn classifier(shape: &[usize], training: &Classified<'_>) -> Result<Autoencoder, ModelError> {
    let spec: ModelSpec = toml::from_str(&format!(
        r#"
        likelihood = "mse"
        encoder = [
            {{ layer = "conv", channels = 16, kernel = 3, stride = 2, activation = "relu", initializer = "he" }},
            {{ layer = "conv", channels = 32, kernel = 3, stride = 2, activation = "relu", initializer = "he" }},
            {{ layer = "dense", units = {FEATURES}, activation = "relu", initializer = "he" }},
        ]
        decoder = [{{ layer = "dense" }}]
        "#
    ))?;
    let mut parts = spec.parts(shape)?;
    let to_classes = Dense::new(
        FEATURES,
        training.classes,
        Activation::Linear,
        Initializer::Glorot,
    );
    parts.decoder = vec![Box::new(to_classes)];
    parts.likelihood = Arc::new(Categorical(training.classes));
    let mut model = Autoencoder::from_parts(parts, shape, SEED)?;
    let spec = TrainingSpec {
        epochs: 5,
        batch_size: 64,
        learning_rate: 0.001,
        ..TrainingSpec::default()
    };
    model.fit(training, &spec, SEED)?;
    Ok(model)
}

/// The share of pictures whose class is the likeliest.
fn accuracy(model: &Autoencoder, pictures: &Classified<'_>) -> Result<f64, ModelError> {
    let probabilities = model.decode(&model.encode(pictures)?)?;
    let right = (0..pictures.rows()).filter(|&row| {
        let own = &probabilities.row(row)[..pictures.classes];
        let likeliest = (0..own.len()).max_by(|&a, &b| own[a].total_cmp(&own[b]));
        likeliest.map(|class| class as u32) == pictures.label(row as u32)
    });
    Ok(right.count() as f64 / pictures.rows() as f64)
}

/// As many samples as asked for of a model, `[count, elements]` in `[0, 1]`; by a mixture that is fitted to the codes of `training` where the name says so.
fn samples(name: &str, training: &dyn Rows, count: usize) -> Result<Matrix, ModelError> {
    let Some(path) = name.strip_prefix("mixture:") else {
        let model = ModelFile::load(Path::new(name))?.model;
        return model.decode(&model.sample_codes(count, SEED)?);
    };
    let model = ModelFile::load(Path::new(path))?.model;
    let kind = PriorKind::Mixture { components: 10 };
    let prior = FittedPrior::fit(&model, training, kind, SEED, &())?;
    model.decode(&prior.sample_codes(&model, count, SEED)?)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().unwrap_or_else(|| "mnist-mini".into());
    let source = load(&data, &Locations::new(None))?;
    let test = source.test.ok_or("the data has no test part")?;
    let labels = source.train.labels().ok_or("the data has no classes")?;
    let classes = labels.iter().collect::<BTreeSet<_>>().len();
    let [training, real] = [&source.train, &test].map(|pictures| Classified { pictures, classes });

    let model = classifier(test.shape(), &training)?;
    println!("classifier  accuracy {:.4}", accuracy(&model, &real)?);
    let features = model.encode(&real)?;
    let compare = |name: &str, pictures: &dyn Rows| -> Result<(), ModelError> {
        let own = model.encode(pictures)?;
        let shares = PrecisionRecall::measure(&features, &own)?;
        println!(
            "{name}  distance {:.3}  precision {:.4}  recall {:.4}",
            frechet_distance(&features, &own)?,
            shares.precision,
            shares.recall
        );
        Ok(())
    };
    let count = real.rows().min(training.rows());
    compare(
        "training",
        &Subset::new(&training, (0..count as u32).collect()),
    )?;
    for name in arguments {
        compare(&name, &samples(&name, &source.train, count)?)?;
    }
    Ok(())
}
