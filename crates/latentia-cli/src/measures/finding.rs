//! What was found of one example.

use latentia_data::Column;
use latentia_models::{Explanation, Region};
use serde_json::{Value, json};

use super::elements::json_value;

/// Reasons that are said of an example.
pub const REASONS: usize = 3;

/// What was found of one example.
pub struct Finding<'a> {
    /// Its number, from 0.
    pub example: u64,
    /// What names it, where something does.
    pub id: Option<&'a str>,
    /// Its score.
    pub score: f64,
    /// The p-value of that.
    pub p_value: f64,
    /// Whether it is flagged.
    pub is_flagged: bool,
    /// Why it has its score, where that was looked for.
    pub reasons: Option<&'a Explanation>,
    /// Where a picture is reconstructed worst, where that was looked for.
    pub region: Option<Region>,
}

impl Finding<'_> {
    /// All of it as JSON; `columns` are those of the example's elements.
    pub fn json(&self, columns: &[Column]) -> Value {
        let mut line = json!({ "example": self.example });
        if let Some(id) = self.id {
            line["id"] = id.into();
        }
        line["score"] = self.score.into();
        line["p_value"] = self.p_value.into();
        line["flag"] = self.is_flagged.into();
        if let Some(own) = self.reasons {
            line["reasons"] = reasons(own, columns);
        }
        if let Some(region) = self.region {
            let Region {
                top,
                left,
                height,
                width,
                share,
                ..
            } = region;
            line["region"] = json!({ "top": top, "left": left, "height": height, "width": width, "share": share });
        }
        line
    }
}

fn reasons(own: &Explanation, columns: &[Column]) -> Value {
    let reasons = own.reasons.iter().take(REASONS).map(|reason| {
        let column = &columns[reason.element];
        let [observed, expected] =
            [reason.observed, reason.expected].map(|x| json_value(column, x));
        json!({
            "column": column.name,
            "observed": observed,
            "expected": expected,
            "deviation": reason.deviation,
            "share": reason.share,
        })
    });
    reasons.collect()
}
