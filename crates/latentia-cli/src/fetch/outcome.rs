//! Where a file came from.

/// Where a file came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was in the folder, with the right digest.
    AlreadyThere,
    /// It was copied from [`FetchOptions::from`](super::FetchOptions::from).
    Copied,
    /// It was downloaded.
    Downloaded {
        /// The mirror that had it.
        mirror: String,
        /// Whether an earlier download was continued.
        resumed: bool,
    },
}
