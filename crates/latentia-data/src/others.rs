//! Files that people have and that are not read.

use crate::error::DataError;

/// That a file of another kind is not read, and what to do instead, where that can be said of one that begins with `start`.
pub(crate) fn refused(subject: &str, start: &[u8]) -> Option<DataError> {
    let table = "a table: save it as `CSV UTF-8`";
    let array = "an array: save it with `numpy.save`, or a table as CSV or Parquet";
    let known: [(&[u8], _, _); 5] = [
        (b"\xd0\xcf\x11\xe0", "an old Excel file or the like", table),
        (b"PK\x03\x04", "a zip file, as Excel's are", table),
        (b"%PDF", "a PDF", table),
        (b"\x89HDF", "an HDF5 file", array),
        (
            b"\x80",
            "a pickled object, which could run any program",
            array,
        ),
    ];
    let found = known.iter().find(|(magic, ..)| start.starts_with(magic));
    found.map(|&(_, kind, instead)| DataError::invalid(subject, "kind of file", kind, instead))
}
