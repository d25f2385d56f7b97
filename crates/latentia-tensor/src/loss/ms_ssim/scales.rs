//! The scales of a picture, and the window that they are seen through.

use crate::math::double;

/// Side of the window, in pixels.
const WINDOW: usize = 11;

/// Standard deviation of the window, in pixels.
const SIGMA: f64 = 1.5;

/// The exponents of five scales, from the finest (Wang et al. 2003, section 3.2).
const EXPONENTS: [f64; MOST] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

/// What the mean of a scale counts as where it is less.
pub const LEAST_MEAN: f64 = 1e-4;

/// Scales at most.
pub(super) const MOST: usize = 5;

/// The scales of a picture, from the finest, and the window.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    sides: [[usize; 2]; MOST],
    exponents: [f64; MOST],
    count: usize,
    window: [f32; WINDOW],
    taps: usize,
}

impl Scales {
    /// Of pictures of `height` x `width` pixels.
    pub(super) fn new(height: usize, width: usize) -> Self {
        let mut sides = [[height, width]; MOST];
        for j in 1..MOST {
            sides[j] = sides[j - 1].map(|side| side / 2);
        }
        let is_large = |[height, width]: &&[usize; 2]| *height.min(width) >= WINDOW;
        let count = sides.iter().take_while(is_large).count().max(1);
        let total: f64 = EXPONENTS[..count].iter().sum();
        let shorter = height.min(width);
        let taps = WINDOW.min(shorter - (shorter + 1) % 2);
        let mut weights = [0.0; WINDOW];
        for (i, weight) in weights[..taps].iter_mut().enumerate() {
            let distance = (i as f64 - (taps / 2) as f64) / SIGMA;
            *weight = double::exp(-0.5 * distance * distance);
        }
        let sum: f64 = weights.iter().sum();
        Self {
            sides,
            exponents: EXPONENTS.map(|exponent| exponent / total),
            count,
            window: weights.map(|weight| (weight / sum) as f32),
            taps,
        }
    }

    /// Height and width of each scale.
    pub(super) fn sides(&self) -> &[[usize; 2]] {
        &self.sides[..self.count]
    }

    /// They sum to one.
    pub(super) fn exponents(&self) -> &[f64] {
        &self.exponents[..self.count]
    }

    /// Weights of the window along one side; they sum to one.
    pub(super) fn window(&self) -> &[f32] {
        &self.window[..self.taps]
    }

    /// `Π mean_j^w_j`, means not below [`LEAST_MEAN`].
    pub(super) fn product(&self, means: &[f64; MOST]) -> f64 {
        let ln = |(mean, w): (&f64, &f64)| w * double::ln(mean.max(LEAST_MEAN));
        double::exp(means.iter().zip(self.exponents()).map(ln).sum())
    }

    /// Windows inside scale `j`.
    pub(super) fn windows(&self, j: usize) -> usize {
        let [height, width] = self.sides[j];
        (height - self.taps + 1) * (width - self.taps + 1)
    }

    /// Pixels of all scales.
    pub(super) fn pixels(&self) -> usize {
        let pixels = |[height, width]: &[usize; 2]| height * width;
        self.sides().iter().map(pixels).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_as_many_as_hold_the_window() {
        for (shorter, count, taps) in [
            (3, 1, 3),
            (8, 1, 7),
            (11, 1, 11),
            (21, 1, 11),
            (22, 2, 11),
            (28, 2, 11),
            (44, 3, 11),
            (176, 5, 11),
            (1000, 5, 11),
        ] {
            for scales in [Scales::new(shorter, 2000), Scales::new(2000, shorter)] {
                assert_eq!((scales.sides().len(), scales.window().len()), (count, taps));
                assert!((scales.exponents().iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let weights = scales.window().iter().map(|&w| f64::from(w));
                assert!((weights.sum::<f64>() - 1.0).abs() < 1e-6);
            }
        }
    }
}
