//! The commands of `data`.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

use super::columns::ColumnArgs;
use super::examples::ExampleArgs;
use super::reading::ReadingArgs;

/// The commands of `data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the named data sets and where they are
    List(ListArgs),
    /// Download a named data set, or take it from a folder
    Fetch(FetchArgs),
    /// Describe a data set, a table with its columns, or a folder of pictures
    Info(Box<InfoArgs>),
}

/// Arguments of `data list`.
#[derive(Debug, Group)]
pub struct ListArgs {
    /// Where named data sets are looked for first
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `data info`.
#[derive(Debug, Group)]
#[command(after_help = "Examples:\n  latentia data info people.csv\n  \
                  latentia data info people.csv --schema-out people.toml; latentia train --data people.csv --schema people.toml")]
pub struct InfoArgs {
    /// A name or a path
    pub data: String,
    /// How data becomes examples.
    #[command(flatten)]
    pub examples: ExampleArgs,
    /// What the columns of a table are.
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Write what the columns of a table are, to be edited and given back with --schema: .toml
    #[arg(long, value_name = "FILE")]
    pub schema_out: Option<PathBuf>,
    /// Print one JSON object to stdout
    #[arg(long)]
    pub json: bool,
    /// Where data is looked for and how it is read.
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Arguments of `data fetch`.
#[derive(Debug, Group)]
pub struct FetchArgs {
    /// The data set
    pub name: String,
    /// Take the files from this folder instead of the network
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,
    /// Download from this address instead of the known ones; the names of the files are added to it
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    pub mirror: Option<String>,
    /// Put the set's folder into this one [default: $LATENTIA_DATA_DIR, or the user's cache]
    #[arg(long, value_name = "DIR", visible_alias = "data-dir")]
    pub to: Option<PathBuf>,
}
