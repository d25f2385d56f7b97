//! Gaussian codes.

mod learned_prior;
mod samples;

use std::ops::Range;
use std::sync::Arc;

use latentia_tensor::math::{exp, tanh};
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, Noise, vectorized};
use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{Latent, LatentDistribution};
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Initializer, Layer, Memory, Mode, Parameter,
    ParameterSpec, Pass, Samples, Trace,
};
use crate::layers::{Activation, Dense};
use crate::log_variance::{BOUND, log_variance, multiply_by_log_variance_gradient};
use crate::prior::Prior;
use crate::priors::PriorSpec;
use learned_prior::LearnedPrior;
pub use samples::GaussianSamples;

/// A diagonal Gaussian whose means and log-variances are a linear function of the encoder's output; see [`GaussianLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gaussian {
    /// Dimensions of the code. Example: `units = 20`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub units: usize,
    /// The prior of the code, learned with the model; without it the standard normal, whose KL divergence has a closed form.
    /// Example: `prior = { kind = "mixture", components = 50 }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<PriorSpec>,
}

impl Gaussian {
    /// A code of `units` dimensions with a standard normal prior.
    pub fn new(units: usize) -> Self {
        Self { units, prior: None }
    }
}

impl Latent for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn check(&self, _row: Shape) -> Result<(), InvalidSpec> {
        require(
            self.units > 0,
            || "has 0 units".into(),
            "it needs at least 1",
        )?;
        self.prior.map_or(Ok(()), |prior| prior.check(self.units))
    }

    fn layers(&self, inputs: usize, samples: usize) -> Vec<Box<dyn Layer>> {
        let parameters = self.units.saturating_mul(2);
        let (activation, initializer) = (Activation::Linear, Initializer::Glorot);
        let code = GaussianLatent::new(self.units, samples);
        let code = match self.prior {
            Some(prior) => code.with_prior(prior.into()),
            None => code,
        };
        vec![
            Box::new(Dense::new(inputs, parameters, activation, initializer)),
            Box::new(code),
        ]
    }

    fn set_width(&mut self, width: usize) -> bool {
        self.units = width;
        true
    }

    fn distribution(&self) -> Option<&dyn LatentDistribution> {
        Some(self)
    }
}

/// `q(z | x) = N(μ, σ²)` by the parameters of [`GaussianLatent`], `p(z) = N(0, 1)` or a prior that is learned.
impl LatentDistribution for Gaussian {
    fn learned_prior(&self) -> Option<&dyn Prior> {
        self.prior.as_deref()
    }

    fn kl(&self, parameters: &[f32], kl: &mut [f32]) {
        match self.prior {
            Some(_) => kl.fill(f32::NAN),
            None => GaussianLatent::kl(parameters, kl),
        }
    }

    fn deviation(&self, parameters: &[f32], deviation: &mut [f32]) {
        GaussianLatent::deviation(parameters, deviation);
    }

    fn draw(
        &self,
        parameters: &[f32],
        epsilon: &[f32],
        deviation: &mut [f32],
        z: &mut [f32],
    ) -> f64 {
        GaussianLatent::deviation(parameters, deviation);
        shift_and_scale(parameters, epsilon, deviation, z);
        let samples = GaussianSamples {
            epsilon,
            deviation,
            log_prior: None,
        };
        match self.prior {
            Some(_) => -samples.log_posterior(),
            None => samples.log_ratio(z),
        }
    }

    fn draw_prior(&self, parameters: &[Parameter], noise: Noise, first: u32, z: MatrixMut<'_>) {
        let mut z = z;
        match &self.prior {
            Some(prior) => prior.draw(parameters, noise, first, z),
            None => {
                for (row, z) in (first..).zip(z.iter_rows_mut()) {
                    noise.normal(row, z);
                }
            }
        }
    }
}

/// `z = μ + σ ε`, with the means at the front of the parameters.
fn shift_and_scale(parameters: &[f32], epsilon: &[f32], deviation: &[f32], z: &mut [f32]) {
    for (((z, mu), epsilon), sigma) in z.iter_mut().zip(parameters).zip(epsilon).zip(deviation) {
        *z = mu + *sigma * *epsilon;
    }
}

/// A diagonal Gaussian code (Kingma and Welling 2014): from means and log-variances, `z = μ + σ ε` with `ε ~ N(0, 1)`, and
/// `z = μ` in evaluation.
///
/// The input of `2 n` elements holds `μ` and then `s`; the log-variance is `ln σ² = 30 tanh(s / 30)`, which is `s` to three
/// digits where `|s| < 2` and never overflows.
///
/// Its divergence from the prior is a penalty: see [`crate::penalties::KlDivergence`], and [`crate::penalties::SampledKl`] with a
/// prior that is learned, whose parameters are the layer's. With several samples of each row, the samples are weighted by
/// importance instead: see [`crate::Objective`].
#[derive(Clone, Debug)]
pub struct GaussianLatent {
    width: usize,
    samples: usize,
    learned: Option<LearnedPrior>,
}

/// `KL` from the prior in each dimension.
fn kl_of_dimensions(mu: &[f32], s: &[f32], kl: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for ((kl, &mu), &s) in kl.iter_mut().zip(mu).zip(s) {
                let ln = log_variance(s);
                // e^ln - 1 - ln is never negative; rounding may make it so near 0.
                let excess = exp(ln) - 1.0 - ln;
                *kl = 0.5 * (mu * mu + if excess < 0.0 { 0.0 } else { excess });
            }
        },
    );
}

impl GaussianLatent {
    /// A code of `width` dimensions, `samples` of them for each row but in evaluation.
    pub fn new(width: usize, samples: usize) -> Self {
        Self {
            width,
            samples,
            learned: None,
        }
    }

    /// The same with a prior that is learned.
    pub fn with_prior(self, prior: Arc<dyn Prior>) -> Self {
        Self {
            learned: Some(LearnedPrior::new(prior, self.width)),
            ..self
        }
    }

    /// `KL` from the prior of each dimension, `½ (μ² + σ² - 1 - ln σ²)`, in nats.
    ///
    /// Shapes: `x` `[2 n]`, a row of the layer's input; `kl` `[n]`.
    pub fn kl(x: &[f32], kl: &mut [f32]) {
        Self::kl_of(x, 0..kl.len(), kl);
    }

    /// As [`Self::kl`], of some dimensions.
    pub(crate) fn kl_of(x: &[f32], dimensions: Range<usize>, kl: &mut [f32]) {
        let (mu, s) = x.split_at(x.len() / 2);
        kl_of_dimensions(&mu[dimensions.clone()], &s[dimensions], kl);
    }

    /// Standard deviations: `[n]` from the second half of a row of the layer's input.
    pub fn deviation(x: &[f32], sigma: &mut [f32]) {
        let s = &x[sigma.len()..];
        vectorized(
            #[inline(always)]
            || {
                for (sigma, &s) in sigma.iter_mut().zip(s) {
                    *sigma = exp(0.5 * log_variance(s));
                }
            },
        );
    }
}

impl Layer for GaussianLatent {
    fn name(&self) -> String {
        let prior = match &self.learned {
            Some(learned) => format!(", {} prior", learned.prior.name()),
            None => String::new(),
        };
        match self.samples {
            1 => format!("gaussian{prior}"),
            samples => format!("gaussian{prior}, {samples} samples"),
        }
    }

    fn inputs(&self) -> usize {
        2 * self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let learned = self.learned.as_ref();
        learned.map_or(Vec::new(), |learned| learned.parameters.clone())
    }

    /// Saved: `ε`, then `σ`, and `ln p(z)` of a learned prior; see [`GaussianSamples`]. Partial sums: the gradients of the
    /// prior's parameters.
    fn memory(&self) -> Memory {
        match &self.learned {
            None => Memory {
                saved: 2 * self.width,
                ..Memory::default()
            },
            Some(learned) => Memory {
                saved: 2 * self.width + 1,
                workspace: learned.prior.workspace(self.width),
                partial_sums: learned.elements(),
            },
        }
    }

    fn multiplications(&self) -> usize {
        let learned = self.learned.as_ref();
        let one = learned.map_or(0, |own| own.prior.multiplications(self.width));
        one.saturating_mul(self.samples)
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            samples: Some(self),
            log_prior: self.learned.is_some(),
            pseudo_inputs: (self.learned.as_ref()).is_some_and(|own| own.prior.has_pseudo_inputs()),
            ..Abilities::default()
        }
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        let mut saved = memory.saved;
        let samples = self.samples(pass.mode);
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for (at, (y, saved)) in rows.enumerate() {
            let x = x.row(at / samples);
            let (epsilon, rest) = saved.split_at_mut(self.width);
            let sigma = &mut rest[..self.width];
            match pass.mode {
                Mode::Eval => epsilon.fill(0.0),
                Mode::Train | Mode::Sample => {
                    pass.noise.normal(pass.first_row + at as u32, epsilon);
                }
            }
            Self::deviation(x, sigma);
            shift_and_scale(x, epsilon, sigma, y);
        }
        if let Some(learned) = &self.learned {
            learned.save_log_density(parameters, pass.mode, y.as_ref(), saved, memory.workspace);
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        if let Some(learned) = &self.learned {
            learned.backward(parameters, trace, &mut dy, memory);
        }
        let Some(mut dx) = dx else { return };
        let samples = dy.rows() / dx.rows().max(1);
        for (row, dx) in dx.iter_rows_mut().enumerate() {
            let (dmu, ds) = dx.split_at_mut(self.width);
            dmu.fill(0.0);
            ds.fill(0.0);
            for at in row * samples..(row + 1) * samples {
                let GaussianSamples {
                    epsilon, deviation, ..
                } = GaussianSamples::of(trace.saved.row(at), self.width);
                let elements = dy.row_mut(at).iter().zip(epsilon).zip(deviation);
                for ((dmu, ds), ((dz, epsilon), sigma)) in
                    dmu.iter_mut().zip(&mut *ds).zip(elements)
                {
                    *dmu += dz;
                    *ds += 0.5 * dz * epsilon * sigma;
                }
            }
            multiply_by_log_variance_gradient(ds, &trace.x.row(row)[self.width..]);
        }
    }

    fn gradient(
        &self,
        index: usize,
        rows: Range<usize>,
        trace: Trace<'_>,
        _dy: MatrixRef<'_>,
        accumulate: Accumulate,
        out: MatrixMut<'_>,
    ) {
        if let Some(learned) = &self.learned {
            learned.gradient(index, rows, trace, accumulate, out);
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        Ok(graph.slice(x, [0, self.width]))
    }
}

impl Samples for GaussianLatent {
    fn samples(&self, mode: Mode) -> usize {
        match mode {
            Mode::Train | Mode::Sample => self.samples,
            Mode::Eval => 1,
        }
    }
}

/// Adds to a row of gradients with respect to `μ` and `s` those of the `KL` in dimensions `dimensions`, times `factors`.
pub(crate) fn add_kl_gradients(
    x: &[f32],
    factors: &[f32],
    dimensions: Range<usize>,
    dx: &mut [f32],
) {
    let (mu, s) = x.split_at(x.len() / 2);
    let (dmu, ds) = dx.split_at_mut(mu.len());
    let parameters = mu[dimensions.clone()].iter().zip(&s[dimensions.clone()]);
    let gradients = dmu[dimensions.clone()].iter_mut().zip(&mut ds[dimensions]);
    let all = gradients.zip(parameters).zip(factors);
    vectorized(
        #[inline(always)]
        || {
            for (((dmu, ds), (&mu, &s)), &factor) in all {
                let t = tanh(s / BOUND);
                *dmu += factor * mu;
                *ds += 0.5 * factor * (exp(BOUND * t) - 1.0) * (1.0 - t * t);
            }
        },
    );
}
