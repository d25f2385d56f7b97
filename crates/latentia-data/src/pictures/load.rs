//! Loading pictures.

use std::path::{Path, PathBuf};

use image::Rgb;
use latentia_tensor::{Background, Preparation};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::changes::Changes;
use super::files::Pictures;
use super::folder::{PictureFile, PictureFolder};
use super::header::Header;
use super::picture;
use super::target::Target;
use super::transparency::contrasts;
use crate::error::{DataError, some};
use crate::fingerprint::Fingerprint;
use crate::load_options::LoadOptions;

/// Side of an example, where pictures are larger than [`LARGEST`] or differ.
const SIDE: u32 = 64;
const LARGEST: u32 = 256;

/// Bytes of examples, and examples, that are decoded at once.
const BYTES_AT_ONCE: usize = 1 << 26;
const PICTURES_AT_ONCE: usize = 256;

/// Pictures with transparent pixels of which the contrast is taken, at most.
const CONTRASTS: usize = 64;

/// The pictures of the folder `path`, which the user calls `subject`, their labels, if they have some, and what there is to say of them.
pub(crate) fn load(path: &Path, subject: &str, options: &LoadOptions) -> Result<Loaded, DataError> {
    options.pictures.check(subject)?;
    let mut folder = PictureFolder::list(path, subject)?;
    if options.strict && !folder.ignored.is_empty() {
        return Err(DataError::invalid(
            subject,
            "files",
            format!(
                "{}, no pictures by their names",
                some(folder.ignored.iter().map(|name| format!("`{name}`")))
            ),
            "pictures alone",
        ));
    }
    let mut notes = Vec::new();
    if options.pictures.no_classes {
        folder.classes.clear();
    } else if folder.is_mixed {
        notes.push("pictures lie beside folders of pictures, which are no classes then".into());
    }
    let refused = std::mem::take(&mut folder.refused);
    let mut refused = Refused::new(options.strict, refused)?;
    let (pictures, labels) = read(folder, subject, options, &mut refused)?;
    Ok(Loaded {
        pictures,
        labels,
        notes,
    })
}

/// The picture in the file `path`, which the user calls `subject`.
pub(crate) fn load_one(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
) -> Result<Loaded, DataError> {
    options.pictures.check(subject)?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    let file = PictureFile {
        path: path.to_owned(),
        name: name.to_string_lossy().into_owned(),
        class: None,
    };
    let folder = PictureFolder {
        files: vec![file],
        classes: Vec::new(),
        is_mixed: false,
        ignored: Vec::new(),
        refused: Vec::new(),
    };
    let mut refused = Refused::new(true, Vec::new())?;
    let (pictures, labels) = read(folder, subject, options, &mut refused)?;
    Ok(Loaded {
        pictures,
        labels,
        notes: Vec::new(),
    })
}

/// Pictures, their classes, where they have some, and what was decided about them.
pub(crate) struct Loaded {
    pub(crate) pictures: Pictures,
    pub(crate) labels: Option<Vec<u32>>,
    pub(crate) notes: Vec<String>,
}

fn read(
    folder: PictureFolder,
    subject: &str,
    options: &LoadOptions,
    refused: &mut Refused,
) -> Result<(Pictures, Option<Vec<u32>>), DataError> {
    let found = folder.files.len();
    let mut files = with_headers(folder.files, refused)?;
    find_grey(&mut files, options.pictures.grey);
    let target = target(&files, options);
    let mut examples = Examples::new(target, files.len(), options.memory);
    examples.read(&files, refused)?;
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
        names: examples.names,
        in_memory: examples.in_memory,
        digests: examples.digests,
        range: examples.range,
        fingerprint: String::new(),
        classes: folder.classes,
        refused: refused.errors.iter().map(ToString::to_string).collect(),
        ignored: folder.ignored,
        changes: examples.changes,
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
    /// Leaves these out, if that is allowed.
    fn new(strict: bool, errors: Vec<DataError>) -> Result<Self, DataError> {
        let mut refused = Self {
            strict,
            errors: Vec::new(),
        };
        errors
            .into_iter()
            .try_for_each(|error| refused.push(error))?;
        Ok(refused)
    }

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
) -> Result<Vec<(PictureFile, Header)>, DataError> {
    let read: Vec<_> = files
        .par_iter()
        .map(|file| picture::header(&file.path))
        .collect();
    let mut good = Vec::new();
    for (file, header) in files.into_iter().zip(read) {
        match header {
            Ok(header) => good.push((file, header)),
            Err(error) => refused.push(error)?,
        }
    }
    Ok(good)
}

/// Looks at the pixels of pictures whose format cannot say that they are grey, where all are to be grey or may be.
fn find_grey(files: &mut [(PictureFile, Header)], asked: Option<bool>) {
    let may_all_be = || files.iter().all(|(_, own)| own.grey || own.may_be_grey);
    if asked.unwrap_or_else(may_all_be) {
        let unsure = files.par_iter_mut().filter(|(_, own)| own.may_be_grey);
        unsure.for_each(|(file, header)| {
            let pixels = picture::decoded(&file.path).map(|image| image.into_rgb8());
            header.grey =
                pixels.is_ok_and(|own| own.pixels().all(|Rgb([r, g, b])| r == g && g == b));
        });
    }
}

/// What the pictures become, where `options` leave it open.
fn target(files: &[(PictureFile, Header)], options: &LoadOptions) -> Target {
    let asked = options.pictures;
    let size = |(_, header): &(PictureFile, Header)| header.size();
    let common = files.first().map(size).filter(|&(height, width)| {
        height.max(width) <= LARGEST && files.iter().all(|file| size(file) == (height, width))
    });
    let (height, width) = common.unwrap_or((SIDE, SIDE));
    let (height, width) = asked.size.unwrap_or((height as usize, width as usize));
    Target {
        height,
        width,
        grey: asked
            .grey
            .unwrap_or_else(|| files.iter().all(|(_, header)| header.grey)),
        preparation: Preparation {
            fit: asked.fit,
            background: asked.background.unwrap_or_else(|| background(files)),
        },
    }
}

/// Black or white, on whichever pictures with transparent pixels have more contrast; those that are looked at lie evenly among all.
fn background(files: &[(PictureFile, Header)]) -> Background {
    let transparent: Vec<_> = files.iter().filter(|(_, header)| header.alpha).collect();
    let step = transparent.len().div_ceil(CONTRASTS).max(1);
    let contrasts: Vec<_> = transparent
        .par_iter()
        .step_by(step)
        .filter_map(|(file, _)| contrasts(&picture::decoded(&file.path).ok()?))
        .collect();
    let on = |which: usize| contrasts.iter().map(|both| both[which]).sum::<f64>();
    match on(0) < on(1) {
        true => Background::White,
        false => Background::Black,
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
    names: Vec<String>,
    labels: Vec<u32>,
    changes: Changes,
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
            names: Vec::new(),
            labels: Vec::new(),
            changes: Changes::default(),
            in_memory: Vec::new(),
            digests: Vec::new(),
        }
    }

    fn read(
        &mut self,
        files: &[(PictureFile, Header)],
        refused: &mut Refused,
    ) -> Result<(), DataError> {
        let target = self.target;
        let at_once = (BYTES_AT_ONCE / target.bytes()).clamp(1, PICTURES_AT_ONCE);
        for files in files.chunks(at_once) {
            let examples: Vec<_> = files
                .par_iter()
                .map(|(file, _)| picture::read(&file.path, target))
                .collect();
            for (file, example) in files.iter().zip(examples) {
                match example {
                    Ok((example, is_transparent)) => self.push(file, &example, is_transparent),
                    Err(error) => refused.push(error)?,
                }
            }
        }
        Ok(())
    }

    fn push(
        &mut self,
        (file, header): &(PictureFile, Header),
        example: &[u8],
        is_transparent: bool,
    ) {
        self.changes
            .count(&file.name, (header, self.target), is_transparent);
        self.fingerprint.update(example);
        for &level in example {
            self.range = (self.range.0.min(level), self.range.1.max(level));
        }
        match self.digests.is_empty() && self.in_memory.len() + example.len() <= self.memory {
            true => self.in_memory.extend_from_slice(example),
            false => self.digests.push(Sha256::digest(example).into()),
        }
        self.files.push(file.path.clone());
        self.names.push(file.name.clone());
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
