//! Probabilities as integers.

use crate::stack::TOTAL;

/// Values of 0 to 255.
pub(super) const VALUES: u32 = 256;

/// The symbol of `0..symbols` at which `cumulative` passes `quantile`, by halving.
#[inline(always)]
pub(super) fn search(symbols: u32, quantile: u32, cumulative: impl Fn(u32) -> u32) -> u32 {
    let (mut low, mut high) = (0, symbols);
    while high - low > 1 {
        let middle = low.midpoint(high);
        match cumulative(middle) <= quantile {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

/// What lies below `symbol` of `symbols`, where `below` of the probability does: every symbol has a unit, and the rest is
/// shared out.
#[inline(always)]
pub(super) fn share(symbol: u32, symbols: u32, below: f64) -> u32 {
    symbol + (f64::from(TOTAL - symbols) * below) as u32
}
