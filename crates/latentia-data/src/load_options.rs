//! How data becomes examples, and how much of it is kept in memory.

use latentia_tensor::Picture;

use crate::error::{DataError, counted};
use crate::table_options::TableOptions;

/// The largest side of an example, in pixels.
const MAX_SIDE: usize = 4096;

/// How much of a data set is kept in memory, and how the pictures of a folder become examples of one shape.
///
/// Examples of pictures are bytes, channels last: `[height, width]` in grey and `[height, width, 3]` in colour.
///
/// Each picture is rotated as its EXIF data says, composed on black where it is transparent, cut around its centre to the
/// aspect ratio of the examples and resized with a triangle filter as wide as what is reduced.
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
///
/// // Pictures of a folder, to fit a model for examples of 32 x 32 pixels in colour.
/// let options = LoadOptions::default().for_shape(&[32, 32, 3]).expect("pictures");
/// assert_eq!((options.size, options.grey), (Some((32, 32)), Some(false)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LoadOptions {
    /// Height and width of an example; without it those that all pictures have, if they are at most 256, else 64 and 64.
    pub size: Option<(usize, usize)>,
    /// Whether examples are grey; without it they are where all pictures are. Colours become grey by the luminance of
    /// BT.709.
    pub grey: Option<bool>,
    /// Whether a file that cannot be read is an error instead of being left out.
    pub strict: bool,
    /// Bytes of examples that are kept in memory. Pictures beyond it are decoded again each time they are read; a table
    /// (NPY, CSV) that needs more is read from the disk each time, from its file or, where that holds no plain values, from a
    /// temporary one.
    pub memory: usize,
    /// How tables are read.
    pub table: TableOptions,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            size: None,
            grey: None,
            strict: false,
            memory: 1 << 30,
            table: TableOptions::default(),
        }
    }
}

impl LoadOptions {
    /// The same, so that examples have the pixels of `shape` in its order: that of a [`Picture`] in grey, or in colour with channels
    /// last. `None` for any other shape.
    pub fn for_shape(self, shape: &[usize]) -> Option<Self> {
        let picture = Picture::of(shape)?;
        let grey = match (picture.channels, picture.channels_last) {
            (1, _) => true,
            (3, true) => false,
            _ => return None,
        };
        Some(Self {
            size: Some((picture.height, picture.width)),
            grey: Some(grey),
            ..self
        })
    }

    /// Refuses sizes out of range; `subject` is the folder.
    pub(crate) fn check(&self, subject: &str) -> Result<(), DataError> {
        let sides = 1..=MAX_SIDE;
        match self.size {
            Some((height, width)) if !(sides.contains(&height) && sides.contains(&width)) => {
                Err(DataError::invalid(
                    subject,
                    "size of an example",
                    format!("{height}x{width}"),
                    format!("1 to {} a side", counted(MAX_SIDE as u64, "pixel")),
                ))
            }
            _ => Ok(()),
        }
    }
}
