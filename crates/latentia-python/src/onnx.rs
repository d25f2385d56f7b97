//! A model for other runtimes.

use latentia::ModelFile;
use latentia_onnx::{GraphRows, Part, Rule, export};

use crate::error::{Error, Failure};

/// The ONNX model of a part, called as the program calls it; what a score is flagged by is a rate of false alarms.
///
/// # Errors
/// When there is no such part or form of rows, or something in the model has no counterpart there.
pub fn exported(
    file: &ModelFile,
    part: &str,
    rows: &str,
    false_alarm: f64,
) -> Result<Vec<u8>, Failure> {
    let rule = Rule::FalseAlarm(false_alarm);
    rule.check()?;
    let wrong = |name: &str, seen: &str, valid: &str| {
        let text = format!("`{name}` is `{seen}`; it must be one of {valid}");
        Err(Error::new_err(text).into())
    };
    let part = match part {
        "reconstruct" => Part::Reconstruct,
        "encode" => Part::Encode,
        "decode" => Part::Decode,
        "score" => Part::Score(rule),
        _ => return wrong("part", part, "`reconstruct`, `encode`, `decode`, `score`"),
    };
    let rows = match rows {
        "whole" => GraphRows::Whole,
        "bytes" => GraphRows::Bytes,
        "columns" => GraphRows::Columns,
        _ => return wrong("rows", rows, "`whole`, `bytes`, `columns`"),
    };
    let bytes = export(file, part, rows);
    bytes.map_err(|error| Error::new_err(error.to_string()).into())
}
