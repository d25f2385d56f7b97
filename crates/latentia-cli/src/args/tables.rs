//! How tables are read.

use clap::Args as Group;
use latentia_data::TableOptions;

use super::values::{Said, decimal, delimiter, header};

/// How tables are read.
#[derive(Clone, Debug, Group)]
pub struct TableArgs {
    /// Whether the first row of a CSV file holds the names of its columns: yes, no, or auto, what its first rows show
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = header)]
    pub header: Said,
    /// What parts the fields of a CSV file: a character, `tab` or `space` [default: what its first rows show]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// What stands before decimals in a CSV file, `.` or `,` [default: what its first rows show]
    #[arg(long, value_name = "CHARACTER", value_parser = decimal)]
    pub decimal: Option<u8>,
}

impl TableArgs {
    /// The same for the library.
    pub fn options(&self) -> TableOptions {
        TableOptions {
            header: self.header.0,
            delimiter: self.delimiter,
            decimal: self.decimal,
            ..TableOptions::default()
        }
    }
}
