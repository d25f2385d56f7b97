//! Loading a folder of pictures.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::files::Pictures;
use super::folder::{PictureFile, PictureFolder};
use super::header::Header;
use super::picture;
use super::target::Target;
use crate::error::DataError;
use crate::fingerprint::Fingerprint;
use crate::load_options::LoadOptions;

/// Side of an example, where pictures are larger than [`LARGEST`] or differ.
const SIDE: u32 = 64;
const LARGEST: u32 = 256;

/// Bytes of examples, and examples, that are decoded at once.
const BYTES_AT_ONCE: usize = 1 << 26;
const PICTURES_AT_ONCE: usize = 256;

/// The pictures of the folder `path`, which the user calls `subject`, and their labels, if they have some.
pub(crate) fn load(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<(Pictures, Option<Vec<u32>>), DataError> {
    options.check(subject)?;
    let folder = PictureFolder::list(path, subject)?;
    let found = folder.files.len();
    let mut refused = Refused {
        strict: options.strict,
        errors: Vec::new(),
    };
    let (files, headers) = with_headers(folder.files, &mut refused)?;
    let target = target(&headers, options);
    let mut examples = Examples::new(target, files.len(), options.memory);
    examples.read(&files, &mut refused)?;
    if examples.files.is_empty() {
        let first = refused.errors.first().map(ToString::to_string);
        return Err(DataError::invalid(
            subject,
            "pictures",
            format!("none of {found} that can be read"),
            format!("one or more; the first: {}", first.unwrap_or_default()),
        ));
    }
    let labels = (!folder.classes.is_empty()).then(|| std::mem::take(&mut examples.labels));
    let mut pictures = Pictures {
        target,
        files: examples.files,
        in_memory: examples.in_memory,
        digests: examples.digests,
        range: examples.range,
        fingerprint: String::new(),
        classes: folder.classes,
        refused: refused.errors.iter().map(ToString::to_string).collect(),
        ignored: folder.ignored,
    };
    pictures.fingerprint = match pictures.rows() == files.len() {
        true => examples.fingerprint.finish(),
        // The hash begins with the count, which was too high.
        false => fingerprint(&pictures)?,
    };
    Ok((pictures, labels))
}

/// The pictures that are left out.
struct Refused {
    strict: bool,
    errors: Vec<DataError>,
}

impl Refused {
    /// Leaves a picture out, if that is allowed.
    fn push(&mut self, error: DataError) -> Result<(), DataError> {
        if self.strict {
            return Err(error);
        }
        self.errors.push(error);
        Ok(())
    }
}

/// The files with a header that can be read, and those headers.
fn with_headers(
    files: Vec<PictureFile>,
    refused: &mut Refused,
) -> Result<(Vec<PictureFile>, Vec<Header>), DataError> {
    let read: Vec<_> = files
        .par_iter()
        .map(|file| picture::header(&file.path))
        .collect();
    let (mut good, mut headers) = (Vec::new(), Vec::new());
    for (file, header) in files.into_iter().zip(read) {
        match header {
            Ok(header) => {
                good.push(file);
                headers.push(header);
            }
            Err(error) => refused.push(error)?,
        }
    }
    Ok((good, headers))
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

/// Pictures that are read once: what is broken is found, what fits is kept, and all is hashed on the way.
struct Examples {
    target: Target,
    /// How many bytes are kept in memory.
    memory: usize,
    fingerprint: Fingerprint,
    range: (u8, u8),
    files: Vec<PathBuf>,
    labels: Vec<u32>,
    in_memory: Vec<u8>,
    digests: Vec<[u8; 32]>,
}

impl Examples {
    /// None yet of `rows` examples, if all pictures can be read.
    fn new(target: Target, rows: usize, memory: usize) -> Self {
        Self {
            target,
            memory,
            fingerprint: Fingerprint::new(true, &target.shape(), rows),
            range: (u8::MAX, u8::MIN),
            files: Vec::new(),
            labels: Vec::new(),
            in_memory: Vec::new(),
            digests: Vec::new(),
        }
    }

    fn read(&mut self, files: &[PictureFile], refused: &mut Refused) -> Result<(), DataError> {
        let target = self.target;
        let at_once = (BYTES_AT_ONCE / target.bytes()).clamp(1, PICTURES_AT_ONCE);
        for files in files.chunks(at_once) {
            let examples: Vec<_> = files
                .par_iter()
                .map(|file| picture::read(&file.path, target))
                .collect();
            for (file, example) in files.iter().zip(examples) {
                match example {
                    Ok(example) => self.push(file, &example),
                    Err(error) => refused.push(error)?,
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, file: &PictureFile, example: &[u8]) {
        self.fingerprint.update(example);
        for &level in example {
            self.range = (self.range.0.min(level), self.range.1.max(level));
        }
        match self.digests.is_empty() && self.in_memory.len() + example.len() <= self.memory {
            true => self.in_memory.extend_from_slice(example),
            false => self.digests.push(Sha256::digest(example).into()),
        }
        self.files.push(file.path.clone());
        self.labels.extend(file.class);
    }
}

fn fingerprint(pictures: &Pictures) -> Result<String, DataError> {
    let mut fingerprint = Fingerprint::new(true, &pictures.shape(), pictures.rows());
    for index in 0..pictures.rows() {
        pictures
            .with_example(index, |example| fingerprint.update(example))
            .map_err(|error| DataError::read(&pictures.files[index], error))?;
    }
    Ok(fingerprint.finish())
}
