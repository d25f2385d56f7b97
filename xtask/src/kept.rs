//! Results of long checks, kept in `docs/` with their date: one row of a table for each.

use std::fs;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::workspace::root;

/// Puts the row of `name` in its place in the table of `docs/FILE`, below `head`, with today's date and `cells`.
pub fn keep(file: &str, head: &str, name: &str, cells: &[String]) -> anyhow::Result<()> {
    let today = Command::new("date").arg("+%Y-%m-%d").output()?;
    ensure!(today.status.success(), "`date` does not say what day it is");
    let today = String::from_utf8(today.stdout)?;
    let path = root()?.join("docs").join(file);
    let old = fs::read_to_string(&path).unwrap_or_default();
    let row = format!("| {name} | {} | {} |", today.trim(), cells.join(" | "));
    let mut rows: Vec<&str> = old.lines().filter(|line| line.starts_with("| ")).collect();
    rows.retain(|line| !head.contains(*line) && !line.starts_with(&format!("| {name} |")));
    rows.push(&row);
    rows.sort_unstable();
    fs::write(&path, format!("{head}{}\n", rows.join("\n")))
        .with_context(|| format!("cannot write `{}`", path.display()))
}
