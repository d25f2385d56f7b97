//! How well known anomalies are told from other examples.

use latentia_models::{
    Autoencoder, Detector, Estimate, ModelError, RankingMetrics, RankingOptions, Rule,
};
use serde_json::{Value, json};

use super::calibration::percent;
use super::findings::unit_of;
use crate::inputs::{AnomalySource, KnownAnomalies};
use crate::terminal::{UsageError, count, number, table};

/// How well the scores of a detector tell known anomalies from other examples.
pub struct Detection<'a> {
    known: &'a KnownAnomalies,
    metrics: RankingMetrics,
    unit: &'static str,
    seed: u64,
    /// The rate of false alarms behind the threshold, where there is one.
    rate: Option<f64>,
    /// The least rate that can be had, where a lower one was asked for.
    too_few: Option<f64>,
}

impl<'a> Detection<'a> {
    /// Measures the scores of `detector`, with the threshold that it has for a rate of false alarms, if it has one; `k` and the seed of
    /// bootstrap samples are those of [`RankingOptions`].
    ///
    /// # Errors
    /// When no example is an anomaly or all are, `k` or the rate is out of range, or examples cannot be read.
    pub fn measure(
        (model, detector): (&Autoencoder, &Detector),
        known: &'a KnownAnomalies,
        rate: f64,
        (k, seed): (Option<usize>, u64),
    ) -> anyhow::Result<Self> {
        let mut scores = Vec::with_capacity(known.anomalous.len());
        for examples in &known.sets {
            scores.extend(detector.score(examples)?);
        }
        let decision = detector
            .calibration()
            .decide(&scores, Rule::FalseAlarm(rate))?;
        let threshold = Some(decision.threshold).filter(|threshold| threshold.is_finite());
        let options = RankingOptions {
            k,
            threshold,
            seed,
            ..RankingOptions::default()
        };
        let metrics = RankingMetrics::measure(&scores, &known.anomalous, &options);
        let metrics = metrics.map_err(|error| match error {
            ModelError::Option { .. } => UsageError(error.to_string()).into(),
            _ => anyhow::anyhow!("{}: {error}", known.subject()),
        })?;
        Ok(Self {
            known,
            metrics,
            unit: unit_of(model, detector),
            seed,
            rate: threshold.and(Some(rate)),
            too_few: threshold.and(decision.too_few),
        })
    }

    /// What there is to warn of.
    pub fn warning(&self) -> Option<String> {
        let least = percent(self.too_few?);
        Some(format!(
            "too few rows to calibrate: no rate of false alarms below {least} % can be shown; flagged is what scores higher than all \
             of them"
        ))
    }

    /// The measures as a table.
    pub fn table(&self) -> String {
        let (known, metrics) = (self.known, &self.metrics);
        let (examples, anomalies) = (count(metrics.examples), count(metrics.anomalies));
        let head = match &known.source {
            AnomalySource::Data(name) => format!("{}, {name} ({examples})", known.data),
            _ => format!("{} ({}, {examples})", known.data, known.part),
        };
        let row = |name: &str, value: String, interval: String| vec![name.into(), value, interval];
        let estimate = |name: &str, estimate: &Estimate| {
            let interval = estimate.interval.map(|ends| ends.map(number).join(" to "));
            row(name, number(estimate.value), interval.unwrap_or_default())
        };
        let mut rows = vec![
            row(&head, "measure".into(), "95 % interval".into()),
            estimate("area under the ROC curve", &metrics.auroc),
            estimate("average precision", &metrics.average_precision),
            row(
                "  of a random order",
                number(metrics.average_precision_baseline),
                String::new(),
            ),
            estimate(
                &format!("precision among the first {}", count(metrics.k)),
                &metrics.precision_at_k,
            ),
        ];
        let mut text = format!("{anomalies} of {examples} examples are anomalies");
        if let Some(flagged) = &metrics.at_threshold {
            rows.push(row(
                &format!("flagged, from a score of {}", number(flagged.threshold)),
                count(flagged.flagged),
                String::new(),
            ));
            rows.push(estimate("  recall", &flagged.recall));
            rows.push(estimate("  false-alarm rate", &flagged.false_alarm_rate));
            let precision = flagged.precision.as_ref();
            rows.extend(precision.map(|precision| estimate("  precision", precision)));
        }
        if let (Some(rate), None) = (self.rate, self.too_few) {
            let rate = percent(rate);
            text.push_str(&format!(
                "; the threshold is for a false-alarm rate of {rate} %"
            ));
        }
        format!("{}{text}\n", table(&rows))
    }

    /// The same as JSON; `model` is the name of its file.
    ///
    /// # Errors
    /// None that a measure can cause.
    pub fn json(&self, model: &str) -> serde_json::Result<Value> {
        let known = self.known;
        let (column, anomalies_data) = match &known.source {
            AnomalySource::Column(name) => (Some(name.as_str()), None),
            AnomalySource::Labels => (Some("class"), None),
            AnomalySource::Data(name) => (None, Some(name)),
        };
        let mut report = json!({
            "model": model,
            "seed": self.seed,
            "data": known.data,
            "part": known.part,
            "column": column,
            "anomalies_data": anomalies_data,
            "unit": self.unit,
            "false_alarm": self.rate,
            "warnings": Vec::from_iter(self.warning()),
        });
        let measures = serde_json::to_value(&self.metrics)?;
        if let (Some(report), Value::Object(measures)) = (report.as_object_mut(), measures) {
            report.extend(measures);
        }
        Ok(report)
    }
}
