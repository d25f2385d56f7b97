//! The 256 levels of 8-bit data.

use crate::math::round;

/// Largest value.
pub(super) const TOP: f32 = 255.0;

/// The value of 0 to 255 that is nearest to `255 t`.
#[inline(always)]
pub(super) fn level(t: f32) -> f32 {
    let v = round(TOP * t);
    let v = if v < 0.0 { 0.0 } else { v };
    if v > TOP { TOP } else { v }
}
