//! How tables are read.

use latentia_tensor::Schema;

/// How a table is read; what is not said here follows from the table.
///
/// Columns are named as in the table, or by their number from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOptions {
    /// Whether the first row holds the columns' names.
    pub header: Option<bool>,
    /// The byte between fields; a space stands for any number of them.
    pub delimiter: Option<u8>,
    /// The byte before decimals, `.` or `,`.
    pub decimal: Option<u8>,
    /// What the columns are: they are matched by name, where the table and the schema have names, else by position. Nothing is
    /// guessed then.
    pub schema: Option<Schema>,
    /// The column of classes.
    pub label: Option<String>,
    /// The column that names rows.
    pub id: Option<String>,
    /// Columns that are not learned from.
    pub ignore: Vec<String>,
    /// Columns that are categories, whatever their values look like.
    pub categorical: Vec<String>,
    /// What stands for a missing value beside the usual marks (nothing, `?`, `NA`, `NaN`, `null`, …).
    pub missing: Vec<String>,
    /// The columns whose texts are kept, to be written beside what a model gives.
    pub carry: Carry,
    /// A column whose texts are kept apart ([`Table::extra`](crate::Table::extra)), whether or not the schema has it; without a schema it
    /// is not learned from. A table need not have it, but where it does every row must have a value.
    pub extra: Option<String>,
}

/// The columns of a table whose texts are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carry {
    /// None
    #[default]
    Nothing,
    /// Ids and labels
    Names,
    /// All
    All,
}
