//! Files that people have and that are not read.

use crate::error::DataError;

/// A kind of file that is not read.
pub(crate) struct Other {
    /// Where one of its signatures stands.
    at: usize,
    signatures: &'static [&'static [u8]],
    /// What messages call it.
    pub(crate) name: &'static str,
    /// What to do instead.
    expected: &'static str,
}

const TABLE: &str = "a table: save it as `CSV UTF-8`";
const FRAME: &str = "a table: save it as CSV or Parquet";
const ARRAY: &str = "an array: save it with `numpy.save`, or a table as CSV or Parquet";
const UNPACKED: &str = "the file that is in it, or gzip";

/// Signatures of what is no text have bytes that text has not: the name of a column may be `PAR1`.
const OTHERS: [Other; 14] = [
    begins(
        &[b"PK\x03\x04"],
        "an Excel workbook or another archive",
        TABLE,
    ),
    begins(&[b"\xd0\xcf\x11\xe0"], "an old Excel workbook", TABLE),
    begins(&[b"%PDF-"], "a PDF", TABLE),
    begins(&[b"{\\rtf"], "a text document", TABLE),
    begins(&[b"<!", b"<html", b"<?xml"], "a web page or XML", TABLE),
    begins(
        &[b"PAR1\x15"],
        "Parquet",
        match cfg!(feature = "parquet") {
            true => "a name that ends in `.parquet`",
            false => TABLE,
        },
    ),
    begins(&[b"ARROW1\0"], "an Arrow or Feather file", FRAME),
    begins(&[b"SQLite format 3\0"], "an SQLite database", FRAME),
    begins(&[b"\x89HDF"], "an HDF5 file", ARRAY),
    // The protocols that begin with their number.
    begins(
        &[b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"],
        "a pickled object, which could run any program",
        ARRAY,
    ),
    begins(
        &[b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c"],
        "a compressed file",
        UNPACKED,
    ),
    Other {
        at: 4,
        signatures: &[b"ftyphei", b"ftypmif1", b"ftypavif"],
        name: "an HEIC or AVIF picture",
        expected: "a PNG or a JPEG",
    },
    // Of bzip2, behind `BZh` and a digit.
    Other {
        at: 4,
        signatures: &[b"1AY&SY"],
        name: "a compressed file",
        expected: UNPACKED,
    },
    Other {
        at: 257,
        signatures: &[b"ustar"],
        name: "a tar archive",
        expected: "a file or a folder: unpack it",
    },
];

const fn begins(
    signatures: &'static [&'static [u8]],
    name: &'static str,
    expected: &'static str,
) -> Other {
    Other {
        at: 0,
        signatures,
        name,
        expected,
    }
}

/// What a file is that begins with `start`, where it is of a kind that is not read.
pub(crate) fn find(start: &[u8]) -> Option<&'static Other> {
    OTHERS.iter().find(|other| {
        let start = start.get(other.at..).unwrap_or_default();
        let mut signatures = other.signatures.iter();
        signatures.any(|signature| start.starts_with(signature))
    })
}

/// That a file of another kind is not read, and what to do instead, where that can be said of one that begins with `start`.
pub(crate) fn refused(subject: &str, start: &[u8]) -> Option<DataError> {
    let (name, expected) = match find(start) {
        Some(other) => (other.name, other.expected),
        None if is_json(start) => ("JSON", FRAME),
        None => return None,
    };
    Some(DataError::invalid(subject, "kind of file", name, expected))
}

/// Whether it begins with an object, or with a list of objects or lists.
fn is_json(start: &[u8]) -> bool {
    let mut marks = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    let next = marks.next().zip(marks.next());
    matches!(next, Some((b'{', b'"') | (b'[', b'{' | b'[')))
}
