//! What a format needs.

/// What a format needs for some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// The format, and its quality where it has one: `PNG`, `JPEG q37`.
    pub name: String,
    /// Of all files together, or of the one stream.
    pub bytes: u64,
    /// Without what is there for any image of this size; absent for streams, whose headers are few bytes.
    ///
    /// - PNG: the compressed rows alone (`IDAT`), without signature, sizes and checksums of chunks
    /// - WebP: without the 30 bytes before the arithmetic code, or 25 of a file without loss
    /// - JPEG: the data of the scans alone. They cannot be read without the tables of codes in the headers, which are made for
    ///   each image: no JPEG is as small, even if all images shared one header
    pub bytes_without_headers: Option<u64>,
    /// Of all values, one mean squared error with a peak of 255; absent where nothing is lost, infinite where something could
    /// have been and was not.
    pub psnr_db: Option<f64>,
    /// Of one thread, summed over the images; where two settings were tried and the smaller file kept, of both.
    pub encode_seconds: f64,
    /// Of one thread, summed over the images.
    pub decode_seconds: f64,
}
