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

    /// Examples and their reconstructions.
    pub fn reconstructions(&self) -> PathBuf {
        self.path.join("reconstructions.png")
    }

    /// Examples drawn from the model.
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples.png")
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

    /// Removes pictures of another model, if there are any.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn remove_pictures(&self) -> anyhow::Result<()> {
        remove(&self.reconstructions())?;
        remove(&self.samples())
    }
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", path.display()))
        }
        _ => Ok(()),
    }
}
