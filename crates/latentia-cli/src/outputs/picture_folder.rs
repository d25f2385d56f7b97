//! Examples as a folder of pictures.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use latentia_data::encode_picture;
use tempfile::TempDir;

use crate::terminal::{counted, tell};

/// A new folder of pictures, which appears whole or not at all.
pub struct PictureFolder {
    path: PathBuf,
    temporary: TempDir,
    /// Shape of an example: a picture in grey or RGB.
    shape: Vec<usize>,
    /// What names the pictures, and those names already taken, in lower case.
    names: Option<Vec<String>>,
    taken: HashSet<String>,
    written: usize,
    renamed: usize,
}

impl PictureFolder {
    /// A folder `path` for pictures of shape `shape`: their `names` are paths within it, or else their numbers.
    ///
    /// # Errors
    /// When there is something of its name, a name leads out of it, or it cannot be made.
    pub fn new(path: &Path, shape: &[usize], names: Option<Vec<String>>) -> anyhow::Result<Self> {
        if path.exists() {
            bail!("`{}` exists; name a new folder", path.display());
        }
        for name in names.iter().flatten() {
            let mut parts = Path::new(name).components();
            let is_within = parts.all(|part| matches!(part, Component::Normal(_)));
            if name.is_empty() || !is_within || name.contains('\\') {
                bail!("a picture is called `{name}`, which is no path within a folder");
            }
        }
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let temporary = tempfile::Builder::new()
            .prefix(".latentia-")
            .tempdir_in(parent)
            .with_context(|| format!("cannot create `{}`", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            shape: shape.to_vec(),
            taken: names
                .iter()
                .flatten()
                .map(|own| own.to_lowercase())
                .collect(),
            names,
            written: 0,
            renamed: 0,
        })
    }

    /// Writes the next picture, of values from 0 to 1. One whose own format loses pixels becomes a PNG.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&mut self, values: &[f32]) -> io::Result<()> {
        let levels: Vec<u8> = values.iter().map(|x| (x * 255.0).round() as u8).collect();
        let encode = |name: &str| encode_picture(name, &self.shape, &levels);
        let number = format!("{:06}.png", self.written);
        let names = self.names.as_ref();
        let own = names.map_or(Some(&number), |names| names.get(self.written));
        let own = own.unwrap_or(&number).clone();
        let (name, file) = match encode(&own) {
            Some(file) => (own, file),
            None => {
                let name = self.png_for(&own);
                self.renamed += 1;
                let file = encode_picture(&name, &self.shape, &levels);
                (name, file.ok_or(io::ErrorKind::InvalidInput)?)
            }
        };
        let path = self.temporary.path().join(&name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        self.written += 1;
        fs::write(&path, file)
    }

    /// A name that is free, with the ending of a PNG in place of another, or behind it.
    fn png_for(&mut self, name: &str) -> String {
        let replaced = Path::new(name).with_extension("png");
        let replaced = replaced.to_string_lossy().replace('\\', "/");
        let behind = format!("{name}.png");
        let free = [replaced, behind.clone()];
        let free = free
            .into_iter()
            .find(|name| self.taken.insert(name.to_lowercase()));
        free.unwrap_or(behind)
    }

    /// Lets the folder appear, and says how many pictures have become PNGs that were none.
    ///
    /// # Errors
    /// When it cannot be put in its place.
    pub fn finish(self) -> anyhow::Result<()> {
        let cannot = || format!("cannot create `{}`", self.path.display());
        fs::rename(self.temporary.path(), &self.path).with_context(cannot)?;
        // Nothing is left under the temporary name to be removed.
        let _ = self.temporary.keep();
        match self.renamed {
            0 => {}
            1 => tell("1 picture is a PNG, in place of a format that loses pixels"),
            count => tell(&format!(
                "{} are PNG, in place of formats that lose pixels",
                counted(count, "picture")
            )),
        }
        Ok(())
    }
}
