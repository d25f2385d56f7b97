//! Reads the fields of one column.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use latentia_tensor::{Column, ColumnKind};

use super::guess::MOST_SAID_LEVELS;
use super::plan::Planned;
use super::records::{NOT_UTF8, parse_number};
use super::times::Times;
use super::truth::other_words;
use crate::error::{Problem, quoted};
use crate::table::Carried;
use crate::table::Marks;
use crate::table::Profile;
use crate::table::days;
use crate::table_options::Carry;

/// Up to here an f64 holds every whole number.
const LARGE: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// Dates in the form of ISO 8601, alone and with a time.
const ISO: [&str; 2] = ["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"];

/// Different texts that are counted in a column that is not learned from.
const MOST_COUNTED: usize = 1 << 18;

/// Reads the fields of one column, and remembers what it saw.
pub(super) struct ColumnReader {
    pub(super) planned: Planned,
    /// Whether the table has names of columns.
    named: bool,
    pub(super) profile: Profile,
    /// The first field that cannot be read, and how many there are.
    pub(super) problem: Option<Problem>,
    /// The first field whose level is not known.
    pub(super) unseen: Option<Problem>,
    /// Fields that have a value and could be read.
    pub(super) values: u64,
    /// Values of which each is, with the one before it, the same f32 though it is another number.
    pub(super) merged: u64,
    last: (f64, f32),
    /// The text of `last`, where an f64 does not hold every whole number.
    last_text: Vec<u8>,
    /// The first date that cannot be read.
    pub(super) refused: Vec<u8>,
    /// Whether there was a number that is neither 0 nor 1, and one that is not whole.
    pub(super) has_others: bool,
    pub(super) has_fractions: bool,
    pub(super) texts: Texts,
    marks: Arc<Marks>,
    /// The byte before decimals.
    pub(super) decimal: u8,
    /// The texts as they are, to be carried along.
    pub(super) carried: Option<Carried>,
    /// Of ids and dates of a series.
    pub(super) times: Option<Times>,
}

/// What is known of the different texts of a column.
pub(super) struct Texts {
    /// The number of each level.
    levels: HashMap<Vec<u8>, u32>,
    /// Levels that are numbers, which may be written in other ways.
    numbers: Vec<(f64, u32)>,
    /// Whether there are more than can be counted.
    pub(super) too_many: bool,
    /// The texts of columns that are not learned from, by their hashes.
    seen: HashSet<u64>,
    /// Levels that were met.
    met: HashSet<u32>,
    /// Texts that were there before.
    repeated: u64,
    hasher: RandomState,
}

impl Texts {
    /// Different texts, as far as they are counted.
    pub(super) fn different(&self) -> usize {
        self.levels.len().max(self.seen.len())
    }

    /// Whether no text was there twice, as far as they are counted.
    pub(super) fn are_different(&self) -> bool {
        self.repeated == 0
    }

    fn count(&mut self, field: &[u8]) {
        match self.seen.len() < MOST_COUNTED {
            true => self.repeated += u64::from(!self.seen.insert(self.hasher.hash_one(field))),
            false => self.too_many = true,
        }
    }
}

impl ColumnReader {
    /// Reads fields as `planned` says; ids and labels are carried along with `carry`.
    pub(super) fn new(
        planned: Planned,
        named: bool,
        marks: &Arc<Marks>,
        decimal: u8,
        carry: Carry,
    ) -> Self {
        let column = &planned.column;
        let carried = match carry {
            Carry::Nothing => false,
            Carry::Names => matches!(column.kind, ColumnKind::Id | ColumnKind::Label),
            Carry::All => true,
        };
        let carried = carried.then(|| Carried::new(&column.name, column.kind));
        let levels = column.levels.iter().zip(0..);
        let numbers = levels
            .clone()
            .filter_map(|(level, number)| Some((parse_number(level.as_bytes(), b'.')?, number)));
        let texts = Texts {
            numbers: numbers.collect(),
            levels: levels
                .map(|(level, number)| (level.clone().into_bytes(), number))
                .collect(),
            too_many: false,
            seen: HashSet::new(),
            met: HashSet::new(),
            repeated: 0,
            hasher: RandomState::new(),
        };
        Self {
            planned,
            named,
            profile: Profile::default(),
            problem: None,
            unseen: None,
            values: 0,
            merged: 0,
            last: (f64::NAN, f32::NAN),
            last_text: Vec::new(),
            refused: Vec::new(),
            has_others: false,
            has_fractions: false,
            texts,
            marks: Arc::clone(marks),
            decimal,
            carried,
            times: None,
        }
    }

    /// Watches the times that the column may have, of a series.
    pub(super) fn watch_times(&mut self) {
        if matches!(self.column().kind, ColumnKind::Id | ColumnKind::Date) {
            self.times = Some(Times::default());
        }
    }

    fn column(&self) -> &Column {
        &self.planned.column
    }

    /// The element that `field` is, NaN where it is missing or cannot be read; `place` says the row.
    #[inline]
    pub(super) fn read(&mut self, field: &[u8], place: &dyn Fn() -> String) -> f32 {
        let field = field.trim_ascii();
        if self.planned.column.kind == ColumnKind::Number
            && !self.marks.are_more_than_usual()
            && self.carried.is_none()
            && let Some(number) = parse_number(field, self.decimal)
            && number.is_finite()
        {
            return self.number(number, field, place);
        }
        self.read_other(field, place)
    }

    fn read_other(&mut self, field: &[u8], place: &dyn Fn() -> String) -> f32 {
        if let Some(carried) = &mut self.carried {
            carried.push(field);
        }
        if self.marks.contain(field) {
            self.profile.missing += 1;
            return f32::NAN;
        }
        let is_left_out = self.column().kind == ColumnKind::Ignored && self.planned.kind_is_said;
        if !is_left_out && std::str::from_utf8(field).is_err() {
            return self.refuse(field, NOT_UTF8, place);
        }
        if let Some(times) = &mut self.times {
            times.push(field, place);
        }
        match self.column().kind {
            ColumnKind::Number => match parse_number(field, self.decimal) {
                Some(number) if number.is_finite() => self.number(number, field, place),
                Some(_) => self.refuse(field, "a finite number within the range of f32", place),
                None if self.decimal == b'.' && parse_number(field, b',').is_some() => {
                    let expected = "a number with a point before its decimals, unless a comma is said to stand there";
                    self.refuse(field, expected, place)
                }
                None => self.refuse(field, "a number", place),
            },
            ColumnKind::Date => {
                let format = self.column().format.as_deref().unwrap_or_default();
                // A file that has dates of its own, as Parquet has, gives them in this form.
                let iso = || ISO.iter().find_map(|format| days(field, format));
                match days(field, format).or_else(iso) {
                    Some(days) => self.number(days, field, place),
                    None => {
                        let expected = format!("a date as `{format}`");
                        if self.refused.is_empty() {
                            self.refused = field.to_vec();
                        }
                        self.refuse(field, &expected, place)
                    }
                }
            }
            ColumnKind::Boolean | ColumnKind::Category | ColumnKind::Label => {
                self.level(field, place)
            }
            ColumnKind::Id | ColumnKind::Ignored => {
                self.note_value(field);
                self.texts.count(field);
                f32::NAN
            }
        }
    }

    #[inline]
    fn number(&mut self, number: f64, field: &[u8], place: &dyn Fn() -> String) -> f32 {
        let value = (number - self.planned.column.offset) as f32;
        if !value.is_finite() {
            return self.refuse(field, "a finite number within the range of f32", place);
        }
        match &mut self.profile.range {
            Some((low, high)) => {
                self.values += 1;
                *low = low.min(number);
                *high = high.max(number);
            }
            None => {
                self.note_value(field);
                self.profile.range = Some((number, number));
            }
        }
        if value == self.last.1 && number != self.last.0 {
            self.merged += 1;
        }
        if number.abs() >= LARGE {
            self.merged += u64::from(number == self.last.0 && *field != self.last_text);
            self.last_text.clear();
            self.last_text.extend_from_slice(field);
        }
        self.last = (number, value);
        self.has_others = self.has_others || (number != 0.0 && number != 1.0);
        self.has_fractions = self.has_fractions || number.trunc() != number;
        value
    }

    fn level(&mut self, field: &[u8], place: &dyn Fn() -> String) -> f32 {
        let known = self.texts.levels.get(field).copied();
        let known = known.or_else(|| {
            let number = parse_number(field, self.decimal)?;
            let mut numbers = self.texts.numbers.iter();
            numbers
                .find(|(level, _)| *level == number)
                .map(|&(_, level)| level)
        });
        let known = known.or_else(|| match self.column().kind {
            ColumnKind::Boolean => other_words(&self.column().levels, field),
            _ => None,
        });
        if let Some(level) = known {
            // Levels of the first rows are known before they are read.
            self.texts.repeated += u64::from(!self.texts.met.insert(level));
            self.note_value(field);
            return level as f32;
        }
        if self.planned.levels_are_said {
            if self.unseen.is_none() {
                self.unseen = Some(self.problem(field, "a level that is known", place));
            }
            self.profile.unseen += 1;
            self.profile.missing += 1;
            return f32::NAN;
        }
        self.note_value(field);
        let level = self.planned.column.levels.len() as u32;
        if level as usize >= MOST_SAID_LEVELS {
            self.texts.too_many = true;
            return self.refuse(field, "one of at most 10,000 levels", place);
        }
        let text = String::from_utf8_lossy(field).into_owned();
        if let Some(number) = parse_number(field, b'.') {
            self.texts.numbers.push((number, level));
        }
        self.planned.column.levels.push(text);
        self.texts.met.insert(level);
        self.texts.levels.insert(field.to_vec(), level);
        level as f32
    }

    fn note_value(&mut self, field: &[u8]) {
        if self.values == 0 {
            self.profile.example = String::from_utf8_lossy(field).into_owned();
        }
        self.values += 1;
    }

    fn refuse(&mut self, field: &[u8], expected: &str, place: &dyn Fn() -> String) -> f32 {
        match &mut self.problem {
            Some(problem) => problem.count += 1,
            None => self.problem = Some(self.problem(field, expected, place)),
        }
        f32::NAN
    }

    fn problem(&self, field: &[u8], expected: &str, place: &dyn Fn() -> String) -> Problem {
        let name = match self.named {
            true => quoted(self.column().name.as_bytes()),
            false => self.column().name.clone(),
        };
        Problem {
            place: format!("{}, column {name}", place()),
            seen: quoted(field),
            expected: expected.to_owned(),
            count: 1,
        }
    }
}
