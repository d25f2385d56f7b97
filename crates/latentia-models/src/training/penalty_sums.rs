//! What penalties add to the losses of an epoch.

/// What penalties have added to the losses of an epoch's examples.
#[derive(Debug, Default)]
pub(super) struct PenaltySums {
    pub(super) sums: Vec<f64>,
    pub(super) discriminator: f64,
    pub(super) examples: usize,
}

impl PenaltySums {
    /// Takes a batch of `examples` examples into account, in which each penalty's mean was one of `means` and a discriminator's loss
    /// `discriminator`; it is the first of an epoch where `begins`.
    pub(super) fn add(&mut self, means: &[f64], discriminator: f64, examples: usize, begins: bool) {
        if begins {
            *self = Self::default();
        }
        self.discriminator += discriminator * examples as f64;
        self.sums.resize(means.len(), 0.0);
        for (sum, mean) in self.sums.iter_mut().zip(means) {
            *sum += mean * examples as f64;
        }
        self.examples += examples;
    }
}
