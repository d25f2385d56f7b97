//! A training run as its user sees it.
//!
//! - [`config`]: a user's own experiment
//! - [`RunFolder`]: its files; [`Progress`]: the run as it goes

pub mod config;
mod progress;
mod run_folder;

pub use progress::Progress;
pub use run_folder::RunFolder;
