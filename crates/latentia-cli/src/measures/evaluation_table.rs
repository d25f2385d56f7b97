//! An evaluation as people read it.

use latentia_models::{
    CodebookUsage, ColumnMetrics, Disentanglement, ElboReport, Evaluation, LatentUsage, Probe,
    Probes, TableMetrics, psnr,
};
use latentia_nn::Unit;

use crate::terminal::{count, counted, number, table};

/// A codebook whose perplexity is below this share of its vectors is in disuse.
const IN_DISUSE: f64 = 0.1;

/// Columns of a table that are shown.
const WORST: usize = 5;

/// Rows of a name, the model's measure, and PCA's.
struct Measures(Vec<Vec<String>>);

impl Measures {
    /// Adds a row, where the model has the measure.
    fn add(&mut self, name: &str, model: Option<f64>, pca: Option<f64>) {
        if let Some(model) = model {
            let pca = pca.map_or_else(String::new, number);
            self.0.push(vec![name.into(), number(model), pca]);
        }
    }

    /// Adds a row that PCA has no measure for.
    fn add_own(&mut self, name: &str, model: f64) {
        self.add(name, Some(model), None);
    }
}

/// The measures of an evaluation as a table: the model's column, then PCA's; below it, that of the probes.
pub fn evaluation_table(evaluation: &Evaluation) -> String {
    EvaluationTable(evaluation).text()
}

/// The same measures apart: a row each of its name, the model's and PCA's, below their names.
pub fn measure_rows(evaluation: &Evaluation) -> Vec<Vec<String>> {
    EvaluationTable(evaluation).measures()
}

/// What there is to say of the code, and what to try where it is in disuse; a line each.
pub fn evaluation_remarks(evaluation: &Evaluation) -> String {
    EvaluationTable(evaluation).remarks()
}

struct EvaluationTable<'a>(&'a Evaluation);

impl EvaluationTable<'_> {
    fn text(&self) -> String {
        let mut text = table(&self.measures());
        text.push_str(&self.remarks());
        if let Some(columns) = &self.0.table {
            text.push('\n');
            text.push_str(&worst_columns(columns, self.0.pca_components));
        }
        if let Some(probes) = &self.0.probes {
            text.push('\n');
            text.push_str(&probes_table(probes, self.0.pca_components));
        }
        if let Some(own) = &self.0.disentanglement {
            text.push('\n');
            text.push_str(&disentanglement_table(own));
        }
        text
    }

    /// A row a measure, below what was measured and by whom.
    fn measures(&self) -> Vec<Vec<String>> {
        let mut measures = Measures(vec![vec![
            format!(
                "{} ({}, {})",
                self.0.data,
                self.0.part,
                count(self.0.metrics.examples)
            ),
            "model".to_string(),
            format!("pca {}", self.0.pca_components),
        ]]);
        self.add_errors(&mut measures);
        if let Some(likelihood) = &self.0.variational {
            self.add_likelihood(likelihood, &mut measures);
        }
        measures.0
    }

    /// What there is to say of code and components, a line each.
    fn remarks(&self) -> String {
        let mut text = String::new();
        if let Some(likelihood) = &self.0.variational {
            text.push_str(&self.activity_in_words(likelihood));
        }
        if let Some(usage) = &self.0.usage {
            text.push_str(&self.usage_in_words(usage));
        }
        if !self.0.pca_is_exact {
            text.push_str("pca is by randomised subspace iteration, as there are more than 4,096 examples and columns\n");
        }
        if self.0.pca_learned_from == self.0.part {
            text.push_str("pca was fitted to these same examples: the best that it can do\n");
        }
        text
    }

    /// What a reconstruction errs, for every model.
    fn add_errors(&self, measures: &mut Measures) {
        let (metrics, pca) = (&self.0.metrics, self.0.pca_mse);
        if let Some(denoising) = &self.0.denoising {
            measures.add_own("corrupted, mean squared error", denoising.noisy_mse);
            measures.add(
                "  restored",
                Some(denoising.denoised_mse),
                denoising.pca_mse,
            );
        }
        measures.add("loss on hidden elements", self.0.hidden_loss, None);
        measures.add("mean squared error", Some(metrics.mse), Some(pca));
        measures.add(
            "squared error per example",
            Some(metrics.squared_error_per_example),
            Some(pca * metrics.squared_error_per_example / metrics.mse.max(f64::MIN_POSITIVE)),
        );
        measures.add("psnr, dB", metrics.psnr_db, Some(psnr(pca, 1.0)));
        measures.add("ssim", metrics.ssim, None);
        measures.add("binary cross-entropy", metrics.bce, None);
        let above = metrics.bce.zip(metrics.bce_floor);
        measures.add(
            "  above its floor",
            above.map(|(bce, floor)| bce - floor),
            None,
        );
        match self.0.unit {
            Unit::NatsPerExample if self.0.variational.is_none() => {
                measures.add_own("loss, nats per example", metrics.loss);
            }
            Unit::Dissimilarity => measures.add_own("loss, dissimilarity", metrics.loss),
            // It stands above.
            Unit::SquaredError | Unit::NatsPerElement | Unit::NatsPerExample => {}
        }
    }

    /// Likelihood measures, of a model whose code has a distribution.
    fn add_likelihood(&self, likelihood: &ElboReport, measures: &mut Measures) {
        measures.add_own("elbo, nats", likelihood.elbo_nats);
        measures.add_own("  reconstruction", likelihood.reconstruction_nats);
        measures.add_own("  divergence", likelihood.kl_nats);
        let samples = counted(likelihood.importance_samples as usize, "sample");
        measures.add_own(&format!("nll, nats, {samples}"), likelihood.nll_nats);
        measures.add_own("  standard error", likelihood.nll_standard_error);
        let bits = match self.0.is_density {
            true => "bits per dimension, of a density",
            false => "bits per dimension",
        };
        measures.add_own(bits, likelihood.bits_per_dim);
    }

    /// How many dimensions of a code with a distribution say something, and what to try where none does.
    fn activity_in_words(&self, likelihood: &ElboReport) -> String {
        if self.0.metrics.examples <= 1 {
            return String::new();
        }
        let (active, all) = (likelihood.active_units, likelihood.kl_per_dimension.len());
        // A learned prior has no parts in each dimension.
        let (of, hint) = match all {
            0 => (String::new(), ""),
            _ => (format!("of {all} "), "free-bits "),
        };
        let mut text = format!("{active} {of}dimensions of the code are active\n");
        if active == 0 {
            text.push_str(&format!("the posterior has collapsed onto the prior: try `objective = {{ warm-up = 10 }}`, {hint}or a smaller beta\n"));
        }
        text
    }

    /// What there is to say of a code without a distribution, and what to try.
    fn usage_in_words(&self, usage: &LatentUsage) -> String {
        let mut text = String::new();
        let several = self.0.metrics.examples > 1;
        if let (Some(perplexity), Some(used), Some(codebook)) = (
            usage.codebook_perplexity,
            usage.codebook_used,
            self.0.codebook,
        ) {
            let codebooks = usage.codebooks.len().max(1);
            let each = codebook / codebooks;
            let mut in_disuse = perplexity < IN_DISUSE * codebook as f64;
            if codebooks == 1 {
                text = format!(
                    "{used} of {each} vectors of the codebook are in use, perplexity {}\n",
                    number(perplexity)
                );
            }
            for (
                place,
                CodebookUsage {
                    perplexity, used, ..
                },
            ) in (1..).zip(&usage.codebooks)
            {
                text.push_str(&format!(
                    "{used} of {each} vectors of codebook {place} are in use, perplexity {}\n",
                    number(*perplexity)
                ));
                in_disuse |= *perplexity < IN_DISUSE * each as f64;
            }
            if several && used == codebooks {
                text.push_str(
                    "every example has the same code, of which the decoder learns nothing: try `initializer = \"he\"` in the encoder, \
                     or a smaller learning rate\n",
                );
            } else if several && in_disuse {
                text.push_str(
                    "most of the codebook is in disuse: try a smaller one, larger batches, or a smaller commitment where there is one\n",
                );
            }
        }
        if let Some(dead) = usage.dead_units.filter(|&dead| dead > 0 && several) {
            let units = self.0.code_width;
            text = format!(
                "{dead} of {units} units of the code are dead, the same for every example: \
                 try fewer units, a smaller learning rate, another activation, or for top-k a larger k or a warm-up\n"
            );
        }
        text
    }
}

/// The accuracies in percent as a table: the model's column, then that of PCA with `components`, then that of the raw values.
fn probes_table(probes: &Probes, components: usize) -> String {
    let row = |name: String, of: fn(&Probe) -> f64| {
        let percent = |probe: &Probe| format!("{:.2}", 100.0 * of(probe));
        let pca = probes.pca.as_ref().map_or_else(String::new, percent);
        vec![name, percent(&probes.model), pca, percent(&probes.raw)]
    };
    table(&[
        vec![
            "classes from features, % right".into(),
            "model".into(),
            format!("pca {components}"),
            "raw".into(),
        ],
        row("linear probe".into(), |probe| probe.linear_accuracy),
        row(
            format!("{} nearest neighbours", probes.neighbours),
            |probe| probe.neighbour_accuracy,
        ),
    ])
}

/// How far factors have dimensions of their own, and what chance would give.
fn disentanglement_table(own: &Disentanglement) -> String {
    let row = |name: &str, value: f64, chance: f64| {
        vec![name.into(), format!("{value:.3}"), format!("{chance:.3}")]
    };
    let mut rows = vec![
        ["disentanglement", "model", "by chance"]
            .map(String::from)
            .to_vec(),
    ];
    rows.push(row("factorvae score", own.factor_vae_score, own.chance));
    rows.push(row("mutual information gap", own.mig, 0.0));
    for factor in &own.factors {
        rows.push(row(&format!("  {}", factor.name), factor.gap, 0.0));
    }
    table(&rows)
}

/// The columns that are reconstructed worst: what share of their variance is explained, or how often their level is right.
fn worst_columns(metrics: &TableMetrics, components: usize) -> String {
    let mut columns: Vec<&ColumnMetrics> = metrics.columns.iter().collect();
    let share = |column: &ColumnMetrics| column.model.share().unwrap_or(1.0);
    columns.sort_by(|a, b| share(a).total_cmp(&share(b)));
    let all = columns.len();
    columns.truncate(WORST);
    let head = match all > WORST {
        true => format!("the {WORST} worst of {all} columns"),
        false => "columns, the worst first".into(),
    };
    let pca = format!("pca {components}");
    let mut rows = vec![[&head, "model", &pca, "rmse"].map(String::from).to_vec()];
    for column in columns {
        let what = if column.kind == "number" {
            "R²"
        } else {
            "accuracy"
        };
        let cell = |share: Option<f64>| share.map_or_else(String::new, |x| format!("{x:.3}"));
        rows.push(vec![
            format!("{}, {what}", column.name),
            cell(column.model.share()),
            cell(column.pca.share()),
            column.model.rmse.map_or_else(String::new, number),
        ]);
    }
    table(&rows)
}
