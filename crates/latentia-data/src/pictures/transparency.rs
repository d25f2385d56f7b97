//! Pictures with transparent pixels.

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use latentia_tensor::Background;

/// A picture without transparency, and whether it had some: each pixel is mixed with what lies behind it, by its opacity.
pub(crate) fn flattened(image: DynamicImage, background: Background) -> (DynamicImage, bool) {
    let mix = |x, y, level: u8, alpha: u8| {
        let (level, alpha) = (u32::from(level), u32::from(alpha));
        let behind = u32::from(background.level(x, y));
        ((level * alpha + behind * (255 - alpha) + 127) / 255) as u8
    };
    let colour = image.color();
    match (colour.has_alpha(), colour.has_color()) {
        (false, _) => (image, false),
        (true, false) => {
            let image = image.into_luma_alpha8();
            let (width, height) = image.dimensions();
            let is_transparent = image.pixels().any(|pixel| pixel.0[1] < 255);
            let grey = GrayImage::from_fn(width, height, |x, y| {
                let [level, alpha] = image.get_pixel(x, y).0;
                Luma([mix(x, y, level, alpha)])
            });
            (grey.into(), is_transparent)
        }
        (true, true) => {
            let image = image.into_rgba8();
            let (width, height) = image.dimensions();
            let is_transparent = image.pixels().any(|pixel| pixel.0[3] < 255);
            let colour = RgbImage::from_fn(width, height, |x, y| {
                let [red, green, blue, alpha] = image.get_pixel(x, y).0;
                Rgb([red, green, blue].map(|level| mix(x, y, level, alpha)))
            });
            (colour.into(), is_transparent)
        }
    }
}

/// How much contrast a picture has on black and on white: the variance of its luminance. Nothing where no pixel is transparent.
pub(crate) fn contrasts(image: &DynamicImage) -> Option<[f64; 2]> {
    let on = |background| {
        let (flat, is_transparent) = flattened(image.clone(), background);
        let flat = flat.into_luma8();
        let count = flat.len() as f64;
        let mean = flat.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let squares = flat.iter().map(|&x| (f64::from(x) - mean).powi(2));
        is_transparent.then(|| squares.sum::<f64>() / count)
    };
    Some([on(Background::Black)?, on(Background::White)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_shows_what_lies_behind() {
        let pixels = vec![200, 100, 50, 255, 200, 100, 50, 51];
        let image = image::RgbaImage::from_raw(2, 1, pixels).expect("two pixels");
        let on = |background| {
            let (flat, is_transparent) = flattened(image.clone().into(), background);
            assert!(is_transparent);
            flat.into_rgb8().into_raw()
        };
        assert_eq!(on(Background::Black), [200, 100, 50, 40, 20, 10]);
        assert_eq!(on(Background::White), [200, 100, 50, 244, 224, 214]);
        let image = image::GrayAlphaImage::from_raw(2, 1, vec![90, 0, 90, 255]);
        let (flat, _) = flattened(image.expect("two pixels").into(), Background::Checker);
        assert_eq!(flat.into_luma8().into_raw(), [102, 90]);
    }

    #[test]
    fn strokes_have_contrast_where_they_are_seen() {
        let strokes = |level: u8| {
            let pixels = (0..64).flat_map(|x| [level, 255 * u8::from(x % 5 == 0)]);
            image::GrayAlphaImage::from_raw(8, 8, pixels.collect()).expect("64 pixels")
        };
        let [black, white] = contrasts(&strokes(0).into()).expect("some are transparent");
        assert!(black == 0.0 && white > 0.0);
        let [black, white] = contrasts(&strokes(255).into()).expect("some are transparent");
        assert!(white == 0.0 && black > 0.0);
        let opaque = image::GrayAlphaImage::from_raw(1, 1, vec![3, 255]);
        assert_eq!(contrasts(&opaque.expect("a pixel").into()), None);
    }
}
