use super::jpeg::Jpeg;
use super::measurement::Format;
use super::{Baseline, Images, jpeg, lossless, lossy_at, webp};

/// Waves with some noise, each image another.
fn waves(count: usize, height: usize, width: usize, channels: usize) -> Vec<u8> {
    let mut noise = 1u32;
    let numbers = height * width * channels;
    (0..count * numbers)
        .map(|i| {
            let (image, cell, channel) = (i / numbers, i % numbers / channels, i % channels);
            let (y, x) = ((cell / width) as f64, (cell % width) as f64);
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let phase = image as f64 + channel as f64;
            let wave = (0.3 * x + phase).sin() * (0.2 * y - phase).cos();
            (128.0 + 100.0 * wave + f64::from(noise >> 29)) as u8
        })
        .collect()
}

fn images(values: &[u8], height: usize, width: usize, channels: usize) -> Images<'_> {
    Images {
        values,
        height,
        width,
        channels,
    }
}

/// Everything that there is, for any size.
fn all(images: &Images<'_>) -> Vec<Baseline> {
    let mut baselines = lossless(images).expect("formats without loss");
    baselines.extend(lossy_at(images, 30.0).expect("formats with loss"));
    baselines
}

#[test]
fn formats_without_loss_read_what_they_wrote() {
    for channels in [1, 3] {
        let values = waves(4, 33, 41, channels);
        let baselines = lossless(&images(&values, 33, 41, channels)).expect("five formats");
        let names: Vec<&str> = baselines
            .iter()
            .map(|baseline| baseline.name.as_str())
            .collect();
        assert_eq!(names, ["PNG", "WebP lossless", "gzip", "bzip2", "xz"]);
        for baseline in &baselines {
            // Three bits of noise of eight at least; not more than the values and their headers.
            let length = values.len() as u64;
            assert!(baseline.bytes > length * 3 / 8, "{baseline:?}");
            assert!(baseline.bytes < length + length / 10, "{baseline:?}");
            assert_eq!(baseline.psnr_db, None);
            assert!(baseline.encode_seconds > 0.0 && baseline.decode_seconds > 0.0);
        }
        // Signature, header, end, and a frame around the rows.
        let headers = |baseline: &Baseline| Some(baseline.bytes - baseline.bytes_without_headers?);
        assert_eq!(headers(&baselines[0]), Some(4 * 57));
        // 25 bytes, and one where the length is odd.
        assert!(
            headers(&baselines[1]).is_some_and(|bytes| (100..=104).contains(&bytes)),
            "{:?}",
            baselines[1]
        );
    }
}

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
    let content = jpeg.content(&file).expect("scans");
    // The scan is what stands before the end, behind a header that ends with 0, 63, 0.
    let start = file.len() - 2 - content;
    assert_eq!(file[start - 3..start], [0, 63, 0]);
    assert_eq!(jpeg.content(&file[..file.len() - 2]), None);

    // Two scans, one with an escaped 255 and a mark.
    let scans = [
        0xff, 0xd8, 0xff, 0xda, 0, 3, 9, 1, 0xff, 0, 0xff, 0xd0, 2, 0xff, 0xc4, 0, 2, 0xff, 0xda,
        0, 2, 7, 0xff, 0xd9,
    ];
    assert_eq!(jpeg.content(&scans), Some(7));
}

#[test]
fn any_size_has_a_file() {
    for (height, width) in [(1, 1), (1, 9), (17, 1), (8, 8)] {
        for channels in [1, 3] {
            let values = waves(2, height, width, channels);
            let baselines = all(&images(&values, height, width, channels));
            assert!(
                baselines.iter().all(|baseline| baseline.bytes > 0),
                "{baselines:?}"
            );
        }
    }
}

#[test]
fn images_of_one_value_take_little() {
    for level in [0, 77, 255] {
        for channels in [1, 3] {
            let values = vec![level; 2 * 32 * 32 * channels];
            let constant = images(&values, 32, 32, channels);
            for baseline in all(&constant) {
                assert!(baseline.bytes < 1000, "{baseline:?}");
                assert!(
                    baseline.psnr_db.is_none_or(|psnr| psnr >= 30.0),
                    "{baseline:?}"
                );
            }
        }
    }
}

#[test]
fn what_are_not_images_is_refused() {
    let values = [0; 12];
    for (height, width, channels, words) in [
        (2, 3, 2, "1 or 3 channels, not 2"),
        (0, 3, 1, "0 by 3"),
        (usize::MAX, 3, 1, "by 3 pixels"),
        (5, 1, 1, "12 values are not images of 5 by 1 by 1"),
    ] {
        let error = lossless(&images(&values, height, width, channels)).expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(lossless(&images(&[], 2, 3, 1)).is_err());
    let grey = images(&values, 3, 4, 1);
    assert!(jpeg(&grey, 0).is_err() && jpeg(&grey, 101).is_err());
    assert!(webp(&grey, -1.0).is_err() && webp(&grey, f32::NAN).is_err());
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
