//! Schemas of tables as files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use latentia_data::{Column, ColumnKind, Schema};
use latentia_models::write_atomically;

use crate::terminal::UsageError;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 26;

/// Columns of a kind that are named.
const MOST_NAMED: usize = 5;

/// What a schema's file begins with.
const HEAD: &str = "\
# What the columns of a table are. Kinds: number, category, boolean, date, id, label, ignored.
# Change what was guessed wrong, and give the file back with --schema.

";

/// Reads a schema.
///
/// # Errors
/// When the file cannot be read; a [`UsageError`] that says what is wrong with it.
pub fn read_schema(path: &Path) -> anyhow::Result<Schema> {
    let shown = path.display();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
        .with_context(|| format!("cannot read `{shown}`"))?;
    let wrong = |problem: String| UsageError(format!("`{shown}`: {problem}"));
    let schema: Schema = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            1 + text[..span.start.min(text.len())].matches('\n').count()
        });
        UsageError(format!("`{shown}`, line {line}: {}", error.message()))
    })?;
    schema.check().map_err(wrong)?;
    if schema.learned().next().is_none() {
        return Err(wrong("no column is to be learned from".into()).into());
    }
    Ok(schema)
}

/// Writes a schema, to be edited and read again.
///
/// # Errors
/// When the file cannot be written.
pub fn write_schema(path: &Path, schema: &Schema) -> anyhow::Result<()> {
    let text = toml::to_string(schema)?;
    write_atomically(path, |out| write!(out, "{HEAD}{text}"))?;
    Ok(())
}

/// How an array has what a table of `schema` has as text: levels, dates, differences from an offset. Nothing where all are plain
/// numbers.
pub fn elements_in_words(schema: &Schema) -> Option<String> {
    let named = |is: &dyn Fn(&Column) -> bool| {
        let columns: Vec<String> = schema
            .learned()
            .filter(|c| is(c))
            .map(|c| format!("`{}`", c.name))
            .collect();
        let more = columns.len().saturating_sub(MOST_NAMED);
        let mut named = columns[..columns.len() - more].join(", ");
        if more > 0 {
            named.push_str(&format!(" and {more} more"));
        }
        (!columns.is_empty()).then_some(named)
    };
    let levels = named(&|column| !column.levels.is_empty());
    let days = named(&|column| column.kind == ColumnKind::Date);
    let offsets = named(&|column| column.offset != 0.0);
    let parts = [
        levels.map(|columns| format!("levels by their numbers from 0 ({columns})")),
        days.map(|columns| format!("dates as days since 1970 ({columns})")),
        offsets
            .map(|columns| format!("differences from the offset that the schema has ({columns})")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
