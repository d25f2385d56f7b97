//! How the values of an example lie, and the colours of pixels.

use latentia_tensor::{ExampleShape, Picture};

/// Which values of an example are the channels of which pixel.
pub struct PixelLayout {
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Whether the channels of a pixel lie beside each other.
    channels_last: bool,
}

impl From<Picture> for PixelLayout {
    fn from(picture: Picture) -> Self {
        Self {
            height: picture.height,
            width: picture.width,
            channels: picture.channels,
            channels_last: picture.channels_last,
        }
    }
}

impl PixelLayout {
    /// As a picture of this shape, in grey or in red, green and blue alone.
    pub fn of_grey_or_rgb(shape: impl Into<ExampleShape>) -> Option<Self> {
        let picture = shape.into().picture()?;
        matches!(picture.channels, 1 | 3).then(|| picture.into())
    }

    /// As a picture of this shape, or as one row of grey pixels where it is none.
    pub fn or_row(shape: impl Into<ExampleShape>) -> Self {
        let shape = shape.into();
        let values = shape.iter().product();
        shape
            .picture()
            .map_or_else(|| Self::grey_rows(values, values), Self::from)
    }

    /// `values` grey pixels in rows of `width`, of which the last may have fewer.
    pub(super) fn grey_rows(values: usize, width: usize) -> Self {
        Self {
            height: values.div_ceil(width.max(1)),
            width,
            channels: 1,
            channels_last: false,
        }
    }

    /// Where channel `channel` of pixel `pixel` is.
    pub(super) fn index(&self, pixel: usize, channel: usize) -> usize {
        match self.channels_last {
            true => pixel * self.channels + channel,
            false => channel * self.height * self.width + pixel,
        }
    }

    /// The sum over the channels of each pixel.
    pub fn channel_sums(&self, x: &[f32]) -> Vec<f32> {
        let sum = |pixel| (0..self.channels).map(|c| x[self.index(pixel, c)]).sum();
        (0..self.height * self.width).map(sum).collect()
    }

    /// The channels of each pixel beside each other.
    pub fn channels_last<T: Copy>(&self, x: &[T]) -> Vec<T> {
        (0..self.height * self.width)
            .flat_map(|pixel| (0..self.channels).map(move |c| x[self.index(pixel, c)]))
            .collect()
    }

    /// Red, green and blue of each pixel; of other channels than three, their mean.
    pub fn to_rgb(&self, x: &[f32]) -> Vec<f32> {
        match self.channels {
            3 => self.channels_last(x),
            channels => {
                let grey = self
                    .channel_sums(x)
                    .into_iter()
                    .map(|x| x / channels as f32);
                grey.flat_map(|x| [x; 3]).collect()
            }
        }
    }
}

/// From black over red and yellow to white.
pub fn heat_colour(x: f32) -> [f32; 3] {
    [0.0, 1.0, 2.0].map(|start| (3.0 * x - start).clamp(0.0, 1.0))
}
