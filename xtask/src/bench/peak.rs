//! Peak arithmetic throughput of this machine: multiply-adds of `f32` in registers.

use std::hint::black_box;
use std::num::NonZero;
use std::thread;
use std::time::Instant;

use pulp::{Arch, Simd, WithSimd};

/// Multiply-adds of each register in a trial. It takes a few milliseconds, short enough to run undisturbed by other processes.
const ROUNDS: u32 = 1 << 22;

/// Trials of each measurement, of which the fastest counts.
const TRIALS: u32 = 10;

/// The maximum measured, in GFLOP/s; a multiply-add counts as two operations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Peak {
    /// On one thread.
    pub one: f64,
    /// On as many threads as there are cores.
    pub all: f64,
}

impl Peak {
    /// Measures again and keeps the maximum.
    pub fn measure(&mut self) {
        self.one = self.one.max(measure(1));
        self.all = self.all.max(measure(cores()));
    }
}

/// Cores that this process may use.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn measure(threads: usize) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..TRIALS {
        // Latency times units is 8 on most processors; AVX2 has 16 registers, AVX-512 and NEON 32.
        best = best.max(trial::<12>(threads)).max(trial::<24>(threads));
    }
    best
}

fn trial<const REGISTERS: usize>(threads: usize) -> f64 {
    let arch = Arch::new();
    let start = Instant::now();
    let flops: u64 = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(move || arch.dispatch(MultiplyAdds::<REGISTERS>)))
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        // A thread that panicked did nothing.
        joined.map(Result::unwrap_or_default).sum()
    });
    flops as f64 / start.elapsed().as_secs_f64() / 1e9
}

/// `sum = x · sum + y`, over and over, in `REGISTERS` independent sums. Returns the number of operations.
struct MultiplyAdds<const REGISTERS: usize>;

impl<const REGISTERS: usize> WithSimd for MultiplyAdds<REGISTERS> {
    type Output = u64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> u64 {
        // Unknown to the compiler, and the sums stay near 2.
        let (x, y) = (
            simd.splat_f32s(black_box(0.5)),
            simd.splat_f32s(black_box(1.0)),
        );
        let mut sums = [y; REGISTERS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(x, *sum, y);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
        2 * u64::from(ROUNDS) * (REGISTERS * S::F32_LANES) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_counted_by_lanes() {
        let flops = MultiplyAdds::<12>.with_simd(pulp::Scalar::new());
        assert_eq!(flops, 2 * 12 * u64::from(ROUNDS));
    }

    #[test]
    fn a_multiply_add_is_faster_than_a_nanosecond() {
        assert!(trial::<12>(1) > 1.0);
    }
}
