//! Examples that are scored together.

use super::detector::Detector;

/// Examples that are scored at once, at most.
const ROWS: usize = 4_096;

/// Values of them, at most.
const VALUES: usize = 1 << 21;

impl Detector {
    /// Examples of `cols` values that are scored at once. The last bits of a score depend on which others are scored with it: they are
    /// the same where examples are scored in parts that begin at multiples of this number.
    #[must_use]
    pub fn rows_at_once(cols: usize) -> usize {
        (VALUES / cols.max(1)).clamp(1, ROWS)
    }
}
