//! Random numbers that are a function of where they are used, not of what was drawn before.
//!
//! Row `row` of use `stream` at step `step` gets the same numbers whichever thread asks and in whichever order: each row
//! has its own range of a ChaCha8 key stream.

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// Words of the key stream that are set aside for one row: `2³²`.
const ROW_BITS: u32 = 32;

/// A source of noise; see the module.
///
/// ```
/// use latentia_tensor::Noise;
///
/// let noise = Noise::new(42, 0).at_step(7);
/// let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
/// noise.normal(0, &mut a);
/// noise.normal(1, &mut b);
/// assert_ne!(a, b);
///
/// // Row 0 has the same numbers again, whatever was drawn in between.
/// noise.normal(0, &mut b);
/// assert_eq!(a, b);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    seed: u64,
    stream: u32,
    step: u32,
}

impl Noise {
    /// The noise of one use (a layer, an initialiser, a shuffle), numbered by `stream`, in a run seeded with `seed`.
    pub fn new(seed: u64, stream: u32) -> Self {
        Self {
            seed,
            stream,
            step: 0,
        }
    }

    /// The same use at step `step`.
    pub fn at_step(self, step: u32) -> Self {
        Self { step, ..self }
    }

    /// The use whose number is `offset` higher, at the same step.
    pub fn later_stream(self, offset: u32) -> Self {
        Self {
            stream: self.stream + offset,
            ..self
        }
    }

    /// The generator of row `row`.
    pub fn row(self, row: u32) -> impl Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(self.stream) << 32 | u64::from(self.step));
        rng.set_word_pos(u128::from(row) << ROW_BITS);
        rng
    }

    /// Fills `out` with numbers uniform in `[0, 1)`, those of row `row`.
    pub fn uniform(self, row: u32, out: &mut [f32]) {
        let mut rng = self.row(row);
        out.fill_with(|| rng.random());
    }

    /// Replaces each probability `p` in `x` by 1 with probability `p`, else by 0, with the numbers of row `row`.
    pub fn bernoulli(self, row: u32, x: &mut [f32]) {
        let mut rng = self.row(row);
        for x in x {
            *x = f32::from(rng.random::<f32>() < *x);
        }
    }

    /// Fills `out` with standard normal numbers, those of row `row`.
    pub fn normal(self, row: u32, out: &mut [f32]) {
        let mut rng = self.row(row);
        out.fill_with(|| rng.sample(StandardNormal));
    }

    /// Makes `out` a permutation of the numbers from 0 on, any with the same probability, by the numbers of row `row`.
    pub fn permutation(self, row: u32, out: &mut [u32]) {
        for (number, out) in (0..).zip(&mut *out) {
            *out = number;
        }
        out.shuffle(&mut self.row(row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(noise: Noise, row: u32) -> Vec<f32> {
        let mut out = vec![f32::NAN; 9];
        noise.uniform(row, &mut out);
        out
    }

    #[test]
    fn a_place_has_its_own_numbers_always_the_same() {
        let noise = Noise::new(7, 3).at_step(5);
        let first = draw(noise, 2);
        draw(noise, 9);
        assert_eq!(draw(noise, 2), first);
        for other in [
            draw(noise, 3),
            draw(noise.at_step(6), 2),
            draw(Noise::new(7, 4).at_step(5), 2),
            draw(Noise::new(8, 3).at_step(5), 2),
        ] {
            assert!(other.iter().zip(&first).all(|(a, b)| a != b));
        }
    }

    #[test]
    fn normal_numbers_have_the_normal_moments() {
        let mut x = vec![f32::NAN; 100_000];
        Noise::new(1, 0).normal(0, &mut x);
        let n = x.len() as f64;
        let moment = |p: i32| x.iter().map(|&x| f64::from(x).powi(p)).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.015, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
        assert!(
            (moment(4) - 3.0).abs() < 0.15,
            "fourth moment {}",
            moment(4)
        );
    }
}
