//! Data from which little or nothing can be learned.

use anyhow::bail;
use latentia_data::{Dataset, little_to_learn};
use latentia_tensor::Rows;

use crate::terminal::tell;

/// Warns of examples from which little can be learned, a line each; see [`little_to_learn`].
///
/// # Errors
/// When there is but one example, or they cannot be read.
pub fn check_examples(data: &str, examples: &Dataset) -> anyhow::Result<()> {
    let one = match examples.shape().len() {
        1 => "row",
        _ => "example",
    };
    if examples.rows() == 1 {
        bail!("`{data}`: nothing to learn from one {one}");
    }
    let schema = examples.table().map(|table| &table.schema);
    for problem in little_to_learn(examples, one, schema)? {
        tell(&format!("warning: `{data}`: {problem}"));
    }
    Ok(())
}
