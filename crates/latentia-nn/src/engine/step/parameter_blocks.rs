//! Parameters, cut into blocks of rows.

use super::parallel_loop::each_in_turn;
use crate::layer::Parameter;
use crate::optim::Moments;

/// Elements in a block of parameters: value, gradient and both moments fit a core's cache together, and there are enough of them for
/// many cores.
const BLOCK_ELEMENTS: usize = 1 << 13;

/// Rows of a block are a multiple of those that a product computes at a time, and more than once as many, for each block reads all of `dy`.
const TILE_ROWS: usize = 6;
const LEAST_ROWS: usize = 2 * TILE_ROWS;

/// Blocks of parameters for each thread that go from one process to the next at a time: the next begins when it has them.
const MESSAGE_BLOCKS: usize = 2;

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
    let blocks = gradient.chunks_mut((block * cols).max(1)).enumerate();
    each_in_turn(blocks, parallel, |(number, own)| {
        work(first + number * block, own);
    });
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
    let blocks = parameters.iter_mut().zip(moments).enumerate().flat_map(
        |(number, (parameter, moments))| {
            let (learned, cols) = (parameter.is_learned(), parameter.value.cols());
            let rows = block_rows(parameter.value.rows(), cols);
            let size = (rows * cols).max(1);
            let w = parameter.value.as_mut_slice().chunks_mut(size);
            let g = moments.gradient.as_mut_slice().chunks_mut(size);
            let m = moments.first.as_mut_slice().chunks_mut(size);
            let v = moments.second.as_mut_slice().chunks_mut(size);
            let blocks = w.zip(g).zip(m.zip(v)).enumerate();
            blocks.map(move |(block, ((w, g), (m, v)))| {
                let block = ParameterBlock {
                    learned,
                    cols,
                    first: block * rows,
                    w,
                    g,
                    m,
                    v,
                };
                (number, block)
            })
        },
    );
    each_in_turn(blocks, parallel, |(number, block)| work(number, block));
}
