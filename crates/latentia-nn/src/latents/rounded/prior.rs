//! The prior of a rounded code.

/// A logistic distribution for each element of a code: what an entropy coder would take it for.
#[derive(Clone, Copy, Debug)]
pub struct LogisticPrior<'a> {
    /// Means: `[n]`.
    pub means: &'a [f32],
    /// Scales: `[n]`.
    pub scales: &'a [f32],
}

impl<'a> LogisticPrior<'a> {
    /// From a row of what a [`super::RoundedLatent`] saved, `[2 n]`.
    pub fn of(saved: &'a [f32]) -> Self {
        let (means, scales) = saved.split_at(saved.len() / 2);
        Self { means, scales }
    }
}
