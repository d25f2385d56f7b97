//! How the values of an example lie, and the colours of pixels.

/// Which values of an example are the channels of which pixel: what a picture is, and where its channels are, for all of the
/// program.
pub struct PixelLayout {
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Values of a pixel.
    pub channels: usize,
    /// Whether the channels come first.
    channels_first: bool,
}

impl PixelLayout {
    /// As a picture of this shape: `[height, width]`, `[height, width, channels]` with up to 4 channels, else `[channels, height,
    /// width]`, as convolutions take it. `None` for any other shape, of which nothing is a picture.
    pub fn of_picture(shape: &[usize]) -> Option<Self> {
        let (height, width, channels, channels_first) = match *shape {
            [height, width] => (height, width, 1, true),
            [height, width, channels @ 1..=4] => (height, width, channels, false),
            [channels, height, width] => (height, width, channels, true),
            _ => return None,
        };
        Some(Self {
            height,
            width,
            channels,
            channels_first,
        })
    }

    /// As [`Self::of_picture`], of pictures in grey or in red, green and blue alone.
    pub fn of_grey_or_rgb(shape: &[usize]) -> Option<Self> {
        Self::of_picture(shape).filter(|layout| matches!(layout.channels, 1 | 3))
    }

    /// As a picture of this shape, or as one row of grey pixels where it is none.
    pub fn or_row(shape: &[usize]) -> Self {
        let values = shape.iter().product();
        Self::of_picture(shape).unwrap_or_else(|| Self::grey_rows(values, values))
    }

    /// `values` grey pixels in rows of `width`, of which the last may have fewer.
    pub(super) fn grey_rows(values: usize, width: usize) -> Self {
        Self {
            height: values.div_ceil(width.max(1)),
            width,
            channels: 1,
            channels_first: true,
        }
    }

    /// Where channel `channel` of pixel `pixel` is.
    pub(super) fn index(&self, pixel: usize, channel: usize) -> usize {
        match self.channels_first {
            true => channel * self.height * self.width + pixel,
            false => pixel * self.channels + channel,
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
