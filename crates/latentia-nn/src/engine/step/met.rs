//! What a layer meets of a batch that several processes share.

use latentia_tensor::{Matrix, MatrixRef};

use crate::engine::chain::Chain;
use crate::layer::Mode;

/// What one layer meets of a whole batch: its inputs and what it saved, without columns where nothing asks for that.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) inputs: Matrix,
    pub(super) saved: Matrix,
}

impl Met {
    /// For layer `layer` of `chain` and batches of up to `batch_size` examples, where the layer reads them.
    pub(super) fn new(chain: &Chain, layer: usize, batch_size: usize) -> Option<Self> {
        let own = &chain.layers()[layer];
        let statistics = own.abilities().running_statistics?;
        let rows = batch_size * chain.samples(0..layer, Mode::Train);
        let saved = match statistics.reads_saved() {
            true => own.memory().saved,
            false => 0,
        };
        statistics.reads_examples().then(|| Self {
            inputs: Matrix::zeros(rows, own.inputs()),
            saved: Matrix::zeros(rows, saved),
        })
    }

    /// The first `rows` rows of both.
    pub(super) fn top(&self, rows: usize) -> [MatrixRef<'_>; 2] {
        [&self.inputs, &self.saved].map(|own| own.top(rows))
    }
}
