//! Writes elements of examples as a table's own values.

use std::io::{self, Write};

use csv::Writer;
use latentia_tensor::{Column, ColumnKind, Schema};

use super::dates;

/// Decimals of numbers that nothing is known of: as many as an f32 has.
const DIGITS: i32 = 7;

/// Writes rows of a table as CSV: names, levels, dates and decimals as its [`Schema`] has them.
///
/// ```
/// use latentia_data::{Column, ColumnKind, Schema, TableWriter};
///
/// let island = Column { levels: vec!["Biscoe".into(), "Dream".into()], ..Column::new("island", ColumnKind::Category) };
/// let mass = Column { decimals: Some(1), ..Column::new("mass", ColumnKind::Number) };
/// let schema = Schema { header: true, columns: vec![island, mass], ..Schema::default() };
///
/// let mut text = Vec::new();
/// let mut writer = TableWriter::new(&mut text, &schema, &["id"])?;
/// writer.write(["a"], &[1.0, 3.14])?;
/// writer.write(["b"], &[f32::NAN, 2.0])?;
/// writer.finish()?;
/// assert_eq!(String::from_utf8(text)?, "id,island,mass\na,Dream,3.1\nb,,2.0\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TableWriter<'a, W: Write> {
    writer: Writer<W>,
    columns: Vec<&'a Column>,
}

impl<'a, W: Write> TableWriter<'a, W> {
    /// Writes to `out`; a row begins with texts of the columns called `carried`, then has those that `schema` learns from.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(out: W, schema: &'a Schema, carried: &[&str]) -> io::Result<Self> {
        let mut writer = Writer::from_writer(out);
        let columns: Vec<&Column> = schema.learned().collect();
        if schema.header {
            let names = columns.iter().map(|column| column.name.as_str());
            writer.write_record(carried.iter().copied().chain(names))?;
        }
        Ok(Self { writer, columns })
    }

    /// Writes a row: texts, and an element for each column; nothing for one that is missing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write<'t>(
        &mut self,
        texts: impl IntoIterator<Item = &'t str>,
        elements: &[f32],
    ) -> io::Result<()> {
        for text in texts {
            self.writer.write_field(text)?;
        }
        for (column, &element) in self.columns.iter().zip(elements) {
            self.writer.write_field(cell(column, element))?;
        }
        self.writer.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// How `column` writes `element`: its level, its date, its number; nothing for one that is missing.
pub fn cell(column: &Column, element: f32) -> String {
    if !element.is_finite() {
        return String::new();
    }
    let number = f64::from(element) + column.offset;
    match (column.kind, &column.format) {
        (ColumnKind::Date, Some(format)) => dates::text(number, format).unwrap_or_default(),
        (ColumnKind::Category | ColumnKind::Boolean | ColumnKind::Label, _) => {
            let level = column.levels.get(element.round().max(0.0) as usize);
            level.cloned().unwrap_or_default()
        }
        _ => match column.decimals {
            Some(decimals) => fixed(number, decimals.into()),
            None if column.offset == 0.0 => element.to_string(),
            None => {
                // As many decimals as the difference from the offset has digits for.
                let whole = element.abs().max(1e-30).log10().floor() as i32 + 1;
                fixed(number, (DIGITS - whole).clamp(0, 17) as usize)
            }
        },
    }
}

/// `number` with `decimals` decimals, and no sign before zero.
fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')) {
        true => text.trim_start_matches('-').to_owned(),
        false => text,
    }
}
