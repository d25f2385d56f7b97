//! Sums of layers that need statistics over the batch.

/// Sums of one layer on the way forward, then those on the way back.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct StatisticBuffers {
    /// Over the block.
    pub(in crate::engine) block: Vec<f64>,
    /// Over the batch.
    pub(in crate::engine) batch: Vec<f64>,
}

impl StatisticBuffers {
    /// Of a layer with `sums` sums on each way.
    pub(in crate::engine) fn new(sums: usize) -> Self {
        Self {
            block: vec![0.0; 2 * sums],
            batch: vec![0.0; 2 * sums],
        }
    }
}

/// Which sums: of the way forward or of the way back.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum Way {
    Forward,
    Back,
}

impl Way {
    pub(in crate::engine) fn range(self, buffer: &[f64]) -> std::ops::Range<usize> {
        let middle = buffer.len() / 2;
        match self {
            Self::Forward => 0..middle,
            Self::Back => middle..buffer.len(),
        }
    }
}
