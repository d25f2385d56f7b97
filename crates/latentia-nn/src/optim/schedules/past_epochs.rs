//! What a schedule remembers.

/// What a schedule remembers of the epochs so far, so that it looks at each of them once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PastEpochs {
    /// How many there were.
    pub epochs: usize,
    /// The least loss of them.
    pub(super) least: f64,
    /// Epochs since the last minimum or the last fall.
    pub(super) waited: u32,
    /// The factor after all falls.
    pub(super) factor: f32,
}

impl Default for PastEpochs {
    /// No epoch yet.
    fn default() -> Self {
        Self {
            epochs: 0,
            least: f64::INFINITY,
            waited: 0,
            factor: 1.0,
        }
    }
}
