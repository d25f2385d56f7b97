//! Images to compress.

use anyhow::{bail, ensure};

/// Images of 8-bit values, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// Row after row, the colours of a pixel beside each other.
    pub values: &'a [u8],
    /// Rows of an image.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
}

/// Height, width and channels of an image, as the formats count them.
#[derive(Clone, Copy)]
pub(super) struct ImageSize {
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) channels: usize,
}

impl Images<'_> {
    /// The size of an image, if these are images.
    pub(super) fn size(&self) -> anyhow::Result<ImageSize> {
        let Self {
            values,
            height,
            width,
            channels,
        } = *self;
        ensure!(
            matches!(channels, 1 | 3),
            "images of other formats have 1 or 3 channels, not {channels}"
        );
        let cells = height.checked_mul(width);
        let values_per_image = match cells.and_then(|cells| cells.checked_mul(channels)) {
            Some(values_per_image @ 1..) => values_per_image,
            _ => bail!("images of {height} by {width} pixels have no file"),
        };
        ensure!(
            !values.is_empty() && values.len().is_multiple_of(values_per_image),
            "{} values are not images of {height} by {width} by {channels}",
            values.len()
        );
        Ok(ImageSize {
            height: u32::try_from(height)?,
            width: u32::try_from(width)?,
            channels,
        })
    }
}
