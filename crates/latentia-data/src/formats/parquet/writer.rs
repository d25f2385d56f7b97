//! Writes elements of examples as a table's own values, in Parquet.

use std::io::{self, Write};

use latentia_tensor::Schema;

use super::output::Output;
use super::table::MAGIC;
use super::thrift_writer::ThriftWriter;
use crate::table::{Carried, is_missing};

/// The most rows of a group, and the bytes of values at which one ends before.
const GROUP_ROWS: u64 = 1 << 16;
const GROUP_BYTES: usize = 1 << 26;

/// The format's numbers of what is written.
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const SNAPPY: i32 = 1;

/// Writes rows of a table as Parquet, its columns called and typed as its [`Schema`] has them.
///
/// | column | type |
/// |---|---|
/// | number of no decimals | INT64 |
/// | number of some decimals or with an offset | DOUBLE, rounded to these |
/// | any other number | FLOAT |
/// | boolean of words for false and true, as `no` and `yes` | BOOLEAN |
/// | date | DATE, or TIMESTAMP in milliseconds where it has a time |
/// | all others | STRING |
///
/// Every value may be missing. In memory is one group of at most 65,536 rows, or 64 MiB and a row, and the place of each group;
/// compressed by Snappy. Version 1 of pages, plain values, as the [format] has them since its first version.
///
/// [format]: https://parquet.apache.org/docs/file-format/
///
/// ```
/// use latentia_data::{Column, ColumnKind, ParquetWriter, Schema};
///
/// let mass = Column { decimals: Some(1), ..Column::new("mass", ColumnKind::Number) };
/// let schema = Schema { header: true, columns: vec![mass], ..Schema::default() };
///
/// let mut file = Vec::new();
/// let mut writer = ParquetWriter::new(&mut file, &schema, &["id"])?;
/// writer.write(["a"], &[3.14])?;
/// writer.write(["b"], &[f32::NAN])?;
/// writer.finish()?;
/// assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParquetWriter<'a, W: Write> {
    out: W,
    /// Bytes that were written.
    at: u64,
    columns: Vec<Output<'a>>,
    /// Rows of the group that is being written.
    rows: u64,
    groups: Vec<Group>,
    encoder: snap::raw::Encoder,
}

/// A group of rows that was written.
struct Group {
    rows: u64,
    chunks: Vec<Chunk>,
}

/// Where a column's values of a group are.
struct Chunk {
    start: u64,
    length: u64,
    uncompressed: u64,
}

impl<'a, W: Write> ParquetWriter<'a, W> {
    /// Writes to `out`; a row begins with texts of the columns called `carried`, then has those that `schema` learns from.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(out: W, schema: &'a Schema, carried: &[&'a str]) -> io::Result<Self> {
        let texts = carried.iter().map(|name| Output::of_strings(name));
        let elements = schema.learned().map(Output::of_elements);
        Self::of_columns(out, texts.chain(elements).collect())
    }

    /// Writes to `out`; a row has a text for each of `columns`, all of whose texts but gaps are among those to come. Those that
    /// `schema` learns from have its types where all texts are of them, a 2.5 among integers makes them DOUBLE; others are strings.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn of_texts(out: W, schema: &'a Schema, columns: &'a [Carried]) -> io::Result<Self> {
        let output = |own: &'a Carried| {
            let mut learned = schema.learned();
            match learned.find(|column| column.name == own.name) {
                Some(column) => {
                    let texts = own.texts().filter(|text| !is_missing(text, schema));
                    Output::of_texts(column, texts)
                }
                None => Output::of_strings(&own.name),
            }
        };
        Self::of_columns(out, columns.iter().map(output).collect())
    }

    fn of_columns(mut out: W, columns: Vec<Output<'a>>) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        Ok(Self {
            out,
            at: MAGIC.len() as u64,
            columns,
            rows: 0,
            groups: Vec::new(),
            encoder: snap::raw::Encoder::new(),
        })
    }

    /// Writes a row: texts, and an element for each column behind them; nothing for one that is missing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write<'t>(
        &mut self,
        texts: impl IntoIterator<Item = &'t str>,
        elements: &[f32],
    ) -> io::Result<()> {
        let mut columns = self.columns.iter_mut();
        for (text, column) in texts.into_iter().zip(&mut columns) {
            if !column.push_text(text) {
                let name = column.name;
                let problem = format!("column `{name}`: `{text}` is not of the type of the others");
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
        }
        for (column, &element) in columns.zip(elements) {
            column.push_element(element);
        }
        self.rows += 1;
        let bytes: usize = self.columns.iter().map(Output::size).sum();
        match self.rows == GROUP_ROWS || bytes >= GROUP_BYTES {
            true => self.end_group(),
            false => Ok(()),
        }
    }

    /// Writes what is left, and what a reader begins with.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.end_group()?;
        }
        let footer = self.footer();
        self.out.write_all(&footer)?;
        self.out.write_all(&four(footer.len())?.to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()
    }

    /// Writes the rows that are in memory, a page of each column.
    fn end_group(&mut self) -> io::Result<()> {
        let rows = std::mem::take(&mut self.rows);
        let mut chunks = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            let page = column.take_page();
            let packed = self.encoder.compress_vec(&page).map_err(io::Error::other)?;
            let (uncompressed, compressed) = (four(page.len())?, four(packed.len())?);
            let header = ThriftWriter::structure(|header| {
                // A page of values.
                header.int(1, 0);
                header.int(2, uncompressed);
                header.int(3, compressed);
                header.inner(5, |values| {
                    values.int(1, rows as i32);
                    values.int(2, PLAIN);
                    values.int(3, RLE);
                    values.int(4, RLE);
                });
            });
            self.out.write_all(&header)?;
            self.out.write_all(&packed)?;
            let chunk = Chunk {
                start: self.at,
                length: (header.len() + packed.len()) as u64,
                uncompressed: (header.len() + page.len()) as u64,
            };
            self.at += chunk.length;
            chunks.push(chunk);
        }
        self.groups.push(Group { rows, chunks });
        Ok(())
    }

    /// What columns there are, and where their values lie.
    fn footer(&self) -> Vec<u8> {
        ThriftWriter::structure(|footer| {
            // The version.
            footer.int(1, 1);
            let elements = self.columns.iter().map(Some);
            let elements: Vec<_> = std::iter::once(None).chain(elements).collect();
            footer.structures(2, elements.iter(), |writer, element| match element {
                Some(column) => column.write_schema(writer),
                None => {
                    writer.text(4, "schema");
                    writer.int(5, self.columns.len() as i32);
                }
            });
            footer.long(3, self.groups.iter().map(|group| group.rows).sum());
            footer.structures(4, self.groups.iter(), |writer, group| {
                let chunks = group.chunks.iter().zip(&self.columns);
                writer.structures(1, chunks, |writer, (chunk, column)| {
                    writer.long(2, chunk.start);
                    writer.inner(3, |own| chunk.write(own, column, group.rows));
                });
                let bytes = group.chunks.iter().map(|chunk| chunk.uncompressed);
                writer.long(2, bytes.sum());
                writer.long(3, group.rows);
            });
            footer.text(6, concat!("latentia ", env!("CARGO_PKG_VERSION")));
        })
    }
}

impl Chunk {
    fn write(&self, writer: &mut ThriftWriter, column: &Output<'_>, rows: u64) {
        writer.int(1, column.physical());
        writer.ints(2, &[PLAIN, RLE]);
        writer.texts(3, &[column.name]);
        writer.int(4, SNAPPY);
        writer.long(5, rows);
        writer.long(6, self.uncompressed);
        writer.long(7, self.length);
        writer.long(9, self.start);
    }
}

/// A length as the format has it.
fn four(length: usize) -> io::Result<i32> {
    i32::try_from(length).map_err(|_| {
        let problem = "a page or a footer of more than 2 GiB";
        io::Error::new(io::ErrorKind::InvalidInput, problem)
    })
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]
mod tests {
    use latentia_tensor::{Column, ColumnKind};
    use tempfile::NamedTempFile;

    use super::super::cell::Cell;
    use super::super::table::ParquetTable;
    use super::*;

    #[test]
    fn groups_are_of_bounded_size_and_none_is_lost() {
        let schema = Schema {
            header: true,
            columns: vec![Column::new("x", ColumnKind::Number)],
            ..Schema::default()
        };
        let mut file = NamedTempFile::new().unwrap();
        let mut writer = ParquetWriter::new(&mut file, &schema, &["text"]).unwrap();
        let count = 2 * GROUP_ROWS as usize + 1;
        let long = "long".repeat(1 << 18);
        for row in 0..count {
            // The texts alone are more than a group holds.
            let text = if row % 500 == 0 { &long } else { "short" };
            let x = if row % 3 == 0 { f32::NAN } else { row as f32 };
            writer.write([text], &[x]).unwrap();
            assert!(writer.rows < GROUP_ROWS);
            let held: usize = writer.columns.iter().map(Output::size).sum();
            assert!(held < GROUP_BYTES + long.len() + 8, "{held}");
        }
        assert!(writer.groups.len() > 2);
        writer.finish().unwrap();
        let mut table = ParquetTable::open(file.reopen().unwrap(), "groups").unwrap();
        for row in 0..count {
            assert!(table.next_row().unwrap(), "{row}");
            let expected = match row % 3 {
                0 => Cell::Missing,
                _ => Cell::Number(row as f64),
            };
            assert_eq!(table.cells().nth(1), Some(expected));
        }
        assert!(!table.next_row().unwrap());
    }
}
