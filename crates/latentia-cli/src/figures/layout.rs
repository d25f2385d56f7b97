//! How the values of an example lie, and the colours of pixels.

/// Which values of an example are the channels of which pixel.
pub struct PixelLayout {
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    channels: usize,
    /// Whether the channels come first.
    channels_first: bool,
}

impl PixelLayout {
    /// As an example of this shape: `[height, width]`, `[height, width, channels]` or `[channels, height, width]`; a row of any other.
    pub fn from_shape(shape: &[usize]) -> Self {
        let (height, width, channels, channels_first) = match *shape {
            [height, width] => (height, width, 1, true),
            [height, width, channels @ 1..=4] => (height, width, channels, false),
            [channels, height, width] => (height, width, channels, true),
            _ => (1, shape.iter().product(), 1, true),
        };
        Self {
            height,
            width,
            channels,
            channels_first,
        }
    }

    /// Where channel `channel` of pixel `pixel` is.
    fn index(&self, pixel: usize, channel: usize) -> usize {
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

    /// Red, green and blue of each pixel; of other channels than three, their mean.
    pub fn to_rgb(&self, x: &[f32]) -> Vec<f32> {
        match self.channels {
            3 => (0..self.height * self.width)
                .flat_map(|pixel| [0, 1, 2].map(|c| x[self.index(pixel, c)]))
                .collect(),
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
