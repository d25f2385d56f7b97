//! A table in Parquet, row by row.

use std::fs::File;

use super::cell::Cell;
use super::cursor::Cursor;
use super::fault::Fault;
use super::footer::Footer;
use crate::error::{DataError, printable};
use crate::stored::read_exact_at;

/// What a file begins and ends with.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// The most bytes of a footer, and of the pages that are in memory.
const MOST_FOOTER: u64 = 1 << 26;
const MOST_HELD: usize = 1 << 30;

/// The most rows for each byte of a file: equal rows take none, and all of a file are seldom equal.
const MOST_ROWS_PER_BYTE: u64 = 1024;

/// A table that is read from the first row to the last.
pub(crate) struct ParquetTable {
    subject: String,
    file: File,
    footer: Footer,
    /// Where the footer begins.
    end: u64,
    /// The group that is read, how many of its rows are left, and where its columns are.
    group: usize,
    left: u64,
    cursors: Vec<Cursor>,
    /// Bytes in memory for these.
    held: usize,
}

impl ParquetTable {
    /// Reads the footer of a file, which messages call `subject`.
    ///
    /// # Errors
    /// When it is damaged, or has columns that are not flat or of a type that is none of [`Cell`]'s.
    pub(crate) fn open(file: File, subject: &str) -> Result<Self, DataError> {
        let fault = |fault: Fault| fault.at(subject, "footer");
        let length = file
            .metadata()
            .map_err(|error| fault(Fault::Io(error)))?
            .len();
        let mut tail = [0; 8];
        let start = length.checked_sub(8).filter(|&start| start >= 4);
        let start = start.ok_or_else(|| fault(Fault::Broken("fewer than 12 bytes")))?;
        read_exact_at(&file, &mut tail, start).map_err(|error| fault(Fault::Io(error)))?;
        let [l0, l1, l2, l3, magic @ ..] = tail;
        if &magic == b"PARE" {
            let seen = Fault::Unsupported("an encrypted file".into(), "one that is not encrypted");
            return Err(fault(seen));
        }
        let claim = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
        let end = start
            .checked_sub(claim)
            .filter(|&end| end >= 4 && claim <= MOST_FOOTER);
        let Some(end) = end.filter(|_| magic == *MAGIC) else {
            return Err(fault(Fault::Broken(
                "a length or an end that is none of a footer",
            )));
        };
        let mut bytes = vec![0; claim as usize];
        read_exact_at(&file, &mut bytes, end).map_err(|error| fault(Fault::Io(error)))?;
        let footer = Footer::read(&bytes).map_err(|(place, fault)| fault.at(subject, place))?;
        let rows = footer
            .groups
            .iter()
            .try_fold(0_u64, |rows, group| rows.checked_add(group.rows));
        if rows.is_none_or(|rows| rows > MOST_ROWS_PER_BYTE * length) {
            return Err(fault(Fault::Broken(
                "a claim of more than 1,024 rows for each byte of the file",
            )));
        }
        Ok(Self {
            subject: subject.to_owned(),
            file,
            footer,
            end,
            group: 0,
            left: 0,
            cursors: Vec::new(),
            held: 0,
        })
    }

    /// The names of the columns, in their order; they need not differ.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.footer.columns.iter().map(|column| &*column.name)
    }

    /// Goes to the next row, the first at first; whether there is one.
    ///
    /// # Errors
    /// When the file is damaged, cannot be read, or asks for more than 1 GiB of pages at once.
    pub(crate) fn next_row(&mut self) -> Result<bool, DataError> {
        while self.left == 0 {
            let Some(group) = self.footer.groups.get(self.group) else {
                return Ok(false);
            };
            self.group += 1;
            self.left = group.rows;
            self.held = 0;
            self.cursors.clear();
            for (column, chunk) in group.chunks.iter().enumerate() {
                let cursor = Cursor::new(chunk, self.end);
                self.cursors
                    .push(cursor.map_err(|fault| self.fault(column, fault))?);
            }
        }
        self.left -= 1;
        for index in 0..self.cursors.len() {
            let (cursor, column) = (&mut self.cursors[index], &self.footer.columns[index]);
            self.held -= cursor.held();
            let advanced = cursor.advance(&self.file, column, MOST_HELD.saturating_sub(self.held));
            self.held += cursor.held();
            advanced.map_err(|fault| self.fault(index, fault))?;
        }
        Ok(true)
    }

    /// The cells of the row, in the order of the columns; there is one after [`Self::next_row`] has said so.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.cursors.iter().map(Cursor::cell)
    }

    fn fault(&self, column: usize, fault: Fault) -> DataError {
        let name = printable(&self.footer.columns[column].name, 40);
        fault.at(&self.subject, format!("column `{name}`"))
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    /// The columns of a file that pyarrow wrote.
    fn columns(name: &str) -> Result<Vec<(String, Vec<String>)>, String> {
        let file = File::open(format!("../../fuzz/seeds/parquet/{name}")).unwrap();
        let mut table = ParquetTable::open(file, name).map_err(|error| error.to_string())?;
        let names = table.names().map(String::from);
        let mut columns: Vec<_> = names.map(|name| (name, Vec::new())).collect();
        while table.next_row().map_err(|error| error.to_string())? {
            for ((.., column), cell) in columns.iter_mut().zip(table.cells()) {
                column.push(match cell {
                    Cell::Missing => "-".into(),
                    Cell::Number(value) | Cell::Date(value) => value.to_string(),
                    Cell::Bool(value) => value.to_string(),
                    Cell::Text(text) => text.to_owned(),
                });
            }
        }
        Ok(columns)
    }

    #[test]
    fn every_codec_encoding_and_version_holds_the_same_table() {
        let column = |gap: usize, cell: &dyn Fn(usize) -> String| -> Vec<String> {
            let cell = |i| {
                if (i + gap) % 7 == 3 {
                    "-".into()
                } else {
                    cell(i)
                }
            };
            (0..20).map(cell).collect()
        };
        let expected = [
            ("i", column(0, &|i| (i as i64 * i as i64 - 5).to_string())),
            (
                "f",
                (0..20).map(|i| (f64::from(i) / 4.0).to_string()).collect(),
            ),
            ("s", column(1, &|i| ["red", "green", "blué"][i % 3].into())),
            ("b", column(2, &|i| (i % 3 == 0).to_string())),
            ("d", column(3, &|i| i.to_string())),
        ]
        .map(|(name, cells)| (name.to_owned(), cells));
        for name in [
            "none", "snappy", "gzip", "lz4", "zstd", "plain", "deltas", "lengths", "groups",
        ] {
            assert_eq!(columns(name).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn every_type_has_its_values() {
        let days = ["1.5", "2.5", "3.5", "4.5", "5.5"];
        for name in ["types", "types-integer-decimals"] {
            let columns = columns(name).unwrap();
            for (name, expected) in [
                ("i1", ["-1", "-2", "-3", "-4", "-5"]),
                ("i2", ["-1", "-2", "-3", "-4", "-5"]),
                ("i4", ["-1", "-2", "-3", "-4", "-5"]),
                ("u1", ["255", "254", "253", "252", "251"]),
                ("u2", ["65535", "65534", "65533", "65532", "65531"]),
                (
                    "u4",
                    [
                        "4294967295",
                        "4294967294",
                        "4294967293",
                        "4294967292",
                        "4294967291",
                    ],
                ),
                (
                    "u8",
                    [
                        "9223372036854776000",
                        "9223372036854778000",
                        "9223372036854780000",
                        "9223372036854782000",
                        "9223372036854784000",
                    ],
                ),
                ("f2", ["0", "0.5", "1", "1.5", "2"]),
                ("f4", ["0", "0.5", "1", "1.5", "2"]),
                ("dec4", ["-2", "-0.99", "0.02", "1.03", "2.04"]),
                ("dec16", ["-2", "-0.99", "0.02", "1.03", "2.04"]),
                ("ms", days),
                ("us", days),
                ("ns", days),
                ("time", ["0.5", "1.5", "2.5", "3.5", "4.5"]),
                ("null", ["-"; 5]),
                ("cat", ["a", "b", "a", "b", "a"]),
                ("big", ["", "x", "xx", "xxx", "xxxx"]),
            ] {
                let (.., cells) = columns.iter().find(|(column, ..)| column == name).unwrap();
                assert_eq!(cells, &expected, "{name}");
            }
        }
        assert_eq!(columns("int96").unwrap()[0].1, days);
        assert_eq!(columns("empty").unwrap()[0].1, [""; 0]);
    }

    /// Opens every seed after `damage`.
    fn damaged(damage: impl Fn(&mut Vec<u8>)) -> Vec<Result<ParquetTable, DataError>> {
        let seeds = std::fs::read_dir("../../fuzz/seeds/parquet").unwrap();
        let open = |seed: std::io::Result<std::fs::DirEntry>| {
            let mut bytes = std::fs::read(seed.unwrap().path()).unwrap();
            damage(&mut bytes);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            ParquetTable::open(file, "damaged")
        };
        seeds.map(open).collect()
    }

    proptest! {
        #[test]
        fn damage_does_no_harm(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
            let tables = damaged(|bytes| {
                for (place, byte) in &places {
                    *place.get_mut(bytes) = *byte;
                }
            });
            for mut table in tables.into_iter().flatten() {
                // A claim of more rows than there are is not followed for ever.
                for _ in 0..100 {
                    match table.next_row() {
                        Ok(true) => prop_assert_eq!(table.cells().count(), table.names().count()),
                        Ok(false) | Err(_) => break,
                    }
                }
            }
        }

        #[test]
        fn a_cut_file_is_refused(place in any::<prop::sample::Index>()) {
            let tables = damaged(|bytes| {
                let end = bytes.split_off(bytes.len() - 8);
                bytes.truncate(place.index(bytes.len()));
                bytes.extend(end);
            });
            prop_assert!(tables.iter().all(Result::is_err));
        }
    }

    #[test]
    fn what_is_not_flat_is_refused_by_its_name() {
        assert_eq!(
            columns("nested").unwrap_err(),
            "`nested`: column `l`: found a list, a map or a structure, expected one value a row: make columns of what is in it, or \
             leave it out"
        );
    }
}
