//! How the fields of a table are parted, and how its decimals are written.

use csv::{ByteRecord, ReaderBuilder};

use super::super::table::parse_number;
use crate::table::is_usual_mark;
use crate::table_options::TableOptions;

/// Rows that are looked at.
const ROWS: usize = 50;

/// How the fields of a table are parted, and how its decimals are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// A space stands for any number of them.
    pub(super) delimiter: u8,
    /// `,` instead of `.`.
    pub(super) decimal: u8,
}

impl Dialect {
    /// That of every table until something else is seen.
    const PLAIN: Self = Self {
        delimiter: b',',
        decimal: b'.',
    };

    /// The dialect of a table whose first lines are `lines`: of those that give every row as many fields, the one by which most
    /// fields behind the first row are numbers; the first such one.
    pub(super) fn of(lines: &[u8], options: &TableOptions) -> Self {
        let delimiters = match options.delimiter {
            Some(delimiter) => vec![delimiter],
            None => vec![b',', b';', b'\t', b' '],
        };
        let decimals = match options.decimal {
            Some(decimal) => vec![decimal],
            None => vec![b'.', b','],
        };
        let mut best: Option<(usize, Self)> = None;
        for &decimal in &decimals {
            for &delimiter in &delimiters {
                let dialect = Self { delimiter, decimal };
                let score = dialect.score(lines);
                if score > best.map_or(0, |(best, _)| best) {
                    best = Some((score, dialect));
                }
            }
        }
        let fallback = Self {
            delimiter: options.delimiter.unwrap_or(Self::PLAIN.delimiter),
            decimal: options.decimal.unwrap_or(Self::PLAIN.decimal),
        };
        best.map_or(fallback, |(_, dialect)| dialect)
    }

    /// Numbers behind the first row, and one for the rows' agreement; 0 where rows have different numbers of fields.
    fn score(self, lines: &[u8]) -> usize {
        if self.delimiter == self.decimal {
            return 0;
        }
        let rows = self.rows(lines);
        let Some(first) = rows.first() else { return 0 };
        if rows.iter().any(|row| row.len() != first.len()) {
            return 0;
        }
        // A table of one row has nothing but it.
        let behind = &rows[usize::from(rows.len() > 1)..];
        let fields = || behind.iter().flatten();
        let numbers = fields()
            .filter(|field| self.number(field).is_some())
            .count();
        // Whatever does not part a line gives each row one field: all must be numbers, and commas are decimals only below a name
        // without any.
        let is_name = |field: &[u8]| self.number(field).is_none() && !field.contains(&b',');
        let is_column = numbers > 0
            && fields()
                .all(|field| self.number(field).is_some() || is_usual_mark(field.trim_ascii()));
        let is_plain = |field: &[u8]| self.decimal == b'.' && self.number(field).is_some();
        let is_named = first.iter().all(|field| is_name(field) || is_plain(field));
        match first.len() {
            1 if !(is_column && is_named) => 0,
            _ => 1 + numbers,
        }
    }

    /// The first rows, without empty ones.
    pub(super) fn rows(self, lines: &[u8]) -> Vec<ByteRecord> {
        let mut reader = self.reader().from_reader(lines);
        let mut rows = Vec::new();
        let mut row = ByteRecord::new();
        while rows.len() < ROWS && matches!(reader.read_byte_record(&mut row), Ok(true)) {
            rows.push(self.fields(&row));
        }
        rows
    }

    /// A reader of rows, of any length each.
    pub(super) fn reader(self) -> ReaderBuilder {
        let mut builder = ReaderBuilder::new();
        builder
            .has_headers(false)
            // Rows of unequal length are refused later, with a clearer message.
            .flexible(true)
            .delimiter(self.delimiter)
            .buffer_capacity(1 << 16);
        builder
    }

    /// The fields of a record as it was read: those between spaces, however many.
    pub(super) fn fields(self, record: &ByteRecord) -> ByteRecord {
        match self.delimiter {
            b' ' => record
                .iter()
                .filter(|field| !field.trim_ascii().is_empty())
                .collect(),
            _ => record.clone(),
        }
    }

    /// The number that a field is.
    pub(super) fn number(self, field: &[u8]) -> Option<f64> {
        parse_number(field.trim_ascii(), self.decimal)
    }

    /// What to say of it, where it is other than usual.
    pub(super) fn note(self) -> Option<String> {
        let delimiter = match self.delimiter {
            b',' => "",
            b'\t' => "fields are parted by tabs",
            b' ' => "fields are parted by spaces",
            _ => "fields are parted by `;`",
        };
        let decimal = match self.decimal {
            b'.' => "",
            _ => "decimals are written with a comma",
        };
        let said: Vec<&str> = [delimiter, decimal]
            .into_iter()
            .filter(|s| !s.is_empty())
            .collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}
