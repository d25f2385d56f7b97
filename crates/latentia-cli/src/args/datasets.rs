//! The commands of `data`.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand};

use super::pictures::PictureArgs;

/// The commands of `data`.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the named data sets and where they are
    List,
    /// Download a named data set, or take it from a folder
    Fetch(FetchArgs),
    /// Describe a data set, a file or a folder of pictures
    Info {
        /// A name or a path
        data: String,
        /// How pictures become examples.
        #[command(flatten)]
        pictures: PictureArgs,
    },
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
    /// Put the set's folder into this one [default: --data-dir, $LATENTIA_DATA_DIR, or the user's cache]
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
}
