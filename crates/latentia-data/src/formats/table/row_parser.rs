//! Reads the rows of a table one by one, by what a schema says.

use std::sync::Arc;

use csv::ByteRecord;
use latentia_tensor::{Column, ColumnKind, Schema};

use super::column_reader::ColumnReader;
use super::matching::match_columns;
use super::plan::Planned;
use super::read::{missing, ragged};
use super::records::{NOT_UTF8, Records};
use crate::dataset::MOST_CLASSES;
use crate::error::{DataError, Problem, listed, quoted};
use crate::table::{Marks, TableRow};
use crate::table_options::{Carry, TableOptions};

/// Levels that a message names.
const MOST_NAMED: usize = 5;

/// Reads the rows of a table one by one. What it remembers of them is bounded.
pub(crate) struct RowParser {
    subject: String,
    /// Fields of a row.
    fields: usize,
    /// Of columns that are learned from, in the order of an example's elements, and of labels.
    readers: Vec<ColumnReader>,
    /// The first column that names the rows: its field, and what messages call it.
    id: Option<(usize, String)>,
    carries_ids: bool,
    may_span: Vec<bool>,
    notes: Vec<String>,
}

impl RowParser {
    /// Reads rows of the table that `records` begins, its columns matched to those of `schema`.
    ///
    /// # Errors
    /// When a column that is learned from is not there, or numbers of columns differ where they are matched by position.
    pub(crate) fn new(
        records: &impl Records,
        schema: &Schema,
        options: &TableOptions,
    ) -> Result<Self, DataError> {
        let plan = match_columns(records, schema, None)?;
        let marks = Arc::new(Marks::with(&missing(options)));
        let mut notes = records.notes();
        notes.extend(plan.notes);
        let mut parser = Self {
            subject: records.subject().to_owned(),
            fields: records.fields(),
            readers: Vec::new(),
            id: None,
            carries_ids: options.carry != Carry::Nothing,
            may_span: vec![true; records.fields()],
            notes,
        };
        for planned in plan.columns {
            let Some(field) = planned.field else {
                continue;
            };
            let column = &planned.column;
            parser.may_span[field] = may_span(column);
            match column.kind {
                ColumnKind::Id if parser.id.is_none() => {
                    let name = match plan.header {
                        true => quoted(column.name.as_bytes()),
                        false => column.name.clone(),
                    };
                    parser.id = Some((field, name));
                }
                kind if kind.is_learned() || kind == ColumnKind::Label => {
                    // Labels that are new would be remembered.
                    let planned = Planned {
                        levels_are_said: true,
                        ..planned
                    };
                    let decimal = records.decimal();
                    let nothing = Carry::Nothing;
                    let reader = ColumnReader::new(planned, plan.header, &marks, decimal, nothing);
                    parser.readers.push(reader);
                }
                _ => {}
            }
        }
        Ok(parser)
    }

    /// Fields of a row.
    pub(crate) fn fields(&self) -> usize {
        self.fields
    }

    /// Whether each field can go on in another line, within quotes: a number cannot.
    pub(crate) fn may_span(&self) -> &[bool] {
        &self.may_span
    }

    /// How columns were matched, a sentence each.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// From now on, `decimal` stands before decimals.
    pub(crate) fn set_decimal(&mut self, decimal: u8) {
        for reader in &mut self.readers {
            reader.decimal = decimal;
        }
    }

    /// The row that `record` is; `place` says which it is.
    ///
    /// # Errors
    /// When it has another number of fields than the first, or a field cannot be read or has a level that the schema does not know:
    /// all such fields are told.
    pub(crate) fn read(
        &mut self,
        record: &ByteRecord,
        place: &dyn Fn() -> String,
    ) -> Result<TableRow, DataError> {
        let mut problems = Vec::new();
        if record.len() != self.fields {
            problems.push(ragged(place(), record.len(), self.fields));
            return Err(self.refused(problems));
        }
        let mut row = TableRow {
            elements: Vec::with_capacity(self.readers.len()),
            ..TableRow::default()
        };
        let mut labels = 0;
        for reader in &mut self.readers {
            let field = reader.planned.field.and_then(|field| record.get(field));
            let element = reader.read(field.unwrap_or_default(), place);
            problems.extend(reader.problem.take());
            let unseen = reader.unseen.take();
            let column = &reader.planned.column;
            if column.kind == ColumnKind::Label {
                labels += 1;
                row.label = (element < MOST_CLASSES as f32).then_some(element as u32);
                continue;
            }
            row.elements.push(element);
            problems.extend(unseen.map(|problem| Problem {
                expected: levels(column),
                ..problem
            }));
        }
        if labels > 1 {
            row.label = None;
        }
        if let Some((field, name)) = &self.id {
            let field = record.get(*field).unwrap_or_default().trim_ascii();
            match std::str::from_utf8(field) {
                Ok(text) => row.id = self.carries_ids.then(|| text.to_owned()),
                Err(_) => problems.push(Problem {
                    place: format!("{}, column {name}", place()),
                    seen: quoted(field),
                    expected: NOT_UTF8.into(),
                    count: 1,
                }),
            }
        }
        match problems.is_empty() {
            true => Ok(row),
            false => Err(self.refused(problems)),
        }
    }

    fn refused(&self, problems: Vec<Problem>) -> DataError {
        DataError::Problems {
            subject: self.subject.clone(),
            problems,
        }
    }
}

/// Whether a value of `column` can have an end of a line in it.
fn may_span(column: &Column) -> bool {
    match column.kind {
        ColumnKind::Number | ColumnKind::Date => false,
        ColumnKind::Boolean | ColumnKind::Category => {
            column.levels.iter().any(|level| level.contains('\n'))
        }
        ColumnKind::Id | ColumnKind::Label | ColumnKind::Ignored => true,
    }
}

/// What a level can be.
fn levels(column: &Column) -> String {
    let named = listed(column.levels.iter().take(MOST_NAMED));
    match column.levels.len().checked_sub(MOST_NAMED) {
        None | Some(0) => format!("one of {named}"),
        Some(more) => format!("one of {named} and {more} more"),
    }
}
