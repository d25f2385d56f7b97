//! Where data is looked for and how it is read.

use std::path::PathBuf;

use clap::Args as Group;

use super::tables::TableArgs;
use super::values::memory;

/// Where data is looked for and how it is read: arguments of every command that reads some.
#[derive(Clone, Debug, Group)]
#[command(next_help_heading = "Reading data")]
pub struct ReadingArgs {
    /// Where named data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Memory for examples, as in 512M or 4G; what does not fit is read from the disk each time
    #[arg(long, value_name = "SIZE", default_value = "1G", allow_negative_numbers = true, value_parser = memory)]
    pub memory: usize,
    /// Refuse a folder with a file that is no picture or cannot be read, instead of leaving it out, and pictures that a model would
    /// have to change
    #[arg(long)]
    pub strict: bool,
    /// How tables are read.
    #[command(flatten)]
    pub table: TableArgs,
}
