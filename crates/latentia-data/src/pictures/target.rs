//! What pictures become: size and colours of examples.

use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Pixel, Rgb, RgbImage};

/// What pictures become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) grey: bool,
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

    /// The example that `image` becomes: what is transparent lies on black, and the largest part around the centre that has
    /// the aspect ratio is resized.
    pub(crate) fn example(self, image: DynamicImage) -> Vec<u8> {
        let image = on_black(image);
        match self.grey {
            true => fit(&image.into_luma8(), self),
            false => fit(&image.into_rgb8(), self),
        }
    }
}

/// A picture without transparency: each level times its opacity.
fn on_black(image: DynamicImage) -> DynamicImage {
    let shade = |level: u8, alpha: u8| ((u16::from(level) * u16::from(alpha) + 127) / 255) as u8;
    match image {
        DynamicImage::ImageLumaA8(image) => {
            let (width, height) = image.dimensions();
            let grey = GrayImage::from_fn(width, height, |x, y| {
                let [level, alpha] = image.get_pixel(x, y).0;
                Luma([shade(level, alpha)])
            });
            grey.into()
        }
        DynamicImage::ImageRgba8(image) => {
            let (width, height) = image.dimensions();
            let colour = RgbImage::from_fn(width, height, |x, y| {
                let [red, green, blue, alpha] = image.get_pixel(x, y).0;
                Rgb([red, green, blue].map(|level| shade(level, alpha)))
            });
            colour.into()
        }
        opaque => opaque,
    }
}

/// The largest part around the centre that has the target's aspect ratio, resized to it.
fn fit<P>(image: &ImageBuffer<P, Vec<u8>>, target: Target) -> Vec<u8>
where
    P: Pixel<Subpixel = u8> + 'static,
{
    let (width, height) = image.dimensions();
    let (to_width, to_height) = (target.width as u64, target.height as u64);
    // width / height beside to_width / to_height
    let (have, want) = (u64::from(width) * to_height, u64::from(height) * to_width);
    let rounded = |product: u64, side: u64| ((product + side / 2) / side).max(1) as u32;
    let (cut_width, cut_height) = match have > want {
        true => (rounded(want, to_height).min(width), height),
        false => (width, rounded(have, to_width).min(height)),
    };
    let cut = imageops::crop_imm(
        image,
        (width - cut_width) / 2,
        (height - cut_height) / 2,
        cut_width,
        cut_height,
    );
    let (to_width, to_height) = (target.width as u32, target.height as u32);
    imageops::resize(&*cut, to_width, to_height, FilterType::Triangle).into_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn target(height: usize, width: usize) -> Target {
        Target {
            height,
            width,
            grey: true,
        }
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
    fn what_is_transparent_is_black() {
        let image = image::RgbaImage::from_raw(2, 1, vec![200, 100, 50, 255, 200, 100, 50, 51]);
        let image = on_black(image.expect("two pixels").into());
        assert_eq!(image.into_rgb8().into_raw(), [200, 100, 50, 40, 20, 10]);
        let image = image::GrayAlphaImage::from_raw(2, 1, vec![90, 0, 90, 255]);
        let image = on_black(image.expect("two pixels").into());
        assert_eq!(image.into_luma8().into_raw(), [0, 90]);
    }
}
