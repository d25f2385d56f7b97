//! What `cargo xtask bench scaling` simulates from: how long each task of a preset's training step takes on one thread, how long
//! whole steps take on one thread and on all, what it costs to wake threads, and how fast all of them read memory.
//!
//! It writes a line each, seconds and bytes: `threads`, `one` and `all` (a step), `loop` (its tasks in order) for each parallel loop,
//! `wake`, `bandwidth`, and `bytes`, which a step brings from memory.

use std::error::Error;
use std::hint::black_box;
use std::io::{Write, stdout};
use std::ops::ControlFlow;
use std::time::Instant;

use latentia_data::{Dataset, Locations, load};
use latentia_models::{ModelError, Observer, Preset, Training, TrainingSpec, Validation};
use latentia_nn::engine::each_in_turn;
use latentia_nn::task_times;
use latentia_tensor::Rows;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Turns, one thread and all in each.
const ROUNDS: usize = 8;

/// Seconds of a turn, of which the first quarter is not counted.
const TURN: f64 = 0.6;

/// Elements of the arrays that are read for the bandwidth: more than caches hold.
const STREAM: usize = 1 << 26;

/// Cache that all cores share, in bytes. What a step uses again and again stays in it where it fits.
const SHARED_CACHE: usize = 32 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).unwrap_or_else(|| "mnist".into());
    let preset = Preset::named(&name).ok_or("no preset of that name")?;
    let data = preset.data.as_deref().ok_or("a preset without data")?;
    let examples = load(data, &Locations::new(None))?.train;
    let pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build();
    let (one, all) = (pool(1)?, pool(0)?);
    let (mut single, mut several) = (StepTimes::default(), StepTimes::default());
    for _ in 0..ROUNDS {
        single.measure(&one, &preset, &examples)?;
        several.measure(&all, &preset, &examples)?;
    }
    let mut out = stdout().lock();
    writeln!(out, "threads {}", all.current_num_threads())?;
    writeln!(out, "one {}", single.fastest)?;
    writeln!(out, "all {}", several.fastest)?;
    for tasks in &single.loops {
        let tasks: Vec<String> = tasks.iter().map(f64::to_string).collect();
        writeln!(out, "loop {}", tasks.join(" "))?;
    }
    writeln!(out, "wake {}", wake(&all, single.between_loops()))?;
    writeln!(out, "bandwidth {}", bandwidth(&all))?;
    writeln!(out, "bytes {}", bytes(&preset, &examples)?)?;
    Ok(())
}

/// The fastest step of a run, and its tasks.
struct StepTimes {
    fastest: f64,
    loops: Vec<Vec<f64>>,
    /// Since when the turn and the step under way run, and how many examples were done when the step began.
    turn: Instant,
    begun: Instant,
    done: usize,
}

impl Default for StepTimes {
    fn default() -> Self {
        Self {
            fastest: f64::INFINITY,
            loops: Vec::new(),
            turn: Instant::now(),
            begun: Instant::now(),
            done: 0,
        }
    }
}

impl StepTimes {
    /// Trains a new model for a while.
    fn measure(
        &mut self,
        pool: &ThreadPool,
        preset: &Preset,
        examples: &Dataset,
    ) -> Result<(), ModelError> {
        let spec = TrainingSpec {
            validation: Validation::Share(0.0),
            ..preset.training.clone()
        };
        let mut model = preset.model.build(examples.shape().clone(), 1)?;
        let mut training = Training::new(&mut model, spec, 1, examples, None)?;
        self.turn = Instant::now();
        pool.install(|| training.run(self)).map(drop)
    }

    /// Seconds of a step before each of its loops.
    fn between_loops(&self) -> f64 {
        let tasks: f64 = self.loops.iter().flatten().sum();
        (self.fastest - tasks).max(0.0) / self.loops.len().max(1) as f64
    }
}

impl Observer for StepTimes {
    fn on_batch_end(
        &mut self,
        training: &Training<'_>,
        done: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let loops = task_times::take();
        let turn = self.turn.elapsed().as_secs_f64();
        // The last batch of an epoch may be shorter.
        let is_whole = done == self.done + training.spec().batch_size;
        self.done = done;
        if is_whole && turn > TURN / 4.0 && seconds < self.fastest {
            (self.fastest, self.loops) = (seconds, loops);
        }
        self.begun = Instant::now();
        Ok(match turn < TURN {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    }
}

/// Seconds that a loop of a step takes beside its tasks, one for each thread, where `between` seconds pass since the last one: to wake the
/// others and to wait for them.
fn wake(pool: &ThreadPool, between: f64) -> f64 {
    /// Seconds of a task, so long that every thread gets one.
    const TASK: f64 = 50e-6;
    let threads = pool.current_num_threads();
    let mut times = [0.0; 1000];
    pool.install(|| {
        for time in &mut times {
            spin(between);
            let start = Instant::now();
            each_in_turn(0..threads, true, |_| spin(TASK));
            *time = start.elapsed().as_secs_f64() - TASK;
        }
    });
    times.sort_by(f64::total_cmp);
    // Other processes are in some of them.
    times[times.len() / 4]
}

fn spin(seconds: f64) {
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < seconds {
        std::hint::spin_loop();
    }
}

/// Bytes a second that all threads together read from memory.
fn bandwidth(pool: &ThreadPool) -> f64 {
    let data = vec![1.0f32; STREAM];
    let read = || {
        let start = Instant::now();
        let sum = |part: &[f32]| part.iter().map(|x| x.to_bits()).fold(0, u32::wrapping_add);
        let sums = data.par_chunks(1 << 16).map(sum);
        black_box(sums.reduce(|| 0, u32::wrapping_add));
        size_of_val(&data[..]) as f64 / start.elapsed().as_secs_f64()
    };
    pool.install(|| (0..5).map(|_| read()).fold(0.0, f64::max))
}

/// Bytes that a step brings from memory: its examples, and where the shared cache does not hold them, weights, gradients and both
/// moments, read and written.
fn bytes(preset: &Preset, examples: &Dataset) -> Result<usize, ModelError> {
    let model = preset.model.build(examples.shape().clone(), 1)?;
    let element = if examples.is_bytes() { 1 } else { 4 };
    let read = preset.training.batch_size * examples.cols() * element;
    let state = 4 * size_of::<f32>() * model.chain().parameter_count();
    Ok(read + if state > SHARED_CACHE { 2 * state } else { 0 })
}
