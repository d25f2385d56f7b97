//! A column as it is written: its type, and its values in a group of rows.

use latentia_tensor::{Column, ColumnKind};

use super::super::table::{boolean, is_pair, parse_number};
use super::thrift_writer::{ThriftWriter, varint};
use crate::table::{cell, days};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// The type that values are written as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    Boolean,
    Integer,
    Float,
    Double,
    Text,
    /// Days since 1970.
    Days,
    /// Milliseconds since 1970, rounded to so many seconds; of UTC, or of a clock that nothing is said of.
    Moments {
        unit: f64,
        is_utc: bool,
    },
}

impl Type {
    /// What elements of `column` are written as.
    fn of_elements(column: &Column) -> Self {
        match (column.kind, column.levels.as_slice()) {
            (ColumnKind::Number, _) => match (column.decimals, column.offset == 0.0) {
                (Some(0), _) => Self::Integer,
                (None, true) => Self::Float,
                _ => Self::Double,
            },
            (ColumnKind::Boolean, [no, yes]) if is_pair(no, yes) => Self::Boolean,
            (ColumnKind::Date, _) => Self::of_dates(column.format.as_deref().unwrap_or_default()),
            _ => Self::Text,
        }
    }

    /// What `texts` of `column` are written as: its type if all can be, else a wider one.
    fn of_texts<'t>(column: &Column, texts: impl Iterator<Item = &'t str> + Clone) -> Self {
        let own = match Self::of_elements(column) {
            Self::Float => Self::Double,
            own => own,
        };
        let wider = (own == Self::Integer).then_some(Self::Double);
        let mut candidates = std::iter::once(own).chain(wider);
        let fits = |own: &Self| {
            let mut texts = texts.clone();
            texts.all(|text| own.parse(text, column).is_some())
        };
        candidates.find(fits).unwrap_or(Self::Text)
    }

    fn of_dates(format: &str) -> Self {
        let has = |part: &str| format.contains(part);
        match has("%H") || has("%I") {
            false => Self::Days,
            true => Self::Moments {
                unit: match (has("%.f"), has("%S")) {
                    (true, _) => 1e-3,
                    (false, true) => 1.0,
                    (false, false) => 60.0,
                },
                is_utc: has("z") || has("Z") || has("UTC"),
            },
        }
    }

    /// The number of the format's physical type, and that of its converted type.
    fn codes(self) -> (i32, Option<i32>) {
        match self {
            Self::Boolean => (0, None),
            Self::Days => (1, Some(6)),
            Self::Integer => (2, None),
            Self::Moments { .. } => (2, Some(9)),
            Self::Float => (4, None),
            Self::Double => (5, None),
            Self::Text => (6, Some(0)),
        }
    }

    /// The value that a number is, or a date in days since 1970; none where the type has none for it.
    fn number(self, number: f64) -> Option<Value> {
        let whole = |number: f64| {
            let number = number.round_ties_even();
            // Below 2^63.
            (number.abs() < -(i64::MIN as f64)).then_some(number as i64)
        };
        match self {
            Self::Integer => whole(number).map(Value::long),
            Self::Days => {
                // The nearer midnight, and the later of two.
                let days = i32::try_from(whole((number + 0.5).floor())?).ok()?;
                Some(Value::Four(days.to_le_bytes()))
            }
            Self::Moments { unit, .. } => {
                let units = (number * (DAY / unit)).round();
                whole(units * (1e3 * unit)).map(Value::long)
            }
            Self::Float => Some(Value::Four((number as f32).to_le_bytes())),
            Self::Double => Some(Value::Eight(number.to_le_bytes())),
            Self::Boolean | Self::Text => None,
        }
    }

    /// The value that `text` of `column` is.
    fn parse(self, text: &str, column: &Column) -> Option<Value> {
        let bytes = text.trim().as_bytes();
        match self {
            Self::Boolean => boolean(bytes).map(Value::Bit),
            Self::Integer => text.trim().parse().ok().map(Value::long),
            Self::Float | Self::Double => {
                let number = parse_number(bytes, b'.').or_else(|| parse_number(bytes, b','));
                self.number(number?)
            }
            Self::Days | Self::Moments { .. } => {
                self.number(days(bytes, column.format.as_deref()?)?)
            }
            Self::Text => Some(Value::Text(text.to_owned())),
        }
    }

    /// The value that `element` of `column` is.
    fn element(self, element: f32, column: &Column) -> Option<Value> {
        if !element.is_finite() {
            return None;
        }
        let number = f64::from(element) + column.offset;
        match self {
            Self::Boolean => match element.round() {
                ..=0.0 => Some(Value::Bit(false)),
                1.0 => Some(Value::Bit(true)),
                _ => None,
            },
            // Rounded as text is.
            Self::Double => self.number(cell(column, element).parse().ok()?),
            Self::Text => Some(Value::Text(cell(column, element))).filter(Value::is_there),
            _ => self.number(number),
        }
    }
}

/// A value's bytes.
enum Value {
    Bit(bool),
    Four([u8; 4]),
    Eight([u8; 8]),
    Text(String),
}

impl Value {
    fn long(value: i64) -> Self {
        Self::Eight(value.to_le_bytes())
    }

    fn is_there(&self) -> bool {
        !matches!(self, Self::Text(text) if text.is_empty())
    }
}

/// A column, and its values in the group of rows that is being written.
pub(super) struct Output<'a> {
    pub(super) name: &'a str,
    /// What it is, where values are not text.
    column: Option<&'a Column>,
    kind: Type,
    /// Rows, and how many of them have a value; a bit for each row that says so.
    rows: usize,
    present: usize,
    levels: Vec<u8>,
    values: Vec<u8>,
}

impl<'a> Output<'a> {
    fn new(name: &'a str, column: Option<&'a Column>, kind: Type) -> Self {
        Self {
            name,
            column,
            kind,
            rows: 0,
            present: 0,
            levels: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Texts.
    pub(super) fn of_strings(name: &'a str) -> Self {
        Self::new(name, None, Type::Text)
    }

    /// Elements of `column`.
    pub(super) fn of_elements(column: &'a Column) -> Self {
        Self::new(&column.name, Some(column), Type::of_elements(column))
    }

    /// Texts of `column`, of which these are some.
    pub(super) fn of_texts<'t>(
        column: &'a Column,
        texts: impl Iterator<Item = &'t str> + Clone,
    ) -> Self {
        Self::new(&column.name, Some(column), Type::of_texts(column, texts))
    }

    /// Adds a value; nothing where it is missing. Whether `text` is a value of the column's type.
    pub(super) fn push_text(&mut self, text: &str) -> bool {
        let value = match self.column {
            _ if text.is_empty() => None,
            Some(column) => self.kind.parse(text, column),
            None => Some(Value::Text(text.to_owned())),
        };
        let is_valid = value.is_some() || text.is_empty();
        self.push(value);
        is_valid
    }

    /// Adds a value; nothing for one that is missing.
    pub(super) fn push_element(&mut self, element: f32) {
        let value = self
            .column
            .and_then(|column| self.kind.element(element, column));
        self.push(value);
    }

    fn push(&mut self, value: Option<Value>) {
        push_bit(&mut self.levels, self.rows, value.is_some());
        self.rows += 1;
        let Some(value) = value else { return };
        match value {
            Value::Bit(value) => push_bit(&mut self.values, self.present, value),
            Value::Four(bytes) => self.values.extend(bytes),
            Value::Eight(bytes) => self.values.extend(bytes),
            Value::Text(text) => {
                self.values.extend((text.len() as u32).to_le_bytes());
                self.values.extend(text.as_bytes());
            }
        }
        self.present += 1;
    }

    /// Bytes that the values take.
    pub(super) fn size(&self) -> usize {
        self.values.len()
    }

    /// Takes the values as a page is made of them: which are there, then these.
    pub(super) fn take_page(&mut self) -> Vec<u8> {
        let mut levels = Vec::new();
        match self.present == self.rows {
            // A run of as many ones.
            true => {
                varint(&mut levels, (self.rows as u64) << 1);
                levels.push(1);
            }
            // Packed, eight at a time.
            false => {
                varint(&mut levels, (self.levels.len() as u64) << 1 | 1);
                levels.append(&mut self.levels);
            }
        }
        let mut page = (levels.len() as u32).to_le_bytes().to_vec();
        page.append(&mut levels);
        page.append(&mut self.values);
        self.levels.clear();
        (self.rows, self.present) = (0, 0);
        page
    }

    /// The number of the format's physical type.
    pub(super) fn physical(&self) -> i32 {
        self.kind.codes().0
    }

    /// Writes the column's element of the schema.
    pub(super) fn write_schema(&self, writer: &mut ThriftWriter) {
        let (physical, converted) = self.kind.codes();
        writer.int(1, physical);
        // It may be missing.
        writer.int(3, 1);
        writer.text(4, self.name);
        if let Some(converted) = converted {
            writer.int(6, converted);
        }
        match self.kind {
            Type::Text => writer.inner(10, |logical| logical.inner(1, |_| ())),
            Type::Days => writer.inner(10, |logical| logical.inner(6, |_| ())),
            Type::Moments { is_utc, .. } => writer.inner(10, |logical| {
                logical.inner(8, |moment| {
                    moment.boolean(1, is_utc);
                    moment.inner(2, |unit| unit.inner(1, |_| ()));
                });
            }),
            _ => {}
        }
    }
}

/// Writes bit `at`, the lowest of a byte first; it is behind all others.
fn push_bit(bytes: &mut Vec<u8>, at: usize, value: bool) {
    match bytes.last_mut().filter(|_| !at.is_multiple_of(8)) {
        Some(last) => *last |= u8::from(value) << (at % 8),
        None => bytes.push(value.into()),
    }
}
