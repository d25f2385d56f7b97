//! A file of tables that one run has measured.

use std::fs;

use anyhow::Context;

use super::machine::{Machine, load_average};
use crate::checks::today;
use crate::workspace::root;

/// Writes and prints tables below their head, with the date, the machine, and its load average `before` the run and now.
pub fn write(file: &str, head: &str, before: Option<f64>, tables: &str) -> anyhow::Result<()> {
    let [before, after] =
        [before, load_average()].map(|load| load.map_or("-".into(), |load| load.to_string()));
    let report = format!(
        "{head}\n{}. {}; load average {before} before, {after} after.\n{tables}",
        today()?,
        Machine::this().line(),
    );
    print!("{report}");
    let path = root()?.join(file);
    fs::write(&path, report).with_context(|| format!("cannot write `{}`", path.display()))
}
