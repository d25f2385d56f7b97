//! Runs that several processes share, here threads that hand over bytes.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use latentia_data::{Locations, load};
use latentia_models::{
    Collective, Epoch, ModelError, Observer, Preset, StoppedBy, Training, TrainingSpec, Validation,
};
use latentia_tensor::{Rows, Subset};

use crate::{model_spec, signed, training_spec};

/// One of several threads that stand for processes.
#[derive(Debug)]
struct Process {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Mutex<Receiver<Vec<u8>>>>,
}

impl Collective for Process {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.to.len()
    }

    fn broadcast(&self, from: usize, bytes: &mut [u8]) {
        match from == self.rank {
            true => (0..self.ranks())
                .filter(|&to| to != from)
                .for_each(|to| self.send(to, bytes)),
            false => self.receive(from, bytes),
        }
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        self.to[to].send(bytes.to_vec()).expect("it listens");
    }

    fn receive(&self, from: usize, bytes: &mut [u8]) {
        let receiver = self.from[from].lock().expect("no panic");
        bytes.copy_from_slice(&receiver.recv().expect("it speaks"));
    }
}

/// What each of `ranks` processes makes of `work`, on `threads` threads of its own.
fn across<T: Send>(
    ranks: usize,
    threads: usize,
    work: impl Fn(Arc<dyn Collective>) -> T + Sync,
) -> Vec<T> {
    let mut processes: Vec<Process> = (0..ranks)
        .map(|rank| Process {
            rank,
            to: Vec::new(),
            from: Vec::new(),
        })
        .collect();
    for from in 0..ranks {
        for to in 0..ranks {
            let (sender, receiver) = channel();
            processes[from].to.push(sender);
            processes[to].from.push(Mutex::new(receiver));
        }
    }
    let work = &work;
    let run = |process: Process| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("threads start");
        pool.install(|| work(Arc::new(process)))
    };
    thread::scope(|scope| {
        let all: Vec<_> = processes
            .into_iter()
            .map(|process| scope.spawn(move || run(process)))
            .collect();
        let joined = all.into_iter().map(|one| one.join());
        joined.map(|one| one.expect("no panic")).collect()
    })
}

/// Two epochs of a preset, without examples held out.
fn schedule(preset: &Preset) -> TrainingSpec {
    TrainingSpec {
        epochs: 2,
        steps: None,
        batch_size: 150,
        validation: Validation::Share(0.0),
        ..preset.training.clone()
    }
}

/// The parameters of each process and its history, as bits.
fn trained(preset: &Preset, ranks: usize, threads: usize, examples: &dyn Rows) -> Vec<Vec<u32>> {
    let spec = schedule(preset);
    across(ranks, threads, |collective| {
        let mut model = preset.model.build(&[28, 28], 1).expect("parts that fit");
        let run = Training::new(&mut model, spec.clone(), 1, examples, None).expect("it fits");
        let mut run = run.across(collective);
        run.run(&mut ()).expect("it converges");
        let losses = run.history().iter().map(|epoch| epoch.train_loss);
        let losses: Vec<u64> = losses.map(f64::to_bits).collect();
        let parameters = model.chain().parameters().iter();
        let parameters = parameters.flat_map(|parameter| parameter.value.as_slice());
        let halves = losses
            .iter()
            .flat_map(|&loss| [loss as u32, (loss >> 32) as u32]);
        parameters.map(|x| x.to_bits()).chain(halves).collect()
    })
}

#[test]
fn every_preset_for_pictures_is_the_same_in_any_number_of_processes_and_threads() {
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    // The last batch has two blocks of rows, fewer than there are processes.
    let examples = Subset::new(&digits.train, (0..150 + 70).collect());
    let mut compared = 0;
    for name in Preset::names() {
        let preset = Preset::named(name).expect("it comes along");
        // Large ones take long and have no part that others do not have.
        let model = preset.model.build(&[28, 28], 1);
        let Ok(mut model) = model else { continue };
        if model.chain().parameter_count() > 700_000 {
            continue;
        }
        if Training::new(&mut model, schedule(&preset), 1, &examples, None).is_err() {
            continue;
        }
        let alone = trained(&preset, 1, 1, &examples).remove(0);
        for (ranks, threads) in [(2, 2), (4, 1)] {
            for (rank, own) in trained(&preset, ranks, threads, &examples)
                .iter()
                .enumerate()
            {
                assert!(*own == alone, "{name}: rank {rank} of {ranks}");
            }
        }
        compared += 1;
    }
    assert!(compared > 20, "only {compared} presets");
}

#[test]
fn a_learned_prior_is_the_same_in_any_number_of_processes_and_threads() {
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    let examples = Subset::new(&digits.train, (0..150 + 70).collect());
    for prior in [
        "{ kind = 'vamp', components = 70 }",
        "{ kind = 'mixture', components = 20 }",
        "{ kind = 'flow', couplings = 3, hidden = 8 }",
        "{ kind = 'hierarchical', units = 3, hidden = 8 }",
        "{ kind = 'mixture', components = 20 }, posterior = { kind = 'iaf', units = 20 }",
    ] {
        let mut preset = Preset::named("vae-20").expect("it comes along");
        preset.model = model_spec(&format!(
            "likelihood = 'bernoulli'
             encoder = [{{ layer = 'dense', units = 20, activation = 'relu' }}]
             code = {{ kind = 'gaussian', units = 5, prior = {prior} }}
             decoder = [{{ layer = 'dense' }}]"
        ));
        let alone = trained(&preset, 1, 1, &examples).remove(0);
        for (ranks, threads) in [(2, 2), (4, 1)] {
            for own in trained(&preset, ranks, threads, &examples) {
                assert!(own == alone, "{prior}: {ranks} processes");
            }
        }
    }
}

#[test]
fn samples_in_rounds_are_the_same_in_any_number_of_processes_and_threads() {
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    let examples = Subset::new(&digits.train, (0..150 + 3).collect());
    let mut preset = Preset::named("vae-20").expect("it comes along");
    // 336 rows of 784 elements fit into a block.
    preset.model = model_spec(
        "likelihood = 'bernoulli'
         encoder = [{ layer = 'dense', units = 20, activation = 'relu' }]
         code = { kind = 'gaussian', units = 5, prior = { kind = 'vamp', components = 9 } }
         objective = { importance-samples = 350 }
         decoder = [{ layer = 'dense' }]",
    );
    let alone = trained(&preset, 1, 1, &examples).remove(0);
    for (ranks, threads) in [(2, 2), (4, 1)] {
        for own in trained(&preset, ranks, threads, &examples) {
            assert!(own == alone, "{ranks} processes");
        }
    }
}

/// Ends a run after its second batch in the first process, and never in another.
struct Ends(bool, usize);

impl Observer for Ends {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.1 += 1;
        Ok(match self.0 && self.1 == 2 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    }

    fn on_epoch_end(
        &mut self,
        _: &Training<'_>,
        _: &Epoch,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok(ControlFlow::Continue(()))
    }
}

const DENSE: &str = "likelihood = 'mse'\n\
    encoder = [{ layer = 'dense', units = 3 }]\ndecoder = [{ layer = 'dense' }]";

#[test]
fn the_first_process_says_when_a_run_ends() {
    let examples = signed(1, 400, 5);
    let batches = across(3, 1, |collective| {
        let mut model = model_spec(DENSE).build(&[5], 1).expect("parts that fit");
        let spec = training_spec("epochs = 3\nbatch-size = 100");
        let mut ends = Ends(collective.rank() == 0, 0);
        let run = Training::new(&mut model, spec, 1, &examples, None).expect("it fits");
        let ended = run.across(collective).run(&mut ends).expect("it converges");
        assert_eq!(ended, StoppedBy::Interrupt);
        ends.1
    });
    assert_eq!(batches, [2, 2, 2]);
}

#[test]
fn a_loss_that_is_not_finite_is_found_at_the_same_place_in_any_number_of_processes() {
    let examples = signed(1, 200, 5);
    let causes = |ranks| {
        across(ranks, 1, |collective| {
            let mut model = model_spec(DENSE).build(&[5], 1).expect("parts that fit");
            let spec = training_spec("epochs = 3\nbatch-size = 200\nlearning-rate = 1e30");
            let run = Training::new(&mut model, spec, 1, &examples, None).expect("it fits");
            let ended = run.across(collective).run(&mut ());
            ended.expect_err("it diverges").to_string()
        })
    };
    let alone = causes(1).remove(0);
    assert_eq!(causes(3), [alone.clone(), alone.clone(), alone]);
}
