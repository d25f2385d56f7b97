//! What scores are held against, in words.

use latentia_models::{Calibration, CalibrationSource, Decision};

use crate::terminal::count;

/// What calibrates, in words.
pub fn calibrated(calibration: &Calibration) -> String {
    let whose = calibration.source().name();
    let n = calibration.scores().len();
    if n == 0 {
        return "nothing that calibrates".into();
    }
    format!(
        "{} {whose} score{}",
        count(n),
        if n == 1 { "" } else { "s" }
    )
}

/// What there is to warn of where it was so decided.
pub fn calibration_warnings(calibration: &Calibration, decision: &Decision) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(least) = decision.too_few {
        let flagged = match decision.threshold.is_finite() {
            true => "flagged is what scores higher than all of them",
            false => "nothing is flagged, though some score as high as can be told",
        };
        warnings.push(format!(
            "too few rows to calibrate: {} can show no rate below {} %; {flagged}",
            calibrated(calibration),
            percent(least)
        ));
    }
    if calibration.source() == CalibrationSource::Training {
        warnings.push(
            "scores are calibrated by rows that the model may have learned from: more will be flagged than the rate says"
                .into(),
        );
    }
    warnings
}

/// A share in percent, to four digits.
pub fn percent(share: f64) -> String {
    let text = format!("{:.4}", 100.0 * share);
    text.trim_end_matches('0').trim_end_matches('.').into()
}
