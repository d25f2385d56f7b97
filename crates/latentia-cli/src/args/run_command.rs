//! The command that began a run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use latentia_models::{ModelError, write_atomically};
use serde::{Deserialize, Serialize};

/// The command that began a run, as its folder keeps it, so that `train --resume RUN` needs nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunCommand {
    /// Version of the program.
    pub version: String,
    /// Where it was given; paths are relative to it.
    pub directory: PathBuf,
    /// The arguments, beginning with those before `train`.
    pub arguments: Vec<String>,
    /// Epochs that were asked for since.
    pub epochs: Option<u32>,
}

impl RunCommand {
    /// The command of this process; nothing where it is no text.
    pub fn own() -> Option<Self> {
        let arguments = env::args_os().skip(1).map(|word| word.into_string().ok());
        Some(Self {
            version: env!("CARGO_PKG_VERSION").into(),
            directory: env::current_dir().ok()?,
            arguments: arguments.collect::<Option<_>>()?,
            epochs: None,
        })
    }

    /// Keeps the command in the file `path`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        write_atomically(path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// That in the file `path` of the folder `run`.
    ///
    /// # Errors
    /// When it is not there, cannot be read or is none.
    pub fn read(path: &Path, run: &Path) -> anyhow::Result<Self> {
        let run = run.display();
        if !path.exists() {
            bail!(
                "`{run}` holds no {}: the command that began the run goes on with it, with --resume, or `latentia sweep` with its own",
                name(path)
            );
        }
        let text = fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let read = serde_json::from_slice(&text);
        read.with_context(|| format!("`{}` is no command of a run", path.display()))
    }
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
