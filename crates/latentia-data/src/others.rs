//! Files that people have and that are not read.

use crate::error::DataError;

/// What a file of another kind begins with, what it is called, and what to do instead.
type Other = (&'static [&'static [u8]], &'static str, &'static str);

const TABLE: &str = "a table: save it as `CSV UTF-8`";
const ARRAY: &str = "an array: save it with `numpy.save`, or a table as CSV or Parquet";
const FRAME: &str = "a table: save it as CSV or Parquet";

const PARQUET: &str = match cfg!(feature = "parquet") {
    true => "a name that ends in `.parquet`",
    false => TABLE,
};

const OTHERS: [Other; 10] = [
    (
        &[b"PK\x03\x04"],
        "an Excel workbook or another archive",
        TABLE,
    ),
    (&[b"\xd0\xcf\x11\xe0"], "an old Excel workbook", TABLE),
    (&[b"%PDF"], "a PDF", TABLE),
    (&[b"<!", b"<html", b"<?xml"], "a web page or XML", TABLE),
    (&[b"PAR1"], "Parquet", PARQUET),
    (&[b"ARROW1", b"FEA1"], "an Arrow or Feather file", FRAME),
    (&[b"SQLite format 3"], "an SQLite database", FRAME),
    (&[b"{\\rtf"], "a text document", TABLE),
    (&[b"\x89HDF"], "an HDF5 file", ARRAY),
    // The protocols that begin with their number.
    (
        &[b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"],
        "a pickled object, which could run any program",
        ARRAY,
    ),
];

/// That a file of another kind is not read, and what to do instead, where that can be said of one that begins with `start`.
pub(crate) fn refused(subject: &str, start: &[u8]) -> Option<DataError> {
    let known = OTHERS.iter().find(|(magics, ..)| {
        let mut magics = magics.iter();
        magics.any(|magic| start.starts_with(magic))
    });
    let (kind, instead) = match known {
        Some(&(_, kind, instead)) => (kind, instead),
        None if is_json(start) => ("JSON", FRAME),
        None => return None,
    };
    Some(DataError::invalid(subject, "kind of file", kind, instead))
}

/// Whether it begins with an object, or with a list of objects or lists.
fn is_json(start: &[u8]) -> bool {
    let mut marks = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    let next = marks.next().zip(marks.next());
    matches!(next, Some((b'{', b'"') | (b'[', b'{' | b'[')))
}
