//! A training run as its user sees it.
//!
//! - [`experiment`](experiment()), [`overridden`], [`preset_for`], [`build`]: what is trained; [`config`]: a user's own file;
//!   [`with_settings`]: single keys of it
//! - [`check_examples`]: what can be learned from the data
//! - [`fingerprint_of_all`]: what a checkpoint knows its data by
//! - [`agree`]: what processes must have in common
//! - [`Run`]: from the first batch to the files; [`RunFolder`]: where they are
//! - [`Progress`]: the run as it goes; [`Summary`]: how it went

mod agreement;
pub mod config;
mod experiment;
mod fingerprint;
mod overrides;
mod progress;
mod run;
mod run_folder;
mod summary;
mod warnings;

pub use agreement::agree;
pub use experiment::{build, experiment, overridden, preset_for};
pub use fingerprint::fingerprint_of_all;
pub use overrides::with_settings;
pub use progress::Progress;
pub use run::Run;
pub use run_folder::RunFolder;
pub use summary::Summary;
pub use warnings::check_examples;
