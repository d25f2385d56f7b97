//! What the dimensions of an example are.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::Picture;

/// What the dimensions of an example are, by the letters of an array of `n` examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Axes {
    /// Elements without a place: columns of a table, or of dimensions of which nothing is known.
    Elements,
    /// Height and width of a picture with one channel.
    Nhw,
    /// Height, width and channels of a picture, as files have them.
    Nhwc,
    /// Channels, height and width of a picture.
    Nchw,
    /// Time and features of a series.
    Ntf,
}

/// The most channels, or features, that are taken for such wherever they come.
const FEW: usize = 4;

impl Axes {
    /// All that say what dimensions are.
    pub const NAMED: [Self; 4] = [Self::Nhw, Self::Nhwc, Self::Nchw, Self::Ntf];

    /// As users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Elements => "elements",
            Self::Nhw => "nhw",
            Self::Nhwc => "nhwc",
            Self::Nchw => "nchw",
            Self::Ntf => "ntf",
        }
    }

    /// Dimensions of an example; any number of elements.
    pub fn dimensions(self) -> Option<usize> {
        match self {
            Self::Elements => None,
            Self::Nhw | Self::Ntf => Some(2),
            Self::Nhwc | Self::Nchw => Some(3),
        }
    }

    /// What an example of these sizes was taken for where nothing is said of it, by model files before there were axes: the last of
    /// three are channels where they are 4 at most, and of two none is time.
    pub fn unsaid(sizes: &[usize]) -> Self {
        match *sizes {
            [_, _] => Self::Nhw,
            [_, _, last] if last <= FEW => Self::Nhwc,
            [_, _, _] => Self::Nchw,
            _ => Self::Elements,
        }
    }

    /// What an example of these sizes most likely is: of two dimensions a picture, or a series where the last is 4 at most and the first
    /// larger; of three a picture, whose channels are the last or the first, whichever is 4 at most, or else differs from two
    /// that are equal, or else is smaller.
    pub fn of(sizes: &[usize]) -> Self {
        match *sizes {
            [time, features] if features <= FEW && time > FEW => Self::Ntf,
            [_, _] => Self::Nhw,
            [_, _, last] if last <= FEW => Self::Nhwc,
            [first, _, _] if first <= FEW => Self::Nchw,
            [first, middle, last] if first == middle && middle != last => Self::Nhwc,
            [first, middle, last] if middle == last && first != middle => Self::Nchw,
            [first, _, last] if last < first => Self::Nhwc,
            [_, _, _] => Self::Nchw,
            _ => Self::Elements,
        }
    }

    /// Whether others would do as well for these sizes, so that it is worth a word what they are taken for.
    pub fn are_ambiguous(sizes: &[usize]) -> bool {
        match *sizes {
            [_, features] => features <= FEW,
            [first, _, last] => !(last <= FEW && first > FEW),
            _ => false,
        }
    }

    /// What messages call the dimensions.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Elements => "elements",
            Self::Nhw => "height x width",
            Self::Nhwc => "height x width x channels",
            Self::Nchw => "channels x height x width",
            Self::Ntf => "time x features",
        }
    }
}

/// Sizes of an example, and what they are.
///
/// ```
/// use latentia_tensor::{Axes, ExampleShape};
///
/// // Channels are few, wherever they come.
/// assert_eq!(ExampleShape::from(&[32, 32, 3]).axes(), Axes::Nhwc);
/// assert_eq!(ExampleShape::from(&[3, 32, 32]).axes(), Axes::Nchw);
/// // 13 bands can be either; here they come last.
/// let bands = ExampleShape::new(vec![16, 20, 13], Axes::Nhwc).expect("three dimensions");
/// assert_eq!(bands.picture().expect("a picture").feature_maps(), [13, 16, 20]);
/// // A window of a series is a picture of one row: a channel a feature.
/// let window = ExampleShape::new(vec![64, 2], Axes::Ntf).expect("two dimensions");
/// assert!(window.is_series());
/// assert_eq!(window.picture().expect("one row").feature_maps(), [2, 1, 64]);
/// assert_eq!(ExampleShape::new(vec![64], Axes::Ntf), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleShape {
    sizes: Vec<usize>,
    axes: Axes,
}

impl ExampleShape {
    /// Of sizes that are these; none where there are more or fewer of them.
    pub fn new(sizes: Vec<usize>, axes: Axes) -> Option<Self> {
        let fits = axes.dimensions().is_none_or(|count| count == sizes.len());
        fits.then_some(Self { sizes, axes })
    }

    /// What the sizes are.
    pub fn axes(&self) -> Axes {
        self.axes
    }

    /// Whether an example is a window of a series.
    pub fn is_series(&self) -> bool {
        self.axes == Axes::Ntf
    }

    /// The picture that an example is, if it is one; a window of a series is one of a single row.
    pub fn picture(&self) -> Option<Picture> {
        let (height, width, channels, channels_last) = match (self.axes, &self.sizes[..]) {
            (Axes::Nhw, &[height, width]) => (height, width, 1, false),
            (Axes::Nhwc, &[height, width, channels]) => (height, width, channels, true),
            (Axes::Nchw, &[channels, height, width]) => (height, width, channels, false),
            (Axes::Ntf, &[time, features]) => (1, time, features, true),
            _ => return None,
        };
        Some(Picture {
            height,
            width,
            channels,
            channels_last: channels_last && channels > 1,
        })
    }
}

impl Picture {
    /// The picture that an example of shape `shape` is, if it can be one: what its dimensions are follows from their sizes
    /// ([`Axes::of`]).
    pub fn of(shape: &[usize]) -> Option<Self> {
        ExampleShape::from(shape).picture()
    }
}

impl Deref for ExampleShape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.sizes
    }
}

impl From<Vec<usize>> for ExampleShape {
    fn from(sizes: Vec<usize>) -> Self {
        let axes = Axes::of(&sizes);
        Self { sizes, axes }
    }
}

impl From<&[usize]> for ExampleShape {
    fn from(sizes: &[usize]) -> Self {
        sizes.to_vec().into()
    }
}

impl<const N: usize> From<&[usize; N]> for ExampleShape {
    fn from(sizes: &[usize; N]) -> Self {
        sizes.to_vec().into()
    }
}

impl From<&Vec<usize>> for ExampleShape {
    fn from(sizes: &Vec<usize>) -> Self {
        sizes.clone().into()
    }
}

impl From<&ExampleShape> for ExampleShape {
    fn from(shape: &ExampleShape) -> Self {
        shape.clone()
    }
}

impl PartialEq<[usize]> for ExampleShape {
    fn eq(&self, sizes: &[usize]) -> bool {
        self.sizes == sizes
    }
}

impl<const N: usize> PartialEq<[usize; N]> for &ExampleShape {
    fn eq(&self, sizes: &[usize; N]) -> bool {
        self.sizes == sizes
    }
}

/// As in 28x28.
impl fmt::Display for ExampleShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        f.write_str(&sizes.join("x"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_taken_for_what_they_most_likely_are() {
        for (sizes, axes, are_ambiguous) in [
            (&[28, 28][..], Axes::Nhw, false),
            (&[64, 2], Axes::Ntf, true),
            (&[4, 4], Axes::Nhw, true),
            (&[32, 32, 3], Axes::Nhwc, false),
            (&[3, 32, 32], Axes::Nchw, true),
            (&[3, 32, 3], Axes::Nhwc, true),
            (&[16, 16, 13], Axes::Nhwc, true),
            (&[13, 16, 16], Axes::Nchw, true),
            (&[16, 20, 13], Axes::Nhwc, true),
            (&[13, 20, 16], Axes::Nchw, true),
            (&[10], Axes::Elements, false),
            (&[2, 3, 4, 5], Axes::Elements, false),
        ] {
            assert_eq!(Axes::of(sizes), axes, "{sizes:?}");
            assert_eq!(Axes::are_ambiguous(sizes), are_ambiguous, "{sizes:?}");
        }
    }
}
