//! How pictures become examples.

use latentia_tensor::{Background, ExampleShape, Fit};

use crate::error::{DataError, counted};

/// The largest side of an example, in pixels.
const MAX_SIDE: usize = 4096;

/// How pictures become examples of one shape; what is not said here follows from the pictures.
///
/// Examples are bytes, channels last: `[height, width]` in grey and `[height, width, 3]` in colour. Each picture is turned as
/// its EXIF data says, laid on a background where it is transparent, made to fit the aspect ratio of the examples and resized with a
/// triangle filter as wide as what is reduced. Channels of more than 8 bits are rounded to 8.
///
/// ```
/// use latentia_data::PictureOptions;
///
/// // To fit a model for examples of 32 x 32 pixels in colour.
/// let options = PictureOptions::default().for_shape(&[32, 32, 3]).expect("pictures");
/// assert_eq!((options.size, options.grey), (Some((32, 32)), Some(false)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PictureOptions {
    /// Height and width of an example; without it those that all pictures have, if they are at most 256, else 64 and 64.
    pub size: Option<(usize, usize)>,
    /// Whether examples are grey; without it they are where all pictures are. Colours become grey by the luminance of
    /// BT.709.
    pub grey: Option<bool>,
    /// How pictures of another aspect ratio are made to fit.
    pub fit: Fit,
    /// What lies behind transparent pixels; without it black or white, on whichever the pictures have more contrast.
    pub background: Option<Background>,
    /// Whether folders within a folder are no classes.
    pub no_classes: bool,
    /// Whether paths and classes are kept, to be written beside what a model gives.
    pub carry: bool,
}

impl PictureOptions {
    /// The same, so that examples have the pixels of `shape` in its order: that of a [`Picture`](latentia_tensor::Picture) in grey, or in colour with channels
    /// last. `None` for any other shape.
    pub fn for_shape(self, shape: impl Into<ExampleShape>) -> Option<Self> {
        let shape = shape.into();
        let picture = shape.picture().filter(|_| !shape.is_series())?;
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
