//! From the rows of a table to a data set.

use std::sync::Arc;

use csv::ByteRecord;
use latentia_tensor::{Column, ColumnKind, Schema};

use super::column_reader::ColumnReader;
use super::extra_column::ExtraColumn;
use super::guess::guess;
use super::judge::{Verdict, judge};
use super::matching::match_columns;
use super::notes::notes;
use super::plan::{Plan, Planned};
use super::records::Records;
use super::times::Times;
use crate::dataset::{Dataset, MOST_CLASSES};
use crate::error::{DataError, Problem, counted, quoted};
use crate::float_buffer::FloatBuffer;
use crate::load_options::LoadOptions;
use crate::table::Marks;
use crate::table::{Profile, Table};
use crate::table_options::TableOptions;

/// How often a table is read, where its rows are not what the first of them show.
const PASSES: usize = 5;

/// Reads the table that `open` opens, each time from its first row.
///
/// # Errors
/// When it cannot be read, a column is missing, or rows or fields break the rules: all such are told together.
pub(crate) fn read<R: Records>(
    open: impl Fn() -> Result<R, DataError>,
    options: &LoadOptions,
) -> Result<Dataset, DataError> {
    let marks = Arc::new(Marks::with(&missing(&options.table)));
    let mut records = open()?;
    let mut plan = match &options.table.schema {
        Some(schema) => match_columns(&records, schema, options.table.extra.as_deref())?,
        None => guess(&records, &options.table, &marks)?,
    };
    for pass in 1.. {
        let mut reading = Reading::new(&records, plan, &marks, options);
        reading.read_all(&mut records)?;
        let verdicts = reading.verdicts();
        let is_settled = verdicts
            .iter()
            .all(|verdict| matches!(verdict, Verdict::Kept(_)));
        if is_settled || pass == PASSES {
            return reading.finish(&records, verdicts, options);
        }
        plan = reading.again(verdicts, pass + 1 == PASSES);
        records = open()?;
    }
    unreachable!("the last pass ends")
}

/// What stands for a missing value beside the usual marks: as the schema has it, and as the user says.
pub(super) fn missing(table: &TableOptions) -> Vec<String> {
    let own = table.schema.iter().flat_map(|schema| &schema.missing);
    own.chain(&table.missing).cloned().collect()
}

/// One pass over the rows of a table.
struct Reading {
    header: bool,
    /// What there is to say of how columns were matched.
    notes: Vec<String>,
    /// One for each column that the table has.
    readers: Vec<ColumnReader>,
    /// Columns that it does not have, by their places among all.
    absent: Vec<(usize, Column)>,
    /// Names of all columns of the table.
    names: Vec<String>,
    extra: Option<ExtraColumn>,
    marks: Arc<Marks>,
    floats: FloatBuffer,
    /// The class of each row, as long as each has one.
    labels: Option<Vec<u32>>,
    rows: u64,
    /// Rows of another length than the first.
    ragged: Option<Problem>,
}

impl Reading {
    fn new(records: &impl Records, plan: Plan, marks: &Arc<Marks>, options: &LoadOptions) -> Self {
        let mut readers = Vec::with_capacity(plan.columns.len());
        let mut absent = Vec::new();
        let extra = ExtraColumn::of(&plan);
        for (place, planned) in plan.columns.into_iter().enumerate() {
            match planned.field {
                Some(_) => {
                    let (decimal, carry) = (records.decimal(), options.table.carry);
                    let mut reader = ColumnReader::new(planned, plan.header, marks, decimal, carry);
                    if options.windows.is_some() {
                        reader.watch_times();
                    }
                    readers.push(reader);
                }
                None => absent.push((place, planned.column)),
            }
        }
        Self {
            header: plan.header,
            notes: plan.notes,
            readers,
            absent,
            names: plan.names,
            extra,
            marks: Arc::clone(marks),
            floats: FloatBuffer::with_gaps(records.subject(), options.memory),
            labels: None,
            rows: 0,
            ragged: None,
        }
    }

    fn read_all(&mut self, records: &mut impl Records) -> Result<(), DataError> {
        let fields = records.fields();
        let mut record = ByteRecord::new();
        let mut row = Vec::with_capacity(self.readers.len());
        let label = |reader: &ColumnReader| reader.planned.column.kind == ColumnKind::Label;
        self.labels = self.readers.iter().any(label).then(Vec::new);
        while records.next(&mut record)? {
            if record.len() != fields {
                self.note_ragged(records.place(&record), record.len(), fields);
                continue;
            }
            row.clear();
            let place = || records.place(&record);
            for reader in &mut self.readers {
                let field = reader.planned.field.and_then(|field| record.get(field));
                let element = reader.read(field.unwrap_or_default(), &place);
                match reader.planned.column.kind {
                    kind if kind.is_learned() => row.push(element),
                    ColumnKind::Label => push_label(&mut self.labels, element),
                    _ => {}
                }
            }
            if let Some(extra) = &mut self.extra {
                extra.read(&record, &self.marks, &place);
            }
            self.rows += 1;
            self.floats.push(&row)?;
        }
        let times = self.readers.iter_mut().filter_map(|r| r.times.as_mut());
        times.for_each(Times::settle);
        Ok(())
    }

    fn note_ragged(&mut self, place: String, seen: usize, expected: usize) {
        match &mut self.ragged {
            Some(problem) => problem.count += 1,
            None => self.ragged = Some(ragged(place, seen, expected)),
        }
    }

    fn verdicts(&self) -> Vec<Verdict> {
        self.readers
            .iter()
            .map(|reader| judge(reader, self.rows))
            .collect()
    }

    /// The plan of the next pass; with `last`, nothing is guessed any more.
    fn again(self, verdicts: Vec<Verdict>, last: bool) -> Plan {
        let columns = self
            .readers
            .into_iter()
            .zip(verdicts)
            .map(|(reader, verdict)| {
                let (Verdict::Kept(column) | Verdict::Other(column)) = verdict;
                Planned {
                    column,
                    kind_is_said: reader.planned.kind_is_said || last,
                    ..reader.planned
                }
            });
        let mut columns: Vec<Planned> = columns.collect();
        for (place, column) in self.absent {
            let planned = Planned {
                field: None,
                column,
                kind_is_said: true,
                levels_are_said: true,
            };
            columns.insert(place, planned);
        }
        Plan {
            header: self.header,
            columns,
            names: self.names,
            extra: self.extra.map(|extra| extra.field),
            notes: self.notes,
        }
    }

    /// Refuses rows and fields that could not be read, and a table without rows.
    fn check(&self, records: &impl Records) -> Result<(), DataError> {
        let subject = records.subject();
        let problems = self
            .readers
            .iter()
            .filter_map(|reader| reader.problem.clone().or_else(|| shuffled(reader)));
        let extra = self.extra.as_ref().and_then(|extra| extra.problem.clone());
        let problems = self.ragged.clone().into_iter().chain(problems);
        let problems: Vec<Problem> = problems.chain(extra).collect();
        if !problems.is_empty() {
            return Err(DataError::Problems {
                subject: subject.to_owned(),
                problems,
            });
        }
        if self.rows == 0 {
            let seen = if records.names().is_some() {
                "only a header"
            } else {
                "nothing"
            };
            let expected = "one row of values or more";
            return Err(DataError::invalid(subject, "rows", seen, expected));
        }
        Ok(())
    }

    /// That no column is learned from, with the first of them.
    fn nothing_to_learn(&self, subject: &str) -> DataError {
        let column = |reader: &ColumnReader| {
            let (column, example) = (&reader.planned.column, &reader.profile.example);
            let example = match example.as_str() {
                "" => String::new(),
                example => format!(", as {}", quoted(example.as_bytes())),
            };
            let name = quoted(column.name.as_bytes());
            format!("{name} ({}{example})", column.kind.name())
        };
        let columns: Vec<String> = self.readers.iter().take(3).map(column).collect();
        let seen = format!("none to learn from in {}", columns.join(", "));
        let expected = match columns.len() {
            1 => "numbers or categories, or fields that are parted otherwise",
            _ => "one column of numbers or categories or more",
        };
        DataError::invalid(subject, "columns", seen, expected)
    }

    /// The data set, and what there is to say of it.
    fn finish(
        mut self,
        records: &impl Records,
        verdicts: Vec<Verdict>,
        options: &LoadOptions,
    ) -> Result<Dataset, DataError> {
        self.check(records)?;
        let subject = records.subject();
        let mut said = records.notes();
        said.append(&mut self.notes);
        for (reader, verdict) in self.readers.iter_mut().zip(verdicts) {
            match verdict {
                Verdict::Kept(column) => reader.planned.column = column,
                // After the last pass: its elements are those of what it was read as.
                Verdict::Other(column) => reader.planned.column.gaps = column.gaps,
            }
        }
        let is_guessed = options.table.schema.is_none();
        said.extend(notes(&self.readers, self.rows, is_guessed));
        let width = self
            .readers
            .iter()
            .filter(|r| r.planned.column.kind.is_learned())
            .count();
        if width == 0 {
            return Err(self.nothing_to_learn(subject));
        }
        let dataset = self.floats.into_dataset(vec![width])?;
        let labels = self
            .labels
            .filter(|labels| labels.len() as u64 == self.rows);
        let mut table = Table {
            schema: Schema {
                header: self.header,
                missing: missing(&options.table),
                columns: Vec::new(),
            },
            profiles: Vec::new(),
            carried: Vec::new(),
            extra: self.extra.map(|extra| extra.texts),
            names: self.names,
        };
        for reader in self.readers {
            table.schema.columns.push(reader.planned.column);
            table.profiles.push(reader.profile);
            table.carried.extend(reader.carried);
        }
        for (place, column) in self.absent {
            table.schema.columns.insert(place, column);
            table.profiles.insert(place, Profile::default());
        }
        let dataset = match labels {
            Some(labels) => dataset.with_labels(labels)?,
            None => dataset,
        };
        Ok(dataset.with_table(table, said))
    }
}

/// That the times of a series, which are not learned from, are in no order.
fn shuffled(reader: &ColumnReader) -> Option<Problem> {
    let column = &reader.planned.column;
    let times = reader.times.as_ref();
    let times = times.filter(|_| column.kind == ColumnKind::Id)?;
    times.problem(&quoted(column.name.as_bytes()))
}

/// That a row at `place` has another number of fields than the first.
pub(super) fn ragged(place: String, seen: usize, expected: usize) -> Problem {
    let fields = |count: usize| counted(count as u64, "field");
    Problem {
        place,
        seen: fields(seen),
        expected: format!("{}, as in the first row", fields(expected)),
        count: 1,
    }
}

/// Adds the class of a row, where it has one.
fn push_label(labels: &mut Option<Vec<u32>>, level: f32) {
    if let Some(labels) = labels
        && level < MOST_CLASSES as f32
    {
        labels.push(level as u32);
    }
}
