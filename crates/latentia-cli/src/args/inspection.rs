//! Arguments of `inspect` and `presets`.

use std::path::PathBuf;

use clap::Args as Group;

/// Arguments of `inspect`.
#[derive(Debug, Group)]
pub struct InspectArgs {
    /// The model file
    pub model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `presets`.
#[derive(Debug, Group)]
pub struct PresetsArgs {
    /// The preset to print
    pub name: Option<String>,
}
