use super::{images, waves};
use crate::baselines::jpeg::{Jpeg, segments};
use crate::baselines::measurement::Format;
use crate::baselines::{jpeg, lossy_at, webp};

#[test]
fn the_lowest_quality_that_reaches_a_psnr_is_found() {
    for channels in [1, 3] {
        let values = waves(3, 30, 45, channels);
        let images = images(&values, 30, 45, channels);
        let baselines = lossy_at(&images, 33.0).expect("two formats");
        assert_eq!(baselines.len(), 2);
        for baseline in &baselines {
            assert!(
                baseline.psnr_db.is_some_and(|psnr| psnr >= 33.0),
                "{baseline:?}"
            );
            assert!(baseline.bytes < values.len() as u64);
            assert!(
                baseline
                    .bytes_without_headers
                    .is_some_and(|content| content < baseline.bytes)
            );
        }
        let quality: u8 = baselines[0]
            .name
            .strip_prefix("JPEG q")
            .map_or(0, |quality| quality.parse().expect("a quality"));
        let worse = jpeg(&images, quality - 1).expect("a JPEG");
        assert!(worse.psnr_db.is_some_and(|psnr| psnr < 33.0), "{worse:?}");
        let quality: f32 = baselines[1]
            .name
            .strip_prefix("WebP q")
            .map_or(0.0, |quality| quality.parse().expect("a quality"));
        let worse = webp(&images, quality - 0.5).expect("a WebP");
        assert!(worse.psnr_db.is_some_and(|psnr| psnr < 33.0), "{worse:?}");
    }
}

#[test]
fn a_psnr_out_of_reach_gets_the_nearest() {
    let values = waves(2, 16, 16, 1);
    let images = images(&values, 16, 16, 1);
    let names = |psnr_db| {
        let baselines = lossy_at(&images, psnr_db).expect("two formats");
        baselines
            .into_iter()
            .map(|baseline| baseline.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0.0), ["JPEG q1", "WebP q0"]);
    assert_eq!(names(99.0), ["JPEG q100", "WebP q100"]);
}

#[test]
fn quality_costs_bytes() {
    for channels in [1, 3] {
        let values = waves(2, 64, 48, channels);
        let images = images(&values, 64, 48, channels);
        let curves = [
            [10, 50, 95].map(|quality| jpeg(&images, quality).expect("a JPEG")),
            [10.0, 50.0, 95.0].map(|quality| webp(&images, quality).expect("a WebP")),
        ];
        for [low, middle, high] in curves {
            assert!(low.bytes < middle.bytes && middle.bytes < high.bytes);
            assert!(low.psnr_db < middle.psnr_db && middle.psnr_db < high.psnr_db);
            assert!(high.psnr_db > Some(30.0), "{high:?}");
        }
    }
}

#[test]
fn one_error_over_all_images() {
    // The first is kept whole, the second is not.
    let mut values = vec![128; 64];
    values.extend(waves(1, 8, 8, 1));
    let both = jpeg(&images(&values, 8, 8, 1), 50).expect("two JPEGs");
    let alone = jpeg(&images(&values[64..], 8, 8, 1), 50).expect("a JPEG");
    let gained = both.psnr_db.zip(alone.psnr_db).map(|(a, b)| a - b);
    assert!(
        gained.is_some_and(|gained| (gained - 10.0 * 2f64.log10()).abs() < 1e-9),
        "{gained:?}"
    );
}

#[test]
fn scans_of_a_jpeg() {
    let values = waves(1, 16, 16, 1);
    let jpeg = Jpeg::new(80).expect("a quality");
    let size = images(&values, 16, 16, 1).size().expect("an image");
    let file = jpeg.encode(&values, size).expect("a JPEG");
    let content = jpeg.payload(&file).expect("scans");
    // The scan is what stands before the end, behind a header that ends with 0, 63, 0.
    let start = file.len() - 2 - content;
    assert_eq!(file[start - 3..start], [0, 63, 0]);
    assert_eq!(jpeg.payload(&file[..file.len() - 2]), None);

    // Two scans, one with an escaped 255 and a mark.
    let scans = [
        0xff, 0xd8, 0xff, 0xda, 0, 3, 9, 1, 0xff, 0, 0xff, 0xd0, 2, 0xff, 0xc4, 0, 2, 0xff, 0xda,
        0, 2, 7, 0xff, 0xd9,
    ];
    assert_eq!(jpeg.payload(&scans), Some(7));
}

#[test]
fn a_jpeg_has_the_quantisation_tables_that_it_uses_and_no_others() {
    for (channels, tables) in [(1, &[0][..]), (3, &[0, 1])] {
        let values = waves(1, 28, 28, channels);
        let size = images(&values, 28, 28, channels).size().expect("an image");
        for quality in [10, 50, 95] {
            let jpeg = Jpeg::new(quality).expect("a quality");
            let file = Format::encode(&jpeg, &values, size).expect("a JPEG");
            let parts = segments(&file).expect("segments");
            let found: Vec<u8> = parts
                .iter()
                .filter_map(|s| s.quantization_table())
                .collect();
            assert_eq!(found, tables, "quality {quality}");

            // As the encoder wrote it, with all its tables.
            let mut whole = Vec::new();
            let colours = match channels {
                1 => jpeg_encoder::ColorType::Luma,
                _ => jpeg_encoder::ColorType::Rgb,
            };
            let mut encoder = jpeg_encoder::Encoder::new(&mut whole, quality);
            encoder.set_optimized_huffman_tables(true);
            encoder.encode(&values, 28, 28, colours).expect("a JPEG");
            let spared = if channels == 1 { 69 } else { 0 };
            assert_eq!(file.len() + spared, whole.len());
            let pixels = |file| jpeg.decode(file, size).expect("pixels");
            assert!(pixels(&file) == pixels(&whole));
            let theirs = image::load_from_memory(&file).expect("a JPEG for other readers too");
            assert_eq!((theirs.width(), theirs.height()), (28, 28));
        }
    }
}

#[test]
fn too_long_for_a_format() {
    let values = vec![9; 70_000];
    let long = images(&values, 1, 70_000, 1);
    let error = jpeg(&long, 50).expect_err("16 bits");
    assert!(format!("{error:#}").contains("65,535 pixels"), "{error:#}");
    let error = webp(&long, 50.0).expect_err("14 bits");
    assert!(format!("{error:#}").contains("16,383 pixels"), "{error:#}");
}

#[test]
fn a_quality_that_is_none_is_refused() {
    let values = [0; 12];
    let grey = images(&values, 3, 4, 1);
    assert!(jpeg(&grey, 0).is_err() && jpeg(&grey, 101).is_err());
    assert!(webp(&grey, -1.0).is_err() && webp(&grey, f32::NAN).is_err());
}
