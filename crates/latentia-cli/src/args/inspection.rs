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
#[command(after_help = "\
An editor with Taplo, such as VS Code with Even Better TOML, completes and checks an experiment by its schema:
  latentia presets digits > my.toml
  latentia presets --schema > spec.schema.json
and, as the first line of `my.toml`:
  #:schema ./spec.schema.json")]
pub struct PresetsArgs {
    /// The preset to print
    pub name: Option<String>,
    /// Print the JSON Schema of an experiment, by which editors complete and check TOML
    #[arg(long, conflicts_with = "name")]
    pub schema: bool,
    /// Print the list as one JSON object
    #[arg(long, conflicts_with_all = ["name", "schema"])]
    pub json: bool,
}
