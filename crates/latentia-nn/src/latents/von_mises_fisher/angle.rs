//! The angle between a direction and the mean of a von Mises-Fisher distribution.

use latentia_tensor::math::double::{exp, ln};

/// Panels of the quadrature.
const PANELS: usize = 24;

/// How far it goes to both sides of the mode, in deviations of the Gaussian that touches the density there.
const REACH: f64 = 9.0;

/// Nodes and weights of Gauss and Legendre of order 4, in `[-1, 1]`.
const RULE: [(f64, f64); 4] = [
    (-0.861_136_311_594_052_6, 0.347_854_845_137_453_8),
    (-0.339_981_043_584_856_3, 0.652_145_154_862_546_1),
    (0.339_981_043_584_856_3, 0.652_145_154_862_546_1),
    (0.861_136_311_594_052_6, 0.347_854_845_137_453_8),
];

/// The density of the angle `θ` to the mean, in `n` dimensions at concentration `κ`: proportional to `sinⁿ⁻²θ exp(κ cos θ)` on
/// `[0, π]`. Its integrals are by quadrature, in f64.
pub(super) struct AngleDensity {
    /// `n - 2`.
    power: f64,
    kappa: f64,
    /// Logarithm of the density at its mode, without the constant.
    peak: f64,
    /// Where the first panel begins, and how wide each is.
    low: f64,
    width: f64,
    /// `∫ f` and `∫ f cos θ` from the first panel on up to each panel, and over all: `f` is 1 at the mode.
    sums: [[f64; 2]; PANELS + 1],
    /// `∫ f cos²θ` over all.
    squares: f64,
}

/// An angle of which so much lies below, and how it moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Angle {
    pub(super) theta: f64,
    /// `∂θ/∂κ`.
    pub(super) by_kappa: f64,
    /// `∂θ/∂u` by the share below it.
    pub(super) by_share: f64,
}

impl AngleDensity {
    /// Of a distribution of `n` dimensions, at least 2, at concentration `kappa`.
    pub(super) fn new(n: usize, kappa: f64) -> Self {
        let power = n as f64 - 2.0;
        // Where (n - 2) cos θ = κ sin²θ.
        let cosine = 2.0 * kappa / (power + (power * power + 4.0 * kappa * kappa).sqrt());
        let cosine = if cosine.is_finite() {
            cosine.min(1.0)
        } else {
            1.0
        };
        let mode = libm::acos(cosine);
        let square = 1.0 - cosine * cosine;
        let curvature = kappa * cosine + if power > 0.0 { power / square } else { 0.0 };
        let reach = REACH / curvature.max(1e-6).sqrt();
        let low = (mode - reach).max(0.0);
        let high = (mode + reach).min(std::f64::consts::PI);
        let mut own = Self {
            power,
            kappa,
            peak: 0.0,
            low,
            width: (high - low) / PANELS as f64,
            sums: [[0.0; 2]; PANELS + 1],
            squares: 0.0,
        };
        own.peak = own.log_density(mode.max(0.5 * own.width)).0;
        for panel in 0..PANELS {
            let begin = low + panel as f64 * own.width;
            let [mass, cosines, squares] = own.integrate(begin, begin + own.width);
            let [mass_before, cosines_before] = own.sums[panel];
            own.sums[panel + 1] = [mass_before + mass, cosines_before + cosines];
            own.squares += squares;
        }
        own
    }

    /// `ln f`, and `cos θ`.
    fn log_density(&self, theta: f64) -> (f64, f64) {
        let (sine, cosine) = libm::sincos(theta);
        let sines = if self.power > 0.0 {
            self.power * ln(sine)
        } else {
            0.0
        };
        (sines + self.kappa * cosine - self.peak, cosine)
    }

    /// `∫ f`, `∫ f cos θ` and `∫ f cos²θ` over an interval no wider than a panel.
    fn integrate(&self, from: f64, to: f64) -> [f64; 3] {
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        let mut sums = [0.0; 3];
        for (node, weight) in RULE {
            let (log_density, cosine) = self.log_density(middle + half * node);
            let mass = half * weight * exp(log_density);
            sums[0] += mass;
            sums[1] += mass * cosine;
            sums[2] += mass * cosine * cosine;
        }
        sums
    }

    /// `∫ f` over all, and the mean of `cos θ`.
    fn totals(&self) -> (f64, f64) {
        let [mass, cosines] = self.sums[PANELS];
        (mass, cosines / mass)
    }

    /// `KL` from the uniform distribution on the sphere, in nats, and its derivative by `κ`, which is `κ Var(cos θ)`.
    pub(super) fn divergence(&self) -> (f64, f64) {
        let (mass, mean) = self.totals();
        let variance = (self.squares / mass - mean * mean).max(0.0);
        let kl = self.kappa * mean - self.log_ratio_constant();
        (kl.max(0.0), self.kappa * variance)
    }

    /// `ln q(z) - ln p(z) = κ cos θ - c` beside the uniform `p`: this is `c`.
    pub(super) fn log_ratio_constant(&self) -> f64 {
        self.totals().0.ln() + self.peak - log_uniform(self.power as usize)
    }

    /// Standard deviation across the mean direction, `√(E[sin²θ] / (n - 1))`.
    pub(super) fn deviation(&self) -> f64 {
        let square_sine = (1.0 - self.squares / self.totals().0).max(0.0);
        (square_sine / (self.power + 1.0)).sqrt()
    }

    /// The angle below which the share `u` of the distribution lies. How it moves with `κ` is by differentiating `F(θ; κ) = u`
    /// (Figurnov, Mohamed and Mnih 2018).
    pub(super) fn quantile(&self, u: f64) -> Angle {
        let (total, mean) = self.totals();
        let target = u * total;
        let after = self.sums.partition_point(|[mass, _]| *mass <= target);
        let panel = after.clamp(1, PANELS) - 1;
        let [mass_before, cosines_before] = self.sums[panel];
        let begin = self.low + panel as f64 * self.width;
        let (mut low, mut high) = (begin, begin + self.width);
        let share = (target - mass_before) / (self.sums[panel + 1][0] - mass_before);
        let mut theta = begin + self.width * share.clamp(1e-3, 1.0 - 1e-3);
        let mut below = [0.0; 2];
        let mut density = 0.0;
        for _ in 0..20 {
            let [mass, cosines, _] = self.integrate(begin, theta);
            below = [mass_before + mass, cosines_before + cosines];
            density = exp(self.log_density(theta).0);
            let excess = below[0] - target;
            if excess.abs() <= 1e-13 * total {
                break;
            }
            if excess > 0.0 {
                high = theta;
            } else {
                low = theta;
            }
            let newton = theta - excess / density;
            theta = match newton > low && newton < high {
                true => newton,
                false => 0.5 * (low + high),
            };
        }
        Angle {
            theta,
            by_kappa: -(below[1] - mean * below[0]) / density,
            by_share: total / density,
        }
    }
}

/// `ln ∫ sinᵐθ dθ` over `[0, π]`: what the density is divided by where it is uniform.
fn log_uniform(m: usize) -> f64 {
    let (first, integral) = match m % 2 {
        0 => (2, std::f64::consts::PI),
        _ => (3, 2.0),
    };
    let factors = (first..=m).step_by(2).map(|m| (m as f64 - 1.0) / m as f64);
    integral.ln() + factors.map(f64::ln).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `∫ g f` by a fine trapezoid, in the plain.
    fn integral(n: usize, kappa: f64, to: f64, g: impl Fn(f64) -> f64) -> f64 {
        const STEPS: usize = 400_000;
        let step = to / STEPS as f64;
        let one = |i: usize| {
            let theta = i as f64 * step;
            let ends = if i == 0 || i == STEPS { 0.5 } else { 1.0 };
            let density = theta.sin().powi(n as i32 - 2) * (kappa * (theta.cos() - 1.0)).exp();
            ends * density * g(theta)
        };
        step * (0..=STEPS).map(one).sum::<f64>()
    }

    #[test]
    fn the_divergence_is_that_of_a_fine_quadrature() {
        for n in [2, 3, 10, 50] {
            for kappa in [1.0, 1.7, 12.0, 300.0, 20_000.0] {
                let pi = std::f64::consts::PI;
                let mass = integral(n, kappa, pi, |_| 1.0);
                let mean = integral(n, kappa, pi, f64::cos) / mass;
                let uniform = integral(n, 0.0, pi, |_| 1.0);
                let expected = kappa * (mean - 1.0) - (mass / uniform).ln();
                let (kl, by_kappa) = AngleDensity::new(n, kappa).divergence();
                let error = (kl - expected).abs();
                assert!(
                    error < 1e-6 * expected.max(0.1),
                    "{n} {kappa}: {kl} {expected}"
                );
                let moved = |by: f64| AngleDensity::new(n, kappa + by).divergence().0;
                let h = 1e-4 * kappa;
                let derivative = (moved(h) - moved(-h)) / (2.0 * h);
                let error = (by_kappa - derivative).abs();
                assert!(
                    error < 1e-4 * derivative.abs(),
                    "{n} {kappa}: {by_kappa} {derivative}"
                );
            }
        }
    }

    #[test]
    fn an_angle_has_its_share_of_the_distribution_below_and_the_slopes_of_it() {
        for n in [2, 3, 10, 50] {
            for kappa in [1.0, 12.0, 300.0, 20_000.0] {
                let density = AngleDensity::new(n, kappa);
                let total = integral(n, kappa, std::f64::consts::PI, |_| 1.0);
                for u in [1e-4, 0.03, 0.4, 0.77, 0.9999] {
                    let angle = density.quantile(u);
                    let share = integral(n, kappa, angle.theta, |_| 1.0) / total;
                    assert!((share - u).abs() < 1e-6, "{n} {kappa} {u}: {share}");
                    let at = |kappa: f64, u: f64| AngleDensity::new(n, kappa).quantile(u).theta;
                    let h = 1e-4 * kappa;
                    let derivative = (at(kappa + h, u) - at(kappa - h, u)) / (2.0 * h);
                    let error = (angle.by_kappa - derivative).abs();
                    assert!(
                        error < 2e-3 * derivative.abs(),
                        "{n} {kappa} {u}: {angle:?} {derivative}"
                    );
                    let h = 1e-3 * u.min(1.0 - u);
                    let derivative = (at(kappa, u + h) - at(kappa, u - h)) / (2.0 * h);
                    let error = (angle.by_share - derivative).abs();
                    assert!(
                        error < 1e-3 * derivative,
                        "{n} {kappa} {u}: {angle:?} {derivative}"
                    );
                }
            }
        }
    }
}
