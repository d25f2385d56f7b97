//! What messages between two processes cost: `mpirun -n 2 messages`. Prints seconds of a message of 8 bytes, bytes a second in messages of
//! 64 KiB, and bytes a second of a broadcast of 1.6 MB.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::time::Instant;

use latentia_nn::Collective;

/// Messages that are timed, of which the fastest tenth counts.
const TIMES: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let processes = latentia_mpi::start()?.ok_or("start it by `mpirun -n 2`")?;
    let collective = processes.collective();
    let there_and_back = |bytes: usize| seconds(&*collective, &mut vec![0; bytes], there_and_back);
    let (least, large) = (there_and_back(8) / 2.0, there_and_back(1 << 16) / 2.0);
    let broadcast = seconds(
        &*collective,
        &mut vec![0; 1_600_000],
        |collective, bytes| {
            collective.broadcast(collective.ranks() - 1, bytes);
            // The process that begins knows when the other has all.
            collective.broadcast(0, &mut bytes[..1]);
        },
    );
    if collective.rank() == 0 {
        let (messages, broadcasts) = ((1u64 << 16) as f64 / large, 1.6e6 / broadcast);
        println!("{least:e} {messages:e} {broadcasts:e}");
    }
    processes.end();
    Ok(())
}

fn there_and_back(collective: &dyn Collective, bytes: &mut [u8]) {
    match collective.rank() {
        0 => {
            collective.send(1, bytes);
            collective.receive(1, bytes);
        }
        1 => {
            collective.receive(0, bytes);
            collective.send(0, bytes);
        }
        _ => {}
    }
}

/// Seconds of `work`: the tenth of all times that is below the others.
fn seconds(
    collective: &dyn Collective,
    bytes: &mut [u8],
    work: impl Fn(&dyn Collective, &mut [u8]),
) -> f64 {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let start = Instant::now();
        work(collective, bytes);
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[TIMES / 10]
}
