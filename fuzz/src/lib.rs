//! What the targets share: input as a file, and tables.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use latentia_data::{Dataset, LoadOptions, Locations, TableOptions, load_with};
use latentia_tensor::{Matrix, Rows};

/// A file of this content, in memory where the system has a folder there.
pub fn file(name: &str, content: &[u8]) -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() {
            memory
        } else {
            env::temp_dir()
        };
        let target = env::current_exe().expect("it has a name");
        let target = target.file_name().expect("it has a name");
        parent.join("latentia-fuzz").join(target)
    });
    let path = FOLDER.join(name);
    fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
    fs::write(&path, content).expect("a file");
    path
}

/// Loads a table as `columns` say, of which all or almost nothing stays in memory: an error, or the same examples, no more of them
/// than `most` values, none infinite.
pub fn table(name: &str, content: &[u8], columns: &TableOptions, most: usize) -> Option<Dataset> {
    let path = file(name, content);
    let load = |memory| {
        let options = LoadOptions {
            memory,
            table: columns.clone(),
            ..LoadOptions::default()
        };
        let nowhere = Locations {
            folders: Vec::new(),
        };
        Some(
            load_with(&path.to_string_lossy(), &nowhere, &options)
                .ok()?
                .train,
        )
    };
    let (whole, stored) = (load(usize::MAX), load(16));
    assert_eq!(whole.is_some(), stored.is_some());
    let (whole, stored) = whole.zip(stored)?;
    assert!(whole.rows() > 0 && whole.cols() > 0);
    assert!(whole.rows() * whole.cols() <= most);
    assert_eq!(whole.fingerprint().ok(), stored.fingerprint().ok());
    let last = |set: &Dataset| {
        let mut row = Matrix::zeros(1, set.cols());
        set.read(&[set.rows() as u32 - 1], row.view_mut())
            .expect("it is there");
        row.into_vec()
    };
    let bits = |set| last(set).into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(&whole), bits(&stored));
    assert!(!last(&whole).iter().any(|value| value.is_infinite()));
    if let Some(table) = whole.table() {
        assert_eq!(table.schema.check(), Ok(()));
    }
    Some(whole)
}
