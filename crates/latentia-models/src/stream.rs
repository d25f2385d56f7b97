//! The noise streams of everything but initial values and layers, which have the numbers from 0 up.

/// Shuffles the training examples.
pub(crate) const SHUFFLE: u32 = u32::MAX;
/// Samples codes behind an importance-sampled likelihood.
pub(crate) const IMPORTANCE: u32 = u32::MAX - 1;
/// Draws codes from the prior.
pub(crate) const PRIOR: u32 = u32::MAX - 2;
/// Corrupts examples to be restored.
pub(crate) const CORRUPT: u32 = u32::MAX - 3;
/// Draws pixels as black or white.
pub(crate) const BINARISE: u32 = u32::MAX - 4;
/// Draws values from the likelihood.
pub(crate) const LIKELIHOOD: u32 = u32::MAX - 5;
/// Chooses where a mixture begins.
pub(crate) const MIXTURE_START: u32 = u32::MAX - 6;
/// Draws codes from a mixture.
pub(crate) const MIXTURE: u32 = u32::MAX - 7;
/// Draws codes from what else is fitted to codes.
pub(crate) const SAMPLER: u32 = u32::MAX - 14;
/// Changes training examples that are pictures.
pub(crate) const AUGMENT: u32 = u32::MAX - 8;
/// Draws as many examples of each class.
pub(crate) const BALANCE: u32 = u32::MAX - 9;
/// Draws the faint noise that a maximised input begins at.
pub(crate) const MAXIMISE: u32 = u32::MAX - 10;
/// Hides cells that are known, to see how they are filled.
pub(crate) const HIDE: u32 = u32::MAX - 11;
/// Deals training rows to folds.
pub(crate) const FOLDS: u32 = u32::MAX - 12;
/// Draws examples with replacement, to see how far a measure may be off.
pub(crate) const BOOTSTRAP: u32 = u32::MAX - 13;
/// Chooses the examples that pseudo-inputs begin at.
pub(crate) const PSEUDO_INPUTS: u32 = u32::MAX - 15;
/// Draws the batches of a disentanglement score.
pub(crate) const VOTES: u32 = u32::MAX - 16;
