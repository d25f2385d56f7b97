//! A folder of pictures as examples.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::header::Header;
use super::picture::{self, Target};
use crate::error::counted;
use crate::fingerprint::Fingerprint;
use crate::{DataError, Dataset, LoadOptions};

/// The most classes: labels are bytes.
const MOST_CLASSES: usize = 256;

/// Side of an example, where pictures are larger than [`LARGEST`] or differ.
const SIDE: u32 = 64;
const LARGEST: u32 = 256;

/// Bytes of examples, and examples, that are decoded at once.
const BYTES_AT_ONCE: usize = 1 << 26;
const PICTURES_AT_ONCE: usize = 256;

/// Pictures in files: as many as fit are kept in memory, the first ones, the others decoded again each time.
///
/// In an epoch each example is read once, in an order of its own: no other choice of examples would be read more often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    target: Target,
    /// One file an example.
    files: Vec<PathBuf>,
    /// The first examples, one after another.
    kept: Vec<u8>,
    /// SHA-256 of each example that is not kept.
    digests: Vec<[u8; 32]>,
    fingerprint: String,
    classes: Vec<String>,
    refused: Vec<String>,
    ignored: usize,
}

impl Pictures {
    /// The names of the classes, which are folders within the folder, in the order of their labels; none where there are
    /// only files.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What is wrong with each picture that was left out.
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// How many files and folders there are that are no pictures by their name.
    pub fn ignored(&self) -> usize {
        self.ignored
    }

    /// How many examples are in memory.
    pub fn kept(&self) -> usize {
        self.files.len() - self.digests.len()
    }

    pub(crate) fn rows(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Hands example `index`, of `cols` bytes, to `see`.
    pub(crate) fn with_example<T>(
        &self,
        index: usize,
        cols: usize,
        see: impl FnOnce(&[u8]) -> T,
    ) -> io::Result<T> {
        if let Some(example) = self.kept.get(index * cols..(index + 1) * cols) {
            return Ok(see(example));
        }
        let path = &self.files[index];
        let changed = || {
            let path = path.display();
            io::Error::other(format!("`{path}` has changed since it was loaded"))
        };
        let example = picture::read(path, self.target).map_err(|error| match error {
            DataError::NoSuchFile { .. } => io::Error::new(
                io::ErrorKind::NotFound,
                format!("`{}` is gone since it was loaded", path.display()),
            ),
            DataError::Read { source, .. } => io::Error::new(
                source.kind(),
                format!("cannot read `{}`: {source}", path.display()),
            ),
            _ => changed(),
        })?;
        match Sha256::digest(&example)[..] == self.digests[index - self.kept()] {
            true => Ok(see(&example)),
            false => Err(changed()),
        }
    }
}

/// Loads the folder `path`, which the user calls `subject`.
pub(crate) fn load(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Dataset, DataError> {
    options.check(subject)?;
    let listing = Listing::of(path, subject)?;
    let found = listing.files.len();
    let mut refused = Vec::new();
    let mut refuse = |error: DataError| match options.strict {
        true => Err(error),
        false => {
            refused.push(error);
            Ok(())
        }
    };

    let heads: Vec<_> = listing
        .files
        .par_iter()
        .map(|file| picture::header(&file.path))
        .collect();
    let (mut files, mut headers) = (Vec::new(), Vec::new());
    for (file, head) in listing.files.into_iter().zip(heads) {
        match head {
            Ok(header) => {
                files.push(file);
                headers.push(header);
            }
            Err(error) => refuse(error)?,
        }
    }
    let target = target(&headers, options);
    let shape = target.shape();
    let cols: usize = shape.iter().product();

    // Read once: what is broken is found, what fits is kept, and all is hashed on the way.
    let mut hash = Fingerprint::new(true, &shape, files.len());
    let assumed = files.len();
    let (mut low, mut high) = (u8::MAX, u8::MIN);
    let (mut good, mut labels) = (Vec::new(), Vec::new());
    let (mut kept, mut digests) = (Vec::new(), Vec::new());
    let at_once = (BYTES_AT_ONCE / cols).clamp(1, PICTURES_AT_ONCE);
    for files in files.chunks(at_once) {
        let examples: Vec<_> = files
            .par_iter()
            .map(|file| picture::read(&file.path, target))
            .collect();
        for (file, example) in files.iter().zip(examples) {
            let example = match example {
                Ok(example) => example,
                Err(error) => {
                    refuse(error)?;
                    continue;
                }
            };
            hash.update(&example);
            for &level in &example {
                (low, high) = (low.min(level), high.max(level));
            }
            match digests.is_empty() && kept.len() + cols <= options.memory {
                true => kept.extend_from_slice(&example),
                false => digests.push(Sha256::digest(&example).into()),
            }
            good.push(file.path.clone());
            labels.extend(file.class);
        }
    }
    if good.is_empty() {
        let first = refused
            .first()
            .map_or_else(String::new, ToString::to_string);
        return Err(DataError::invalid(
            subject,
            "pictures",
            format!("none of {found} that can be read"),
            format!("one or more; the first: {first}"),
        ));
    }
    let mut pictures = Pictures {
        target,
        files: good,
        kept,
        digests,
        fingerprint: String::new(),
        classes: listing.classes,
        refused: refused.iter().map(ToString::to_string).collect(),
        ignored: listing.ignored,
    };
    let rows = pictures.rows();
    if rows < assumed {
        // The count comes first in what is hashed, and it was not the right one.
        hash = Fingerprint::new(true, &shape, rows);
        for index in 0..rows {
            pictures
                .with_example(index, cols, |example| hash.update(example))
                .map_err(|error| DataError::read(&pictures.files[index], error))?;
        }
    }
    pictures.fingerprint = hash.finish();
    let dataset =
        Dataset::from_pictures(subject, shape, pictures, (f32::from(low), f32::from(high)))?;
    match labels.is_empty() {
        true => Ok(dataset),
        false => dataset.with_labels(labels),
    }
}

/// What the pictures become, where `options` leave it open.
fn target(headers: &[Header], options: &LoadOptions) -> Target {
    let size = |header: &Header| (header.height, header.width);
    let common = headers.first().map(size).filter(|&(height, width)| {
        height.max(width) <= LARGEST && headers.iter().all(|h| size(h) == (height, width))
    });
    let (height, width) = common.unwrap_or((SIDE, SIDE));
    let (height, width) = options.size.unwrap_or((height as usize, width as usize));
    Target {
        height,
        width,
        grey: options
            .grey
            .unwrap_or_else(|| headers.iter().all(|header| header.grey)),
    }
}

/// A file that is a picture by its name.
struct PictureFile {
    path: PathBuf,
    class: Option<u8>,
}

/// What is in a folder.
struct Listing {
    files: Vec<PictureFile>,
    classes: Vec<String>,
    ignored: usize,
}

impl Listing {
    fn of(path: &Path, subject: &str) -> Result<Self, DataError> {
        let top = Entries::of(path)?;
        let mut listing = Self {
            files: Vec::new(),
            classes: Vec::new(),
            ignored: top.others,
        };
        let refused = |place: &str, seen: String, expected: &str| {
            Err(DataError::invalid(subject, place, seen, expected))
        };
        let folders: Vec<(&PathBuf, Entries)> = top
            .folders
            .iter()
            .map(|folder| Ok((folder, Entries::of(folder)?)))
            .collect::<Result<_, DataError>>()?;
        let inside: usize = folders
            .iter()
            .map(|(_, entries)| entries.pictures.len())
            .sum();
        if inside > 0 && !top.pictures.is_empty() {
            return refused(
                "pictures",
                format!(
                    "{} beside folders of them",
                    counted(top.pictures.len() as u64, "picture")
                ),
                "pictures alone, or a folder of them for each class",
            );
        }
        if inside == 0 {
            listing.ignored += folders.len();
            let files = top.pictures.into_iter();
            listing.files = files
                .map(|path| PictureFile { path, class: None })
                .collect();
            if listing.files.is_empty() {
                return refused(
                    "pictures",
                    "none".into(),
                    "files that end in .png, .jpg or .jpeg, or a folder of them for each class",
                );
            }
            return Ok(listing);
        }
        if folders.len() > MOST_CLASSES {
            return refused(
                "classes",
                counted(folders.len() as u64, "folder"),
                &format!("{MOST_CLASSES} at most"),
            );
        }
        for (class, (folder, entries)) in folders.into_iter().enumerate() {
            let name = folder.file_name().unwrap_or_default();
            listing.classes.push(name.to_string_lossy().into_owned());
            listing.ignored += entries.others + entries.folders.len();
            let files = entries.pictures.into_iter();
            listing.files.extend(files.map(|path| PictureFile {
                path,
                class: Some(class as u8),
            }));
        }
        Ok(listing)
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
    fn of(folder: &Path) -> Result<Self, DataError> {
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
                // What cannot be opened is told of as a picture that cannot be read; a pipe would be waited for.
                (false, true) if path.is_file() || !path.exists() => entries.pictures.push(path),
                _ => entries.others += 1,
            }
        }
        Ok(entries)
    }
}
