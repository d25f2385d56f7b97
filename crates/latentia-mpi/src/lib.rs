//! Processes that train one model together, by MPI.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // None where nothing has started several processes.
//! if let Some(processes) = latentia_mpi::start()? {
//!     let collective = processes.collective();
//!     println!("process {} of {}", collective.rank(), collective.ranks());
//!     // `Training::across(collective)` trains; then the first process writes the model, and the others wait for it.
//!     processes.end();
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Without the feature `mpi` nothing of MPI is built, and [`start`] refuses to be one of several processes.

#![forbid(unsafe_code)]

#[cfg(not(feature = "mpi"))]
mod absent;
mod launcher;
#[cfg(feature = "mpi")]
mod present;

#[cfg(not(feature = "mpi"))]
pub use absent::{Processes, start};
pub use launcher::{StartError, launched};
#[cfg(feature = "mpi")]
pub use present::{Processes, start};
