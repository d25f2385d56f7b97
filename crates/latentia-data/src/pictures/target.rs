//! What pictures become: size and colours of examples.

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageBuffer, Pixel};
use latentia_tensor::{Fit, Preparation};

use super::transparency::flattened;

/// What pictures become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) grey: bool,
    pub(crate) preparation: Preparation,
}

impl Target {
    /// Shape of an example.
    pub(crate) fn shape(self) -> Vec<usize> {
        match self.grey {
            true => vec![self.height, self.width],
            false => vec![self.height, self.width, 3],
        }
    }

    /// Bytes of an example.
    pub(crate) fn bytes(self) -> usize {
        self.height * self.width * if self.grey { 1 } else { 3 }
    }

    /// The example that `image` becomes, and whether some of it is transparent.
    pub(crate) fn example(self, image: DynamicImage) -> (Vec<u8>, bool) {
        let (image, is_transparent) = flattened(image, self.preparation.background);
        let example = match self.grey {
            true => resized(&image.into_luma8(), self),
            false => resized(&image.into_rgb8(), self),
        };
        (example, is_transparent)
    }
}

/// A picture of the target's size.
fn resized<P>(image: &ImageBuffer<P, Vec<u8>>, target: Target) -> Vec<u8>
where
    P: Pixel<Subpixel = u8> + 'static,
{
    let ((x, y), (width, height)) = match target.preparation.fit {
        Fit::Stretch => ((0, 0), image.dimensions()),
        _ => centre(image.dimensions(), target),
    };
    let cut = imageops::crop_imm(image, x, y, width, height);
    let (width, height) = (target.width as u32, target.height as u32);
    imageops::resize(&*cut, width, height, FilterType::Triangle).into_raw()
}

/// Corner and size of the largest part around the centre that has the target's aspect ratio.
fn centre((width, height): (u32, u32), target: Target) -> ((u32, u32), (u32, u32)) {
    let (to_width, to_height) = (target.width as u64, target.height as u64);
    // width / height beside to_width / to_height
    let (have, want) = (u64::from(width) * to_height, u64::from(height) * to_width);
    let rounded = |product: u64, side: u64| ((product + side / 2) / side).max(1) as u32;
    let (cut_width, cut_height) = match have > want {
        true => (rounded(want, to_height).min(width), height),
        false => (width, rounded(have, to_width).min(height)),
    };
    let corner = ((width - cut_width) / 2, (height - cut_height) / 2);
    (corner, (cut_width, cut_height))
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use latentia_tensor::Background;

    use super::*;

    const fn target(height: usize, width: usize) -> Target {
        Target {
            height,
            width,
            grey: true,
            preparation: Preparation {
                fit: Fit::Crop,
                background: Background::Black,
            },
        }
    }

    fn fit(image: &GrayImage, target: Target) -> Vec<u8> {
        let (example, is_transparent) = target.example(image.clone().into());
        assert!(!is_transparent);
        example
    }

    /// Column `x` has level `10 x`, and row `y` adds `y`.
    fn ramp(width: u32, height: u32) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| Luma([(10 * x + y) as u8]))
    }

    #[test]
    fn what_has_the_size_is_not_changed() {
        let image = ramp(5, 7);
        assert_eq!(fit(&image, target(7, 5)), image.into_raw());
    }

    #[test]
    fn the_centre_is_cut_to_the_aspect_ratio() {
        // columns 2 to 5 of 8
        let wide = fit(&ramp(8, 4), target(4, 4));
        assert_eq!(wide[..4], [20, 30, 40, 50]);
        // rows 2 to 5 of 8
        let tall = fit(&ramp(4, 8), target(4, 4));
        assert_eq!([tall[0], tall[4], tall[12]], [2, 3, 5]);
        let oblong = fit(&ramp(9, 9), target(3, 9));
        assert_eq!(oblong[..2], [3, 13]);
    }

    #[test]
    fn what_is_reduced_is_averaged_and_not_picked() {
        // A chessboard of single pixels is grey from afar.
        let board = GrayImage::from_fn(64, 64, |x, y| Luma([255 * ((x + y) % 2) as u8]));
        let small = fit(&board, target(8, 8));
        assert!(
            small.iter().all(|level| (120..=135).contains(level)),
            "{small:?}"
        );
    }

    #[test]
    fn what_is_stretched_is_seen_whole() {
        let stretch = Target {
            preparation: Preparation {
                fit: Fit::Stretch,
                ..Preparation::default()
            },
            ..target(4, 4)
        };
        let wide = fit(&ramp(8, 4), stretch);
        assert_eq!((wide.len(), wide[0] < 10, wide[3] > 60), (16, true, true));
    }
}
