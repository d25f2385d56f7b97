//! Arrays in several files, one after another.

use std::path::{Path, PathBuf};

use latentia_tensor::Rows;

use crate::dataset::Dataset;
use crate::error::{DataError, counted};
use crate::load_options::LoadOptions;

/// Whether a path stands for several files: `*`, `?` or `[` in it, and no file of that very name.
pub(crate) fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && !path.exists()
}

/// The arrays in the files that `pattern` stands for, in the order of their names, as one; `read` reads one of them.
pub(crate) fn read_parts(
    pattern: &str,
    options: &LoadOptions,
    read: impl Fn(&Path, &str, &LoadOptions) -> Result<Dataset, DataError>,
) -> Result<Dataset, DataError> {
    let refuse = |place: &str, seen: String, expected: String| {
        DataError::invalid(pattern, place, seen, expected)
    };
    let paths = glob::glob(pattern).map_err(|error| {
        let expected = "`*` and `?`, or letters in brackets, as in part-*.npy";
        refuse("pattern of names", error.to_string(), expected.into())
    })?;
    let paths = paths.collect::<Result<Vec<PathBuf>, _>>();
    let paths = paths.map_err(|error| {
        let folder = error.path().to_owned();
        DataError::read(&folder, error.into())
    })?;
    let [first, .., last] = &paths[..] else {
        return match &paths[..] {
            [path] => read(path, &path.to_string_lossy(), options),
            _ => Err(refuse(
                "files",
                "none of such a name".into(),
                "one or more".into(),
            )),
        };
    };
    let mut options = options.clone();
    let mut parts: Vec<Dataset> = Vec::with_capacity(paths.len());
    for path in &paths {
        let name = path.to_string_lossy();
        let part = read(path, &name, &options)?;
        if part.table().is_some() || part.pictures().is_some() {
            return Err(DataError::invalid(
                name,
                "kind of file",
                "a table or a picture",
                "an array, as the files of a pattern are taken for parts of one; tables go into one file, pictures into a folder",
            ));
        }
        options.memory = options.memory.saturating_sub(part.bytes());
        parts.push(part);
    }
    let joined = Dataset::join(pattern, parts)?;
    let files = counted(paths.len() as u64, "file");
    let (first, last, rows) = (first.display(), last.display(), joined.rows());
    let rows = counted(rows as u64, "example");
    let note = format!("{files} one after another, `{first}` to `{last}`: {rows}");
    // Behind it what there is to say of each.
    let notes = [vec![note], joined.notes().to_vec()].concat();
    Ok(joined.with_notes(notes))
}
