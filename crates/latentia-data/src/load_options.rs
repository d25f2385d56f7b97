//! How data becomes examples, and how much of it is kept in memory.

use latentia_tensor::{Axes, Windows};

use crate::picture_options::PictureOptions;
use crate::table_options::TableOptions;

/// How much of a data set is kept in memory, and how tables and pictures become examples.
///
/// ```
/// use latentia_data::{LoadOptions, Locations, load_with};
/// use latentia_tensor::Rows;
///
/// // A table of which 4 bytes, one value, stay in memory: the others are read from the disk when they are asked for.
/// let path = std::env::temp_dir().join(format!("options-{}.csv", std::process::id()));
/// std::fs::write(&path, "width,height\n1.5,2\n3,4.5\n")?;
/// let options = LoadOptions { memory: 4, ..LoadOptions::default() };
/// let table = load_with(&path.to_string_lossy(), &Locations::new(None), &options)?.train;
/// assert_eq!((table.rows(), table.cols(), table.range()), (2, 2, (1.5, 4.5)));
/// # drop(table);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOptions {
    /// Whether a file of a folder that is no picture or cannot be read is an error instead of being left out.
    pub strict: bool,
    /// Bytes of examples that are kept in memory. Pictures beyond it are decoded again each time they are read; a table
    /// (NPY, CSV) that needs more is read from the disk each time, from its file or, where that holds no plain values, from a
    /// temporary one.
    pub memory: usize,
    /// How a series, a table or an array with a row a time step, is cut into windows; examples of `[length, features]` are windows
    /// already.
    pub windows: Option<Windows>,
    /// What the dimensions of an array's examples are; without it what they most likely are ([`Axes::of`]).
    pub axes: Option<Axes>,
    /// How pictures are read.
    pub pictures: PictureOptions,
    /// How tables are read.
    pub table: TableOptions,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            strict: false,
            memory: 1 << 30,
            windows: None,
            axes: None,
            pictures: PictureOptions::default(),
            table: TableOptions::default(),
        }
    }
}
