//! Sums of layers that need statistics over the batch.

/// Sums of one layer on the way forward, then those on the way back.
#[derive(Clone, Debug, Default)]
pub(super) struct StatisticBuffers {
    /// Over the block.
    pub(super) block: Vec<f64>,
    /// Over the batch.
    pub(super) batch: Vec<f64>,
}

impl StatisticBuffers {
    /// Of a layer with `sums` sums on each way.
    pub(super) fn new(sums: usize) -> Self {
        Self {
            block: vec![0.0; 2 * sums],
            batch: vec![0.0; 2 * sums],
        }
    }
}

/// Which sums: of the way forward or of the way back.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Forward,
    Back,
}

impl Way {
    fn range(self, buffer: &[f64]) -> std::ops::Range<usize> {
        let middle = buffer.len() / 2;
        match self {
            Self::Forward => 0..middle,
            Self::Back => middle..buffer.len(),
        }
    }
}

/// Adds up the sums of the blocks, in order, and lets each of them know; `of` finds a block's own.
pub(super) fn share_sums<B>(
    blocks: &mut [B],
    way: Way,
    of: impl Fn(&mut B) -> &mut StatisticBuffers,
) {
    let Some((first, others)) = blocks.split_first_mut() else {
        return;
    };
    let StatisticBuffers { block, batch } = of(first);
    let half = way.range(block);
    batch[half.clone()].copy_from_slice(&block[half.clone()]);
    for other in &mut *others {
        let own = &of(other).block[half.clone()];
        let sums = batch[half.clone()].iter_mut();
        sums.zip(own).for_each(|(sum, own)| *sum += own);
    }
    for other in others {
        of(other).batch[half.clone()].copy_from_slice(&batch[half.clone()]);
    }
}
