//! What can go wrong when examples are compressed or come back.

use std::io;

use latentia_models::ModelError;

/// What can go wrong when examples are compressed or come back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// What cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// Examples that the model cannot take.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model or examples that the asked-for method cannot code.
    #[error("{0}")]
    Unfit(String),
    /// Floats, by a method that is lossless.
    #[error("only 8-bit values are coded without loss, and these are floats; store them as bytes")]
    FloatsWithoutLoss,
    /// A file that was not written by [`crate::Codec::compress`].
    #[error("it is no compressed file of latentia: {0}")]
    Foreign(&'static str),
    /// A model file whose tables of symbols are no quantiser of its code.
    #[error(
        "the model file is damaged: the symbols do not fit the code; restore it from a copy or train again"
    )]
    DamagedSymbols,
    /// A file of a newer version.
    #[error("it has version {seen}; this version reads up to {known}: use a newer latentia")]
    Newer {
        /// The file's version.
        seen: u16,
        /// The newest that this program reads.
        known: u16,
    },
    /// A file that was made with another model.
    #[error("it was made with the model of SHA-256 {wanted}, and this one's is {given}")]
    OtherModel {
        /// The digest in the file.
        wanted: String,
        /// The model's.
        given: String,
    },
    /// A file that has changed since it was written.
    #[error("it is damaged: {0}; restore it from a copy")]
    Damaged(String),
    /// An index out of range.
    #[error("there is no example {index}; it has {examples}, which count from 0")]
    NoExample {
        /// The index asked for.
        index: u64,
        /// How many there are.
        examples: u64,
    },
}
