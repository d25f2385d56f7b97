//! Scores counted, and the range of them that is shown.

/// The largest magnitude that is told from others, so that no difference is infinite.
const LARGEST: f64 = 1e300;
/// The smallest range that is shown, absolute and as a share of the scores' magnitude; smaller ones are rounding.
const NARROWEST: f64 = 1e-290;
const ROUNDING: f64 = 1e-9;

/// What is farther from the median than this many median absolute deviations may be left out of the range.
const REACH: f64 = 30.0;
/// At most one example in this many is left out on each side, or one.
const LEFT_OUT: usize = 10;

/// The most bins, and the fewest.
const MOST_BINS: f64 = 60.0;
const FEWEST_BINS: f64 = 12.0;

/// Bins of equal width, of which one begins at the threshold, where it is shown, so that no bar has examples of both sides.
pub struct Bins {
    /// Start of a bin.
    anchor: f64,
    width: f64,
    /// Number of the first bin from that one on.
    first: f64,
    pub count: usize,
    /// What is counted as flagged.
    threshold: Option<f64>,
}

/// Examples of each bin, those that are not flagged and those that are.
pub struct Histogram {
    pub bins: Vec<[usize; 2]>,
    /// Of scores that are lower than the first bin.
    pub below: [usize; 2],
    /// Of scores that are higher than the last bin.
    pub above: [usize; 2],
    /// Scores that are not finite, which are in no count.
    pub not_finite: usize,
}

impl Histogram {
    /// Examples that are not flagged, and those that are.
    pub fn totals(&self) -> [usize; 2] {
        let all = self.bins.iter().chain([&self.below, &self.above]);
        all.fold([0; 2], |[a, b], [c, d]| [a + c, b + d])
    }

    /// Examples of the fullest bin.
    pub fn most(&self) -> usize {
        let all = self.bins.iter().chain([&self.below, &self.above]);
        all.map(|[a, b]| *a.max(b)).max().unwrap_or(0)
    }
}

impl Bins {
    /// Those that show most of `scores` and `others`, and the `threshold` where it is near them. Far scores, such as one of `1e30`
    /// beside ones about 1, are left out.
    pub fn around(scores: &[f64], others: &[f64], threshold: Option<f64>) -> Self {
        let finite = scores.iter().chain(others).filter(|x| x.is_finite());
        let mut sorted: Vec<f64> = finite.map(|x| x.clamp(-LARGEST, LARGEST)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let [low, high] = range(&sorted, threshold.filter(|x| x.abs() <= LARGEST));
        let bins = (2.0 * (sorted.len() as f64).sqrt()).clamp(FEWEST_BINS, MOST_BINS);
        let width = (high - low) / bins.round();
        let shown = threshold.filter(|threshold| (low..=high).contains(threshold));
        let anchor = shown.unwrap_or(low);
        let first = ((low - anchor) / width).floor();
        Self {
            anchor,
            width,
            first,
            count: (((high - anchor) / width).floor() - first) as usize + 1,
            threshold,
        }
    }

    /// Where bin `bin` starts, and the one before it ends.
    pub fn start(&self, bin: usize) -> f64 {
        self.anchor + (self.first + bin as f64) * self.width
    }

    pub fn low(&self) -> f64 {
        self.start(0)
    }

    pub fn high(&self) -> f64 {
        self.start(self.count)
    }

    /// The share of the range that is below `score`; outside 0 to 1 for one that is not shown.
    pub fn share(&self, score: f64) -> f64 {
        let score = score.clamp(-LARGEST, LARGEST);
        (score - self.low()) / (self.width * self.count as f64)
    }

    /// Whether `score` is within the range.
    pub fn is_shown(&self, score: f64) -> bool {
        (0.0..=1.0).contains(&self.share(score))
    }

    pub fn is_flagged(&self, score: f64) -> bool {
        self.threshold.is_some_and(|threshold| score >= threshold)
    }

    pub fn histogram(&self, scores: &[f64]) -> Histogram {
        let mut histogram = Histogram {
            bins: vec![[0; 2]; self.count],
            below: [0; 2],
            above: [0; 2],
            not_finite: 0,
        };
        for &score in scores {
            if !score.is_finite() {
                histogram.not_finite += 1;
                continue;
            }
            let flagged = self.is_flagged(score);
            let mut bin = ((score.clamp(-LARGEST, LARGEST) - self.anchor) / self.width).floor();
            if !flagged && self.threshold == Some(self.anchor) {
                // A quotient too small for a number is zero.
                bin = bin.min(-1.0);
            }
            let bin = bin - self.first;
            let counts = match bin {
                bin if bin < 0.0 => &mut histogram.below,
                bin if bin >= self.count as f64 => &mut histogram.above,
                bin => &mut histogram.bins[bin as usize],
            };
            counts[usize::from(flagged)] += 1;
        }
        histogram
    }
}

/// The lowest and the highest score to be shown, which differ.
fn range(sorted: &[f64], threshold: Option<f64>) -> [f64; 2] {
    let Some(&median) = sorted.get(sorted.len() / 2) else {
        let middle = threshold.unwrap_or(0.5);
        return apart([middle, middle]);
    };
    let mut deviations: Vec<f64> = sorted
        .iter()
        .map(|x| (x - median).abs())
        .filter(|deviation| *deviation > ROUNDING * median.abs())
        .collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let middle = deviations.len().saturating_sub(1) / 2;
    let reach = deviations.get(middle).map_or(0.0, |x| REACH * x);
    let left_out = match sorted.len() {
        0..3 => 0,
        examples => (examples / LEFT_OUT).max(1),
    };
    let last = sorted.len() - 1;
    let [lower, upper] = [sorted[left_out], sorted[last - left_out]];
    let [least, most] = [lower.min(median - reach), upper.max(median + reach)];
    // Where few are a little farther, they are shown.
    let within = |x: &&f64| (least..=most).contains(*x);
    let shown = |limit: f64, all: f64, inner: Option<&f64>| {
        let is_near = (all - median).abs() <= 1.5 * (limit - median).abs();
        if is_near { all } else { *inner.unwrap_or(&all) }
    };
    let mut low = shown(least, sorted[0], sorted.iter().find(within));
    let mut high = shown(most, sorted[last], sorted.iter().rfind(within));
    let is_near = |x: &f64| reach == 0.0 || (x - median).abs() <= 10.0 * reach;
    if let Some(threshold) = threshold.filter(is_near) {
        // With a little room beyond the line.
        let beyond = threshold + (threshold - median) / 8.0;
        low = low.min(beyond).min(threshold);
        high = high.max(beyond).max(threshold);
    }
    apart([low, high])
}

/// A range that is not too small to be divided into bins.
fn apart([low, high]: [f64; 2]) -> [f64; 2] {
    let size = low.abs().max(high.abs());
    if high - low > NARROWEST && high - low > ROUNDING * size {
        return [low, high];
    }
    let half = if size > NARROWEST { size / 2.0 } else { 0.5 };
    [low - half, high + half]
}
