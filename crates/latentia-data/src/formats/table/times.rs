//! When the rows of a series are.

use std::mem::take;

use super::records::parse_number;
use crate::error::{DataError, Problem, grouped, quoted};
use crate::table::{days, format_of};

/// What there is to say of a series of `subject` by the times of its rows, which column `column` says: gaps, rows of the same time, a clock
/// that is set back. A row without a time is passed over; nothing is said of what are no times.
///
/// ```
/// let hours = (0..48).filter(|hour| *hour != 30).map(|hour| format!("2024-05-{:02} {:02}:00", 1 + hour / 24, hour % 24));
/// let hours: Vec<String> = hours.collect();
/// let told = latentia_data::check_times("load", "at", hours.iter().map(String::as_str))?;
/// assert_eq!(told, ["a step of `at` is of 2 h where others are of 1 h, to row 31: windows go across it"]);
/// # Ok::<(), latentia_data::DataError>(())
/// ```
///
/// # Errors
/// When dates are in no order.
pub fn check_times<'a>(
    subject: &str,
    column: &str,
    times: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<String>, DataError> {
    let mut all = Times::default();
    for (row, time) in (1..).zip(times) {
        if !time.is_empty() {
            all.push(time.as_bytes(), &|| format!("row {row}"));
        }
    }
    all.settle();
    let column = quoted(column.as_bytes());
    match all.problem(&column) {
        Some(problem) => Err(DataError::Problems {
            subject: subject.to_owned(),
            problems: vec![problem],
        }),
        None => Ok(all.notes(&column)),
    }
}

/// Rows by which it is known how times are written.
const HEAD: usize = 100;

/// Of so many rows more than one that goes back is no series: clocks are set back now and then.
const ROWS_A_STEP_BACK: u64 = 100;

/// How many times the usual step one is that is told of.
const LONG: f64 = 1.5;

/// The times of a series, as its rows come, in days or in the unit of their numbers.
#[derive(Default)]
pub(super) struct Times {
    written: Written,
    /// The first rows, and where they are, until it is known how times are written.
    head: Vec<(Vec<u8>, String)>,
    last: Option<f64>,
    /// From each row to the next.
    steps: Vec<f64>,
    /// The first row before the one above it.
    back: Option<String>,
    /// The longest step, and the row behind it.
    longest: (f64, String),
}

/// How times are written.
#[derive(Default)]
enum Written {
    #[default]
    Unknown,
    Numbers,
    Dates(String),
    /// They are none.
    Otherwise,
    /// They were times up to the row that this says.
    Until(String),
}

impl Times {
    /// Takes in the time of the row that `place` says.
    pub(super) fn push(&mut self, field: &[u8], place: &dyn Fn() -> String) {
        if matches!(self.written, Written::Unknown) {
            self.head.push((field.to_vec(), place()));
            if self.head.len() == HEAD {
                self.settle();
            }
        } else {
            self.step(field, place);
        }
    }

    /// Finds out how times are written by the rows that there are.
    pub(super) fn settle(&mut self) {
        let head = take(&mut self.head);
        if head.is_empty() {
            return;
        }
        let texts = head.iter().map(|(text, _)| &**text);
        self.written = match texts.clone().all(|text| parse_number(text, b'.').is_some()) {
            true => Written::Numbers,
            false => format_of(texts).map_or(Written::Otherwise, Written::Dates),
        };
        for (text, row) in &head {
            self.step(text, &|| row.clone());
        }
    }

    fn step(&mut self, field: &[u8], place: &dyn Fn() -> String) {
        let time = match &self.written {
            Written::Numbers => parse_number(field, b'.'),
            Written::Dates(format) => days(field, format),
            Written::Unknown | Written::Otherwise | Written::Until(_) => return,
        };
        let Some(time) = time.filter(|time| time.is_finite()) else {
            self.written = Written::Until(place());
            return;
        };
        if let Some(last) = self.last.replace(time) {
            let step = time - last;
            if step < 0.0 && self.back.is_none() {
                self.back = Some(place());
            }
            // By more than rounding adds.
            if step > self.longest.0 * (1.0 + 1e-6) {
                self.longest = (step, place());
            }
            self.steps.push(step);
        }
    }

    /// Whether they are times.
    fn are_known(&self) -> bool {
        matches!(self.written, Written::Numbers | Written::Dates(_))
    }

    /// Whether they were times, at first or throughout.
    pub(super) fn were_known(&self) -> bool {
        self.are_known() || matches!(self.written, Written::Until(_))
    }

    fn backwards(&self) -> u64 {
        self.steps.iter().filter(|&&step| step < 0.0).count() as u64
    }

    /// That dates are in no order at all.
    pub(super) fn problem(&self, column: &str) -> Option<Problem> {
        let (first, count) = (self.back.as_ref()?, self.backwards());
        let is_shuffled = count * ROWS_A_STEP_BACK > self.steps.len() as u64;
        (matches!(self.written, Written::Dates(_)) && is_shuffled).then(|| Problem {
            place: format!("{first}, column {column}"),
            seen: "a time before that of the row above".into(),
            expected: "the rows of a series in the order of their times".into(),
            count,
        })
    }

    /// What there is to say of a series that goes back, stands still or leaves times out.
    pub(super) fn notes(&self, column: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if let Written::Until(row) = &self.written {
            notes.push(format!(
                "{column} is no time in {row}, as it is before: its order and gaps are not looked at"
            ));
        }
        if !self.are_known() || self.steps.is_empty() {
            return notes;
        }
        let rows = |count| match count {
            1 => "1 row".into(),
            count => format!("{} rows", grouped(count)),
        };
        if let Some(first) = &self.back {
            let back = rows(self.backwards());
            notes.push(format!(
                "{column} goes back in {back}, first in {first}: windows are of rows as they stand"
            ));
        }
        let still = self.steps.iter().filter(|&&step| step == 0.0).count();
        if still > 0 {
            let rows = rows(still as u64);
            notes.push(format!("{column} is that of the row above in {rows}"));
        }
        let mut steps = self.steps.clone();
        let middle = steps.len() / 2;
        let usual = *steps.select_nth_unstable_by(middle, f64::total_cmp).1;
        let long = steps.iter().filter(|&&step| step > LONG * usual).count();
        if long > 0 && usual > 0.0 {
            let (longest, to) = &self.longest;
            let [usual, longest] = [usual, *longest].map(|step| self.span(step));
            notes.push(match long {
                1 => format!(
                    "a step of {column} is of {longest} where others are of {usual}, to {to}: windows go across it"
                ),
                _ => format!(
                    "{} of {} steps of {column} are longer than {usual}, the longest {longest}, to {to}: windows go across them",
                    grouped(long as u64),
                    grouped(steps.len() as u64),
                ),
            });
        }
        notes
    }

    /// How long a step is, in words.
    fn span(&self, step: f64) -> String {
        if !matches!(self.written, Written::Dates(_)) {
            return rounded(step);
        }
        let seconds = (step * 86_400.0 * 1e3).round() / 1e3;
        let (unit, size) = match seconds {
            ..60.0 => ("s", 1.0),
            ..3_600.0 => ("min", 60.0),
            ..172_800.0 => ("h", 3_600.0),
            _ => ("days", 86_400.0),
        };
        format!("{} {unit}", rounded(seconds / size))
    }
}

/// To three decimals, without those that are 0.
fn rounded(x: f64) -> String {
    ((x * 1e3).round() / 1e3).to_string()
}
