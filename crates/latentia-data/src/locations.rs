//! The folders in which named sets are looked for.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::sets::NamedSet;

/// The folders in which named sets are looked for, best first: set `NAME` lies in `FOLDER/NAME`.
///
/// ```
/// use std::path::Path;
///
/// use latentia_data::{DataError, Locations, load};
///
/// // MNIST would be in ./my-data/mnist, or in one of the user's folders.
/// let locations = Locations::new(Some(Path::new("my-data")));
/// assert_eq!(locations.folders[0], Path::new("my-data"));
///
/// // One folder and no other.
/// let alone = Locations { folders: vec!["no-such-folder".into()] };
/// let missing = load("mnist", &alone).expect_err("no such folder");
/// assert!(matches!(missing, DataError::NotFound { name: "mnist", .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locations {
    /// The folders; they need not exist.
    pub folders: Vec<PathBuf>,
}

impl Locations {
    /// `data_dir`, `$LATENTIA_DATA_DIR`, the user's cache (`$XDG_CACHE_HOME/latentia` or `~/.cache/latentia`) and the
    /// distribution's `/usr/share/datasets`, in that order, without those that are not given.
    pub fn new(data_dir: Option<&Path>) -> Self {
        Self::from_variables(data_dir, |name| env::var_os(name))
    }

    fn from_variables(
        data_dir: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let folder = |name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // The XDG specification has relative paths ignored.
        let cache = folder("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| folder("HOME").map(|home| home.join(".cache")));
        let folders = [
            data_dir.map(Path::to_owned),
            folder("LATENTIA_DATA_DIR"),
            cache.map(|cache| cache.join("latentia")),
            Some(PathBuf::from("/usr/share/datasets")),
        ];
        Self {
            folders: folders.into_iter().flatten().collect(),
        }
    }

    /// The paths of the files of `set`, in its order, each plain or with `.gz`, from the first folder that has all of
    /// them; or of what an archive holds, unpacked there or in a folder within.
    pub fn find(&self, set: &NamedSet) -> Option<Vec<PathBuf>> {
        self.folders.iter().find_map(|folder| {
            let folder = folder.join(set.name);
            let files = set.files.iter().map(|file| {
                let plain = folder.join(file.name);
                let gzip = folder.join(format!("{}.gz", file.name));
                [plain, gzip].into_iter().find(|path| path.is_file())
            });
            files
                .collect::<Option<_>>()
                .or_else(|| unpacked(set, &folder))
        })
    }
}

fn unpacked(set: &NamedSet, folder: &Path) -> Option<Vec<PathBuf>> {
    if set.unpacked.is_empty() {
        return None;
    }
    let entries = folder.read_dir().ok()?;
    let mut places: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    places.push(folder.to_owned());
    places.sort_unstable();
    let files = |place: PathBuf| -> Vec<PathBuf> {
        set.unpacked.iter().map(|name| place.join(name)).collect()
    };
    let mut places = places.into_iter().map(files);
    places.find(|files| files.iter().all(|path| path.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(data_dir: Option<&str>, variables: &[(&str, &str)], expected: &[&str]) {
        let locations = Locations::from_variables(data_dir.map(Path::new), |name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.into())
        });
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(locations.folders, expected);
    }

    #[test]
    fn folders_are_searched_in_order() {
        check(None, &[], &["/usr/share/datasets"]);
        check(
            Some("here"),
            &[
                ("LATENTIA_DATA_DIR", "/there"),
                ("XDG_CACHE_HOME", "/cache"),
                ("HOME", "/home/a"),
            ],
            &["here", "/there", "/cache/latentia", "/usr/share/datasets"],
        );
        check(
            None,
            &[
                ("LATENTIA_DATA_DIR", ""),
                ("XDG_CACHE_HOME", "relative"),
                ("HOME", "/home/a"),
            ],
            &["/home/a/.cache/latentia", "/usr/share/datasets"],
        );
    }
}
