//! The two parallel loops of a step, as loops.

use rayon::prelude::*;

use crate::layer::Parameter;
use crate::optim::Moments;

/// Elements in a block of parameters: value, gradient and both moments fit a core's cache together.
const BLOCK_ELEMENTS: usize = 1 << 16;

/// Does `work` on each item with its number, on all threads where that is worth it.
pub(super) fn each<T: Send>(items: &mut [T], parallel: bool, work: impl Fn(usize, &mut T) + Sync) {
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
    let in_parameter = |number: usize, (parameter, moments): (&mut Parameter, &mut Moments)| {
        let (learned, cols) = (parameter.is_learned(), parameter.value.cols());
        // As many blocks as come nearest to that size, all alike.
        let length = parameter.value.as_slice().len();
        let blocks = ((length + BLOCK_ELEMENTS / 2) / BLOCK_ELEMENTS).max(1);
        let rows = parameter.value.rows().div_ceil(blocks).max(1);
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
