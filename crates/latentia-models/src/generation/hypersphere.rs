//! Codes on a sphere.

use latentia_tensor::{Matrix, Noise};

use super::code_sample::Codes;
use super::sampler::CodeSampler;
use crate::autoencoder::value_range::check_finite;
use crate::{ModelError, stream};

/// A sphere around the mean of codes: directions are uniform, the distance is that of a code drawn at random, so that codes of many
/// dimensions, which lie in a shell, are drawn in theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypersphere {
    pub(super) mean: Vec<f64>,
    /// Distances of codes from the mean.
    pub(super) distances: Vec<f64>,
}

impl Hypersphere {
    /// Takes mean and distances from at most 20,000 of `codes`, evenly spread.
    ///
    /// # Errors
    /// When there are no codes, or some that are not finite.
    pub fn fit(codes: &Matrix) -> Result<Self, ModelError> {
        if codes.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "fit a sphere to",
            });
        }
        check_finite(codes)?;
        let codes = Codes::spread(codes);
        let mut mean = vec![0.0; codes.cols];
        for row in codes.rows() {
            for (mean, z) in mean.iter_mut().zip(row) {
                *mean += z / codes.rows as f64;
            }
        }
        let distance = |row: &[f64]| {
            let squares = row.iter().zip(&mean).map(|(z, mean)| (z - mean).powi(2));
            squares.sum::<f64>().sqrt()
        };
        Ok(Self {
            distances: codes.rows().map(distance).collect(),
            mean,
        })
    }
}

impl CodeSampler for Hypersphere {
    fn sample(&self, count: usize, seed: u64) -> Matrix {
        let mut codes = Matrix::zeros(count, self.mean.len());
        let noise = Noise::new(seed, stream::SAMPLER);
        for (row, code) in (0..).zip(codes.view_mut().iter_rows_mut()) {
            let mut draw = [0.0];
            noise.uniform(row, &mut draw);
            let distance = self.distances[super::place(draw[0], self.distances.len())];
            noise.at_step(1).normal(row, code);
            let norm = code
                .iter()
                .map(|z| f64::from(*z).powi(2))
                .sum::<f64>()
                .sqrt();
            for (z, mean) in code.iter_mut().zip(&self.mean) {
                *z = (mean + distance * f64::from(*z) / norm.max(f64::MIN_POSITIVE)) as f32;
            }
        }
        codes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lie_as_far_from_the_mean_as_those_it_was_fitted_to_in_all_directions() {
        let mut own = Matrix::zeros(500, 3);
        for (row, z) in (0..).zip(own.view_mut().iter_rows_mut()) {
            Noise::new(1, 0).normal(row, z);
            let norm = z.iter().map(|z| z * z).sum::<f32>().sqrt();
            let radius = if row % 2 == 0 { 2.0 } else { 5.0 };
            z.iter_mut().for_each(|z| *z *= radius / norm);
            z[0] += 10.0;
        }
        let sphere = Hypersphere::fit(&own).expect("finite codes");
        let drawn = sphere.sample(4000, 1);
        let mut mean = [0.0; 3];
        let mut near = 0.0;
        for z in drawn.view().iter_rows() {
            let d = [0, 1, 2].map(|j| f64::from(z[j]) - sphere.mean[j]);
            let norm = d.iter().map(|d| d * d).sum::<f64>().sqrt();
            assert!((1.5..5.5).contains(&norm), "{norm}");
            near += f64::from(norm < 3.5) / 4000.0;
            mean.iter_mut()
                .zip(d)
                .for_each(|(mean, d)| *mean += d / 4000.0);
        }
        assert!((near - 0.5).abs() < 0.05, "{near}");
        assert!(mean.iter().all(|mean| mean.abs() < 0.2), "{mean:?}");
        assert_eq!(sphere.sample(3, 1).as_slice(), &drawn.as_slice()[..9]);
        assert!(Hypersphere::fit(&Matrix::zeros(0, 3)).is_err());
    }
}
