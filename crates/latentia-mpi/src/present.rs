//! The processes of MPI.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use latentia_nn::Collective;
use mpi::collective::{CommunicatorCollectives, Root};
use mpi::environment::Universe;
use mpi::point_to_point::{Destination, Source};
use mpi::topology::{Communicator, Rank, SimpleCommunicator};
use mpi::{Threading, initialize_with_threading};

use crate::launcher::{StartError, launched};

/// Bytes of a message at most: MPI counts in 32 bits.
const LONGEST: usize = 1 << 30;

/// How often a process that has nothing left to do asks whether the others have ended.
const PAUSE: Duration = Duration::from_millis(5);

/// The processes that a launcher has started, this one among them. When it is dropped, MPI ends.
pub struct Processes {
    world: World,
    universe: Universe,
}

impl std::fmt::Debug for Processes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.world.fmt(f)
    }
}

impl Processes {
    /// What they do together.
    pub fn collective(&self) -> Arc<dyn Collective> {
        Arc::new(self.world)
    }

    /// Waits until all processes have come here, without taking time from those that still work, and ends MPI.
    pub fn end(self) {
        let mut barrier = self.universe.world().immediate_barrier();
        while let Err(pending) = barrier.test() {
            barrier = pending;
            thread::sleep(PAUSE);
        }
    }

    /// Ends all processes at once, with exit code `code`.
    pub fn abort(&self, code: u8) -> ! {
        self.universe.world().abort(code.into())
    }
}

/// The processes that a launcher has started with this one; none where it was started alone. When one of them is lost, MPI ends the others.
///
/// # Errors
/// When MPI was started before, cannot be called from threads in turn, or knows nothing of the others.
pub fn start() -> Result<Option<Processes>, StartError> {
    let launched = launched();
    if launched <= 1 {
        return Ok(None);
    }
    let started = initialize_with_threading(Threading::Serialized);
    let (universe, threading) = started.ok_or(StartError::Twice)?;
    if threading < Threading::Serialized {
        return Err(StartError::Threads);
    }
    let world = universe.world();
    let [rank, ranks] = [world.rank(), world.size()].map(|number| number as usize);
    if ranks != launched {
        let known = ranks;
        return Err(StartError::Launcher { launched, known });
    }
    let world = World { rank, ranks };
    Ok(Some(Processes { world, universe }))
}

/// All processes, by `MPI_COMM_WORLD`.
#[derive(Clone, Copy, Debug)]
struct World {
    rank: usize,
    ranks: usize,
}

impl Collective for World {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.ranks
    }

    fn broadcast(&self, from: usize, bytes: &mut [u8]) {
        let world = SimpleCommunicator::world();
        let root = world.process_at_rank(from as Rank);
        for part in bytes.chunks_mut(LONGEST) {
            root.broadcast_into(part);
        }
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        let world = SimpleCommunicator::world();
        let process = world.process_at_rank(to as Rank);
        for part in bytes.chunks(LONGEST) {
            process.send(part);
        }
    }

    fn receive(&self, from: usize, bytes: &mut [u8]) {
        let world = SimpleCommunicator::world();
        let process = world.process_at_rank(from as Rank);
        for part in bytes.chunks_mut(LONGEST) {
            process.receive_into(part);
        }
    }
}
