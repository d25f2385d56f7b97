//! What a column turned out to be, once all of its rows were read.

use latentia_tensor::{Column, ColumnKind};

use super::column_reader::ColumnReader;
use super::guess::MOST_LEVELS;
use super::truth::boolean_levels;
use crate::table::format_of;

/// Names of columns that say what class a row is of.
const NAMES_OF_LABELS: [&str; 7] = [
    "class",
    "label",
    "target",
    "y",
    "outcome",
    "diagnosis",
    "category",
];

/// How many times smaller than a column's spread its rounding to f32 is to be.
const FINE: f64 = 1e4;

/// What a column turned out to be.
pub(super) enum Verdict {
    /// What was guessed, or a boolean in place of numbers or levels: its elements are right.
    Kept(Column),
    /// Something else: it is to be read again as this.
    Other(Column),
}

/// What the column of `reader` turned out to be, in a table of `rows` rows.
pub(super) fn judge(reader: &ColumnReader, rows: u64) -> Verdict {
    let mut column = reader.planned.column.clone();
    column.gaps |= reader.profile.missing > 0;
    column.decimals = column.decimals.filter(|&decimals| decimals < u8::MAX);
    if let Some(offset) = offset(reader, &column) {
        column.offset = offset;
        return Verdict::Other(column);
    }
    let is_empty = rows > 0 && reader.profile.missing == rows;
    // A category is one by its levels, whoever calls it so.
    let has_no_level = column.kind == ColumnKind::Category && column.levels.is_empty();
    if reader.planned.kind_is_said && !(is_empty && has_no_level) {
        return Verdict::Kept(column);
    }
    let other = |kind, column: Column| {
        let plain = Column::new(column.name, kind);
        Verdict::Other(Column {
            gaps: column.gaps,
            ..plain
        })
    };
    let unreadable = reader.problem.as_ref().map_or(0, |problem| problem.count);
    let different = reader.texts.different();
    match column.kind {
        _ if is_empty => other(ColumnKind::Ignored, column),
        // Its first rows fit more than one format: months of them may be days.
        ColumnKind::Date if unreadable > 0 && format(reader).is_some() => {
            let format = format(reader);
            Verdict::Other(Column { format, ..column })
        }
        // Mostly words: its first rows were unlike the others.
        ColumnKind::Number | ColumnKind::Date if unreadable > reader.values => {
            other(ColumnKind::Category, column)
        }
        ColumnKind::Number if is_zero_or_one(reader) && !looks_like_a_label(&column.name) => {
            let levels = ["0", "1"].map(String::from).to_vec();
            Verdict::Kept(Column {
                kind: ColumnKind::Boolean,
                levels,
                decimals: None,
                ..column
            })
        }
        ColumnKind::Category if reader.texts.are_different() && different > 2 => {
            other(ColumnKind::Id, column)
        }
        ColumnKind::Category if too_many(different, reader.values) => {
            other(ColumnKind::Ignored, column)
        }
        ColumnKind::Category => match boolean_levels(&column.levels) {
            Some(levels) => {
                let is_same = levels == column.levels;
                let kind = ColumnKind::Boolean;
                let boolean = Column {
                    kind,
                    levels,
                    ..column
                };
                match is_same {
                    true => Verdict::Kept(boolean),
                    false => Verdict::Other(boolean),
                }
            }
            None => Verdict::Kept(column),
        },
        // Text that was not learned from by its first rows.
        ColumnKind::Ignored if reader.values > 0 => match reader.texts.are_different() {
            true if different > 2 => other(ColumnKind::Id, column),
            _ if too_many(different, reader.values) => Verdict::Kept(column),
            _ => other(ColumnKind::Category, column),
        },
        _ => Verdict::Kept(column),
    }
}

/// The format that fits both the first date and the first that could not be read.
fn format(reader: &ColumnReader) -> Option<String> {
    let texts = [reader.profile.example.as_bytes(), &reader.refused];
    format_of(texts.into_iter())
}

/// Whether a column that nobody called a category has too many levels for one.
fn too_many(levels: usize, values: u64) -> bool {
    levels > MOST_LEVELS || (values >= 20 && levels as u64 * 2 > values)
}

fn is_zero_or_one(reader: &ColumnReader) -> bool {
    reader.profile.range == Some((0.0, 1.0)) && !reader.has_others && reader.problem.is_none()
}

/// Whether a column is called as those are that say the class of a row.
pub(super) fn looks_like_a_label(name: &str) -> bool {
    NAMES_OF_LABELS.contains(&name.to_lowercase().as_str())
}

/// What is to be subtracted from numbers that f32 would merge, where that helps and is not done.
fn offset(reader: &ColumnReader, column: &Column) -> Option<f64> {
    let (low, high) = reader.profile.range?;
    let spread = high - low;
    let is_free = column.offset == 0.0 && !reader.planned.levels_are_said && spread > 0.0;
    let largest = low.abs().max(high.abs());
    let is_exact = !reader.has_fractions && largest <= f64::from(1 << f32::MANTISSA_DIGITS);
    // A time of day is less than f32 holds of the days since 1970.
    let is_timed = column.kind == ColumnKind::Date && reader.has_fractions;
    let rounding = largest * f64::from(f32::EPSILON);
    let offset = low + 0.5 * spread;
    let offset = if spread >= 2.0 {
        offset.round()
    } else {
        offset
    };
    (is_free && !is_exact && (is_timed || rounding * FINE > spread)).then_some(offset)
}
