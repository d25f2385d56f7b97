//! The mutual information gap of codes.

use latentia_tensor::{Factors, Matrix};
use rayon::prelude::*;
use serde::Serialize;

use super::factor_codes::{FactorCodes, FactorValues};
use crate::ModelError;

/// Equal intervals that the range of a dimension is divided into.
const BINS: usize = 20;

/// The mutual information gap of codes (MIG; Chen et al. 2018, Isolating Sources of Disentanglement in VAEs): how far one dimension alone says
/// what a factor is.
///
/// `MIG = mean over factors v of (I(z₍₁₎; v) - I(z₍₂₎; v)) / H(v)`, where `z₍₁₎` is the dimension that says most about `v` and `z₍₂₎` the
/// second: 1 where every factor has a dimension of its own, near 0 where two say equally much, or none says anything. Information is that
/// of the counts of examples, each dimension's range divided into 20 equal intervals, as in disentanglement_lib (Locatello et al. 2019); a
/// code of one dimension has nothing beside it, so that the second information is 0. A factor that is the same for all examples is left out.
///
/// Counts make information out of chance: independent of each other, 20 intervals and `k` values share about `19 (k - 1) / 2n` nats over `n`
/// examples. Several thousand are wanted.
///
/// ```
/// use latentia_models::{Factors, MutualInformationGap};
/// use latentia_tensor::Matrix;
///
/// // Two factors of four values, in all combinations; a code that is them, and one that is their sum and their difference.
/// let values: Vec<u32> = (0..16).flat_map(|i| [i / 4, i % 4]).collect();
/// let own = values.iter().map(|&value| value as f32).collect();
/// let mixed = values.chunks(2).map(|own| [own[0] as f32, own[1] as f32]);
/// let mixed = mixed.flat_map(|[a, b]| [a + b, a - b]).collect();
/// let factors = Factors::new(["a", "b"].map(String::from).to_vec(), values);
///
/// let gap = |codes| MutualInformationGap::measure(&Matrix::from_vec(16, 2, codes), &factors);
/// assert!((gap(own)?.mig - 1.0).abs() < 1e-12);
/// assert!(gap(mixed)?.mig < 1e-12);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MutualInformationGap {
    /// The mean over factors.
    pub mig: f64,
    /// The gap of each factor that changes.
    pub factors: Vec<FactorGap>,
}

/// The mutual information gap of one factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FactorGap {
    /// What it is called.
    pub name: String,
    /// `(I(z₍₁₎; v) - I(z₍₂₎; v)) / H(v)`
    pub gap: f64,
}

impl MutualInformationGap {
    /// Measures codes `[examples, dimensions]` of examples that were made of `factors`.
    ///
    /// # Errors
    /// When there are not as many codes as examples, a code has a value that is not finite, or no factor changes.
    pub fn measure(codes: &Matrix, factors: &Factors) -> Result<Self, ModelError> {
        Ok(Self::of(&FactorCodes::new(codes, factors)?))
    }

    pub(super) fn of(own: &FactorCodes<'_>) -> Self {
        let dimensions = (0..own.codes.cols()).into_par_iter();
        // Of each dimension with each factor.
        let information: Vec<Vec<f64>> = dimensions
            .map(|dimension| {
                let bins = bins(own.dimension(dimension));
                let factors = own.factors.iter();
                factors
                    .map(|factor| mutual_information(&bins, factor))
                    .collect()
            })
            .collect();
        let gap = |(at, factor): (usize, &FactorValues)| {
            let [mut first, mut second] = [0.0f64; 2];
            for of_dimension in &information {
                second = second.max(first.min(of_dimension[at]));
                first = first.max(of_dimension[at]);
            }
            FactorGap {
                name: factor.name.clone(),
                gap: (first - second) / entropy(factor),
            }
        };
        let factors: Vec<_> = own.factors.iter().enumerate().map(gap).collect();
        Self {
            mig: factors.iter().map(|own| own.gap).sum::<f64>() / factors.len() as f64,
            factors,
        }
    }
}

/// The interval that each value lies in, of [`BINS`] equal ones from the smallest to the largest.
fn bins(values: impl Iterator<Item = f32> + Clone) -> Vec<usize> {
    let ends = values
        .clone()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), z| {
            (low.min(z), high.max(z))
        });
    let (low, width) = (f64::from(ends.0), f64::from(ends.1) - f64::from(ends.0));
    let bin = |z: f32| match width > 0.0 {
        true => (((f64::from(z) - low) / width * BINS as f64) as usize).min(BINS - 1),
        false => 0,
    };
    values.map(bin).collect()
}

/// `Σ p(b, v) ln (p(b, v) / (p(b) p(v)))` over the shares of examples, in nats.
fn mutual_information(bins: &[usize], factor: &FactorValues) -> f64 {
    let mut counts = vec![0u32; BINS * factor.count];
    for (bin, &value) in bins.iter().zip(&factor.values) {
        counts[bin * factor.count + value as usize] += 1;
    }
    let of_bins: Vec<u32> = counts
        .chunks(factor.count)
        .map(|row| row.iter().sum())
        .collect();
    let of_values = counts_of(factor);
    let all = bins.len() as f64;
    let terms = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    let terms = terms.map(|(at, &both)| {
        let [both, bin, value] = [
            both,
            of_bins[at / factor.count],
            of_values[at % factor.count],
        ]
        .map(f64::from);
        both / all * (both * all / (bin * value)).ln()
    });
    terms.sum::<f64>().max(0.0)
}

/// `-Σ p(v) ln p(v)`
fn entropy(factor: &FactorValues) -> f64 {
    let all = factor.values.len() as f64;
    let shares = counts_of(factor).into_iter().filter(|count| *count > 0);
    shares
        .map(|count| f64::from(count) / all)
        .map(|p| -p * p.ln())
        .sum()
}

fn counts_of(factor: &FactorValues) -> Vec<u32> {
    let mut counts = vec![0; factor.count];
    for &value in &factor.values {
        counts[value as usize] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    fn factors(names: &[&str], values: Vec<u32>) -> Factors {
        Factors::new(names.iter().map(|&name| name.into()).collect(), values)
    }

    fn measure(codes: &[f32], factors: &Factors) -> MutualInformationGap {
        let rows = factors.examples();
        let codes = Matrix::from_vec(rows, codes.len() / rows, codes.to_vec());
        MutualInformationGap::measure(&codes, factors).expect("factors that change")
    }

    #[test]
    fn half_of_what_a_factor_is_has_half_its_gap() {
        // The first dimension says which of four values it is, the second which half: H = ln 4, I = ln 4 and ln 2.
        let values: Vec<u32> = (0..400).map(|i| i % 4).collect();
        let codes: Vec<f32> = (values.iter())
            .flat_map(|&value| [value as f32, (value / 2) as f32])
            .collect();
        let own = measure(&codes, &factors(&["a"], values));
        assert!((own.mig - 0.5).abs() < 1e-12, "{own:?}");
    }

    #[test]
    fn a_code_that_is_the_factors_has_a_gap_of_one_and_a_turned_one_less() {
        let values: Vec<u32> = (0..5000)
            .flat_map(|i| [i % 3, i / 3 % 10, i / 30 % 16])
            .collect();
        let own = factors(&["shape", "scale", "x"], values.clone());
        // With noise beside, and another scale and order.
        let noise = numbers(1, 4 * 5000);
        let code = |turn: f32| -> Vec<f32> {
            let rows = values.chunks(3).zip(noise.chunks(4));
            let turned = rows.flat_map(|(v, noise)| {
                let [shape, scale, x] = [v[0] as f32 / 2.0, v[1] as f32 / 9.0, v[2] as f32 / 15.0];
                let (sin, cos) = turn.sin_cos();
                [
                    -9.0 * x,
                    noise[0],
                    cos * shape + sin * scale,
                    cos * scale - sin * shape,
                ]
            });
            turned.collect()
        };
        let still = measure(&code(0.0), &own);
        assert!(still.mig > 0.98 && still.mig < 1.0, "{still:?}");
        let turned = measure(&code(0.785), &own);
        assert!(turned.mig < 0.7, "{turned:?}");
        assert!(turned.factors[2].gap > 0.95, "x is not turned: {turned:?}");
    }

    #[test]
    fn a_code_without_information_has_none_but_by_chance() {
        let values: Vec<u32> = (0..10_000).flat_map(|i| [i % 3, i / 3 % 16]).collect();
        let own = factors(&["shape", "x"], values);
        let random = measure(&numbers(2, 10_000 * 5), &own);
        // The bias is 19 · 15 / 20,000 nats, of all dimensions alike.
        assert!((0.0..0.003).contains(&random.mig), "{random:?}");
        let constant = measure(&[3.0; 10_000], &own);
        assert_eq!(constant.mig, 0.0);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let refused = |codes: Vec<f32>, values: Vec<u32>| {
            let codes = Matrix::from_vec(codes.len(), 1, codes);
            let error = MutualInformationGap::measure(&codes, &factors(&["a"], values));
            error.expect_err("nothing to measure").to_string()
        };
        let error = refused(vec![1.0, 2.0], vec![7, 7]);
        assert!(error.contains("no factor of 2 examples changes"), "{error}");
        let error = refused(vec![1.0, 2.0], vec![7, 7, 8]);
        assert!(
            error.contains("factors of 3 examples for 2 codes"),
            "{error}"
        );
        let error = refused(vec![1.0, f32::NAN], vec![7, 8]);
        assert!(error.contains("example 1, column 0"), "{error}");
    }
}
