//! A model's measures, beside PCA's.

use latentia_models::{Autoencoder, Code, Metrics, PCA_MAX_COLUMNS, Pca, Usage, Variational};
use latentia_tensor::Rows;
use serde::Serialize;

use super::probes::Probes;
use crate::terminal::{count, counted, number, table};

/// Seed of the samples behind a likelihood: a measure repeats to the bit.
const SAMPLING_SEED: u64 = 0;

/// A codebook whose perplexity is below this share of its vectors is in disuse.
const IN_DISUSE: f64 = 0.1;

/// What is known of a model on some examples.
#[derive(Debug, Serialize)]
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
    pub variational: Option<Variational>,
    /// How much of the code is in use, of a model whose code has none.
    #[serde(flatten)]
    pub usage: Option<Usage>,
    /// Vectors in the codebook.
    #[serde(skip)]
    codebook: Option<usize>,
    /// Mean squared error of PCA with as many components as the code has numbers; absent where it would take too long.
    pub pca_mse: Option<f64>,
    /// How many components that is.
    pub pca_components: usize,
    /// What PCA learned from: `train`, or the evaluated examples themselves.
    pub pca_learned_from: &'static str,
    /// What codes say of classes, where that was asked for and there are classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// Numbers in an example.
    #[serde(skip)]
    width: usize,
    /// Whether the likelihood is a density, whose bits compare with no other's.
    #[serde(skip)]
    is_density: bool,
    /// Numbers in a code.
    #[serde(skip)]
    code_width: usize,
    /// Whether the loss is a negative log likelihood.
    #[serde(skip)]
    is_in_nats: bool,
}

impl Evaluation {
    /// Measures `model` on `examples`, and PCA learned from `training`, or from the examples themselves. With `probe`, codes are
    /// probed for classes, where there is a training part and examples have some.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        (data, part): (&str, &'static str),
        examples: &dyn Rows,
        training: Option<&dyn Rows>,
        probe: bool,
        importance_samples: u32,
    ) -> anyhow::Result<Self> {
        let pca_components = model.code_width().min(model.width());
        let pca = match model.width() <= PCA_MAX_COLUMNS {
            false => None,
            true => {
                let learned_from = model.scaled(training.unwrap_or(examples))?;
                Some(Pca::learn(&learned_from, pca_components)?)
            }
        };
        let pca_mse = match &pca {
            Some(pca) => Some(pca.mse(&model.scaled(examples)?)?),
            None => None,
        };
        let probes = match training.filter(|_| probe) {
            Some(training) => Probes::measure(model, pca.as_ref(), training, examples)?,
            None => None,
        };
        Ok(Self {
            data: data.into(),
            part,
            metrics: Metrics::measure(model, examples)?,
            variational: Variational::measure(model, examples, importance_samples, SAMPLING_SEED)?,
            usage: Usage::measure(model, examples)?,
            codebook: match model.spec().code {
                Code::VectorQuantised { codebook, .. } => Some(codebook),
                _ => None,
            },
            pca_mse,
            pca_components,
            pca_learned_from: if training.is_some() { "train" } else { part },
            probes,
            width: model.width(),
            code_width: model.code_width(),
            is_density: model.likelihood().is_density(),
            is_in_nats: model.likelihood().is_in_nats_per_example(),
        })
    }

    /// The measures as a table: the model's column, then PCA's; below it, that of the probes.
    pub fn table(&self) -> String {
        let mut rows = vec![vec![
            format!(
                "{} ({}, {})",
                self.data,
                self.part,
                count(self.metrics.examples)
            ),
            "model".to_string(),
            format!("pca {}", self.pca_components),
        ]];
        let psnr = |mse: f64| -10.0 * mse.log10();
        let per_example = self.width as f64;
        let mut row = |name: &str, model: Option<f64>, pca: Option<f64>| {
            if let Some(model) = model {
                let pca = pca.map_or_else(String::new, number);
                rows.push(vec![name.into(), number(model), pca]);
            }
        };
        row("mean squared error", Some(self.metrics.mse), self.pca_mse);
        let squared = self.metrics.squared_error_per_example;
        row(
            "squared error per example",
            Some(squared),
            self.pca_mse.map(|mse| mse * per_example),
        );
        row("psnr, dB", self.metrics.psnr_db, self.pca_mse.map(psnr));
        row("ssim", self.metrics.ssim, None);
        row("binary cross-entropy", self.metrics.bce, None);
        row(
            "  above its floor",
            self.metrics
                .bce
                .zip(self.metrics.bce_floor)
                .map(|(a, b)| a - b),
            None,
        );
        if self.is_in_nats && self.variational.is_none() {
            row("loss, nats per example", Some(self.metrics.loss), None);
        }
        if let Some(likelihood) = &self.variational {
            row("elbo, nats", Some(likelihood.elbo_nats), None);
            row(
                "  reconstruction",
                Some(likelihood.reconstruction_nats),
                None,
            );
            row("  divergence", Some(likelihood.kl_nats), None);
            let samples = likelihood.importance_samples;
            row(
                &format!("nll, nats, {}", counted(samples as usize, "sample")),
                Some(likelihood.nll_nats),
                None,
            );
            row(
                "  standard error",
                Some(likelihood.nll_standard_error),
                None,
            );
            let bits = match self.is_density {
                true => "bits per dimension, of a density",
                false => "bits per dimension",
            };
            row(bits, Some(likelihood.bits_per_dim), None);
        }
        let mut text = table(&rows);
        if let Some(likelihood) = &self.variational {
            let (active, all) = (likelihood.active_units, likelihood.kl_per_dimension.len());
            let several = self.metrics.examples > 1;
            if several {
                text.push_str(&format!(
                    "{active} of {all} dimensions of the code are active\n"
                ));
            }
            if active == 0 && several {
                text.push_str("the posterior has collapsed onto the prior: try `objective = { warm-up = 10 }`, free-bits or a smaller beta\n");
            }
        }
        if let Some(usage) = &self.usage {
            text.push_str(&self.usage_in_words(usage));
        }
        if self.pca_mse.is_none() {
            text.push_str("pca is left out: more than 4,096 columns\n");
        } else if self.pca_learned_from == self.part {
            text.push_str("pca was fitted to these same examples: the best that it can do\n");
        }
        if let Some(probes) = &self.probes {
            text.push('\n');
            text.push_str(&probes.table(self.pca_components));
        }
        text
    }

    /// What there is to say of a code without a distribution, and what to try.
    fn usage_in_words(&self, usage: &Usage) -> String {
        let mut text = String::new();
        let several = self.metrics.examples > 1;
        if let (Some(perplexity), Some(used), Some(codebook)) = (
            usage.codebook_perplexity,
            usage.codebook_used,
            self.codebook,
        ) {
            text = format!(
                "{used} of {codebook} vectors of the codebook are in use, perplexity {}\n",
                number(perplexity)
            );
            if several && perplexity < IN_DISUSE * codebook as f64 {
                text.push_str(
                    "most of the codebook is in disuse: try a smaller one, larger batches or a smaller commitment\n",
                );
            }
        }
        if let Some(dead) = usage.dead_units.filter(|&dead| dead > 0 && several) {
            let units = self.code_width;
            text = format!(
                "{dead} of {units} units of the code are dead, the same for every example: \
                 try fewer units, a smaller learning rate, another activation, or for top-k a larger k or a warm-up\n"
            );
        }
        text
    }
}
