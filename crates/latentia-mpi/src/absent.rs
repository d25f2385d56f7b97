//! The processes of a program that was built without MPI.

use std::convert::Infallible;
use std::sync::Arc;

use latentia_nn::Collective;

use crate::launcher::{StartError, launched};

/// The processes that a launcher has started: never there without the feature `mpi`.
#[derive(Debug)]
pub struct Processes(Infallible);

impl Processes {
    /// What they do together.
    pub fn collective(&self) -> Arc<dyn Collective> {
        match self.0 {}
    }

    /// Waits until all processes have come here.
    pub fn end(self) {
        match self.0 {}
    }

    /// Ends all processes at once, with exit code `code`.
    pub fn abort(&self, _code: u8) -> ! {
        match self.0 {}
    }
}

/// The processes that a launcher has started with this one; none where it was started alone.
///
/// # Errors
/// When there are several.
pub fn start() -> Result<Option<Processes>, StartError> {
    match launched() {
        0 | 1 => Ok(None),
        several => Err(StartError::Absent(several)),
    }
}
