//! `latentia impute`

use std::io;
use std::path::Path;

use anyhow::bail;
use latentia_data::{
    Carry, Column, Dataset, ParquetWriter, Schema, Table, TableWriter, cell, is_missing,
};
use latentia_models::{Autoencoder, ImputationReport, ModelFile, write_atomically};
use latentia_tensor::{Rows, Subset};

use crate::args::ImputeArgs;
use crate::inputs::{Loader, check_fit, open};
use crate::outputs::Format;
use crate::terminal::{count, counted, number, print, table, tell};

/// Rows that are filled at once.
const AT_ONCE: usize = 4096;

/// Share of the known cells that the report hides.
const HIDDEN: f64 = 0.1;

pub(super) fn run(args: &ImputeArgs, loader: &Loader) -> anyhow::Result<()> {
    let output = args.output.as_deref();
    let format = output.map(|path| Format::of(path, &[Format::Csv, Format::Parquet]));
    let output = output.zip(format.transpose()?);
    let ModelFile { model, .. } = open(&args.model)?;
    if model.schema().is_none() || !model.likelihood().takes_missing() {
        bail!(
            "`{}` is no model of a table's columns, of which gaps can be filled; `latentia train --data FILE.csv` makes one",
            args.model.display()
        );
    }
    let mut loader = loader.clone();
    loader.options.table.carry = Carry::All;
    let examples = loader.pick(&args.data, &model)?.dataset;
    check_fit(&model, &args.data, &examples)?;
    if args.report {
        report(args, &model, &examples)?;
    }
    match output {
        Some(output) => fill(args, &model, &examples, output),
        None => Ok(()),
    }
}

/// Writes the table with its gaps filled.
fn fill(
    args: &ImputeArgs,
    model: &Autoencoder,
    examples: &Dataset,
    (output, format): (&Path, Format),
) -> anyhow::Result<()> {
    let Some(own) = examples.table() else {
        bail!("`{}` has no columns: a table is a .csv", args.data);
    };
    let names: Vec<&str> = own.carried.iter().map(|own| own.name.as_str()).collect();
    let mut filled = 0;
    write_atomically(output, |out| {
        let rows = Filled {
            model,
            examples,
            own,
            passes: args.passes,
        };
        if format == Format::Parquet {
            let mut writer = ParquetWriter::of_texts(out, &own.schema, &own.carried)?;
            let write = |texts: &[String]| writer.write(texts.iter().map(String::as_str), &[]);
            filled = rows.write(&names, write)?;
            return writer.finish();
        }
        let header = Schema {
            header: own.schema.header,
            ..Schema::default()
        };
        let mut writer = TableWriter::new(out, &header, &names)?;
        let write = |texts: &[String]| writer.write(texts.iter().map(String::as_str), &[]);
        filled = rows.write(&names, write)?;
        writer.finish()
    })?;
    tell(&format!(
        "wrote {}: {}, {} filled",
        output.display(),
        counted(examples.rows(), "row"),
        counted(filled, "gap")
    ));
    Ok(())
}

/// The rows of a table with their gaps filled.
struct Filled<'a> {
    model: &'a Autoencoder,
    examples: &'a Dataset,
    own: &'a Table,
    passes: u32,
}

impl Filled<'_> {
    /// Hands the texts of each row to `write`, its columns as they are in the file, learned from or not; how many gaps were filled.
    fn write(
        &self,
        names: &[&str],
        mut write: impl FnMut(&[String]) -> io::Result<()>,
    ) -> io::Result<usize> {
        let (examples, own) = (self.examples, self.own);
        let columns: Vec<&Column> = own.schema.columns.iter().collect();
        let element = elements_of(&own.schema, names);
        let mut filled = 0;
        for first in (0..examples.rows()).step_by(AT_ONCE) {
            let last = examples.rows().min(first + AT_ONCE);
            let rows = Subset::new(examples, (first as u32..last as u32).collect());
            let values = self.model.impute(&rows, self.passes);
            let values = values.map_err(io::Error::other)?;
            for row in first..last {
                let mut texts = Vec::with_capacity(names.len());
                for (carried, element) in own.carried.iter().zip(&element) {
                    let text = carried.text(row);
                    texts.push(match *element {
                        Some((element, column)) if is_missing(text, &own.schema) => {
                            filled += 1;
                            cell(columns[column], values.row(row - first)[element])
                        }
                        _ => text.to_owned(),
                    });
                }
                write(&texts)?;
            }
        }
        Ok(filled)
    }
}

/// For each column that is carried, by its name, its element and its number in the schema, where it is learned from.
fn elements_of(schema: &Schema, names: &[&str]) -> Vec<Option<(usize, usize)>> {
    let mut elements = 0;
    let mut learned = std::collections::HashMap::new();
    for (number, column) in schema.columns.iter().enumerate() {
        if column.kind.is_learned() {
            learned.insert(column.name.as_str(), (elements, number));
            elements += 1;
        }
    }
    names
        .iter()
        .map(|name| learned.get(name).copied())
        .collect()
}

/// Tells how far off hidden cells are filled.
fn report(args: &ImputeArgs, model: &Autoencoder, examples: &Dataset) -> anyhow::Result<()> {
    let report = ImputationReport::measure(model, examples, HIDDEN, args.passes, args.seed)?;
    if args.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    let head = ["column", "hidden", "model", "mean or mode", ""].map(String::from);
    let mut rows = vec![head.to_vec()];
    for column in &report.columns {
        let share = |share: f64| format!("{:.1} % right", 100.0 * share);
        let (model, simple) = match (column.rmse, column.accuracy) {
            (Some([model, simple]), _) => (number(model), number(simple)),
            (None, Some([model, simple])) => (share(model), share(simple)),
            (None, None) => (String::new(), String::new()),
        };
        let unit = if column.rmse.is_some() { "rmse" } else { "" };
        rows.push(vec![
            column.name.clone(),
            count(column.hidden as usize),
            model,
            simple,
            unit.into(),
        ]);
    }
    print(&table(&rows))
}
