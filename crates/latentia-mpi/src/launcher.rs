//! What a launcher leaves in the environment of the processes that it starts.

use std::env;

use thiserror::Error;

/// Variables that have the number of processes: of Open MPI, of MPICH and Intel MPI, and of Slurm.
const COUNTS: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];

/// How many processes `mpirun` or `srun` has started, by the environment; 1 where none of them has.
pub fn launched() -> usize {
    let counts = COUNTS.iter().filter_map(|name| env::var(name).ok());
    let counts = counts.filter_map(|count| count.parse().ok());
    counts.max().unwrap_or(1)
}

/// Why processes cannot work together.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// Nothing of MPI was built.
    #[error(
        "a launcher has started {0} processes, and this program is built without MPI: each would do all of the work; its feature `mpi` \
         makes them one"
    )]
    Absent(usize),
    /// The launcher is another MPI's, or none.
    #[error(
        "a launcher has started {launched} processes, and MPI knows of {known}: is it the `mpirun` of the library that the program was \
         built with?"
    )]
    Launcher {
        /// By the environment.
        launched: usize,
        /// By MPI.
        known: usize,
    },
    /// The MPI library cannot be called from a pool of threads.
    #[error(
        "this MPI library cannot be called from several threads in turn (MPI_THREAD_SERIALIZED)"
    )]
    Threads,
    /// It is in use already.
    #[error("MPI was started before")]
    Twice,
}
