//! What there is to say of how a table was read, a sentence each.

use latentia_tensor::{Column, ColumnKind};

use super::column_reader::ColumnReader;
use super::judge::looks_like_a_label;
use super::times::Times;
use crate::dataset::MOST_CLASSES;
use crate::error::{counted, grouped, printable, some};

/// The sentences on columns of a table of `rows` rows; with `is_guessed` also on what was taken for what.
pub(super) fn notes(readers: &[ColumnReader], rows: u64, is_guessed: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if is_guessed {
        notes.extend(readers.iter().filter_map(|reader| left_out(reader, rows)));
        notes.extend(kinds(readers));
        notes.extend(readers.iter().filter_map(label));
    }
    notes.extend(times(readers, is_guessed));
    notes.extend(missing(readers));
    notes.extend(readers.iter().filter_map(unseen));
    notes.extend(readers.iter().filter_map(rounding));
    notes.extend(readers.iter().filter_map(|reader| unlabelled(reader, rows)));
    notes
}

fn name(column: &Column) -> String {
    format!("`{}`", printable(&column.name, 40))
}

/// Why a column is not learned from, where nobody said so.
fn left_out(reader: &ColumnReader, rows: u64) -> Option<String> {
    let planned = &reader.planned;
    let column = &planned.column;
    let called = name(column);
    let is_empty = column.kind == ColumnKind::Ignored && reader.profile.missing == rows;
    if planned.kind_is_said && !is_empty {
        return None;
    }
    match column.kind {
        ColumnKind::Id => Some(match reader.profile.example.parse::<f64>() {
            Ok(_) => format!("{called} numbers the rows: kept as id, not learned from"),
            Err(_) => {
                format!("{called} is text, different in every row: kept as id, not learned from")
            }
        }),
        ColumnKind::Ignored if is_empty => Some(format!(
            "{called} has no value in any row: not learned from"
        )),
        ColumnKind::Ignored => Some(format!(
            "{called} is text with {} different values in {}: not learned from",
            grouped(reader.texts.different() as u64),
            counted(rows, "row")
        )),
        _ => None,
    }
}

/// Which columns were taken for categories, booleans and dates.
fn kinds(readers: &[ColumnReader]) -> Vec<String> {
    let of = |kind| {
        let guessed = readers.iter().filter(|reader| !reader.planned.kind_is_said);
        let columns = guessed.map(|reader| &reader.planned.column);
        columns.filter(move |column| column.kind == kind)
    };
    let levels = |column: &Column| format!("{} ({})", name(column), column.levels.len());
    let dates = |column: &Column| {
        let format = column.format.as_deref().unwrap_or_default();
        format!("{} as `{format}`", name(column))
    };
    let lists = [
        (
            "categories, with their levels",
            some(of(ColumnKind::Category).map(levels)),
        ),
        ("of two values", some(of(ColumnKind::Boolean).map(name))),
        ("dates", some(of(ColumnKind::Date).map(dates))),
    ];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    lists
        .map(|(what, list)| format!("{what}: {list}"))
        .collect()
}

fn label(reader: &ColumnReader) -> Option<String> {
    let (planned, column) = (&reader.planned, &reader.planned.column);
    let is_one = !planned.kind_is_said && column.kind.is_learned();
    (is_one && looks_like_a_label(&column.name)).then(|| {
        format!(
            "{} looks like a label: it is learned from like the others until it is said to be one",
            name(column)
        )
    })
}

/// What there is to say of the times of a series: of the column that says them, or else of dates that are learned from.
fn times(readers: &[ColumnReader], is_guessed: bool) -> Vec<String> {
    let kind = |reader: &ColumnReader| reader.planned.column.kind;
    let all = readers.iter().filter_map(|r| Some((r, r.times.as_ref()?)));
    let is_said = |(reader, times): (&ColumnReader, &Times)| {
        kind(reader) == ColumnKind::Id && times.were_known()
    };
    let only = match all.clone().any(is_said) {
        true => ColumnKind::Id,
        false => ColumnKind::Date,
    };
    let mut notes = Vec::new();
    for (reader, times) in all.filter(|(reader, _)| kind(reader) == only) {
        let called = name(&reader.planned.column);
        if is_guessed && !reader.planned.kind_is_said && only == ColumnKind::Date {
            notes.push(format!(
                "{called} looks like the time of a row: it is learned from like the others until it is said to be that"
            ));
        }
        notes.extend(times.notes(&called));
    }
    notes
}

fn missing(readers: &[ColumnReader]) -> Option<String> {
    let learned = readers
        .iter()
        .filter(|reader| reader.planned.column.kind.is_learned());
    let gaps = learned.filter(|reader| reader.profile.missing > 0);
    let gaps = gaps.map(|reader| {
        format!(
            "{} in {}",
            grouped(reader.profile.missing),
            name(&reader.planned.column)
        )
    });
    let list = some(gaps);
    (!list.is_empty()).then(|| format!("missing values: {list}"))
}

fn unseen(reader: &ColumnReader) -> Option<String> {
    let (count, problem) = (reader.profile.unseen, reader.unseen.as_ref()?);
    let place = problem.place.split(',').next().unwrap_or_default();
    let called = name(&reader.planned.column);
    let seen = &problem.seen;
    Some(match count {
        1 => format!(
            "{called} has a level that the model does not know, {seen} in {place}: it counts as missing"
        ),
        _ => format!(
            "{called} has levels that the model does not know, the first {seen} in {place}: {} values count as missing",
            grouped(count)
        ),
    })
}

fn rounding(reader: &ColumnReader) -> Option<String> {
    let column = &reader.planned.column;
    let is_new = !reader.planned.levels_are_said;
    match reader.merged > 0 && column.kind.is_learned() {
        true => Some(format!(
            "{}: some of its values are so near each other that they are the same in single precision",
            name(column)
        )),
        false if column.offset != 0.0 && is_new && column.kind != ColumnKind::Date => {
            Some(format!(
                "{} is kept as the difference from {}, so that its values stay different in single precision",
                name(column),
                column.offset
            ))
        }
        false => None,
    }
}

/// That labels are of no use, as some rows have none or there are too many.
fn unlabelled(reader: &ColumnReader, rows: u64) -> Option<String> {
    let column = &reader.planned.column;
    if column.kind != ColumnKind::Label {
        return None;
    }
    let missing = reader.profile.missing;
    let why = match column.levels.len() {
        _ if missing > 0 && missing < rows => format!("{} have none", counted(missing, "row")),
        levels if levels > MOST_CLASSES => {
            let [levels, most] = [levels, MOST_CLASSES].map(|n| grouped(n as u64));
            format!("{levels} levels, of at most {most}")
        }
        _ => return None,
    };
    Some(format!(
        "label {}: {why}; labels are carried along and not used",
        name(column)
    ))
}
