//! A training run as its user sees it.
//!
//! - [`experiment`](experiment()), [`preset_for`], [`build`]: what is trained; [`config`]: a user's own file;
//!   [`with_settings`]: single keys of it
//! - [`check_examples`]: what can be learned from the data
//! - [`fingerprint_of_all`]: what a checkpoint knows its data by
//! - [`agree`]: what processes must have in common
//! - [`Run`]: from the first batch to the files; [`RunFolder`]: where they are; [`resumed`]: what goes on with one
//! - [`Progress`]: the run as it goes, also on a page and in TensorBoard; [`Interrupt`]: its end by Ctrl-C; [`Summary`]: how it went
//! - [`Grid`]: the runs of a sweep; [`RunRecord`]: what their folders know of them; [`SweepTable`]: what came of them

mod agreement;
pub mod config;
mod event_file;
mod experiment;
mod fingerprint;
mod grid;
mod interrupt;
mod live_page;
mod measured;
mod overrides;
mod progress;
mod resumption;
mod run;
mod run_folder;
mod run_record;
mod summary;
mod sweep_table;
mod warnings;
mod workers;

pub use agreement::agree;
pub use experiment::{build, experiment, preset_for};
pub use fingerprint::fingerprint_of_all;
pub use grid::{Combination, Grid};
pub use interrupt::Interrupt;
pub use overrides::with_settings;
pub use progress::Progress;
pub use resumption::resumed;
pub use run::Run;
pub use run_folder::RunFolder;
pub use run_record::{RunRecord, RunResult};
pub use summary::Summary;
pub use sweep_table::{SweepTable, TriedRun};
pub use warnings::check_examples;
pub use workers::Workers;
