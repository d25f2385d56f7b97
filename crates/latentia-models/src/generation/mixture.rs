//! Gaussian mixtures of codes.

use latentia_tensor::{Matrix, Noise};
use rayon::prelude::*;

use super::code_sample::Codes;
use super::component::{Component, LANES, Lanes};
use crate::autoencoder::value_range::check_finite;
use crate::{ModelError, stream};

/// The most dimensions of a code: the cost of a step grows with their square.
const MOST_COLUMNS: usize = 1024;

/// The most components.
const MOST_COMPONENTS: usize = 100;

/// Steps of expectation and maximisation at most.
const STEPS: usize = 100;

/// A step that raises the log-likelihood by a smaller share than this is the last.
const LEAST_GAIN: f64 = 1e-5;

/// What is added to every variance, as a share of the mean variance of the columns.
const RIDGE: f64 = 1e-6;

/// The least that is added, for codes that do not vary at all.
const LEAST_RIDGE: f64 = 1e-12;

/// A density of codes `p(z) = Σ π N(z; μ, Σ)`: a mixture of Gaussians with full covariances, from which new codes are drawn.
/// It gives a deterministic autoencoder a sampler, and one with a prior the density that its codes really have (Ghosh et
/// al. 2020).
///
/// ```
/// use latentia_models::Mixture;
/// use latentia_tensor::Matrix;
///
/// // Codes around -1 and around 1, as `Autoencoder::encode` gives them.
/// let codes = (0..100).map(|i| if i % 2 == 0 { -1.0 } else { 1.0 } + 0.1 * (i as f32).sin());
/// let codes = Matrix::from_vec(100, 1, codes.collect());
/// let mixture = Mixture::fit(&codes, 2, 42)?;
///
/// // New ones, for `Autoencoder::decode`.
/// let drawn = mixture.sample(20, 7);
/// assert!(drawn.as_slice().iter().all(|z| (z.abs() - 1.0).abs() < 0.5));
/// assert!(mixture.log_likelihood(&drawn)? > mixture.log_likelihood(&Matrix::zeros(1, 1))?);
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    pub(super) components: Vec<Component>,
    pub(super) cols: usize,
}

impl Mixture {
    /// Fits `components` Gaussians, from 1 to 100, to at most 20,000 of `codes`, evenly spread: expectation maximisation in
    /// f64 (Dempster et al. 1977) from centres that k-means++ draws (Arthur and Vassilvitskii 2007), until a step gains less
    /// than 10⁻⁵ of the log-likelihood, and 100 steps at most. Every variance is raised by 10⁻⁶ of the columns' mean
    /// variance, so that a column that never changes does no harm. Fewer distinct codes than `components` give a component
    /// each.
    ///
    /// # Errors
    /// When there are no codes, codes of more than 1024 dimensions or with elements that are not finite, or `components` is out of
    /// range.
    pub fn fit(codes: &Matrix, components: usize, seed: u64) -> Result<Self, ModelError> {
        if codes.rows() == 0 {
            return Err(ModelError::NoExamples {
                purpose: "fit a mixture to",
            });
        }
        let option = |name, seen: usize, valid| ModelError::Option {
            name,
            seen: seen.to_string(),
            valid,
        };
        if !(1..=MOST_COMPONENTS).contains(&components) {
            let valid = "from 1 to 100";
            return Err(option("components", components, valid));
        }
        if codes.cols() > MOST_COLUMNS {
            let valid = "at most 1024 for a mixture";
            return Err(option("code width", codes.cols(), valid));
        }
        check_finite(codes)?;
        let (mixture, _) = Self::maximise_likelihood(&Codes::spread(codes), components, seed);
        Ok(mixture)
    }

    /// The mixture, and the mean log-likelihood before each step and at the end.
    fn maximise_likelihood(codes: &Codes, components: usize, seed: u64) -> (Self, Vec<f64>) {
        let ridge = (RIDGE * codes.mean_variance()).max(LEAST_RIDGE);
        let (centres, nearest) = codes.start(components, seed);
        let mut shares = vec![0.0; codes.rows * centres];
        for (row, nearest) in nearest.into_iter().enumerate() {
            shares[row * centres + nearest] = 1.0;
        }
        let mut mixture = Self {
            components: vec![Component::empty(codes.cols); centres],
            cols: codes.cols,
        };
        mixture.maximise(codes, &shares, ridge);
        let mut history = vec![mixture.expect(codes, &mut shares)];
        for _ in 0..STEPS {
            let before = history[history.len() - 1];
            let mut next = mixture.clone();
            next.maximise(codes, &shares, ridge);
            let after = next.expect(codes, &mut shares);
            // The ridge may cost a step at the end a little.
            if after < before {
                break;
            }
            mixture = next;
            history.push(after);
            if after - before < LEAST_GAIN * before.abs().max(1.0) {
                break;
            }
        }
        (mixture, history)
    }

    /// How many Gaussians there are.
    pub fn components(&self) -> usize {
        self.components.len()
    }

    /// `count` codes drawn from the mixture: `[count, cols]`. Code `i` is the same for every `count`.
    pub fn sample(&self, count: usize, seed: u64) -> Matrix {
        let mut codes = Matrix::zeros(count, self.cols);
        let noise = Noise::new(seed, stream::MIXTURE);
        let rows = codes.as_mut_slice().par_chunks_mut(self.cols.max(1));
        rows.enumerate().for_each(|(row, code)| {
            let row = row as u32;
            let mut place = [0.0];
            noise.uniform(row, &mut place);
            noise.at_step(1).normal(row, code);
            self.at(place[0].into()).place(code);
        });
        codes
    }

    /// The component in which `place`, from 0 to 1, lies where each has a share by its weight.
    fn at(&self, place: f64) -> &Component {
        let mut rest = place;
        let mut last = &self.components[0];
        for component in self.components.iter().filter(|c| c.weight > 0.0) {
            last = component;
            rest -= component.weight;
            if rest < 0.0 {
                break;
            }
        }
        last
    }

    /// `ln p(z)` in nats, mean over `codes`.
    ///
    /// # Errors
    /// When there are no codes, or of another width.
    pub fn log_likelihood(&self, codes: &Matrix) -> Result<f64, ModelError> {
        if codes.rows() == 0 {
            return Err(ModelError::NoExamples { purpose: "measure" });
        }
        if codes.cols() != self.cols {
            return Err(ModelError::Width {
                seen: codes.cols(),
                expected: self.cols,
            });
        }
        let codes = Codes::of(codes, 0..codes.rows());
        let mut shares = vec![0.0; codes.rows * self.components.len()];
        Ok(self.expect(&codes, &mut shares))
    }

    /// Writes how much each component has to do with each code, `p(component | z)`, to `shares`: `[rows, components]`. The
    /// mean log-likelihood back.
    fn expect(&self, codes: &Codes, shares: &mut [f64]) -> f64 {
        let (cols, count) = (codes.cols, self.components.len());
        let blocks = shares.par_chunks_mut(LANES * count).enumerate();
        let sums: Vec<f64> = blocks
            .map_init(
                || Workspace::new(cols, count),
                |workspace, (number, shares)| {
                    let first = number * LANES;
                    let rows = shares.len() / count;
                    workspace.take(&codes.elements[first * cols..][..rows * cols]);
                    for (component, density) in self.components.iter().zip(&mut workspace.densities)
                    {
                        *density = component.log_density(&workspace.codes, &mut workspace.solved);
                    }
                    let rows = shares.chunks_exact_mut(count).enumerate();
                    rows.map(|(lane, shares)| {
                        let densities = workspace.densities.iter().map(|density| density[lane]);
                        normalise(densities, shares)
                    })
                    .sum()
                },
            )
            .collect();
        sums.iter().sum::<f64>() / codes.rows as f64
    }

    /// Sets every component to what is most likely, given its shares in the codes.
    fn maximise(&mut self, codes: &Codes, shares: &[f64], ridge: f64) {
        let count = self.components.len();
        let components = self.components.par_iter_mut().enumerate();
        components.for_each(|(number, component)| {
            let shares = shares.iter().skip(number).step_by(count).copied();
            component.maximise(codes, shares, ridge);
        });
    }
}

/// `share = exp(density - ln Σ exp density)`, and that logarithm back.
fn normalise(densities: impl Iterator<Item = f64> + Clone, shares: &mut [f64]) -> f64 {
    let max = densities.clone().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (share, density) in shares.iter_mut().zip(densities) {
        *share = (density - max).exp();
        sum += *share;
    }
    for share in shares {
        *share /= sum;
    }
    max + sum.ln()
}

/// Workspace for the densities of some codes.
struct Workspace {
    /// `[cols, LANES]`
    codes: Vec<Lanes>,
    solved: Vec<Lanes>,
    /// `[components, LANES]`
    densities: Vec<Lanes>,
}

impl Workspace {
    fn new(cols: usize, components: usize) -> Self {
        Self {
            codes: vec![[0.0; LANES]; cols],
            solved: vec![[0.0; LANES]; cols],
            densities: vec![[0.0; LANES]; components],
        }
    }

    fn take(&mut self, elements: &[f64]) {
        let cols = self.codes.len().max(1);
        for (lane, code) in elements.chunks_exact(cols).enumerate() {
            for (lanes, z) in self.codes.iter_mut().zip(code) {
                lanes[lane] = *z;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use latentia_testing::reference::normal_cdf;

    use super::*;
    use crate::generation::component::BLOCK;

    /// Two clusters, of 600 and 300 points: around (0, 0) with covariance (1, 0.6; 0.6, 1), around (10, -10) with 0.1² · 1.
    fn clusters() -> Matrix {
        let mut points = Matrix::zeros(900, 2);
        let noise = Noise::new(4, 0);
        for (row, point) in (0..).zip(points.view_mut().iter_rows_mut()) {
            noise.normal(row, point);
            let [a, b] = [point[0], point[1]];
            match row % 3 {
                0 => point.copy_from_slice(&[10.0 + 0.1 * a, -10.0 + 0.1 * b]),
                _ => point.copy_from_slice(&[a, 0.6 * a + 0.8 * b]),
            }
        }
        points
    }

    fn fit(codes: &Matrix, components: usize) -> Mixture {
        Mixture::fit(codes, components, 42).expect("codes that are finite")
    }

    /// `L Lᵀ`, row by row.
    fn covariance(component: &Component) -> [f64; 4] {
        let l = &component.factor;
        let (a, b, c) = (l[0], l[2], l[3]);
        [a * a, a * b, a * b, b * b + c * c]
    }

    #[test]
    fn two_clusters_are_found() {
        let points = clusters();
        for seed in 0..5 {
            let mixture = Mixture::fit(&points, 2, seed).expect("finite");
            let mut components = mixture.components.clone();
            components.sort_by(|a, b| a.weight.total_cmp(&b.weight));
            let [small, large] = &components[..] else {
                panic!("{components:?}");
            };
            let close = |a: &[f64], b: &[f64], tolerance: f64| {
                a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance)
            };
            assert!(close(
                &[small.weight, large.weight],
                &[1.0 / 3.0, 2.0 / 3.0],
                1e-6
            ));
            assert!(close(&small.mean, &[10.0, -10.0], 0.03), "{small:?}");
            assert!(close(&large.mean, &[0.0, 0.0], 0.15), "{large:?}");
            assert!(close(&covariance(small), &[0.01, 0.0, 0.0, 0.01], 0.002));
            assert!(close(&covariance(large), &[1.0, 0.6, 0.6, 1.0], 0.15));
        }
    }

    #[test]
    fn no_step_lowers_the_likelihood() {
        // Five components for two clusters have something to learn.
        let points = clusters();
        let (mixture, history) = Mixture::maximise_likelihood(&Codes::spread(&points), 5, 1);
        assert!(history.len() > 3, "{history:?}");
        assert!(history.is_sorted(), "{history:?}");
        let end = mixture.log_likelihood(&points).expect("points that fit");
        assert_eq!(Some(&end), history.last());
        assert!(end > history[0] + 0.01, "{history:?}");
    }

    #[test]
    fn the_likelihood_is_that_of_the_formula() {
        let mixture = fit(&clusters(), 2);
        let at = [0.3f32, -0.2];
        let density = |component: &Component| {
            let [a, b, _, d] = covariance(component);
            let determinant = a * d - b * b;
            let [x, y] = [0, 1].map(|i| f64::from(at[i]) - component.mean[i]);
            let square = (d * x * x - 2.0 * b * x * y + a * y * y) / determinant;
            component.weight * (-0.5 * square).exp() / (2.0 * PI * determinant.sqrt())
        };
        let expected = mixture.components.iter().map(density).sum::<f64>().ln();
        let point = Matrix::from_vec(1, 2, at.to_vec());
        let obtained = mixture.log_likelihood(&point).expect("a point that fits");
        assert!((obtained - expected).abs() < 1e-9, "{obtained} {expected}");
    }

    #[test]
    fn samples_have_the_moments_of_the_mixture() {
        let mixture = fit(&clusters(), 2);
        let codes = mixture.sample(60_000, 9);
        let means = mixture.components.iter().map(|c| (c.weight, &c.mean));
        let mean = means.fold([0.0; 2], |sum, (w, m)| {
            [sum[0] + w * m[0], sum[1] + w * m[1]]
        });
        let mut expected = [0.0; 4];
        let mut obtained = [0.0; 4];
        let squares = |x: f64, y: f64| [x * x, x * y, x * y, y * y];
        for component in &mixture.components {
            let between = squares(component.mean[0] - mean[0], component.mean[1] - mean[1]);
            for (i, within) in covariance(component).into_iter().enumerate() {
                expected[i] += component.weight * (within + between[i]);
            }
        }
        let centred = |z: &[f32]| [0, 1].map(|i| f64::from(z[i]) - mean[i]);
        let mut drift = [0.0; 2];
        for [x, y] in codes.view().iter_rows().map(centred) {
            for (sum, square) in obtained.iter_mut().zip(squares(x, y)) {
                *sum += square / 60_000.0;
            }
            drift = [drift[0] + x / 60_000.0, drift[1] + y / 60_000.0];
        }
        // Deviation 4.8, so that a mean of 60,000 has 0.02.
        assert!(drift.iter().all(|x| x.abs() < 0.08), "{drift:?}");
        for (a, b) in obtained.iter().zip(expected) {
            assert!((a - b).abs() < 0.02 * b.abs(), "{obtained:?} {expected:?}");
        }
        // The share of one cluster's samples beyond a deviation of its first element.
        let own = |z: &&[f32]| z[0] < 5.0;
        let large = &mixture.components[usize::from(mixture.components[0].mean[0] > 5.0)];
        let limit = large.mean[0] + large.factor[0];
        let rows: Vec<&[f32]> = codes.view().iter_rows().filter(own).collect();
        let beyond = rows.iter().filter(|z| f64::from(z[0]) > limit).count();
        let share = beyond as f64 / rows.len() as f64;
        assert!((share - normal_cdf(-1.0)).abs() < 0.008, "{share}");
        // A code does not depend on how many are drawn.
        assert_eq!(mixture.sample(7, 9).as_slice(), &codes.as_slice()[..14]);
        assert_ne!(mixture.sample(7, 8).as_slice(), &codes.as_slice()[..14]);
    }

    #[test]
    fn codes_that_hardly_differ_do_no_harm() {
        let equal = Matrix::from_vec(40, 2, [3.0, 1e10].repeat(40));
        let single = Matrix::from_vec(1, 3, vec![1.0, -2.0, 0.0]);
        let three = Matrix::from_vec(30, 1, [1.0, 2.0, -5.0].repeat(10));
        // Whole blocks with nothing left over.
        assert!(fit(&Matrix::zeros(2 * BLOCK, 1), 1).components[0].weight == 1.0);
        // One column varies, one is dead.
        let flat = clusters()
            .as_slice()
            .chunks(2)
            .flat_map(|z| [z[0], 0.0])
            .collect();
        let flat = Matrix::from_vec(900, 2, flat);
        for (codes, expected) in [(equal, 1), (single, 1), (three, 3), (flat, 10)] {
            let mixture = fit(&codes, 10);
            assert_eq!(mixture.components(), expected);
            let total: f64 = mixture.components.iter().map(|c| c.weight).sum();
            assert!((total - 1.0).abs() < 1e-9, "{total}");
            assert!(mixture.log_likelihood(&codes).is_ok_and(f64::is_finite));
            let samples = mixture.sample(50, 1);
            let last = codes.cols() - 1;
            let (seen, dead) = (codes.row(0)[last], expected != 3);
            for z in samples.view().iter_rows() {
                assert!(z.iter().all(|z| z.is_finite()), "{z:?}");
                assert!(!dead || (z[last] - seen).abs() < 0.05, "{z:?} {seen}");
            }
        }
    }

    #[test]
    fn what_no_mixture_fits_is_refused() {
        let refused = |codes: Matrix, components: usize, words: &str| {
            let error = Mixture::fit(&codes, components, 1).expect_err(words);
            assert!(error.to_string().contains(words), "{error}");
        };
        refused(Matrix::zeros(0, 2), 1, "no examples to fit a mixture to");
        refused(Matrix::zeros(9, 2), 0, "`components` is 0");
        refused(Matrix::zeros(9, 2), 101, "from 1 to 100");
        refused(Matrix::zeros(9, 1025), 1, "at most 1024");
        let broken = Matrix::from_vec(2, 2, vec![0.0, 0.0, 0.0, f32::NAN]);
        refused(broken, 1, "not finite in example 1, column 1");
        let mixture = fit(&Matrix::zeros(9, 2), 1);
        assert!(mixture.log_likelihood(&Matrix::zeros(1, 3)).is_err());
        assert!(mixture.log_likelihood(&Matrix::zeros(0, 2)).is_err());
    }

    #[test]
    fn the_mixture_does_not_depend_on_the_number_of_threads() {
        let points = clusters();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads start").install(|| {
                let mixture = fit(&points, 4);
                let codes = mixture.sample(100, 3);
                (mixture, codes)
            })
        };
        assert_eq!(with(1), with(3));
    }
}
