//! A table's columns beside those of a schema.

use std::collections::{HashMap, HashSet};

use latentia_tensor::{Column, ColumnKind, Schema};

use super::guess::{distinct_names, place};
use super::plan::{Plan, Planned};
use super::records::Records;
use crate::error::{DataError, counted, listed};

/// A plan to read a table by what `schema` says, its columns matched by name, or by position where one of both has no names, and
/// the column `extra` beside them, where the table has it.
///
/// # Errors
/// When a column that is learned from is not there, or numbers of columns differ where they are matched by position.
pub(super) fn match_columns(
    records: &dyn Records,
    schema: &Schema,
    extra: Option<&str>,
) -> Result<Plan, DataError> {
    let (names, mut notes) = distinct_names(records);
    let extra = extra.and_then(|name| place(&names, name));
    let fields = match (schema.header, records.names().is_some()) {
        (true, true) => by_name(records.subject(), (&names, extra), schema, &mut notes)?,
        (_, has_names) => {
            let why = match (schema.header, has_names) {
                (true, false) => "it has no names of columns",
                (false, true) => "the model knows no names of columns",
                _ => "neither it nor the model has names of columns",
            };
            notes.push(format!("{why}: they are matched by their position"));
            by_position(records, schema, extra)?
        }
    };
    let columns = schema
        .columns
        .iter()
        .zip(fields)
        .map(|(column, field)| Planned {
            field,
            column: column.clone(),
            kind_is_said: true,
            // A label that is new is one more class.
            levels_are_said: column.kind != ColumnKind::Label,
        });
    Ok(Plan {
        header: schema.header,
        columns: columns.collect(),
        names,
        extra,
        notes,
    })
}

fn by_name(
    subject: &str,
    (names, extra): (&[String], Option<usize>),
    schema: &Schema,
    notes: &mut Vec<String>,
) -> Result<Vec<Option<usize>>, DataError> {
    let places: HashMap<&str, usize> = names.iter().map(String::as_str).zip(0..).collect();
    let place = |column: &Column| places.get(column.name.as_str()).copied();
    let fields: Vec<Option<usize>> = schema.columns.iter().map(place).collect();
    let pairs = || schema.columns.iter().zip(&fields);
    let missing: Vec<String> = pairs()
        .filter(|(column, field)| column.kind.is_learned() && field.is_none())
        .map(|(column, _)| column.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(DataError::MissingColumns {
            subject: subject.to_owned(),
            missing,
            names: names.to_vec(),
        });
    }
    let known: HashSet<&str> = schema.columns.iter().map(|c| c.name.as_str()).collect();
    let is_unknown =
        |(field, name): &(usize, &String)| !known.contains(name.as_str()) && Some(*field) != extra;
    let unknown: Vec<_> = names.iter().enumerate().filter(is_unknown).collect();
    if !unknown.is_empty() {
        notes.push(format!(
            "left out, as the model does not know them: {}",
            listed(unknown.into_iter().map(|(_, name)| name))
        ));
    }
    let learned = pairs().filter(|(column, _)| column.kind.is_learned());
    if !learned.filter_map(|(_, field)| *field).is_sorted() {
        notes.push("its columns are put into the model's order".into());
    }
    Ok(fields)
}

/// All columns one by one, or those that are learned from alone; without the field `extra`, where it would be learned from otherwise.
fn by_position(
    records: &dyn Records,
    schema: &Schema,
    extra: Option<usize>,
) -> Result<Vec<Option<usize>>, DataError> {
    let seen = records.fields();
    let columns = &schema.columns;
    let learned = schema.learned().count();
    let matched = |fields: Vec<usize>| {
        let mut fields = fields.into_iter();
        match fields.len() {
            count if count == columns.len() => Some(fields.map(Some).collect()),
            count if count == learned => {
                let next =
                    |column: &Column| column.kind.is_learned().then(|| fields.next()).flatten();
                Some(columns.iter().map(next).collect::<Vec<_>>())
            }
            _ => None,
        }
    };
    let all = matched((0..seen).collect());
    let others = matched((0..seen).filter(|&field| Some(field) != extra).collect());
    let mut plans = all.into_iter().chain(others);
    let leaves_extra = |fields: &Vec<Option<usize>>| {
        let mut pairs = columns
            .iter()
            .zip(fields)
            .filter(|(_, field)| field.is_some());
        pairs.all(|(column, field)| *field != extra || !column.kind.is_learned())
    };
    if let Some(fields) = plans.clone().find(leaves_extra).or_else(|| plans.next()) {
        return Ok(fields);
    }
    let expected = match learned == columns.len() {
        true => format!("{learned}, as in the model"),
        false => format!(
            "{learned} to learn from, or {} with the others",
            columns.len()
        ),
    };
    Err(DataError::invalid(
        records.subject(),
        "columns",
        counted(seen as u64, "column"),
        expected,
    ))
}
