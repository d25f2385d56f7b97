//! A model's measures, beside PCA's.

use latentia_nn::{CodeValues, Unit};
use latentia_tensor::{Factors, Rows};
use serde::Serialize;

use super::denoising::Denoising;
use super::disentanglement::Disentanglement;
use super::elbo::ElboReport;
use super::latent_usage::LatentUsage;
use super::metrics::Metrics;
use super::observed::{ObservedRows, ProgressObserver};
use super::pca::Pca;
use super::probes::Probes;
use super::table_metrics::TableMetrics;
use crate::{Autoencoder, ModelError};

/// All measures that fit a model, on some examples: what `latentia evaluate --json` prints.
///
/// ```
/// use latentia_models::{Evaluation, EvaluationOptions, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[3], 42)?;
/// let points = Matrix::from_vec(20, 3, (0..60).map(|i| (i as f32).sin()).collect());
/// let evaluation = Evaluation::measure(&model, ("waves", "all"), &points, &EvaluationOptions::default())?;
/// assert!(evaluation.pca_mse <= evaluation.metrics.mse);
/// assert!(evaluation.variational.is_none() && evaluation.pca_learned_from == "all");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The data's name or path.
    pub data: String,
    /// `test`, `train`, `validation` or `all`.
    pub part: &'static str,
    /// The model's measures.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Likelihood measures, of a model whose code has a distribution.
    #[serde(flatten)]
    pub variational: Option<ElboReport>,
    /// How much of the code is in use, of a model whose code has none.
    #[serde(flatten)]
    pub usage: Option<LatentUsage>,
    /// Vectors in the codebook, or in all codebooks together.
    #[serde(skip)]
    pub codebook: Option<usize>,
    /// Mean squared error of PCA with as many components as the code has dimensions.
    pub pca_mse: f64,
    /// How well corrupted examples are restored, by a model that learned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoising: Option<Denoising>,
    /// The likelihood's loss on elements that are hidden from the model, where it learned by that: see [`Autoencoder::hidden_loss`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden_loss: Option<f64>,
    /// Measures of each column, of a model of a table's columns.
    #[serde(flatten)]
    pub table: Option<TableMetrics>,
    /// How many components that is.
    pub pca_components: usize,
    /// Whether they are the best there are, and not merely nearly so.
    pub pca_is_exact: bool,
    /// What PCA learned from: `train`, or the evaluated examples themselves.
    pub pca_learned_from: &'static str,
    /// What codes say of classes, where that was asked for and there are classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// How far each factor has a dimension of the code of its own, where factors of the examples are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disentanglement: Option<Disentanglement>,
    /// Whether the likelihood is a density, whose bits compare with no other's.
    #[serde(skip)]
    pub is_density: bool,
    /// Dimensions of a code.
    #[serde(skip)]
    pub code_width: usize,
    /// What the loss is counted in.
    #[serde(skip)]
    pub unit: Unit,
}

/// How a model is measured.
#[derive(Clone, Copy)]
pub struct EvaluationOptions<'a> {
    /// What PCA and probes learn from; without it, PCA learns from the examples themselves, and there are no probes.
    pub training: Option<&'a dyn Rows>,
    /// Whether codes are probed for classes, where examples have some.
    pub probe: bool,
    /// What the examples were made of, where that is known.
    pub factors: Option<&'a Factors>,
    /// Samples behind the likelihood of each example.
    pub importance_samples: u32,
    /// What they are drawn by.
    pub seed: u64,
    /// Who watches.
    pub observer: &'a dyn ProgressObserver,
}

/// No training part, no probes, no factors, 10 samples by the seed 0, nobody who watches.
impl Default for EvaluationOptions<'_> {
    fn default() -> Self {
        Self {
            training: None,
            probe: false,
            factors: None,
            importance_samples: 10,
            seed: 0,
            observer: &(),
        }
    }
}

impl Evaluation {
    /// Measures `model` on `examples`, beside PCA.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read, or the options are out of range.
    pub fn measure(
        model: &Autoencoder,
        (data, part): (&str, &'static str),
        examples: &dyn Rows,
        options: &EvaluationOptions<'_>,
    ) -> Result<Self, ModelError> {
        let EvaluationOptions {
            training,
            observer,
            seed,
            ..
        } = *options;
        let learned_from = &ObservedRows::new(training.unwrap_or(examples), observer);
        let reads = Pca::reads(learned_from.rows(), learned_from.cols());
        observer.on_stage("principal components", learned_from.rows() as u64 + reads);
        let fill = model.encoded_means(learned_from)?;
        let learned_from = model.encoded(learned_from, fill.clone())?;
        // So many rows span no more dimensions.
        let rank = learned_from
            .cols()
            .min(learned_from.rows().saturating_sub(1));
        let pca_components = model.code_width().min(rank.max(1));
        let pca = Pca::learn(&learned_from, pca_components)?;

        observer.on_stage("reconstructions", 0);
        let observed = &ObservedRows::new(examples, observer);
        let table = TableMetrics::measure(model, observed, &pca, &fill)?;
        let pca_mse = match &table {
            Some(table) => table.pca_mse,
            None => pca.mse(&model.encoded(observed, fill.clone())?)?,
        };
        let corruption = model.spec().and_then(|spec| spec.corruption);
        let denoising = match corruption.filter(|_| table.is_none()) {
            Some(corruption) => {
                let pca = Some(&pca);
                Some(Denoising::measure(model, observed, corruption, seed, pca)?)
            }
            None => None,
        };
        let metrics = Metrics::measure(model, observed)?;
        let usage = LatentUsage::measure(model, observed)?;

        observer.on_stage("likelihood", examples.rows() as u64);
        let variational = ElboReport::measure(model, observed, options.importance_samples, seed)?;
        let probes = match training.filter(|_| options.probe) {
            Some(training) => {
                Probes::measure(model, (&pca, &fill), [training, examples], observer)?
            }
            None => None,
        };
        Ok(Self {
            data: data.into(),
            part,
            metrics,
            variational,
            usage,
            codebook: match model.latent().values() {
                CodeValues::Codebook {
                    vectors, codebooks, ..
                } => Some(vectors * codebooks),
                _ => None,
            },
            denoising,
            hidden_loss: model.hidden_loss(observed, seed)?,
            table,
            pca_mse,
            pca_components,
            pca_is_exact: pca.is_exact(),
            pca_learned_from: if training.is_some() { "train" } else { part },
            probes,
            disentanglement: disentanglement(model, observed, options)?,
            code_width: model.code_width(),
            is_density: model.likelihood().is_density(),
            unit: model.likelihood().unit(),
        })
    }
}

/// How far each factor has a dimension of the code of its own, where factors of `examples` are known.
fn disentanglement(
    model: &Autoencoder,
    examples: &ObservedRows<'_>,
    options: &EvaluationOptions<'_>,
) -> Result<Option<Disentanglement>, ModelError> {
    let Some(factors) = options.factors else {
        return Ok(None);
    };
    let observer = options.observer;
    observer.on_stage("codes of factors", examples.rows() as u64);
    let codes = model.encode(examples)?;
    Disentanglement::measure(&codes, factors, options.seed).map(Some)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use latentia_tensor::Matrix;
    use latentia_testing::numbers;

    use super::*;
    use crate::{Labelled, ModelSpec};

    /// The stages of a measurement: what they foretold, and what was read.
    #[derive(Default)]
    struct Stages(Mutex<Vec<(String, u64, u64)>>);

    impl ProgressObserver for Stages {
        fn on_stage(&self, stage: &str, examples: u64) {
            let mut stages = self.0.lock().expect("no panic");
            stages.push((stage.to_owned(), examples, 0));
        }

        fn on_examples(&self, examples: usize) {
            let mut stages = self.0.lock().expect("no panic");
            stages.last_mut().expect("a stage").2 += examples as u64;
        }
    }

    #[test]
    fn stages_foretell_how_many_examples_they_read() {
        let spec = "likelihood = 'bernoulli'\ncode = { kind = 'gaussian', units = 2 }\nencoder = [{ layer = 'dense', units = 3 }]\ndecoder = [{ layer = 'dense' }]";
        let spec: ModelSpec = toml::from_str(spec).expect("a specification");
        // Fewer columns than examples, and more: components of the covariance and of the Gram matrix.
        for cols in [5, 700] {
            let model = spec.build(&[cols], 1).expect("a model");
            let part = |rows: usize, seed| {
                let values = numbers(seed, rows * cols).iter().map(|x| x.abs()).collect();
                Matrix::from_vec(rows, cols, values)
            };
            let (x, other) = (part(600, 1), part(70, 2));
            let labels = |rows: u32| (0..rows).map(|i| i % 2).collect();
            let training = Labelled::new(&x, labels(600));
            let examples = Labelled::new(&other, labels(70));
            let factors = Factors::new(vec!["a".into()], (0..70).map(|i| i % 5).collect());
            let stages = Stages::default();
            let options = EvaluationOptions {
                training: Some(&training),
                probe: true,
                factors: Some(&factors),
                observer: &stages,
                ..EvaluationOptions::default()
            };
            Evaluation::measure(&model, ("own", "all"), &examples, &options).expect("all fits");
            let stages = stages.0.into_inner().expect("no panic");
            let named = |name: &str| stages.iter().filter(|own| own.0 == name).count();
            let names = [
                "principal components",
                "reconstructions",
                "likelihood",
                "nearest neighbours",
                "codes of factors",
            ];
            assert_eq!(names.map(named), [1, 1, 1, 3, 1], "{stages:?}");
            for (stage, foretold, read) in stages.iter().filter(|own| own.1 > 0) {
                assert_eq!(foretold, read, "{stage} of {cols} columns");
            }
        }
    }
}
