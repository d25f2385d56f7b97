//! Downloads a named set's files and keeps only what has the right digest.
//!
//! A file is written to `NAME.gz.part` and gets its name when the SHA-256 of its content is right; what a broken
//! connection leaves there is continued the next time, or at the next mirror. No answer of a server can fill the disk
//! or the memory: what comes over the network and what it unpacks to have a limit, and so has every wait.

mod content;
mod download;
mod folder;
mod options;
mod outcome;
mod partial_file;
mod set;

pub use options::FetchOptions;
pub use outcome::Outcome;
pub use partial_file::Progress;
pub use set::fetch;

#[cfg(test)]
mod tests;
