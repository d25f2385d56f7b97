//! The colours of pixels.

/// How the numbers of an example make a picture.
pub struct Colours {
    /// Rows.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    channels: usize,
    /// Whether the channels come first.
    planes: bool,
}

impl Colours {
    /// As an example of this shape: `[height, width]`, `[height, width, channels]` or `[channels, height, width]`; a row of any other.
    pub fn of(shape: &[usize]) -> Self {
        let (height, width, channels, planes) = match *shape {
            [height, width] => (height, width, 1, true),
            [height, width, channels @ 1..=4] => (height, width, channels, false),
            [channels, height, width] => (height, width, channels, true),
            _ => (1, shape.iter().product(), 1, true),
        };
        Self {
            height,
            width,
            channels,
            planes,
        }
    }

    /// Where number `channel` of pixel `pixel` is.
    fn place(&self, pixel: usize, channel: usize) -> usize {
        match self.planes {
            true => channel * self.height * self.width + pixel,
            false => pixel * self.channels + channel,
        }
    }

    /// The sum over the channels of each pixel.
    pub fn sums(&self, x: &[f32]) -> Vec<f32> {
        let sum = |pixel| (0..self.channels).map(|c| x[self.place(pixel, c)]).sum();
        (0..self.height * self.width).map(sum).collect()
    }

    /// Red, green and blue of each pixel; of other channels than three, their mean.
    pub fn drawn(&self, x: &[f32]) -> Vec<f32> {
        match self.channels {
            3 => (0..self.height * self.width)
                .flat_map(|pixel| [0, 1, 2].map(|c| x[self.place(pixel, c)]))
                .collect(),
            channels => {
                let grey = self.sums(x).into_iter().map(|x| x / channels as f32);
                grey.flat_map(|x| [x; 3]).collect()
            }
        }
    }
}

/// From black over red and yellow to white.
pub fn heat(x: f32) -> [f32; 3] {
    [0.0, 1.0, 2.0].map(|start| (3.0 * x - start).clamp(0.0, 1.0))
}
