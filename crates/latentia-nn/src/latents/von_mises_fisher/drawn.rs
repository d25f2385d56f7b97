//! What is saved of a direction that was drawn.

/// What is saved of a code beside the noise; see [`Drawn`].
pub(super) const SAVED: usize = 5;

/// What a [`VonMisesFisherLatent`](super::VonMisesFisherLatent) saved of one code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn<'a> {
    /// `ε`: `[n]`.
    pub(super) epsilon: &'a [f32],
    pub(super) theta: f32,
    /// `∂θ/∂s`, by the parameter that `κ` is of.
    pub(super) theta_by_s: f32,
    /// `∂θ/∂a`.
    pub(super) theta_by_along: f32,
    /// `KL` from the prior, in nats.
    pub(super) kl: f32,
    /// `∂KL/∂s`.
    pub(super) kl_by_s: f32,
}

impl<'a> Drawn<'a> {
    /// From a row of what the layer saved, for a code of `width` elements.
    pub(super) fn of(saved: &'a [f32], width: usize) -> Self {
        let (epsilon, rest) = saved.split_at(width);
        Self {
            epsilon,
            theta: rest[0],
            theta_by_s: rest[1],
            theta_by_along: rest[2],
            kl: rest[3],
            kl_by_s: rest[4],
        }
    }
}
