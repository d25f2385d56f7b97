//! Running over any number of examples in bounded memory: in parallel, with results that do not depend on the threads.
//!
//! Examples are cut into blocks, and blocks are dealt to slots in turn: block `b` belongs to slot `b mod n`. How many slots
//! there are follows from sizes alone. What a slot gathers is therefore always the same, and slots are joined in order.

use std::io;
use std::ops::Range;

use latentia_nn::{BLOCK_ROWS, Chain, Mode, Objective, Position, SampleRounds, Tape};
use latentia_tensor::{Matrix, MatrixRef, Rows};
use rayon::prelude::*;

/// Blocks that go through a chain at once.
const BLOCKS_AT_ONCE: usize = 16;

/// Elements that fill half of a core's cache.
const CACHE_ELEMENTS: usize = 1 << 17;

/// Which layers of a chain are run, and whether codes are sampled.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) layers: Range<usize>,
    pub(crate) mode: Mode,
    /// Seed of the samples.
    pub(crate) seed: u64,
    /// The rounds in which the samples of an example come, where they do.
    pub(crate) rounds: Option<SampleRounds>,
}

impl Run {
    /// Nothing random: codes are their means.
    pub(crate) fn of(layers: Range<usize>) -> Self {
        Self {
            layers,
            mode: Mode::Eval,
            seed: 0,
            rounds: None,
        }
    }

    /// All of `chain`, codes sampled and what the loss is counted on hidden, to [evaluate](Objective::evaluate) `objective`.
    pub(crate) fn to_evaluate(objective: &Objective, chain: &Chain, seed: u64) -> Self {
        let mode = objective.validation_mode();
        Self {
            layers: 0..chain.layers().len(),
            mode,
            seed,
            rounds: objective.sample_rounds(chain, mode),
        }
    }

    /// Memory for a block of up to `rows` examples.
    fn tape(&self, chain: &Chain, rows: usize) -> Tape {
        match self.rounds {
            Some(rounds) => Tape::in_rounds(chain, self.mode, rounds),
            None => Tape::forward_only(chain, self.layers.clone(), self.mode, rows),
        }
    }
}

/// Runs layers over all examples and hands each block to `see` with the number of its first row, in order.
pub(crate) fn for_each_block<E: From<io::Error>>(
    chain: &Chain,
    run: Run,
    examples: &dyn Rows,
    mut see: impl FnMut(usize, &Tape) -> Result<(), E>,
) -> Result<(), E> {
    let size = block_rows(chain, &run);
    in_rounds(
        examples.rows(),
        size,
        block_slots(chain, &run, examples, size, || ()),
        |(block, ()), rows| forward(chain, &run, examples, block, rows),
        |first, (block, ())| see(first, block),
    )?;
    Ok(())
}

/// Runs layers over all examples and lets each slot gather from its blocks what `add` takes of them, with the number of
/// the block's first row; the slots in order.
pub(crate) fn fold_blocks<S: Send>(
    chain: &Chain,
    run: Run,
    examples: &dyn Rows,
    start: impl Fn() -> S,
    add: impl Fn(&mut S, usize, &mut Tape) + Sync,
) -> io::Result<Vec<S>> {
    fold_and_see_blocks(chain, run, examples, start, add, |_| {})
}

/// As [`fold_blocks`]; then each block is handed to `see`, in order.
pub(crate) fn fold_and_see_blocks<S: Send>(
    chain: &Chain,
    run: Run,
    examples: &dyn Rows,
    start: impl Fn() -> S,
    add: impl Fn(&mut S, usize, &mut Tape) + Sync,
    mut see: impl FnMut(&Tape),
) -> io::Result<Vec<S>> {
    let size = match run.rounds {
        Some(_) => 1,
        None => chain.block_examples(run.layers.clone(), run.mode),
    };
    let slots = in_rounds(
        examples.rows(),
        size,
        block_slots(chain, &run, examples, size, start),
        |(block, gathered), rows| {
            forward(chain, &run, examples, block, rows)?;
            add(gathered, rows.first().map_or(0, |&row| row as usize), block);
            Ok(())
        },
        |_, (block, _)| {
            see(block);
            Ok::<_, io::Error>(())
        },
    )?;
    Ok(slots.into_iter().map(|(_, gathered)| gathered).collect())
}

/// Examples in a block of which nothing is summed: so many that its activations are as large as the parameters, which every block
/// reads anew, or fill half of a core's cache.
pub(super) fn block_rows(chain: &Chain, run: &Run) -> usize {
    let layers = run.layers.clone();
    let used = &chain.layers()[layers.clone()];
    let inputs = used.first().map_or(0, |layer| layer.inputs());
    let activations = used
        .iter()
        .map(|layer| layer.outputs() + layer.memory().saved);
    let parameters = layers.clone().flat_map(|layer| chain.parameters_of(layer));
    let parameters: usize = parameters.map(|p| p.value.as_slice().len()).sum();
    let fit = CACHE_ELEMENTS.max(parameters) / (inputs + activations.sum::<usize>()).max(1);
    let rows = fit.next_multiple_of(8).clamp(8, BLOCK_ROWS);
    rows.min(chain.block_examples(layers, run.mode))
}

/// Slots with buffers for a block of `size` examples and what `start` gives, as many as work at once.
fn block_slots<S>(
    chain: &Chain,
    run: &Run,
    examples: &dyn Rows,
    size: usize,
    start: impl Fn() -> S,
) -> Vec<(Tape, S)> {
    let rows = examples.rows();
    (0..rows.div_ceil(size).min(BLOCKS_AT_ONCE))
        .map(|_| (run.tape(chain, size.min(rows)), start()))
        .collect()
}

/// Reads the examples `rows` and runs the layers on them.
pub(super) fn forward(
    chain: &Chain,
    run: &Run,
    examples: &dyn Rows,
    tape: &mut Tape,
    rows: &[u32],
) -> io::Result<()> {
    tape.read(examples, rows)?;
    let position = Position {
        seed: run.seed,
        step: 0,
        first_row: rows.first().copied().unwrap_or(0),
        ..Position::default()
    };
    tape.forward(chain, position);
    Ok(())
}

/// The most rows that [`fold_rows`] reads at once.
pub(crate) const ROWS_AT_ONCE: usize = 512;

/// The most elements of several rows that it does.
const ELEMENTS_AT_ONCE: usize = 1 << 18;

/// Rows of `cols` values that [`fold_rows`] reads at once.
pub(crate) fn rows_at_once(cols: usize) -> usize {
    (ELEMENTS_AT_ONCE / cols.max(1)).clamp(1, ROWS_AT_ONCE)
}

/// The most slots of [`fold_rows`].
pub(crate) const ROW_SLOTS: usize = 8;

/// Reads all examples and lets each of at most `slots` slots gather from its blocks what `add` takes of them; the slots in
/// order.
pub(crate) fn fold_rows<S: Send>(
    examples: &dyn Rows,
    slots: usize,
    start: impl Fn() -> S,
    add: impl Fn(&mut S, MatrixRef<'_>) + Sync,
) -> io::Result<Vec<S>> {
    fold_numbered_rows(examples, slots, start, |slot, _, block| add(slot, block))
}

/// As [`fold_rows`], where `add` is handed the number of the block's first row too.
pub(crate) fn fold_numbered_rows<S: Send>(
    examples: &dyn Rows,
    slots: usize,
    start: impl Fn() -> S,
    add: impl Fn(&mut S, usize, MatrixRef<'_>) + Sync,
) -> io::Result<Vec<S>> {
    let (rows, cols) = (examples.rows(), examples.cols());
    let at_once = rows_at_once(cols);
    let slots: Vec<(Matrix, S)> = (0..rows.div_ceil(at_once).min(slots))
        .map(|_| (Matrix::zeros(at_once.min(rows), cols), start()))
        .collect();
    let slots = in_rounds(
        rows,
        at_once,
        slots,
        |(block, gathered), rows| {
            examples.read(rows, block.top_mut(rows.len()))?;
            let first = rows.first().map_or(0, |&row| row as usize);
            add(gathered, first, block.top(rows.len()));
            Ok(())
        },
        |_, _| Ok::<_, io::Error>(()),
    )?;
    Ok(slots.into_iter().map(|(_, gathered)| gathered).collect())
}

/// Deals blocks of [`ROWS_AT_ONCE`] of `rows` rows to `slots`, each of which takes in its own by `add`, and hands the slots back, in
/// order: for sums that are made again and again in the same memory.
pub(crate) fn refill_slots<S: Send>(
    rows: usize,
    slots: Vec<S>,
    add: impl Fn(&mut S, &[u32]) -> io::Result<()> + Sync,
) -> io::Result<Vec<S>> {
    in_rounds(rows, ROWS_AT_ONCE, slots, add, |_, _| Ok(()))
}

/// Mean of each column of all examples; there must be some.
pub(crate) fn column_means(examples: &dyn Rows) -> io::Result<Vec<f64>> {
    let cols = examples.cols();
    let sums = fold_rows(
        examples,
        ROW_SLOTS,
        || vec![0.0f64; cols],
        |sum, block| {
            for row in block.iter_rows() {
                for (sum, &x) in sum.iter_mut().zip(row) {
                    *sum += f64::from(x);
                }
            }
        },
    )?;
    let mut means = total(sums);
    for mean in &mut means {
        *mean /= examples.rows() as f64;
    }
    Ok(means)
}

/// Sum of vectors of one length, in order.
pub(crate) fn total(parts: impl IntoIterator<Item = Vec<f64>>) -> Vec<f64> {
    let add = |mut sum: Vec<f64>, part: Vec<f64>| {
        for (sum, part) in sum.iter_mut().zip(part) {
            *sum += part;
        }
        sum
    };
    parts.into_iter().reduce(add).unwrap_or_default()
}

/// A slot with its share of the round.
struct Share<S> {
    slot: S,
    rows: Vec<u32>,
    result: io::Result<()>,
}

/// Deals blocks of `size` rows to `slots`, round after round. In a round every slot does `work` on its block, in parallel;
/// then `see` is handed each slot with the number of its block's first row, in order.
fn in_rounds<S: Send, E: From<io::Error>>(
    rows: usize,
    size: usize,
    slots: Vec<S>,
    work: impl Fn(&mut S, &[u32]) -> io::Result<()> + Sync,
    mut see: impl FnMut(usize, &mut S) -> Result<(), E>,
) -> Result<Vec<S>, E> {
    let share = |slot| Share {
        slot,
        rows: Vec::with_capacity(size.min(rows)),
        result: Ok(()),
    };
    let mut shares: Vec<Share<S>> = slots.into_iter().map(share).collect();
    let round = size * shares.len().max(1);
    for start in (0..rows).step_by(round) {
        shares
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, share)| {
                let first = rows.min(start + number * size);
                let last = rows.min(first + size);
                share.rows.clear();
                share.rows.extend(first as u32..last as u32);
                if first < last {
                    share.result = work(&mut share.slot, &share.rows);
                }
            });
        for share in &mut shares {
            std::mem::replace(&mut share.result, Ok(()))?;
            if let Some(&first) = share.rows.first() {
                see(first as usize, &mut share.slot)?;
            }
        }
    }
    Ok(shares.into_iter().map(|share| share.slot).collect())
}
