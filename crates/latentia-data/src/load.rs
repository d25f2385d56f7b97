//! Loading what a name or a path stands for.

use std::io::Read;
use std::path::{self, Path};

use latentia_tensor::Axes;

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::formats::{self, Format};
use crate::input::{Input, read_error};
use crate::load_options::LoadOptions;
use crate::locations::Locations;
use crate::others;
use crate::parts::{is_pattern, read_parts};
use crate::sets::{CATALOGUE, NamedSet};
use crate::source::Source;
use crate::standard_input;

/// Loads what `data` stands for: a name in the [`CATALOGUE`], the path of a file in NPY, NPZ, Parquet (with the feature `parquet`), CSV or IDX, the
/// last two plain or in gzip, or in the binary form of CIFAR-10, of a picture in PNG, JPEG, WebP, BMP, TIFF or GIF, or of a folder of
/// such pictures. A path with `*` or `?` stands for arrays in several files, in the order of their names, as one.
/// `-` is standard input, in any of these formats of files but CIFAR-10's: by its first bytes, or else CSV where they are text.
///
/// A known name wins over a file in the working folder; `./mnist` is always a path. A file's format follows from its
/// name, or else from its first bytes. A folder of folders has a class for each of them, in the order of their names.
///
/// ```
/// use latentia_data::{Locations, load};
/// use latentia_tensor::Rows;
///
/// let path = std::env::temp_dir().join(format!("table-{}.csv", std::process::id()));
/// std::fs::write(&path, "width,height\n1.5,2\n3,4.5\n")?;
/// let table = load(&path.to_string_lossy(), &Locations::new(None))?.train;
/// assert_eq!((table.rows(), &table.shape()[..]), (2, &[2][..]));
/// # std::fs::remove_file(&path)?;
///
/// // A name that is mistyped is no file.
/// let error = load("minst", &Locations::new(None)).expect_err("no set is called so");
/// assert!(error.to_string().contains("minst"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When neither a set nor a file is called `data`, when a named set is in none of `locations`, and when a file cannot
/// be read or breaks the rules of its format. A picture that cannot be read is left out
/// ([`Pictures::refused`](crate::Pictures::refused)); it is an error when no other is left.
pub fn load(data: &str, locations: &Locations) -> Result<Source, DataError> {
    load_with(data, locations, &LoadOptions::default())
}

/// Loads what `data` stands for, as [`load`] does, in the way that `options` say.
///
/// # Errors
/// As [`load`], and when the options are out of range.
pub fn load_with(
    data: &str,
    locations: &Locations,
    options: &LoadOptions,
) -> Result<Source, DataError> {
    let path = Path::new(data);
    if data == "-" {
        return load_standard_input(standard_input::open()?, options);
    }
    if !data.contains(path::is_separator) {
        if let Some(set) = NamedSet::find(data) {
            return load_set(set, locations);
        }
        if path.extension().is_none() && !path.exists() {
            return Err(DataError::UnknownName {
                name: data.to_owned(),
                known: CATALOGUE.iter().map(|set| set.name).collect(),
            });
        }
    }
    let train = match is_pattern(path) {
        true => read_parts(data, options, read_path)?,
        false => read_path(path, data, options)?,
    };
    let train = shaped(train, options)?;
    Ok(Source { train, test: None })
}

/// Loads standard input, as [`load_with`] does for `-`, where it comes through `input`.
///
/// ```
/// use latentia_data::{LoadOptions, load_standard_input};
/// use latentia_tensor::Rows;
///
/// let table = load_standard_input(&b"width,height\n1.5,2\n3,4.5\n"[..], &LoadOptions::default())?;
/// assert_eq!((table.train.rows(), table.train.name()), (2, "standard input"));
/// # Ok::<(), latentia_data::DataError>(())
/// ```
///
/// # Errors
/// When `input` cannot be read, does not fit onto the disk, or breaks the rules of its format.
pub fn load_standard_input(input: impl Read, options: &LoadOptions) -> Result<Source, DataError> {
    let train = read_standard_input(input, options)?;
    Ok(Source { train, test: None })
}

fn load_set(set: &'static NamedSet, locations: &Locations) -> Result<Source, DataError> {
    if set.is_built_in() {
        return (set.load)(set, &[]);
    }
    match locations.find(set) {
        Some(paths) => (set.load)(set, &paths),
        None => Err(DataError::NotFound {
            name: set.name,
            folders: locations.folders.clone(),
        }),
    }
}

fn read_path(path: &Path, subject: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    let failed = |error| DataError::read(path, error);
    let metadata = path.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return formats::read_folder(path, subject, options);
    }
    let name = path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().to_ascii_lowercase();
    let by_name = formats::FILES
        .iter()
        .find(|format| format.has_ending_of(&name));
    if let Some(format) = by_name {
        return (format.read)(path, subject, options);
    }
    if !metadata.is_file() {
        let seen = "no regular file, and no ending that says it";
        return Err(unknown_format(subject, seen));
    }
    read_by_content(path, subject, options, None)
}

fn read_standard_input(input: impl Read, options: &LoadOptions) -> Result<Dataset, DataError> {
    let file = standard_input::spool(input)?;
    let (path, subject) = (file.path(), standard_input::NAME);
    let set = read_by_content(path, subject, options, Some(&formats::CSV))?;
    shaped(set, options)
}

/// Reads a file whose name says nothing by its first bytes, or as `text` where they are text.
fn read_by_content(
    path: &Path,
    subject: &str,
    options: &LoadOptions,
    text: Option<&'static Format>,
) -> Result<Dataset, DataError> {
    let input = Input::open_gzip(path, subject)?;
    let is_gzip = input.is_gzip;
    let mut start = Vec::new();
    input
        .into_reader()
        .take(TEXT as u64)
        .read_to_end(&mut start)
        .map_err(|error| read_error(subject, error))?;
    let format = by_signature(&start).or(text.filter(|_| is_text(&start)));
    let format = format.ok_or_else(|| unknown_start(subject, &start))?;
    if is_gzip && !format.in_gzip {
        let seen = format!("{} in gzip", format.name);
        let expected = "the file that is in it";
        return Err(DataError::invalid(subject, "kind of file", seen, expected));
    }
    (format.read)(path, subject, options)
}

/// The windows of a series, or the examples of an array with the axes that are asked for.
fn shaped(dataset: Dataset, options: &LoadOptions) -> Result<Dataset, DataError> {
    match (&options.windows, &dataset.shape()[..]) {
        // Windows already.
        (Some(windows), &[length, _]) if length == windows.length => {
            return dataset.with_axes(Axes::Ntf);
        }
        (Some(windows), _) => return dataset.windows(windows.clone()),
        (None, _) => {}
    }
    match options.axes {
        Some(axes) if dataset.table().is_none() && dataset.pictures().is_none() => {
            dataset.with_axes(axes)
        }
        _ => Ok(dataset),
    }
}

fn by_signature(start: &[u8]) -> Option<&'static Format> {
    let mut formats = formats::FILES.iter().copied();
    formats.find(|format| format.has_signature_of(start))
}

/// Bytes that are looked at to tell text from everything else.
const TEXT: usize = 512;

/// Whether it may be text, in whatever encoding: UTF-16 begins with a mark, and others have no control characters.
fn is_text(start: &[u8]) -> bool {
    let is_utf_16 = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    is_utf_16
        || !start
            .iter()
            .any(|&byte| byte < b' ' && !byte.is_ascii_whitespace())
}

/// How a table of text is read, whatever its name.
const AS_TEXT: &str = "a table of text under a name that ends in `.csv`, `.tsv` or `.txt`, with `.gz` or without, or through a pipe, as `-`";

fn unknown_start(subject: &str, start: &[u8]) -> DataError {
    let first = &start[..start.len().min(Format::SIGNATURE)];
    let unknown = || match is_text(start) {
        true => DataError::invalid(subject, "kind of file", "text", AS_TEXT),
        false => unknown_format(subject, &format!("first bytes {first:02x?}")),
    };
    others::refused(subject, start).unwrap_or_else(unknown)
}

fn unknown_format(subject: &str, seen: &str) -> DataError {
    let names: Vec<_> = formats::FILES.iter().map(|format| format.name).collect();
    let (last, names) = names.split_last().expect("there are formats");
    let endings = formats::FILES.iter().flat_map(|format| format.endings);
    let endings: Vec<_> = endings.map(|ending| format!("`{ending}`")).collect();
    DataError::invalid(
        subject,
        "kind of file",
        seen,
        format!(
            "an {} or {last} file ({}) or a folder of pictures",
            names.join(", "),
            endings.join(", ")
        ),
    )
}
