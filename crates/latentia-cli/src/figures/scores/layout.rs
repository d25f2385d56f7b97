//! Where things stand in the picture: names to the left, scores along the middle, words to the right.

use super::histogram::Bins;

pub const WIDTH: f64 = 1060.0;
/// Around everything.
pub const MARGIN: f64 = 18.0;
/// The range of scores that is shown.
pub const LEFT: f64 = 196.0;
pub const PLOT: f64 = 440.0;
/// From the range to the bar of what is beyond it, and that bar's width.
pub const GAP: f64 = 6.0;
pub const BEYOND: f64 = 12.0;
/// Where words to the right start.
pub const WORDS: f64 = LEFT + PLOT + GAP + BEYOND + 14.0;
/// The histogram.
pub const TOP: f64 = 92.0;
pub const BOTTOM: f64 = 300.0;
/// From one line of words to the next.
pub const LINE: f64 = 20.0;

/// Where a score stands; one that is not shown, in the middle of the bar of what is beyond the range.
pub fn x(bins: &Bins, score: f64) -> f64 {
    match bins.share(score) {
        share if share < 0.0 => LEFT - GAP - BEYOND / 2.0,
        share if share > 1.0 => LEFT + PLOT + GAP + BEYOND / 2.0,
        share => LEFT + PLOT * share,
    }
}
