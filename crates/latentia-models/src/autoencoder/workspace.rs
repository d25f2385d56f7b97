//! Layers with the memory to run them again and again.

use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use latentia_nn::{Chain, Tape};
use latentia_tensor::{Matrix, MatrixMut, Rows};
use rayon::prelude::*;

use super::inference::{Run, block_rows, forward};

/// Layers of a chain with the memory to run them on any number of examples, kept from one run to the next.
///
/// A block writes its own rows of the output and nothing else: results depend neither on the size of blocks nor on which
/// thread runs them.
#[derive(Debug)]
pub(crate) struct Workspace<'a> {
    chain: &'a Chain,
    run: Run,
    /// Examples that a block has memory for: as many as there have been at once, up to [`block_rows`].
    size: usize,
    /// Blocks that no thread is at work on.
    idle: Mutex<Vec<Block>>,
}

/// The memory of one block of examples.
#[derive(Debug)]
struct Block {
    tape: Tape,
    indices: Vec<u32>,
}

impl<'a> Workspace<'a> {
    /// To run `run`'s layers of `chain`. It has no memory yet.
    pub(crate) fn new(chain: &'a Chain, run: Run) -> Self {
        Self {
            chain,
            run,
            size: 0,
            idle: Mutex::default(),
        }
    }

    /// Runs the layers on all examples. `make` turns a block that was run, which begins with example `first`, into its rows of `out`:
    /// `(first, block, out)`. Blocks are run in parallel, a single one on the calling thread.
    ///
    /// # Errors
    /// When the examples cannot be read.
    pub(crate) fn write(
        &mut self,
        examples: &dyn Rows,
        mut out: MatrixMut<'_>,
        make: impl Fn(usize, &Tape, MatrixMut<'_>) + Sync,
    ) -> io::Result<()> {
        let (rows, width) = (examples.rows(), out.cols());
        let most = block_rows(self.chain, &self.run);
        let threads = match rows.div_ceil(most) {
            0 | 1 => 1,
            blocks => blocks.min(rayon::current_num_threads()),
        };
        self.reserve(threads, most.min(rows));
        let (this, size) = (&*self, self.size.max(1));
        let work = |(number, out): (usize, &mut [f32])| {
            let first = number * size;
            let last = rows.min(first + size);
            // None is idle where reading is parallel itself, and a thread that waits for it takes up another block.
            let block = this.idle().pop();
            let mut block = block.unwrap_or_else(|| Block::new(this.chain, &this.run, size));
            let run = block.forward(this.chain, &this.run, examples, first..last);
            let made = run.map(|block| {
                make(first, block, MatrixMut::new(out, last - first, width));
            });
            this.idle().push(block);
            made
        };
        let (out, elements) = (out.as_mut_slice(), (size * width).max(1));
        match threads {
            1 => out.chunks_mut(elements).enumerate().try_for_each(work),
            _ => out.par_chunks_mut(elements).enumerate().try_for_each(work),
        }
    }

    /// The outputs for the first of the examples, on the calling thread.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn first(&mut self, examples: &dyn Rows) -> io::Result<&[f32]> {
        self.reserve(1, 1);
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        let block = idle[0].forward(self.chain, &self.run, examples, 0..1)?;
        Ok(block.output().span())
    }

    /// Makes memory for at least `blocks` blocks of `size` examples.
    fn reserve(&mut self, blocks: usize, size: usize) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        if size > self.size {
            self.size = size;
            idle.clear();
        }
        while idle.len() < blocks {
            idle.push(Block::new(self.chain, &self.run, self.size));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Block>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Block {
    fn new(chain: &Chain, run: &Run, size: usize) -> Self {
        Self {
            tape: Tape::forward_only(chain, run.layers.clone(), run.mode, size),
            indices: Vec::with_capacity(size),
        }
    }

    /// The memory after `run`'s layers were run on the examples `rows`.
    fn forward(
        &mut self,
        chain: &Chain,
        run: &Run,
        examples: &dyn Rows,
        rows: Range<usize>,
    ) -> io::Result<&Tape> {
        self.indices.clear();
        self.indices.extend(rows.start as u32..rows.end as u32);
        forward(chain, run, examples, &mut self.tape, &self.indices)?;
        Ok(&self.tape)
    }
}

/// The outputs of the layers that are run, for all examples.
pub(crate) fn outputs(chain: &Chain, run: Run, examples: &dyn Rows) -> io::Result<Matrix> {
    let last = chain.layers()[run.layers.clone()].last();
    let width = last.map_or(examples.cols(), |layer| layer.outputs());
    let mut out = Matrix::zeros(examples.rows(), width);
    Workspace::new(chain, run).write(examples, out.view_mut(), copy)?;
    Ok(out)
}

/// Copies the outputs of a block.
pub(crate) fn copy(_first: usize, block: &Tape, mut out: MatrixMut<'_>) {
    out.as_mut_slice().copy_from_slice(block.output().span());
}
