//! Running a chain over any number of examples in bounded memory.

use std::io;
use std::ops::Range;

use latentia_nn::{BLOCK_ROWS, Block, Chain};
use latentia_tensor::{Matrix, MatrixRef, Rows};
use rayon::prelude::*;

/// Blocks that are in memory at once.
const BLOCKS_AT_ONCE: usize = 16;

/// Runs layers `layers` over all examples and hands each block to `see` with the number of its first row, in order.
pub(crate) fn for_each_block<E: From<io::Error>>(
    chain: &Chain,
    layers: Range<usize>,
    examples: &dyn Rows,
    mut see: impl FnMut(usize, &Block) -> Result<(), E>,
) -> Result<(), E> {
    let rows = examples.rows();
    let at_once = rows.div_ceil(BLOCK_ROWS).min(BLOCKS_AT_ONCE);
    let mut blocks: Vec<(Block, io::Result<()>)> = (0..at_once)
        .map(|_| {
            (
                Block::for_use(chain, layers.clone(), BLOCK_ROWS.min(rows)),
                Ok(()),
            )
        })
        .collect();
    for start in (0..rows).step_by(BLOCKS_AT_ONCE * BLOCK_ROWS) {
        let first = |number: usize| start + number * BLOCK_ROWS;
        blocks
            .par_iter_mut()
            .enumerate()
            .for_each(|(number, (block, result))| {
                let range = first(number)..rows.min(first(number) + BLOCK_ROWS);
                if range.is_empty() {
                    return;
                }
                let indices: Vec<u32> = range.map(|row| row as u32).collect();
                *result = examples.read(&indices, block.input_mut(indices.len()));
                if result.is_ok() {
                    block.forward(chain, layers.clone(), 0, |_| None);
                }
            });
        for (number, (block, result)) in blocks.iter_mut().enumerate() {
            std::mem::replace(result, Ok(()))?;
            if first(number) < rows {
                see(first(number), block)?;
            }
        }
    }
    Ok(())
}

/// The outputs of layers `layers` for all examples.
pub(crate) fn run(chain: &Chain, layers: Range<usize>, examples: &dyn Rows) -> io::Result<Matrix> {
    let width = chain.layers()[layers.clone()]
        .last()
        .map_or(examples.cols(), |layer| layer.outputs());
    let mut data = Vec::with_capacity(examples.rows() * width);
    for_each_block(chain, layers, examples, |_, block| {
        data.extend_from_slice(block.output().span());
        Ok::<_, io::Error>(())
    })?;
    Ok(Matrix::from_vec(examples.rows(), width, data))
}

/// Rows that [`in_blocks`] reads at once.
const ROWS_AT_ONCE: usize = 1024;

/// Reads all examples block by block and hands each to `see` with the number of its first row.
pub(crate) fn in_blocks(
    examples: &dyn Rows,
    mut see: impl FnMut(usize, MatrixRef<'_>),
) -> io::Result<()> {
    let rows = examples.rows();
    let mut block = Matrix::zeros(ROWS_AT_ONCE.min(rows), examples.cols());
    for start in (0..rows).step_by(ROWS_AT_ONCE) {
        let indices: Vec<u32> = (start..rows.min(start + ROWS_AT_ONCE))
            .map(|row| row as u32)
            .collect();
        examples.read(&indices, block.top_mut(indices.len()))?;
        see(start, block.top(indices.len()));
    }
    Ok(())
}
