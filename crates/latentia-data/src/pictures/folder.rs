//! What is in a folder of pictures.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::header::ENDINGS;
use crate::error::{DataError, some};

/// What operating systems and archivers leave in folders, beside what is hidden.
const LEAVINGS: [&str; 3] = ["__macosx", "thumbs.db", "desktop.ini"];

/// A file that is a picture by its name.
pub(crate) struct PictureFile {
    pub(crate) path: PathBuf,
    /// Its path within the folder, with `/` between the parts.
    pub(crate) name: String,
    /// Number of the folder within the folder that it is in.
    pub(crate) class: Option<u32>,
}

/// The pictures in a folder and in those within it, in the order of the names' bytes.
pub(crate) struct PictureFolder {
    pub(crate) files: Vec<PictureFile>,
    /// The names of the folders within it that hold pictures, where no picture lies beside them.
    pub(crate) classes: Vec<String>,
    /// Whether pictures lie beside folders of pictures.
    pub(crate) is_mixed: bool,
    /// Files that are no pictures by their names.
    pub(crate) ignored: Vec<String>,
    /// What cannot be looked into.
    pub(crate) refused: Vec<DataError>,
}

impl PictureFolder {
    pub(crate) fn list(path: &Path, subject: &str) -> Result<Self, DataError> {
        let mut found = Self {
            files: Vec::new(),
            classes: Vec::new(),
            is_mixed: false,
            ignored: Vec::new(),
            refused: Vec::new(),
        };
        let walk = WalkDir::new(path).min_depth(1).follow_links(true);
        let entries = walk.sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| !is_leaving(entry)) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => found.push(path, &entry),
                Err(error) if error.depth() == 0 => {
                    return Err(DataError::read(path, error.into()));
                }
                Err(error) => found.meet(path, error),
            }
        }
        if found.files.is_empty() {
            let refused = found.refused.into_iter().next();
            return Err(refused.unwrap_or_else(|| no_pictures(subject, &found.ignored)));
        }
        // One that lies beside folders has no class, and then none has.
        let unclassed = found.files.iter().filter(|file| file.class.is_none());
        if unclassed.count() > 0 {
            found.is_mixed = !found.classes.is_empty();
            found.classes.clear();
            found.files.iter_mut().for_each(|file| file.class = None);
        }
        Ok(found)
    }

    /// Takes a file in.
    fn push(&mut self, folder: &Path, entry: &DirEntry) {
        let name = name_within(folder, entry.path());
        let is_picture = entry.path().extension().is_some_and(|ending| {
            let ending = ending.to_string_lossy().to_ascii_lowercase();
            ENDINGS.contains(&&*ending)
        });
        // A pipe would block.
        if !is_picture || !entry.file_type().is_file() {
            self.ignored.push(name);
            return;
        }
        let class = name.split_once('/').map(|(class, _)| {
            if self.classes.last().is_none_or(|last| last != class) {
                self.classes.push(class.to_owned());
            }
            self.classes.len() as u32 - 1
        });
        self.files.push(PictureFile {
            path: entry.path().to_owned(),
            name,
            class,
        });
    }

    /// Notes what cannot be looked into: a link to nowhere, a folder without permission, a link to a folder around it.
    fn meet(&mut self, folder: &Path, error: walkdir::Error) {
        let path = error.path().unwrap_or(folder).to_owned();
        self.refused.push(match error.loop_ancestor() {
            Some(around) => DataError::invalid(
                path.display().to_string(),
                "link",
                format!("the folder around it, `{}`", around.display()),
                "a link out of the folders that it lies in",
            ),
            None => DataError::read(&path, error.into()),
        });
    }
}

/// That nothing in a folder is a picture by its name.
fn no_pictures(subject: &str, ignored: &[String]) -> DataError {
    let seen = match ignored {
        [] => "none".into(),
        names => format!(
            "none, but {}",
            some(names.iter().map(|name| format!("`{name}`")))
        ),
    };
    let (last, others) = ENDINGS.split_last().expect("some are known");
    let expected = format!(
        "files that end in .{} or .{last}, in it or in folders within it",
        others.join(", .")
    );
    DataError::invalid(subject, "pictures", seen, expected)
}

/// Whether it is hidden, or what a system left.
fn is_leaving(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy().to_lowercase();
    name.starts_with('.') || LEAVINGS.contains(&&*name)
}

/// The path within `folder`, with `/` between its parts.
fn name_within(folder: &Path, path: &Path) -> String {
    let within = path.strip_prefix(folder).unwrap_or(path);
    let parts: Vec<_> = within.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
