//! A file that is not complete.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use latentia_data::NamedFile;

use super::content::{CHUNK, check, names};

/// How much larger than its content a packed file may be; gzip adds far less to what it cannot pack.
const PACKING: u64 = 1 << 20;

/// Is told, as they come, the name of the file, its bytes so far, and how many there will be if that is known.
pub type Progress<'a> = dyn FnMut(&str, u64, Option<u64>) + 'a;

/// A file that is not complete, under its temporary name.
pub(super) struct PartialFile<'a> {
    wanted: &'a NamedFile,
    path: PathBuf,
    file: File,
}

impl<'a> PartialFile<'a> {
    pub(super) fn open(wanted: &'a NamedFile, folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not create `{}`", folder.display()))?;
        let path = folder.join(format!("{}.gz.part", wanted.name));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("could not write `{}`", path.display()))?;
        // Where the file system has no locks, the digest still refuses what two writers may mix.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            bail!(
                "`{}` is being written by another download, wait for its end",
                path.display()
            );
        }
        Ok(Self { wanted, path, file })
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub(super) fn clear(&self) -> anyhow::Result<()> {
        Ok(self.file.set_len(0)?)
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        check(&self.file, self.wanted)
    }

    /// Writes what is read behind the first `start` bytes. What came is kept when the reading breaks off; all is
    /// thrown away when it is too much.
    pub(super) fn receive(
        &self,
        mut from: impl Read,
        start: u64,
        total: Option<u64>,
        progress: &mut Progress<'_>,
    ) -> anyhow::Result<()> {
        let mut file = &self.file;
        file.set_len(start)?;
        file.seek(SeekFrom::Start(start))?;

        let limit = self.wanted.bytes.saturating_add(PACKING);
        let mut length = start;
        let mut chunk = vec![0; CHUNK];
        // An announced size is enough to refuse; without one, or with a false one, the bytes are counted.
        while length.max(total.unwrap_or(0)) <= limit {
            progress(self.wanted.name, length, total);
            match from
                .read(&mut chunk)
                .with_context(|| format!("broke off after {length} bytes"))?
            {
                0 => return Ok(()),
                read => {
                    file.write_all(&chunk[..read])
                        .with_context(|| format!("could not write `{}`", self.path.display()))?;
                    length += read as u64;
                }
            }
        }
        self.clear()?;
        bail!("it is larger than {limit} bytes")
    }

    /// Gives the file its name.
    pub(super) fn finish(&self, folder: &Path, name: &str) -> anyhow::Result<()> {
        let path = folder.join(name);
        fs::rename(&self.path, &path)
            .with_context(|| format!("could not write `{}`", path.display()))?;
        // A plain and a packed file of one name would be a riddle, and the other one has been found wrong.
        let [packed, plain] = names(self.wanted);
        let other = folder.join(if name == packed { plain } else { packed });
        match fs::remove_file(&other) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("could not remove `{}`", other.display()))
            }
            _ => Ok(()),
        }
    }

    /// Leaves behind what can be continued, and nothing else.
    pub(super) fn leave(&self) -> anyhow::Result<()> {
        if self.length()? == 0 {
            fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}
