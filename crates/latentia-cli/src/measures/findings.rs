//! What was found among examples: scores, p-values, flags and reasons.

use std::collections::BTreeMap;

use latentia_data::{Carried, Column, Dataset};
use latentia_models::{Autoencoder, Decision, Detector, Drift, Explanation, Reason, Region, Rule};
use latentia_tensor::Subset;
use serde_json::{Value, json};

use super::calibration::{calibrated, calibration_warnings, percent};
use super::elements::{columns_of, expectation, in_words};
use super::finding::{Finding, REASONS};
use crate::figures::{Chart, ScoresFigure, StrangeExample};
use crate::terminal::{count, counted, number, table};

/// Rows whose reasons are looked for when nobody asks for all.
const MOST_EXPLAINED: usize = 1_000;

/// Pictures that are looked at at once.
const REGIONS_AT_ONCE: usize = 512;

/// Reasons that make less than this share of a row's are not said.
const LEAST_SHARE: f64 = 0.05;

/// A p-value of the drift of all scores under which it is said, and the share above the median beyond which it is.
const DRIFT: (f64, f64) = (1e-3, 0.6);

/// What was found among examples.
pub struct Findings<'a> {
    detector: &'a Detector,
    rule: Rule,
    scores: Vec<f64>,
    /// The losses of the strangest.
    losses: BTreeMap<u32, f64>,
    score_unit: &'static str,
    loss_unit: &'static str,
    decision: Decision,
    drift: Option<Drift>,
    /// Numbers of the examples, the strangest first.
    order: Vec<u32>,
    shown: usize,
    reasons: BTreeMap<u32, Explanation>,
    /// Where pictures are reconstructed worst.
    regions: BTreeMap<u32, Region>,
    columns: Vec<Column>,
    /// Whether examples are windows of a series.
    is_series: bool,
    ids: Option<&'a Carried>,
}

impl<'a> Findings<'a> {
    /// What `detector` finds among `examples` of `model` with the `scores` that it gives them, by `rule`; `shown` are listed, and where
    /// `explain` is set every example gets reasons.
    ///
    /// # Errors
    /// When examples do not fit the model or cannot be read.
    pub fn of(
        (model, detector): (&Autoencoder, &'a Detector),
        (examples, scores): (&'a Dataset, Vec<f64>),
        rule: Rule,
        (shown, explain): (usize, bool),
    ) -> anyhow::Result<Self> {
        let calibration = detector.calibration();
        let decision = calibration.decide(&scores, rule)?;
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        let shown = shown.min(order.len());
        let listed = order[..shown].to_vec();
        let losses = model.score(&Subset::new(examples, listed.clone()));
        let losses = losses.unwrap_or_else(|_| vec![f64::NAN; shown]);
        let losses = listed.iter().copied().zip(losses).collect();
        let flagged = order.iter().filter(|&&row| decision.flags[row as usize]);
        let explained: Vec<u32> = match explain {
            true => order.clone(),
            false => {
                let flagged = flagged.copied().take(MOST_EXPLAINED);
                flagged.chain(listed).collect()
            }
        };
        let (mut reasons, mut regions) = (BTreeMap::new(), BTreeMap::new());
        if detector.is_of_pictures() {
            for rows in explained.chunks(REGIONS_AT_ONCE) {
                let found = detector.worst_regions(&Subset::new(examples, rows.to_vec()))?;
                let found = rows.iter().copied().zip(found);
                regions.extend(found.filter_map(|(row, region)| Some((row, region?))));
            }
        } else if model.schema().is_some() || model.shape().len() == 1 {
            for row in explained {
                if !reasons.contains_key(&row) {
                    let own = detector.explain(&Subset::new(examples, vec![row]))?;
                    reasons.extend(own.into_iter().map(|own| (row, own)));
                }
            }
        }
        Ok(Self {
            drift: calibration.drift(&scores),
            columns: columns_of(model),
            is_series: model.shape().is_series(),
            ids: examples.ids(),
            score_unit: unit_of(model, detector),
            loss_unit: model.likelihood().unit().name(),
            detector,
            rule,
            scores,
            losses,
            decision,
            order,
            shown,
            reasons,
            regions,
        })
    }

    /// Scores of all examples, in their order.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Scores from it on are flagged.
    pub fn threshold(&self) -> f64 {
        self.decision.threshold
    }

    /// Numbers of the listed examples, the strangest first.
    pub fn listed(&self) -> &[u32] {
        &self.order[..self.shown]
    }

    /// Whether an example is flagged.
    pub fn is_flagged(&self, row: u32) -> bool {
        self.decision.flags[row as usize]
    }

    /// The p-value of an example.
    pub fn p_value(&self, row: u32) -> f64 {
        let calibration = self.detector.calibration();
        calibration.p_value(self.scores[row as usize])
    }

    /// Whose scores calibrate lower than that of an example, as a share.
    pub fn training_share(&self, row: u32) -> f64 {
        let calibration = self.detector.calibration();
        calibration.share_below(self.scores[row as usize])
    }

    fn is_beyond(&self, row: u32) -> bool {
        let highest = self.detector.calibration().scores().last();
        highest.is_some_and(|&highest| self.scores[row as usize] > highest)
    }

    fn flagged(&self) -> usize {
        self.decision.flags.iter().filter(|&&flag| flag).count()
    }

    /// What names an example.
    pub fn name(&self, row: u32) -> String {
        match self.ids {
            Some(ids) => ids.text(row as usize).to_owned(),
            None => row.to_string(),
        }
    }

    /// The score of an example, and what names it, short enough to stand below a picture.
    pub fn caption(&self, row: u32) -> String {
        let name = self.name(row);
        let last = name.rsplit('/').next().unwrap_or_default();
        format!("{:.2}\n{last}", self.scores[row as usize])
    }

    /// The first reasons of an example, each in words with its share; none where they were not looked for.
    pub fn reasons(&self, row: u32) -> Vec<(String, f64)> {
        if let Some(region) = self.regions.get(&row) {
            let (bottom, right) = (region.top + region.height, region.left + region.width);
            if self.is_series {
                let words = format!("steps +{} to +{}", region.left, right - 1);
                return vec![(words, region.share)];
            }
            let words = format!(
                "pixels {} to {} down, {} to {} across",
                region.top,
                bottom - 1,
                region.left,
                right - 1
            );
            return vec![(words, region.share)];
        }
        let own = self.reasons.get(&row);
        let reasons = own.map_or(&[][..], |own| &own.reasons[..]);
        let told = reasons.iter().take(REASONS);
        let told = told.filter(|reason| reason.share >= LEAST_SHARE);
        told.map(|reason| (self.reason(reason), reason.share))
            .collect()
    }

    /// The same in one line.
    pub fn reasons_in_words(&self, row: u32) -> String {
        let reasons = self.reasons(row).into_iter();
        let reasons = reasons.map(|(words, share)| format!("{words}: {:.0} %", 100.0 * share));
        reasons.collect::<Vec<_>>().join("; ")
    }

    fn reason(&self, reason: &Reason) -> String {
        let column = &self.columns[reason.element];
        let observed = in_words(column, reason.observed);
        let expected = expectation(column, reason.expected, reason.deviation);
        format!("`{}` {observed}, expected {expected}", column.name)
    }

    /// A table of the listed examples, and what was decided.
    pub fn text(&self) -> String {
        let id = self.ids.map(|ids| ids.name.as_str());
        let head = [
            Some("example"),
            id,
            Some("score"),
            Some("p-value"),
            Some("flag"),
        ];
        let line = |&row: &u32| {
            let flag = if self.is_flagged(row) { "yes" } else { "" };
            let cells = [
                Some(row.to_string()),
                self.ids.map(|_| self.name(row)),
                Some(number(self.scores[row as usize])),
                Some(number(self.p_value(row))),
                Some(flag.into()),
            ];
            cells.into_iter().flatten().collect()
        };
        let head = head.into_iter().flatten().map(String::from).collect();
        let lines = self.listed().iter().map(line);
        let rows: Vec<Vec<String>> = [head].into_iter().chain(lines).collect();
        let reasons = self.listed().iter().map(|&row| self.reasons_in_words(row));
        let head = match self.reasons.is_empty() && self.regions.is_empty() {
            true => "",
            false => "reasons",
        };
        let reasons = [head.to_owned()].into_iter().chain(reasons);
        let text = table(&rows);
        let lines = text.lines().zip(reasons);
        let lines = lines.map(|(line, reasons)| match reasons.is_empty() {
            true => format!("{}\n", line.trim_end()),
            false => format!("{line}  {reasons}\n"),
        });
        let (flagged, all) = (count(self.flagged()), counted(self.scores.len(), "example"));
        let decided = self.decided();
        format!(
            "{}{flagged} of {all} flagged: {decided}\n",
            lines.collect::<String>()
        )
    }

    /// By what examples are flagged, in words.
    pub fn decided(&self) -> String {
        let threshold = number(self.threshold());
        let calibrated = calibrated(self.detector.calibration());
        match (self.rule, self.decision.too_few) {
            (Rule::FalseAlarm(_), Some(_)) => {
                format!("scores above {calibrated}, of which the highest is {threshold}")
            }
            (Rule::FalseAlarm(rate), None) => format!(
                "scores of at least {threshold}, a false-alarm rate of {} % by {calibrated}",
                percent(rate)
            ),
            (Rule::Contamination(share), _) => {
                format!(
                    "scores of at least {threshold}, the highest {} %",
                    percent(share)
                )
            }
            (Rule::FalseDiscovery(rate), _) => format!(
                "a false-discovery rate of {} % by {calibrated}",
                percent(rate)
            ),
            _ => format!("scores of at least {threshold}"),
        }
    }

    /// The rule, in a few words.
    fn rule_in_words(&self) -> String {
        match self.rule {
            Rule::FalseAlarm(rate) => format!("false alarm {} %", percent(rate)),
            Rule::Contamination(share) => format!("the highest {} %", percent(share)),
            Rule::FalseDiscovery(rate) => format!("false discovery {} %", percent(rate)),
            _ => "as asked for".into(),
        }
    }

    /// The scores and the listed examples as a chart.
    pub fn chart(&self, [model, data]: [&str; 2]) -> Chart {
        let strangest = self.listed().iter().map(|&row| StrangeExample {
            name: self.name(row),
            score: self.scores[row as usize],
            reasons: self.reasons(row),
        });
        let strangest: Vec<StrangeExample> = strangest.collect();
        let words = self.rule_in_words();
        let threshold = (self.threshold(), words.as_str());
        ScoresFigure {
            model,
            data,
            score: "score",
            scores: &self.scores,
            held_out: self.detector.calibration().scores(),
            threshold: Some(threshold).filter(|(threshold, _)| threshold.is_finite()),
            strangest: &strangest,
        }
        .chart()
    }

    /// What there is to warn of.
    pub fn warnings(&self) -> Vec<String> {
        let calibration = self.detector.calibration();
        let mut warnings = calibration_warnings(calibration, &self.decision);
        if let Some(drift) = self
            .drift
            .filter(|drift| drift.p_value < DRIFT.0 && drift.share_above_median > DRIFT.1)
        {
            warnings.push(format!(
                "the data as a whole has drifted: {:.0} % score above the median of the training rows, where 50 % are expected (p = {})",
                100.0 * drift.share_above_median,
                number(drift.p_value)
            ));
        }
        let flagged = self.flagged();
        if !self.reasons.is_empty() && flagged > MOST_EXPLAINED && self.reasons.len() < flagged {
            warnings.push(format!(
                "reasons are given for the first {} of {}; --explain gives all",
                count(MOST_EXPLAINED),
                counted(flagged, "flagged example")
            ));
        }
        warnings
    }

    /// All of it but the examples that are not listed, as JSON.
    pub fn json(&self) -> Value {
        let calibration = self.detector.calibration();
        let mut sorted = self.scores.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (rule, asked) = match self.rule {
            Rule::FalseAlarm(rate) => ("false-alarm", rate),
            Rule::Contamination(share) => ("contamination", share),
            Rule::FalseDiscovery(rate) => ("fdr", rate),
            Rule::Threshold(threshold) => ("threshold", threshold),
            _ => ("", f64::NAN),
        };
        let worst = self.listed().iter().map(|&row| {
            let mut line = self.json_of(row);
            line["loss"] = self.losses.get(&row).copied().into();
            line["training_share"] = self.training_share(row).into();
            line["beyond_training"] = self.is_beyond(row).into();
            line
        });
        json!({
            "examples": self.scores.len(),
            "unit": self.score_unit,
            "loss_unit": self.loss_unit,
            "median": sorted.get(sorted.len() / 2),
            "flagged": self.flagged(),
            "rule": rule,
            "asked": asked,
            "threshold": self.threshold(),
            "calibration": {
                "source": calibration.source().name(),
                "scores": calibration.scores().len(),
                "least_p_value": calibration.least_p_value(),
                "too_few": self.decision.too_few.is_some(),
            },
            "drift": self.drift.map(|drift| json!({
                "share_above_median": drift.share_above_median,
                "p_value": drift.p_value,
            })),
            "warnings": self.warnings(),
            "worst": worst.collect::<Vec<_>>(),
        })
    }

    /// One example as JSON.
    pub fn json_of(&self, row: u32) -> Value {
        let name = self.ids.map(|_| self.name(row));
        let finding = Finding {
            example: row.into(),
            id: name.as_deref(),
            score: self.scores[row as usize],
            p_value: self.p_value(row),
            is_flagged: self.is_flagged(row),
            reasons: self.reasons.get(&row),
            region: self.regions.get(&row).copied(),
        };
        finding.json(&self.columns)
    }
}

/// What a score is counted in.
pub fn unit_of(model: &Autoencoder, detector: &Detector) -> &'static str {
    match detector.is_plain() {
        true => model.likelihood().unit().name(),
        false => "deviations over training examples, a sum of parts",
    }
}
