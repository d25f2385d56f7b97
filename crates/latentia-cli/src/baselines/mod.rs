//! The same images in other formats, and what each needs for them.
//!
//! Every byte of a file counts, headers and all, and every file is read again: that a format without loss gives the same values
//! back is checked, what a format with loss returns is measured. Images are coded on all threads; the seconds are those of
//! one, summed over the images. Only sums are kept, no files, except the one file of a stream.
//!
//! - [`Report`]: a compressed file beside them
//! - [`lossless`](lossless()), `lossy_at`: all formats; `jpeg`, `webp`: one at one quality
//! - [`left_out`](left_out()): those that are not built in: JPEG, WebP, bzip2 and xz want the feature `baselines`
//! - [`Images`]: what they are given; [`Baseline`]: what they need

mod baseline;
mod images;
#[cfg(feature = "baselines")]
mod jpeg;
mod left_out;
mod lossless;
#[cfg(feature = "baselines")]
mod lossy;
mod measurement;
mod png;
mod report;
mod streams;
#[cfg(feature = "baselines")]
mod webp;

pub use baseline::Baseline;
pub use images::Images;
pub use left_out::left_out;
pub use lossless::lossless;
#[cfg(feature = "baselines")]
pub use lossy::{jpeg, lossy_at, webp};
pub use report::Report;

#[cfg(test)]
mod tests;
