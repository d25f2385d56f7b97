//! The two parallel loops of a step, as loops.

use rayon::prelude::*;

use crate::layer::Parameter;
use crate::optim::Moments;
use crate::task_times;

/// Elements in a block of parameters: value, gradient and both moments fit a core's cache together, and there are enough of them for
/// many cores.
const BLOCK_ELEMENTS: usize = 1 << 13;

/// Rows of a block are a multiple of those that a product computes at a time, and more than once as many, for each block reads all of `dy`.
const TILE_ROWS: usize = 6;
const LEAST_ROWS: usize = 2 * TILE_ROWS;

/// Blocks of parameters for each thread that go from one process to the next at a time: the next begins when it has them.
const MESSAGE_BLOCKS: usize = 2;

/// Does `work` on each item with its number, on all threads where that is worth it.
pub(super) fn each<T: Send>(items: &mut [T], parallel: bool, work: impl Fn(usize, &mut T) + Sync) {
    task_times::begin_loop();
    let work = |number, item: &mut T| task_times::task(|| work(number, item));
    match parallel {
        true => items
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, item)| work(number, item)),
        // A parallel loop of one thread would cost a small step more than its work.
        false => items
            .iter_mut()
            .enumerate()
            .for_each(|(number, item)| work(number, item)),
    }
}

/// Rows of a parameter of `cols` columns in each of its blocks but the last: as many blocks as come nearest to that size, of
/// whole tiles.
fn block_rows(rows: usize, cols: usize) -> usize {
    let blocks = ((rows * cols + BLOCK_ELEMENTS / 2) / BLOCK_ELEMENTS).max(1);
    let tiles = rows.div_ceil(blocks).next_multiple_of(TILE_ROWS);
    tiles.max(LEAST_ROWS).min(rows).max(1)
}

/// Rows of a parameter of so many columns that processes of so many threads hand to each other at a time: whole blocks.
pub(super) fn message_rows(rows: usize, cols: usize, threads: usize) -> usize {
    block_rows(rows, cols) * MESSAGE_BLOCKS * threads
}

/// Does `work` on the gradient of each block of rows of one parameter, with the number of the block's first row: `gradient` are rows from
/// row `first` on, from one block's begin to another's end, of a parameter of `rows` rows.
pub(super) fn each_block_of(
    gradient: &mut [f32],
    [first, rows, cols]: [usize; 3],
    parallel: bool,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    let block = block_rows(rows, cols);
    let size = (block * cols).max(1);
    match parallel {
        true => gradient
            .par_chunks_mut(size)
            .enumerate()
            .for_each(|(number, own)| work(first + number * block, own)),
        false => gradient
            .chunks_mut(size)
            .enumerate()
            .for_each(|(number, own)| work(first + number * block, own)),
    }
}

/// A block of rows of one parameter, with its gradient and moments.
pub(super) struct ParameterBlock<'a> {
    /// Whether an optimiser learns it.
    pub(super) learned: bool,
    /// Elements in a row.
    pub(super) cols: usize,
    /// Number of the first row.
    pub(super) first: usize,
    pub(super) w: &'a mut [f32],
    pub(super) g: &'a mut [f32],
    pub(super) m: &'a mut [f32],
    pub(super) v: &'a mut [f32],
}

/// Does `work` on each block of rows of each parameter, with the parameter's number; on all threads where that is worth it.
pub(super) fn each_block(
    parameters: &mut [Parameter],
    moments: &mut [Moments],
    parallel: bool,
    work: impl Fn(usize, ParameterBlock<'_>) + Sync,
) {
    task_times::begin_loop();
    let work = |number, block: ParameterBlock<'_>| task_times::task(|| work(number, block));
    let in_parameter = |number: usize, (parameter, moments): (&mut Parameter, &mut Moments)| {
        let (learned, cols) = (parameter.is_learned(), parameter.value.cols());
        let rows = block_rows(parameter.value.rows(), cols);
        let size = (rows * cols).max(1);
        let cut = |block: usize, w, g, m, v| ParameterBlock {
            learned,
            cols,
            first: block * rows,
            w,
            g,
            m,
            v,
        };
        let w = parameter.value.as_mut_slice();
        let g = moments.gradient.as_mut_slice();
        let (m, v) = (moments.first.as_mut_slice(), moments.second.as_mut_slice());
        if !parallel || w.len() <= size {
            let blocks = w.chunks_mut(size).zip(g.chunks_mut(size));
            let moments = m.chunks_mut(size).zip(v.chunks_mut(size));
            for (block, ((w, g), (m, v))) in blocks.zip(moments).enumerate() {
                work(number, cut(block, w, g, m, v));
            }
            return;
        }
        let blocks = w.par_chunks_mut(size).zip(g.par_chunks_mut(size));
        let moments = m.par_chunks_mut(size).zip(v.par_chunks_mut(size));
        blocks
            .zip(moments)
            .enumerate()
            .for_each(|(block, ((w, g), (m, v)))| work(number, cut(block, w, g, m, v)));
    };
    match parallel {
        true => parameters
            .par_iter_mut()
            .zip(moments)
            .enumerate()
            .for_each(|(number, both)| in_parameter(number, both)),
        false => parameters
            .iter_mut()
            .zip(moments)
            .enumerate()
            .for_each(|(number, both)| in_parameter(number, both)),
    }
}
