//! How tables are read.

/// How a table of text is read; what is left out follows from its first rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// Whether the first row holds the columns' names.
    pub header: Option<bool>,
    /// The byte between fields; a space stands for any number of them.
    pub delimiter: Option<u8>,
    /// The byte before decimals, `.` or `,`.
    pub decimal: Option<u8>,
    /// The columns to read, by name and in this order, where the table has a header.
    pub columns: Option<Vec<String>>,
}
