//! Which scores are flagged.

use super::calibration::Calibration;
use crate::ModelError;

/// How it is decided which scores are flagged.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// So that of examples that belong at most this share is flagged: those with a p-value of at most so much.
    FalseAlarm(f64),
    /// This share of the scores, the highest.
    Contamination(f64),
    /// Those of at least this score.
    Threshold(f64),
    /// So that of those flagged at most this share belongs, on average (Benjamini and Hochberg 1995, of conformal p-values: Bates et
    /// al. 2023).
    FalseDiscovery(f64),
}

/// Which of some scores are flagged.
///
/// ```
/// use latentia_models::{Calibration, CalibrationSource, Rule};
///
/// let usual = (0..999).map(f64::from).collect();
/// let calibration = Calibration::new(usual, CalibrationSource::HeldOut);
/// let decision = calibration.decide(&[12.0, 2_000.0, 990.0, 989.0], Rule::FalseAlarm(0.01))?;
/// assert_eq!(decision.flags, [false, true, true, false]);
/// assert_eq!(decision.threshold, 989f64.next_up());
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Scores from it on are flagged.
    pub threshold: f64,
    /// Whether each score is.
    pub flags: Vec<bool>,
    /// The least p-value that can be had, where a lower one was asked for. By a rate of false alarms, the scores that are higher than all
    /// that calibrate are flagged then; by one of false discoveries none is, though some are as high.
    pub too_few: Option<f64>,
}

impl Rule {
    /// Refuses shares that are none.
    ///
    /// # Errors
    /// Names the option of the program, its value and what would be valid.
    pub fn check(self) -> Result<(), ModelError> {
        let (name, x, valid) = match self {
            Self::FalseAlarm(x) => ("false-alarm", x, "greater than 0 and less than 1"),
            Self::Contamination(x) => ("contamination", x, "greater than 0 and less than 1"),
            Self::FalseDiscovery(x) => ("fdr", x, "greater than 0 and less than 1"),
            Self::Threshold(x) => ("threshold", x, "a finite number"),
        };
        let is_valid = match self {
            Self::Threshold(_) => x.is_finite(),
            _ => x > 0.0 && x < 1.0,
        };
        match is_valid {
            true => Ok(()),
            false => Err(ModelError::Option {
                name,
                seen: x.to_string(),
                valid,
            }),
        }
    }
}

impl Calibration {
    /// Which of `scores` `rule` flags.
    ///
    /// # Errors
    /// When the rule's share is none.
    pub fn decide(&self, scores: &[f64], rule: Rule) -> Result<Decision, ModelError> {
        rule.check()?;
        let (threshold, too_few) = match rule {
            Rule::Threshold(threshold) => (threshold, None),
            Rule::Contamination(share) => (above(highest(scores, share)), None),
            Rule::FalseAlarm(rate) => self.at_rate(rate),
            Rule::FalseDiscovery(rate) => match self.discovery_rate(scores, rate) {
                Some(p) => self.at_rate(p),
                None => {
                    let least = self.least_p_value();
                    let is_least = |&score: &f64| self.p_value(score) <= least;
                    let too_few = scores.iter().any(is_least).then_some(least);
                    (f64::INFINITY, too_few)
                }
            },
        };
        Ok(Decision {
            threshold,
            flags: scores.iter().map(|&score| score >= threshold).collect(),
            too_few,
        })
    }

    /// The threshold at a rate of false alarms, and the least rate where that is greater.
    fn at_rate(&self, rate: f64) -> (f64, Option<f64>) {
        let beyond_all = self.scores().last().copied();
        match self.threshold(rate) {
            Some(score) => (above(score), None),
            None => (
                above(beyond_all.unwrap_or(f64::INFINITY)),
                Some(self.least_p_value()),
            ),
        }
    }

    /// The largest p-value that Benjamini and Hochberg reject at `rate`; none where they reject none.
    fn discovery_rate(&self, scores: &[f64], rate: f64) -> Option<f64> {
        let mut p: Vec<f64> = scores.iter().map(|&score| self.p_value(score)).collect();
        p.sort_unstable_by(f64::total_cmp);
        let n = p.len() as f64;
        let rejected = (1..)
            .zip(&p)
            .filter(|&(k, &p)| p <= rate * f64::from(k) / n);
        rejected.last().map(|(_, &p)| p)
    }
}

/// The least score above this one.
fn above(score: f64) -> f64 {
    score.next_up()
}

/// What this share of `scores`, rounded, is above.
fn highest(scores: &[f64], share: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let flagged = (share * scores.len() as f64).round() as usize;
    let below_all = || sorted.last().map(|last| last.next_down());
    let below = sorted.get(flagged).copied().or_else(below_all);
    below.unwrap_or(f64::INFINITY)
}
