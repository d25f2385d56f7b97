//! What is in a folder of pictures.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{DataError, counted};

/// A file that is a picture by its name.
pub(crate) struct PictureFile {
    pub(crate) path: PathBuf,
    /// Number of the folder that it is in, where there are folders.
    pub(crate) class: Option<u32>,
}

/// The pictures in a folder, or in the folders within it.
pub(crate) struct PictureFolder {
    pub(crate) files: Vec<PictureFile>,
    /// The names of the folders within it, where those hold the pictures.
    pub(crate) classes: Vec<String>,
    /// How many files and folders there are that are no pictures by their name.
    pub(crate) ignored: usize,
}

impl PictureFolder {
    pub(crate) fn list(path: &Path, subject: &str) -> Result<Self, DataError> {
        let refused = |place: &str, seen: String, expected: &str| {
            Err(DataError::invalid(subject, place, seen, expected))
        };
        let top = Entries::list(path)?;
        let folders: Vec<(&PathBuf, Entries)> = top
            .folders
            .iter()
            .map(|folder| Ok((folder, Entries::list(folder)?)))
            .collect::<Result<_, DataError>>()?;
        let is_flat = folders
            .iter()
            .all(|(_, entries)| entries.pictures.is_empty());
        match (is_flat, top.pictures.len()) {
            (true, 0) => refused(
                "pictures",
                "none".into(),
                "files that end in .png, .jpg or .jpeg, or a folder of them for each class",
            ),
            (true, _) => Ok(Self {
                ignored: top.others + folders.len(),
                files: (top.pictures.into_iter())
                    .map(|path| PictureFile { path, class: None })
                    .collect(),
                classes: Vec::new(),
            }),
            (false, 0) => Ok(Self::with_classes(folders, top.others)),
            (false, count) => refused(
                "pictures",
                format!(
                    "{} beside folders of them",
                    counted(count as u64, "picture")
                ),
                "pictures alone, or a folder of them for each class",
            ),
        }
    }

    /// A class for each folder, in their order.
    fn with_classes(folders: Vec<(&PathBuf, Entries)>, others: usize) -> Self {
        let mut found = Self {
            files: Vec::new(),
            classes: Vec::new(),
            ignored: others,
        };
        for (class, (folder, entries)) in folders.into_iter().enumerate() {
            let name = folder.file_name().unwrap_or_default();
            found.classes.push(name.to_string_lossy().into_owned());
            found.ignored += entries.others + entries.folders.len();
            let files = entries.pictures.into_iter();
            found.files.extend(files.map(|path| PictureFile {
                path,
                class: Some(class as u32),
            }));
        }
        found
    }
}

/// What is directly in a folder, in the order of the names' bytes; what is hidden is left out.
#[derive(Default)]
struct Entries {
    pictures: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    others: usize,
}

impl Entries {
    fn list(folder: &Path) -> Result<Self, DataError> {
        let failed = |error| DataError::read(folder, error);
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort_unstable();
        let mut entries = Self::default();
        for path in paths {
            let extension = path.extension().map(|ending| ending.to_ascii_lowercase());
            let is_picture = extension
                .is_some_and(|ending| ["png", "jpg", "jpeg"].iter().any(|known| ending == *known));
            match (path.is_dir(), is_picture) {
                (true, _) => entries.folders.push(path),
                // A file that cannot be opened is reported when it is read; a pipe would block.
                (false, true) if path.is_file() || !path.exists() => entries.pictures.push(path),
                _ => entries.others += 1,
            }
        }
        Ok(entries)
    }
}
