//! Values of arguments, from their text.

use std::str::FromStr;

use latentia_tensor::{Axes, Background, Fit};

pub(super) fn whole<N: FromStr + Default + PartialEq>(text: &str) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| *number != N::default());
    number.ok_or_else(|| "it must be a whole number of at least 1".into())
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    let number = text.parse().ok();
    number.ok_or_else(|| "it must be a whole number from 0 to 2^64 - 1".into())
}

pub(super) fn size(text: &str) -> Result<(usize, usize), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=4096).contains(side));
    let sides = match text.split_once('x') {
        Some((height, width)) => side(height).zip(side(width)),
        None => side(text).zip(side(text)),
    };
    sides.ok_or_else(|| {
        "it must be a side such as 64, or HEIGHTxWIDTH such as 48x64, 1 to 4096".into()
    })
}

/// Dimensions of an example.
#[derive(Clone, Debug)]
pub struct Dimensions(pub Vec<usize>);

pub(super) fn dimensions(text: &str) -> Result<Dimensions, String> {
    let sizes = text.split('x').map(|size| size.parse().ok());
    let sizes: Option<Vec<usize>> = sizes.collect();
    let sizes = sizes.filter(|sizes| sizes.len() <= 4 && sizes.iter().all(|&size| size > 0));
    let sizes = sizes.ok_or("it must be up to four sizes such as 784, 28x28 or 3x32x32");
    Ok(Dimensions(sizes?))
}

pub(super) fn fit(text: &str) -> Result<Fit, String> {
    match text {
        "crop" => Ok(Fit::Crop),
        "stretch" => Ok(Fit::Stretch),
        _ => Err("it must be crop or stretch".into()),
    }
}

pub(super) fn axes(text: &str) -> Result<Axes, String> {
    let named = Axes::NAMED.into_iter().find(|known| known.name() == text);
    named.ok_or_else(|| "it must be nhw, nhwc, nchw or ntf".into())
}

pub(super) fn background(text: &str) -> Result<Background, String> {
    let known = [Background::Black, Background::White, Background::Checker];
    let named = known.into_iter().find(|known| known.name() == text);
    named.ok_or_else(|| "it must be black, white or checker".into())
}

pub(super) fn memory(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "B" => Some(1),
        "K" | "KB" | "KiB" => Some(1 << 10),
        "M" | "MB" | "MiB" => Some(1 << 20),
        "G" | "GB" | "GiB" => Some(1 << 30),
        _ => None,
    };
    let bytes = digits
        .parse()
        .ok()
        .zip(unit)
        .and_then(|(number, unit): (usize, usize)| number.checked_mul(unit));
    bytes.ok_or_else(|| "it must be a whole number of bytes, or of K, M or G".into())
}

/// Bytes of a file, which count in thousands.
pub(super) fn file_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "B" => Some(1),
        "K" | "KB" => Some(1_000),
        "M" | "MB" => Some(1_000_000),
        _ => None,
    };
    let bytes = digits.parse().ok().zip(unit);
    let bytes = bytes.and_then(|(number, unit): (usize, usize)| number.checked_mul(unit));
    bytes.ok_or_else(|| "it must be a whole number of bytes, or of K or M".into())
}

pub(super) fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        ("space", _) => Ok(b' '),
        (_, &[byte])
            if byte.is_ascii_punctuation() && byte != b'"' || byte == b'\t' || byte == b' ' =>
        {
            Ok(byte)
        }
        _ => Err("it must be one character such as `,` or `;`, or `tab` or `space`".into()),
    }
}

/// Yes or no, where somebody says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said(pub Option<bool>);

pub(super) fn header(text: &str) -> Result<Said, String> {
    match text {
        "auto" => Ok(Said(None)),
        "yes" => Ok(Said(Some(true))),
        "no" => Ok(Said(Some(false))),
        _ => Err("it must be auto, yes or no".into()),
    }
}

pub(super) fn decimal(text: &str) -> Result<u8, String> {
    match text {
        "." => Ok(b'.'),
        "," => Ok(b','),
        _ => Err("it must be `.` or `,`".into()),
    }
}

pub(super) fn positive(text: &str) -> Result<f32, String> {
    let number = text
        .parse()
        .ok()
        .filter(|&number: &f32| number.is_finite() && number > 0.0);
    number.ok_or_else(|| "it must be a positive number".into())
}

pub(super) fn decibels(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|&number: &f64| number.is_finite() && number > 0.0);
    number.ok_or_else(|| "it must be a positive number of decibels".into())
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|&share: &f64| share > 0.0 && share < 1.0);
    number.ok_or_else(|| "it must be a share greater than 0 and less than 1, such as 0.05".into())
}
