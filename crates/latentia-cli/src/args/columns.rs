//! What the columns of a table are.

use std::path::PathBuf;

use clap::Args as Group;

/// What the columns of a table are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Group)]
pub struct ColumnArgs {
    /// What the columns of a table are, as `latentia data info --schema-out` writes it [default: what the table shows]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["label", "id", "ignore", "categorical"])]
    pub schema: Option<PathBuf>,
    /// The column of a table that says the class of a row, by name or by number from 1; it is not learned from
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// The column that names a row; it is not learned from, and is written beside what is computed of the row
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// The column of a series that says when a row is; it is not learned from, and names the windows that begin there
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["id", "schema"])]
    pub time: Option<String>,
    /// Columns that are not learned from
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Columns that are categories, whatever their values look like
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub categorical: Vec<String>,
    /// What stands for a missing value, beside nothing, `?`, `NA`, `NaN`, `null` and the like
    #[arg(
        long,
        value_name = "MARK,...",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub missing: Vec<String>,
}
