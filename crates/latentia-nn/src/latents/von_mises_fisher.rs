//! Codes on the sphere.

mod angle;
mod divergence;
mod drawn;

use std::f64::consts::{FRAC_1_SQRT_2, PI};
use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef, Noise};
use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent, LatentDistribution};
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Initializer, Layer, Memory, Mode, Parameter, Pass,
    Samples, Trace,
};
use crate::layers::{Activation, Dense};
use crate::penalty::Penalty;
use angle::{Angle, AngleDensity};
pub use divergence::SphericalKl;
use drawn::{Drawn, SAVED};

/// Added to the square of a length, so that a direction of length 0 has a gradient.
const LEAST_SQUARE: f64 = 1e-12;

/// A direction whose mean and concentration are a linear function of the encoder's output; see [`VonMisesFisherLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VonMisesFisher {
    /// Elements of the code: it lies on the sphere of one dimension less. Example: `units = 10`
    #[cfg_attr(feature = "schema", schemars(range(min = 2)))]
    pub units: usize,
}

impl Latent for VonMisesFisher {
    fn name(&self) -> &'static str {
        "von-mises-fisher"
    }

    fn check(&self, _row: Shape) -> Result<(), InvalidSpec> {
        let units = self.units;
        require(
            units >= 2,
            || format!("has units {units}"),
            "a direction needs at least 2",
        )
    }

    fn layers(&self, inputs: usize, samples: usize) -> Vec<Box<dyn Layer>> {
        let parameters = self.units.saturating_add(1);
        let (activation, initializer) = (Activation::Linear, Initializer::Glorot);
        vec![
            Box::new(Dense::new(inputs, parameters, activation, initializer)),
            Box::new(VonMisesFisherLatent::new(self.units, samples)),
        ]
    }

    fn set_width(&mut self, width: usize) -> bool {
        self.units = width;
        true
    }

    fn distribution(&self) -> Option<&dyn LatentDistribution> {
        Some(self)
    }

    fn values(&self) -> CodeValues {
        CodeValues::Directions
    }

    fn quantise(&self, code: &mut [f32]) -> bool {
        let inverse = inverse_length(code);
        code.iter_mut()
            .for_each(|z| *z = (f64::from(*z) * inverse) as f32);
        true
    }
}

/// `q(z | x) = vMF(μ, κ)` by the parameters of [`VonMisesFisherLatent`], and `p(z)` uniform on the sphere.
impl LatentDistribution for VonMisesFisher {
    fn divergence(&self, weight: f32, warm_up: u32) -> Option<Arc<dyn Penalty>> {
        Some(Arc::new(SphericalKl { weight, warm_up }))
    }

    fn means(&self, parameters: &[f32], means: &mut [f32]) {
        means.copy_from_slice(&parameters[..means.len()]);
        self.quantise(means);
    }

    fn kl(&self, parameters: &[f32], kl: &mut [f32]) {
        kl.fill(0.0);
        let own = AngleDensity::new(kl.len(), concentration(parameters[kl.len()]).0);
        kl[0] = own.divergence().0 as f32;
    }

    /// Across the mean direction: `√(E[sin²θ] / (n - 1))`.
    fn deviation(&self, parameters: &[f32], deviation: &mut [f32]) {
        let n = deviation.len();
        let own = AngleDensity::new(n, concentration(parameters[n]).0);
        deviation.fill(own.deviation() as f32);
    }

    fn draw(
        &self,
        parameters: &[f32],
        epsilon: &[f32],
        deviation: &mut [f32],
        z: &mut [f32],
    ) -> f64 {
        let n = z.len();
        let kappa = concentration(parameters[n]).0;
        let own = AngleDensity::new(n, kappa);
        deviation.fill(own.deviation() as f32);
        let frame = Frame::new(&parameters[..n], epsilon);
        let theta = frame.angle(&own).theta;
        frame.write(theta, &parameters[..n], epsilon, z);
        own.log_ratio_constant() - kappa * libm::cos(theta)
    }

    fn draw_prior(&self, _parameters: &[Parameter], noise: Noise, first: u32, z: MatrixMut<'_>) {
        let mut z = z;
        for (row, z) in (first..).zip(z.iter_rows_mut()) {
            noise.normal(row, z);
            self.quantise(z);
        }
    }
}

/// `κ = 1 + ln(1 + eˢ)`, and `dκ/ds`.
fn concentration(s: f32) -> (f64, f64) {
    let s = f64::from(s);
    let e = libm::exp(-s.abs());
    let derivative = if s < 0.0 { e } else { 1.0 } / (1.0 + e);
    (1.0 + s.max(0.0) + libm::log1p(e), derivative)
}

fn dot(x: &[f32], y: &[f32]) -> f64 {
    let products = x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y));
    products.sum()
}

fn inverse_length(x: &[f32]) -> f64 {
    1.0 / (dot(x, x) + LEAST_SQUARE).sqrt()
}

/// A mean direction `μ` and noise `ε`, standard normal, taken apart: `ε = a μ + ρ t` with `t` a unit vector across `μ`. `a` is
/// standard normal and `t` uniform, independent of each other.
#[derive(Clone, Copy)]
struct Frame {
    /// What the mean is divided by to be a unit vector.
    inverse_length: f64,
    /// `a`.
    along: f64,
    /// `1/ρ`.
    inverse_across: f64,
}

impl Frame {
    fn new(mean: &[f32], epsilon: &[f32]) -> Self {
        let inverse_length = inverse_length(mean);
        let along = inverse_length * dot(mean, epsilon);
        let parts = mean.iter().zip(epsilon).map(|(m, e)| {
            let across = f64::from(*e) - along * inverse_length * f64::from(*m);
            across * across
        });
        let across: f64 = parts.sum();
        Self {
            inverse_length,
            along,
            inverse_across: 1.0 / across.max(LEAST_SQUARE).sqrt(),
        }
    }

    /// The angle to the mean: as much of its distribution lies below as of the standard normal below `a`.
    fn angle(self, density: &AngleDensity) -> Angle {
        let share = 0.5 * libm::erfc(-FRAC_1_SQRT_2 * self.along);
        density.quantile(share)
    }

    /// `z = cos θ μ + sin θ t`
    fn write(self, theta: f64, mean: &[f32], epsilon: &[f32], z: &mut [f32]) {
        let (sine, cosine) = libm::sincos(theta);
        let across = sine * self.inverse_across;
        let along = (cosine - across * self.along) * self.inverse_length;
        for ((z, m), e) in z.iter_mut().zip(mean).zip(epsilon) {
            *z = (along * f64::from(*m) + across * f64::from(*e)) as f32;
        }
    }
}

/// A direction `z`, `|z| = 1`, of a von Mises-Fisher posterior `q(z | x) ∝ exp(κ μ·z)` with the uniform distribution on the sphere
/// as prior: the hyperspherical variational autoencoder (Davidson, Falorsi, De Cao, Kipf and Tomczak 2018, arXiv 1804.00891).
///
/// The input of `n + 1` elements holds a vector in the direction of `μ` and then `s`, with `κ = 1 + ln(1 + eˢ)`, as theirs. The code is
/// `z = cos θ μ + sin θ t`, `t` uniform across `μ`, and `z = μ` in evaluation. Where they draw by rejection, `θ` is the quantile of its
/// distribution at a normal variable, by quadrature, and its gradient with respect to `κ` is exact (implicit reparameterisation,
/// Figurnov, Mohamed and Mnih 2018).
///
/// Its divergence from the prior is a penalty: see [`SphericalKl`].
#[derive(Clone, Debug)]
pub struct VonMisesFisherLatent {
    width: usize,
    samples: usize,
}

impl VonMisesFisherLatent {
    /// A code of `width` elements, `samples` of them for each row but in evaluation.
    pub fn new(width: usize, samples: usize) -> Self {
        Self { width, samples }
    }
}

impl Layer for VonMisesFisherLatent {
    fn name(&self) -> String {
        match self.samples {
            1 => "von mises-fisher".into(),
            samples => format!("von mises-fisher, {samples} samples"),
        }
    }

    fn inputs(&self) -> usize {
        self.width + 1
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: `ε`, then `θ`, `∂θ/∂s`, `∂θ/∂a`, the divergence from the prior and its derivative by `s`.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.width + SAVED,
            ..Memory::default()
        }
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            samples: Some(self),
            ..Abilities::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let mut saved = memory.saved;
        let (n, samples) = (self.width, self.samples(pass.mode));
        for (row, x) in x.iter_rows().enumerate() {
            let (mean, s) = (&x[..n], x[n]);
            let (kappa, derivative) = concentration(s);
            let density = AngleDensity::new(n, kappa);
            let (kl, kl_by_kappa) = density.divergence();
            for at in row * samples..(row + 1) * samples {
                let (epsilon, rest) = saved.row_mut(at).split_at_mut(n);
                let y = y.row_mut(at);
                rest[3..].copy_from_slice(&[kl as f32, (kl_by_kappa * derivative) as f32]);
                if pass.mode == Mode::Eval {
                    epsilon.fill(0.0);
                    rest[..3].fill(0.0);
                    let inverse = inverse_length(mean);
                    for (y, m) in y.iter_mut().zip(mean) {
                        *y = (inverse * f64::from(*m)) as f32;
                    }
                    continue;
                }
                pass.noise.normal(pass.first_row + at as u32, epsilon);
                let frame = Frame::new(mean, epsilon);
                let angle = frame.angle(&density);
                let normal = libm::exp(-0.5 * frame.along * frame.along) / (2.0 * PI).sqrt();
                rest[0] = angle.theta as f32;
                rest[1] = (angle.by_kappa * derivative) as f32;
                rest[2] = (angle.by_share * normal) as f32;
                frame.write(angle.theta, mean, epsilon, y);
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        let (n, samples) = (self.width, dy.rows() / dx.rows().max(1));
        for (row, dx) in dx.iter_rows_mut().enumerate() {
            dx.fill(0.0);
            let mean = &trace.x.row(row)[..n];
            for at in row * samples..(row + 1) * samples {
                let drawn = Drawn::of(trace.saved.row(at), n);
                add_gradients(mean, drawn, dy.as_ref().row(at), dx);
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let mean = graph.slice(x, [0, self.width]);
        let squares = graph.mul(mean, mean);
        let square = graph.node(Operation::ReduceSum(0), &[squares]);
        let square = graph.plus(square, LEAST_SQUARE);
        let length = graph.node(Operation::Sqrt, &[square]);
        let length = graph.reshape(length, &[1]);
        Ok(graph.div(mean, length))
    }
}

/// Adds to `dx`, by the mean and by `s`, the gradients that `dz` gives one code.
fn add_gradients(mean: &[f32], drawn: Drawn<'_>, dz: &[f32], dx: &mut [f32]) {
    let n = mean.len();
    let frame = Frame::new(mean, drawn.epsilon);
    let (length, across) = (frame.inverse_length, frame.inverse_across);
    let (sine, cosine) = libm::sincos(f64::from(drawn.theta));
    // dz along μ and along t.
    let by_mean = length * dot(dz, mean);
    let by_across = across * (dot(dz, drawn.epsilon) - frame.along * by_mean);
    let by_theta = cosine * by_across - sine * by_mean;
    dx[n] += (by_theta * f64::from(drawn.theta_by_s)) as f32;
    // t = (ε - a μ) / ρ: by p = ε - a μ it is sin θ (dz - t (t·dz)) / ρ.
    let by_p = sine * across;
    let by_along = by_theta * f64::from(drawn.theta_by_along) - by_p * by_mean;
    // By μ: cos θ dz - a ∂/∂p + ∂/∂a ε, then across μ, as only its direction counts.
    let of_dz = cosine - frame.along * by_p;
    let of_t = frame.along * by_p * by_across;
    let of_epsilon = by_along + of_t * across;
    let along_mean = of_dz * by_mean + of_epsilon * frame.along - of_t * across * frame.along;
    for (((dx, m), e), dz) in dx.iter_mut().zip(mean).zip(drawn.epsilon).zip(dz) {
        let (m, e, dz) = (length * f64::from(*m), f64::from(*e), f64::from(*dz));
        let by_mu = of_dz * dz + of_epsilon * e - of_t * across * frame.along * m;
        *dx += (length * (by_mu - along_mean * m)) as f32;
    }
}

impl Samples for VonMisesFisherLatent {
    fn samples(&self, mode: Mode) -> usize {
        match mode {
            Mode::Train | Mode::Sample | Mode::Corrupted => self.samples,
            Mode::Eval => 1,
        }
    }
}
