use super::{Baseline, Images, lossless};

#[cfg(feature = "baselines")]
mod lossy;

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
    let baselines = lossless(images).expect("formats without loss");
    #[cfg(feature = "baselines")]
    let baselines = [
        baselines,
        super::lossy_at(images, 30.0).expect("formats with loss"),
    ]
    .concat();
    baselines
}

#[test]
fn formats_without_loss_read_what_they_wrote() {
    for channels in [1, 3] {
        let values = waves(4, 33, 41, channels);
        let baselines = lossless(&images(&values, 33, 41, channels)).expect("formats without loss");
        let names: Vec<&str> = baselines
            .iter()
            .map(|baseline| baseline.name.as_str())
            .collect();
        let expected: &[&str] = match cfg!(feature = "baselines") {
            true => &["PNG", "WebP lossless", "gzip", "bzip2", "xz"],
            false => &["PNG", "gzip"],
        };
        assert_eq!(names, expected);
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
        #[cfg(feature = "baselines")]
        assert!(
            headers(&baselines[1]).is_some_and(|bytes| (100..=104).contains(&bytes)),
            "{:?}",
            baselines[1]
        );
    }
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
}
