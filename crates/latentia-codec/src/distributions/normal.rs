//! Codes under a Gaussian prior and posterior.

use std::sync::LazyLock;

use latentia_tensor::math::double::normal_cdf;
use latentia_tensor::vectorized;

use super::share::{search, share};
use crate::stack::{Distribution, Interval, TOTAL};

/// An element of the code is one of 2¹² values that lie 1/256 apart, from -8 to 8: finer than posteriors are wide, and wider than any
/// element is that a standard normal prior gives a thought.
pub(super) const BUCKETS: u32 = 1 << 12;

/// Buckets of a unit.
const A_UNIT: f64 = 256.0;

/// Where a bucket begins.
#[inline(always)]
fn edge(bucket: u32) -> f64 {
    (f64::from(bucket) - f64::from(BUCKETS / 2)) / A_UNIT
}

/// The buckets under the standard normal prior.
pub(crate) struct Prior;

/// Where the share of each bucket begins, and the end.
static PRIOR: LazyLock<Vec<u32>> = LazyLock::new(|| {
    // Every bucket has a share: any may be drawn.
    let begin = |bucket| match bucket {
        0 => 0,
        BUCKETS => TOTAL,
        _ => share(bucket, BUCKETS, normal_cdf(edge(bucket))),
    };
    (0..=BUCKETS).map(begin).collect()
});

impl Prior {
    /// The value that a bucket stands for: its middle.
    pub(crate) fn value(bucket: u32) -> f32 {
        (edge(bucket) + 0.5 / A_UNIT) as f32
    }
}

impl Distribution for Prior {
    fn interval(&self, bucket: u32) -> Interval {
        let at = bucket as usize;
        Interval::between(PRIOR[at], PRIOR[at + 1])
    }

    fn find(&self, quantile: u32) -> u32 {
        PRIOR.partition_point(|&left| left <= quantile) as u32 - 1
    }
}

/// The buckets under a normal distribution: the posterior that the encoder gives. Buckets far from the mean have no share:
/// were it the least one, they would be drawn now and then, and cost more than all else.
pub(crate) struct Normal {
    mean: f64,
    deviation: f64,
}

impl Normal {
    pub(crate) fn new(mean: f32, deviation: f32) -> Self {
        Self {
            mean: f64::from(mean),
            deviation: f64::from(deviation),
        }
    }

    /// The bucket that holds the mean, or is nearest.
    pub(crate) fn middle(&self) -> u32 {
        // Conversion holds what is too large or too small to the range, and takes no number for 0.
        let bucket = (self.mean * A_UNIT + f64::from(BUCKETS / 2)) as u32;
        bucket.min(BUCKETS - 1)
    }

    #[inline(always)]
    fn cumulative(&self, bucket: u32) -> u32 {
        match bucket {
            0 => 0,
            BUCKETS.. => TOTAL,
            _ => {
                let x = (edge(bucket) - self.mean) / self.deviation;
                (f64::from(TOTAL) * normal_cdf(x)) as u32
            }
        }
    }
}

impl Distribution for Normal {
    fn interval(&self, bucket: u32) -> Interval {
        vectorized(
            #[inline(always)]
            || Interval::between(self.cumulative(bucket), self.cumulative(bucket + 1)),
        )
    }

    fn find(&self, quantile: u32) -> u32 {
        vectorized(
            #[inline(always)]
            || {
                search(
                    BUCKETS,
                    quantile,
                    #[inline(always)]
                    |bucket| self.cumulative(bucket),
                )
            },
        )
    }
}
