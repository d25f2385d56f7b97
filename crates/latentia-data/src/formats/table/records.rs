//! The rows of a table as text, whatever file they come from.

use csv::ByteRecord;

use crate::error::DataError;

/// What is expected of text.
pub(crate) const NOT_UTF8: &str = "text in UTF-8: save the table as `CSV UTF-8`";

/// What the index of a data frame is called, where it has no name.
pub(crate) const INDEX: &str = "index";

/// The rows of a table as text.
pub(crate) trait Records {
    /// What messages call the table.
    fn subject(&self) -> &str;

    /// The columns' names, where it has some, with nothing for a column without one.
    fn names(&self) -> Option<Vec<String>>;

    /// Fields of a row.
    fn fields(&self) -> usize;

    /// Whether the first column has no name and different whole numbers, as data frames write their index.
    fn has_index(&self) -> bool;

    /// The first rows, to guess from.
    fn first_rows(&self) -> &[ByteRecord];

    /// The byte before decimals.
    fn decimal(&self) -> u8;

    /// What was guessed of how it is written.
    fn notes(&self) -> Vec<String>;

    /// Reads the next row, or gives `false` behind the last.
    ///
    /// # Errors
    /// When the file cannot be read. A row with another number of fields than the first is no error here.
    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, DataError>;

    /// Where `record`, the row just read, stands: `line 5`.
    fn place(&self, record: &ByteRecord) -> String;
}

/// The number that a field is, with `decimal` before its decimals.
#[inline]
pub(crate) fn parse_number(field: &[u8], decimal: u8) -> Option<f64> {
    if decimal == b'.' {
        return std::str::from_utf8(field).ok()?.parse().ok();
    }
    // Longer ones are no numbers that anyone writes.
    let mut point = [0; 64];
    let point = point.get_mut(..field.len())?;
    for (to, &byte) in point.iter_mut().zip(field) {
        *to = match byte {
            b'.' => return None,
            byte if byte == decimal => b'.',
            byte => byte,
        };
    }
    std::str::from_utf8(point).ok()?.parse().ok()
}
