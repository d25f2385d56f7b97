//! How good a model is, as a page shows it.

use std::collections::BTreeMap;

use latentia_data::Dataset;
use latentia_models::{ColumnMetrics, Evaluation};
use serde::Serialize;

use crate::inputs::class_name;
use crate::measures::{Findings, evaluation_remarks, measure_rows};

/// Classes that are compared.
const MOST_CLASSES: usize = 40;

/// Bars of the histogram.
const BARS: usize = 60;

/// Measures of a model.
#[derive(Serialize)]
pub(super) struct Quality<'a> {
    /// A row a measure, the first their heads.
    measures: Vec<Vec<String>>,
    remarks: Vec<String>,
    /// Of a table.
    columns: &'a [ColumnMetrics],
    components: usize,
    /// Mean loss of each class.
    classes: Vec<ClassLoss>,
    histogram: Histogram,
}

#[derive(Serialize)]
struct ClassLoss {
    name: String,
    examples: usize,
    loss: f64,
}

/// How often scores fall between equally spaced edges.
#[derive(Serialize)]
struct Histogram {
    low: f64,
    high: f64,
    counts: Vec<usize>,
    /// From which score on examples are flagged, where any can be.
    threshold: Option<f64>,
    /// By what that is decided, in words.
    decided: String,
    warnings: Vec<String>,
}

/// An example that does not belong, by its place among those that are shown.
#[derive(Serialize)]
pub(super) struct Strange {
    example: usize,
    is_flagged: bool,
    reasons: String,
}

impl<'a> Quality<'a> {
    pub(super) fn of(
        evaluation: &'a Evaluation,
        findings: &Findings<'_>,
        examples: &Dataset,
        losses: &[f64],
    ) -> Self {
        let remarks = evaluation_remarks(evaluation);
        let table = evaluation.table.as_ref();
        Self {
            measures: measure_rows(evaluation),
            remarks: remarks.lines().map(String::from).collect(),
            columns: table.map_or(&[][..], |table| &table.columns),
            components: evaluation.pca_components,
            classes: class_losses(examples, losses),
            histogram: Histogram::of(findings),
        }
    }
}

/// Mean losses of classes, the largest first.
fn class_losses(examples: &Dataset, losses: &[f64]) -> Vec<ClassLoss> {
    let mut classes: BTreeMap<String, (usize, f64)> = BTreeMap::new();
    for (row, loss) in (0..).zip(losses) {
        let Some(name) = class_name(examples, row) else {
            return Vec::new();
        };
        let (count, sum) = classes.entry(name).or_default();
        *count += 1;
        *sum += loss;
    }
    let classes = classes
        .into_iter()
        .map(|(name, (examples, sum))| ClassLoss {
            name,
            examples,
            loss: sum / examples as f64,
        });
    let mut classes: Vec<ClassLoss> = classes.collect();
    classes.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    classes.truncate(MOST_CLASSES);
    classes
}

impl Histogram {
    fn of(findings: &Findings<'_>) -> Self {
        let mut scores = findings.scores().to_vec();
        scores.retain(|score| score.is_finite());
        let low = scores.iter().copied().fold(f64::INFINITY, f64::min);
        let high = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut counts = vec![0; BARS];
        for score in &scores {
            let share = (score - low) / (high - low);
            counts[((share * BARS as f64) as usize).min(BARS - 1)] += 1;
        }
        Self {
            low,
            high,
            counts,
            threshold: Some(findings.threshold()).filter(|own| own.is_finite()),
            decided: findings.decided(),
            warnings: findings.warnings(),
        }
    }
}

/// The examples that `findings` lists; `shown` are the rows that the page has, ascending.
pub(super) fn strangest(findings: &Findings<'_>, shown: &[u32]) -> Vec<Strange> {
    let listed = findings.listed().iter();
    let strange = listed.filter_map(|&row| {
        Some(Strange {
            example: shown.binary_search(&row).ok()?,
            is_flagged: findings.is_flagged(row),
            reasons: findings.reasons_in_words(row),
        })
    });
    strange.collect()
}
