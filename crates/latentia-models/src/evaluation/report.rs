//! A model's measures, beside PCA's.

use latentia_nn::CodeValues;
use latentia_tensor::Rows;
use serde::Serialize;

use super::denoising::Denoising;
use super::elbo::ElboReport;
use super::latent_usage::LatentUsage;
use super::metrics::Metrics;
use super::pca::Pca;
use super::probes::Probes;
use super::table_metrics::TableMetrics;
use crate::{Autoencoder, ModelError};

/// All measures that fit a model, on some examples: what `latentia evaluate --json` prints.
///
/// ```
/// use latentia_models::{Evaluation, ModelSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let model = spec.build(&[3], 42)?;
/// let points = Matrix::from_vec(20, 3, (0..60).map(|i| (i as f32).sin()).collect());
/// let evaluation = Evaluation::measure(&model, ("waves", "all"), &points, None, false, (10, 0))?;
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
    /// Vectors in the codebook.
    #[serde(skip)]
    pub codebook: Option<usize>,
    /// Mean squared error of PCA with as many components as the code has dimensions.
    pub pca_mse: f64,
    /// How well corrupted examples are restored, by a model that learned to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoising: Option<Denoising>,
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
    /// Whether the likelihood is a density, whose bits compare with no other's.
    #[serde(skip)]
    pub is_density: bool,
    /// Dimensions of a code.
    #[serde(skip)]
    pub code_width: usize,
    /// Whether the loss is a negative log likelihood.
    #[serde(skip)]
    pub is_in_nats: bool,
}

impl Evaluation {
    /// Measures `model` on `examples`, and PCA learned from `training`, or from the examples themselves. With `probe`, codes are
    /// probed for classes, where there is a training part and examples have some. The likelihood has `importance_samples` samples
    /// for each example, drawn by `seed`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        (data, part): (&str, &'static str),
        examples: &dyn Rows,
        training: Option<&dyn Rows>,
        probe: bool,
        (importance_samples, seed): (u32, u64),
    ) -> Result<Self, ModelError> {
        let learned_from = training.unwrap_or(examples);
        let fill = model.encoded_means(learned_from)?;
        let learned_from = model.encoded(learned_from, fill.clone())?;
        // So many rows span no more dimensions.
        let rank = learned_from
            .cols()
            .min(learned_from.rows().saturating_sub(1));
        let pca_components = model.code_width().min(rank.max(1));
        let pca = Pca::learn(&learned_from, pca_components)?;
        let table = TableMetrics::measure(model, examples, &pca, &fill)?;
        let pca_mse = match &table {
            Some(table) => table.pca_mse,
            None => pca.mse(&model.encoded(examples, fill.clone())?)?,
        };
        let corruption = model.spec().and_then(|spec| spec.corruption);
        let denoising = match corruption.filter(|_| table.is_none()) {
            Some(corruption) => {
                let pca = Some(&pca);
                Some(Denoising::measure(model, examples, corruption, seed, pca)?)
            }
            None => None,
        };
        let probes = match training.filter(|_| probe) {
            Some(training) => Probes::measure(model, (&pca, &fill), training, examples)?,
            None => None,
        };
        Ok(Self {
            data: data.into(),
            part,
            metrics: Metrics::measure(model, examples)?,
            variational: ElboReport::measure(model, examples, importance_samples, seed)?,
            usage: LatentUsage::measure(model, examples)?,
            codebook: match model.latent().values() {
                CodeValues::Codebook { vectors, .. } => Some(vectors),
                _ => None,
            },
            denoising,
            table,
            pca_mse,
            pca_components,
            pca_is_exact: pca.is_exact(),
            pca_learned_from: if training.is_some() { "train" } else { part },
            probes,
            code_width: model.code_width(),
            is_density: model.likelihood().is_density(),
            is_in_nats: model.likelihood().is_in_nats_per_example(),
        })
    }
}
