//! `latentia detect --follow`

use std::io::{self, IsTerminal};
use std::path::Path;

use anyhow::bail;
use latentia_data::{Column, RowReader, Schema, TableRow};
use latentia_models::{Autoencoder, Detector, ModelError, Rule};
use latentia_tensor::{Matrix, MatrixMut, Rows};
use serde_json::{Value, json};

use crate::args::DetectArgs;
use crate::inputs::Loader;
use crate::measures::{Finding, calibration_warnings, columns_of};
use crate::terminal::{INTERRUPTED, UsageError, count, counted, describe, print, tell};

/// What messages call the rows.
const NAME: &str = "standard input";

/// What users call them.
const SIGN: &str = "-";

/// The most rows that are scored at once, where so many have come.
const ROWS_AT_ONCE: usize = 64;

/// Refuses a request to follow what is not standard input, before a model is read or trained.
pub(super) fn check(args: &DetectArgs) -> anyhow::Result<()> {
    let usage = |what: String| Err(UsageError(what).into());
    let data = match args.train {
        Some(_) => args.model.as_deref().map(Path::to_string_lossy),
        None => args.data.as_deref().map(Into::into),
    };
    match data.as_deref() {
        Some(data) if data == SIGN => {}
        Some(data) => return usage(format!("--follow reads {NAME}, `{SIGN}`, not `{data}`")),
        None => {
            return usage(format!(
                "--follow reads {NAME}: `… | latentia detect MODEL {SIGN} --follow`"
            ));
        }
    }
    let others = [("train", &args.train), ("reference", &args.reference)];
    let other = others
        .iter()
        .find(|(_, data)| data.as_deref() == Some(SIGN));
    if let Some((option, _)) = other {
        return usage(format!("--{option} `{SIGN}`: --follow reads {NAME}"));
    }
    match io::stdin().is_terminal() {
        true => usage(format!(
            "{NAME} is a terminal; --follow reads another program's output, `tail -f log.csv | latentia detect MODEL {SIGN} --follow`"
        )),
        false => Ok(()),
    }
}

/// Scores rows as they come, until no more do.
pub(super) fn run(
    (model, detector): (&Autoencoder, &Detector),
    rule: Rule,
    loader: &Loader,
) -> anyhow::Result<()> {
    if model.shape().picture().is_some() {
        let shape: Vec<String> = model.shape().iter().map(usize::to_string).collect();
        let shape = shape.join("x");
        let what = format!(
            "--follow scores rows of a table; the model takes pictures, examples of shape {shape}"
        );
        return Err(UsageError(what).into());
    }
    // Nothing is kept that would be lost.
    ctrlc::set_handler(|| std::process::exit(i32::from(INTERRUPTED)))?;
    let follower = Follower {
        model,
        detector,
        rule,
        columns: columns_of(model),
    };
    for warning in follower.warnings()? {
        tell(&format!("warning: {warning}"));
    }
    let schema = model.schema().cloned().unwrap_or_else(|| Schema {
        columns: follower.columns.clone(),
        ..Schema::default()
    });
    let options = &loader.options.table;
    let mut reader = RowReader::new(io::stdin().lock(), NAME, &schema, options)?;
    for note in reader.notes() {
        tell(&format!("`{NAME}`: {note}"));
    }
    let mut answers = Answers {
        is_strict: loader.options.strict,
        ..Answers::default()
    };
    while let Some(first) = reader.next_row()? {
        let mut rows = vec![first];
        while rows.len() < ROWS_AT_ONCE
            && let Some(next) = reader.next_buffered()
        {
            rows.push(next);
        }
        let rows = rows.into_iter().map(|row| Ok(row?));
        follower.answer(rows.collect(), &mut answers)?;
    }
    answers.end()
}

/// A row, or why there is none.
type Come = anyhow::Result<TableRow>;

/// What scores rows.
struct Follower<'a> {
    model: &'a Autoencoder,
    detector: &'a Detector,
    rule: Rule,
    columns: Vec<Column>,
}

impl Follower<'_> {
    fn warnings(&self) -> Result<Vec<String>, ModelError> {
        let calibration = self.detector.calibration();
        let decision = calibration.decide(&[], self.rule)?;
        Ok(calibration_warnings(calibration, &decision))
    }

    /// Answers rows in their order, each as soon as its answer is known.
    fn answer(&self, come: Vec<Come>, answers: &mut Answers) -> anyhow::Result<()> {
        let together = self.examples(come.iter().flatten());
        // That one of them does not fit the model is no reason to refuse the others.
        let mut together = self.scores(&together).ok().map(Vec::into_iter);
        for row in come {
            let scored = row.and_then(|row| {
                let score = match together.as_mut().and_then(Iterator::next) {
                    Some(score) => score,
                    None => self.scores(&self.examples([&row]))?[0],
                };
                let calibration = self.detector.calibration();
                let is_flagged = calibration.decide(&[score], self.rule)?.flags == [true];
                Ok((row, score, is_flagged))
            });
            if let Ok((.., true)) = scored {
                // Reasons take their time.
                answers.print()?;
            }
            let example = answers.examples;
            let line = scored.and_then(|(row, score, is_flagged)| {
                let explained = match is_flagged {
                    true => self.detector.explain(&self.examples([&row]))?.pop(),
                    false => None,
                };
                let finding = Finding {
                    example,
                    id: row.id.as_deref(),
                    score,
                    p_value: self.detector.calibration().p_value(score),
                    is_flagged,
                    reasons: explained.as_ref(),
                    region: None,
                };
                Ok(finding.json(&self.columns))
            });
            answers.push(line)?;
        }
        answers.print()
    }

    fn scores(&self, examples: &Examples) -> Result<Vec<f64>, ModelError> {
        let likelihood = self.model.likelihood();
        if likelihood.is_discrete() || likelihood.is_of_counts() {
            self.model.check_values(examples)?;
        }
        self.detector.score(examples)
    }

    fn examples<'a>(&self, rows: impl IntoIterator<Item = &'a TableRow>) -> Examples {
        let (mut values, mut labels) = (Vec::new(), Some(Vec::new()));
        for row in rows {
            values.extend_from_slice(&row.elements);
            labels = labels.zip(row.label).map(|(mut labels, label)| {
                labels.push(label);
                labels
            });
        }
        let width = self.model.width();
        Examples {
            values: Matrix::from_vec(values.len() / width, width, values),
            labels,
        }
    }
}

/// Rows of a table, with their classes where all have one.
struct Examples {
    values: Matrix,
    labels: Option<Vec<u32>>,
}

impl Rows for Examples {
    fn rows(&self) -> usize {
        self.values.rows()
    }

    fn cols(&self) -> usize {
        self.values.cols()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.labels.as_ref()?.get(index as usize).copied()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.values.read(indices, out)
    }
}

/// Lines that answer rows.
#[derive(Default)]
struct Answers {
    is_strict: bool,
    /// Rows that were answered, and those of them that could not be scored.
    examples: u64,
    refused: usize,
    /// What is not printed yet.
    text: String,
}

impl Answers {
    /// Answers the next row, and ends where it could not be scored and none may be left out.
    fn push(&mut self, line: anyhow::Result<Value>) -> anyhow::Result<()> {
        let (line, error) = match line {
            Ok(line) => (line, None),
            Err(error) => {
                let line = json!({ "example": self.examples, "error": describe(&error) });
                (line, Some(error))
            }
        };
        self.text.push_str(&format!("{line}\n"));
        self.examples += 1;
        match error {
            Some(error) if self.is_strict => {
                self.print()?;
                Err(error)
            }
            Some(_) => {
                self.refused += 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn print(&mut self) -> anyhow::Result<()> {
        if !self.text.is_empty() {
            print(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }

    fn end(&self) -> anyhow::Result<()> {
        let rows = counted(self.examples as usize, "row");
        match self.refused {
            0 => Ok(()),
            refused => bail!("{} of {rows} could not be scored", count(refused)),
        }
    }
}
