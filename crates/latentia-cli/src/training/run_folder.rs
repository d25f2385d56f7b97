//! The folder of a training run: its files, and the lock that keeps two runs apart.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A folder that a run is written to.
pub struct RunFolder {
    path: PathBuf,
    /// Held until the program ends, however it ends.
    lock: Option<File>,
}

impl RunFolder {
    /// A folder that need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, lock: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// What an unfinished run goes on from.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.safetensors")
    }

    /// The losses of each epoch.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.csv")
    }

    /// The same with what else is known of each epoch, an object a line.
    pub fn metrics_lines(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// The same as a chart.
    pub fn losses(&self) -> PathBuf {
        self.path.join("loss.svg")
    }

    /// Examples and their reconstructions: a picture, or a table where examples are rows of one.
    pub fn reconstructions(&self, is_table: bool) -> PathBuf {
        self.path.join(file_name("reconstructions", is_table))
    }

    /// Examples drawn from the model, likewise.
    pub fn samples(&self, is_table: bool) -> PathBuf {
        self.path.join(file_name("samples", is_table))
    }

    /// Refuses a folder that holds a run already.
    ///
    /// # Errors
    /// Says what is there, and what to do.
    pub fn check_free(&self) -> anyhow::Result<()> {
        let folder = self.path.display();
        if self.model().exists() {
            bail!(
                "`{folder}` holds a model already; --force replaces it, --out DIR writes elsewhere"
            );
        }
        if self.checkpoint().exists() {
            bail!(
                "`{folder}` holds an unfinished run; --resume goes on with it, --force begins anew"
            );
        }
        Ok(())
    }

    /// Creates the folder and keeps other runs out of it.
    ///
    /// # Errors
    /// When it cannot be written, or another run is in it.
    pub fn claim(&mut self) -> anyhow::Result<()> {
        let folder = self.path.display();
        fs::create_dir_all(&self.path).with_context(|| format!("cannot create `{folder}`"))?;
        match File::open(&self.path) {
            Ok(lock) => {
                if let Err(TryLockError::WouldBlock) = lock.try_lock() {
                    bail!(
                        "another run is training into `{folder}`; wait for its end, or --out DIR writes elsewhere"
                    );
                }
                self.lock = Some(lock);
            }
            Err(error) if cfg!(unix) => {
                return Err(error).with_context(|| format!("cannot read `{folder}`"));
            }
            // Elsewhere a folder cannot be opened, and runs are not kept apart.
            Err(_) => {}
        }
        Ok(())
    }

    /// Removes the checkpoint, if there is one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_checkpoint(&self) -> anyhow::Result<()> {
        remove(&self.checkpoint())
    }

    /// Removes what shows another model, if there is any.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_shown(&self) -> anyhow::Result<()> {
        remove(&self.losses())?;
        for is_table in [false, true] {
            remove(&self.reconstructions(is_table))?;
            remove(&self.samples(is_table))?;
        }
        Ok(())
    }
}

/// The name of a file that shows examples, which are rows of a table or not.
pub(super) fn file_name(name: &str, is_table: bool) -> String {
    let ending = if is_table { "csv" } else { "png" };
    format!("{name}.{ending}")
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}
