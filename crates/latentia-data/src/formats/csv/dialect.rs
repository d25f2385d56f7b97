//! How the fields of a table are parted, and how its decimals are written.

use csv::{ByteRecord, ReaderBuilder};

use super::super::table::parse_number;
use crate::table::is_usual_mark;
use crate::table_options::TableOptions;

/// Rows that are looked at.
const ROWS: usize = 500;

/// What parts fields; the first that fits does.
pub(super) const DELIMITERS: [u8; 5] = [b',', b';', b'\t', b'|', b' '];

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
            None => DELIMITERS.to_vec(),
        };
        let decimals = match options.decimal {
            Some(decimal) => vec![decimal],
            None => vec![b'.', b','],
        };
        let (apart, same): (Vec<Self>, Vec<Self>) = decimals
            .iter()
            .flat_map(|&decimal| {
                delimiters
                    .iter()
                    .map(move |&delimiter| Self { delimiter, decimal })
            })
            .partition(|dialect| dialect.delimiter != dialect.decimal);
        // The first of the best.
        let best = |dialects: &[Self], score: &dyn Fn(Self) -> (usize, usize)| {
            let scores = dialects.iter().map(|&dialect| (score(dialect), dialect));
            let scores = scores.filter(|(score, _)| score.0 > 0);
            scores.reduce(|best, next| if next.0 > best.0 { next } else { best })
        };
        let is_said = options.decimal.is_some();
        let score = |dialect: Self| dialect.score(lines, is_said);
        // A comma stands for both only where that is said; quotes are around numbers then. Where rows are of unequal length, they
        // are refused, and in the dialect that they are in.
        let best = best(&apart, &score)
            .or_else(|| best(&same, &score).filter(|_| is_said))
            .or_else(|| best(&apart, &|dialect| (dialect.numbers(lines), 0)));
        let fallback = Self {
            delimiter: options.delimiter.unwrap_or(Self::PLAIN.delimiter),
            decimal: options.decimal.unwrap_or(Self::PLAIN.decimal),
        };
        best.map_or(fallback, |(_, dialect)| dialect)
    }

    /// Numbers behind the first row, and one for the rows' agreement, or that alone where a column has other delimiters in all rows;
    /// then all numbers. 0 where rows have different numbers of fields.
    fn score(self, lines: &[u8], decimal_is_said: bool) -> (usize, usize) {
        let rows = self.rows(lines);
        let Some(first) = rows.first() else {
            return (0, 0);
        };
        if rows.iter().any(|row| row.len() != first.len()) {
            return (0, 0);
        }
        // A table of one row has nothing but it.
        let behind = &rows[usize::from(rows.len() > 1)..];
        // Commas with spaces behind them part fields, and not the spaces.
        let has_comma = |field: usize| {
            behind
                .iter()
                .all(|row| row[field].ends_with(b",") || row[field].ends_with(b";"))
        };
        if self.delimiter == b' ' && (0..first.len()).any(has_comma) {
            return (0, 0);
        }
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
        let is_safe = self.decimal == b'.' || decimal_is_said;
        let is_plain = |field: &[u8]| is_safe && self.number(field).is_some();
        let is_named = first.iter().all(|field| is_name(field) || is_plain(field));
        match first.len() {
            1 if !(is_column && is_named) => (0, 0),
            // A dialect in which all texts of a column seem to have several fields is the last to be taken.
            fields
                if (0..fields)
                    .any(|field| behind.iter().all(|row| self.is_several(&row[field]))) =>
            {
                (1, numbers)
            }
            _ => (1 + numbers, numbers),
        }
    }

    /// Whether a field has what may part fields: not a comma before a space, as in prose, or of a number.
    fn is_several(self, field: &[u8]) -> bool {
        let is_other = |&byte: &u8| byte != self.delimiter && matches!(byte, b';' | b'\t' | b'|');
        let has_comma = || {
            field
                .windows(2)
                .any(|pair| pair[0] == b',' && pair[1] != b' ')
        };
        let is_text = || self.delimiter != b',' && self.number(field).is_none();
        field.iter().any(is_other) || (has_comma() && is_text())
    }

    /// Numbers in rows of the usual length, where most rows are of it.
    fn numbers(self, lines: &[u8]) -> usize {
        let rows = self.rows(lines);
        let mut lengths: Vec<usize> = rows.iter().map(ByteRecord::len).collect();
        lengths.sort_unstable();
        let usual = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        let rows = rows.iter().filter(|row| usual > 1 && row.len() == usual);
        rows.flatten()
            .filter(|field| self.number(field).is_some())
            .count()
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

    /// What to say of it in a table of `fields` columns, where it is other than usual.
    pub(super) fn note(self, fields: usize) -> Option<String> {
        let delimiter = match self.delimiter {
            _ if fields == 1 => "",
            b',' => "",
            b'\t' => "fields are parted by tabs",
            b' ' => "fields are parted by spaces",
            b'|' => "fields are parted by `|`",
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
