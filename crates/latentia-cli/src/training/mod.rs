//! A training run as its user sees it.
//!
//! - [`experiment`](experiment()), [`overridden`]: what is trained; [`config`]: a user's own file
//! - [`DataSplit`]: on what; [`fingerprint_of_all`]
//! - [`Run`]: from the first batch to the files; [`RunFolder`]: where they are
//! - [`Progress`]: the run as it goes; [`Summary`], [`TrainingWarnings`]: how it went
//! - [`best_epoch`], [`weights_epoch`]: which of its epochs the model is of

pub mod config;
mod experiment;
mod progress;
mod run;
mod run_folder;
mod split;
mod summary;
mod warnings;
mod weights_epoch;

pub use experiment::{experiment, overridden};
pub use progress::Progress;
pub use run::{Run, Trained};
pub use run_folder::RunFolder;
pub use split::{DataSplit, fingerprint_of_all};
pub use summary::Summary;
pub use warnings::TrainingWarnings;
pub use weights_epoch::{best_epoch, weights_epoch};
