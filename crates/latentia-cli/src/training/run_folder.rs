//! The folder of a training run: its files, and the lock that keeps two runs apart.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::terminal::shell_word;

/// A folder that a run is written to.
pub struct RunFolder {
    path: PathBuf,
    /// Held until the program ends, however it ends.
    lock: Option<File>,
}

impl RunFolder {
    /// The first of `base`, `base-2` and so on that no run is in.
    pub fn vacant(base: &Path) -> PathBuf {
        let is_taken = |path: &PathBuf| {
            let folder = Self::new(path.clone());
            let lock = File::open(path).map(|lock| lock.try_lock());
            let is_locked = matches!(lock, Ok(Err(TryLockError::WouldBlock)));
            is_locked || folder.model().exists() || folder.checkpoint().exists()
        };
        let mut paths = numbered(base).skip_while(is_taken);
        paths.next().unwrap_or_else(|| base.to_path_buf())
    }

    /// The last of `base`, `base-2` and so on with an unfinished run; `base` where there is none.
    pub fn unfinished(base: &Path) -> PathBuf {
        let there = numbered(base).take_while(|path| path.exists());
        let unfinished = there.filter(|path| Self::new(path.clone()).checkpoint().exists());
        unfinished.last().unwrap_or_else(|| base.to_path_buf())
    }

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

    /// What a complete run is trained further from.
    pub fn last_checkpoint(&self) -> PathBuf {
        self.path.join("last-checkpoint.safetensors")
    }

    /// The command that began the run.
    pub fn command(&self) -> PathBuf {
        self.path.join("command.json")
    }

    /// The page that shows the run as it goes.
    pub fn live_page(&self) -> PathBuf {
        self.path.join("report.html")
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
                "`{folder}` holds an unfinished run; `latentia train --resume {}` goes on with it, --force begins anew",
                shell_word(&self.path.to_string_lossy())
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

    /// Makes the checkpoint, if there is one, what the complete run is trained further from.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn keep_checkpoint(&self) -> anyhow::Result<()> {
        let (from, to) = (self.checkpoint(), self.last_checkpoint());
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot rename `{}`", from.display()))
            }
            _ => Ok(()),
        }
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

/// `base`, `base-2`, `base-3` and so on.
fn numbered(base: &Path) -> impl Iterator<Item = PathBuf> {
    (1u32..).map(|number| match number {
        1 => base.to_path_buf(),
        _ => {
            let mut name = base.as_os_str().to_os_string();
            name.push(format!("-{number}"));
            name.into()
        }
    })
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
