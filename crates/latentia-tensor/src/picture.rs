//! Examples that are pictures.

/// What picture an example is: how its elements lie.
///
/// ```
/// use latentia_tensor::Picture;
///
/// let colour = Picture::of(&[28, 30, 3]).expect("channels last");
/// assert_eq!((colour.height, colour.width, colour.channels), (28, 30, 3));
/// assert!(colour.channels_last);
/// assert_eq!(colour.feature_maps(), [3, 28, 30]);
/// assert_eq!(Picture::of(&[784]), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// Elements of a pixel.
    pub channels: usize,
    /// Whether the elements of a pixel lie beside each other, and are more than one. Otherwise one channel follows the other.
    pub channels_last: bool,
}

impl Picture {
    /// `[channels, height, width]`, whatever the order in which they lie.
    pub fn feature_maps(self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Elements that lie beside each other at a pixel: all channels, or one.
    pub fn elements_beside(self) -> usize {
        match self.channels_last {
            true => self.channels,
            false => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_one_picture_or_none() {
        let check = |shape: &[usize], feature_maps, beside| {
            let picture = Picture::of(shape).expect("a picture");
            let obtained = (picture.feature_maps(), picture.elements_beside());
            assert_eq!(obtained, (feature_maps, beside), "{shape:?}");
        };
        check(&[5, 7], [1, 5, 7], 1);
        check(&[5, 7, 1], [1, 5, 7], 1);
        check(&[7, 2], [2, 1, 7], 2);
        check(&[5, 7, 4], [4, 5, 7], 4);
        check(&[3, 5, 7], [3, 5, 7], 1);
        check(&[1, 5, 7], [1, 5, 7], 1);
        assert_eq!(Picture::of(&[35]), None);
        assert_eq!(Picture::of(&[1, 1, 5, 7]), None);
    }
}
