//! Gaussian codes.

mod distribution;
mod kl;
mod learned_posterior;
mod learned_prior;
mod samples;

use std::ops::Range;
use std::sync::Arc;

use latentia_tensor::math::exp;
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, map_in_place, update, vectorized};
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
use crate::log_variance::{log_variance, multiply_by_log_variance_gradient};
use crate::posterior::Posterior;
use crate::posteriors::PosteriorSpec;
use crate::prior::Prior;
use crate::priors::{PriorSpec, StandardNormal};
pub(crate) use kl::add_kl_gradients;
use kl::kl_of_dimensions;
use learned_posterior::LearnedPosterior;
use learned_prior::LearnedPrior;
pub use samples::GaussianSamples;
use samples::shift_and_scale;

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
    /// A normalising flow that carries the samples of the Gaussian on: the posterior need not be one then. Its KL divergence has no closed
    /// form, and no parts in each dimension. Example: `posterior = { kind = "iaf", steps = 2, units = 400 }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posterior: Option<PosteriorSpec>,
}

impl Gaussian {
    /// A code of `units` dimensions with a standard normal prior.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            prior: None,
            posterior: None,
        }
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
        self.prior.map_or(Ok(()), |prior| prior.check(self.units))?;
        let Some(posterior) = self.posterior else {
            return Ok(());
        };
        posterior.check(self.units)?;
        let pseudo_inputs = self.prior.filter(|prior| prior.has_pseudo_inputs());
        match pseudo_inputs {
            None => Ok(()),
            Some(prior) => {
                let (prior, posterior) = (prior.name(), posterior.name());
                let seen =
                    format!("has a prior of kind {prior} beside a posterior of kind {posterior}");
                let valid = "the posteriors of pseudo-inputs have a density where they are Gaussians alone: leave one of them out";
                Err((seen, valid.into()))
            }
        }
    }

    fn layers(&self, inputs: usize, samples: usize) -> Vec<Box<dyn Layer>> {
        let parameters = learned_posterior::inputs(self.units, self.posterior.as_deref());
        let (activation, initializer) = (Activation::Linear, Initializer::Glorot);
        let code = GaussianLatent::new(self.units, samples);
        let code = match self.prior {
            Some(prior) => code.with_prior(prior.into()),
            None => code,
        };
        let code = match self.posterior {
            Some(posterior) => code.with_posterior(posterior.into()),
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

/// A diagonal Gaussian code (Kingma and Welling 2014): from means and log-variances, `z = μ + σ ε` with `ε ~ N(0, 1)`, and
/// `z = μ` in evaluation.
///
/// The input of `2 n` elements holds `μ` and then `s`; the log-variance is `ln σ² = 30 tanh(s / 30)`, which is `s` to three
/// digits where `|s| < 2` and never overflows.
///
/// A [`crate::Posterior`] carries the code on, `f(z; h)`, and `f(μ; h)` in evaluation: the input then holds `c` elements more, its context
/// `h`. `ln |det ∂f/∂z|` is saved as a part of `ln p(z)`, as it enters `ln p(z) - ln q(z | x)`.
///
/// Its divergence from the prior is a penalty: see [`crate::penalties::KlDivergence`], and [`crate::penalties::SampledKl`] with a
/// prior that is learned or such a posterior, whose parameters are the layer's. With several samples of each row, the samples are weighted by
/// importance instead: see [`crate::Objective`].
#[derive(Clone, Debug)]
pub struct GaussianLatent {
    width: usize,
    samples: usize,
    /// The prior whose density is taken at the samples.
    learned: Option<LearnedPrior>,
    posterior: Option<LearnedPosterior>,
}

impl GaussianLatent {
    /// A code of `width` dimensions, `samples` of them for each row but in evaluation.
    pub fn new(width: usize, samples: usize) -> Self {
        Self {
            width,
            samples,
            learned: None,
            posterior: None,
        }
    }

    /// The same with a prior that is learned.
    pub fn with_prior(self, prior: Arc<dyn Prior>) -> Self {
        Self {
            learned: Some(LearnedPrior::new(prior, self.width)),
            ..self
        }
    }

    /// The same whose samples a normalising flow carries on; see [`Posterior`].
    pub fn with_posterior(self, posterior: Arc<dyn Posterior>) -> Self {
        let own = LearnedPosterior::new(posterior, self.width);
        let standard = || LearnedPrior::new(Arc::new(StandardNormal), self.width);
        Self {
            posterior: Some(own),
            learned: Some(self.learned.unwrap_or_else(standard)),
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

    /// Standard deviations: `[n]` from the second `n` elements of a row of the layer's input.
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

impl GaussianLatent {
    /// What is learned: by the posterior, then by the prior.
    fn learned_parameters(&self) -> impl Iterator<Item = &ParameterSpec> {
        let posterior = self.posterior.iter().flat_map(|own| &own.parameters);
        posterior.chain(self.learned.iter().flat_map(|own| &own.parameters))
    }
}

/// Elements of some parameters.
fn elements<'a>(parameters: impl Iterator<Item = &'a ParameterSpec>) -> usize {
    parameters.map(|p| p.rows * p.cols).sum()
}

impl Layer for GaussianLatent {
    fn name(&self) -> String {
        let prior = match &self.learned {
            Some(learned) if !learned.parameters.is_empty() => {
                format!(", {} prior", learned.prior.name())
            }
            _ => String::new(),
        };
        let posterior = match &self.posterior {
            Some(own) => format!(", {} posterior", own.posterior.name()),
            None => String::new(),
        };
        match self.samples {
            1 => format!("gaussian{prior}{posterior}"),
            samples => format!("gaussian{prior}{posterior}, {samples} samples"),
        }
    }

    fn inputs(&self) -> usize {
        let posterior = self.posterior.as_ref();
        learned_posterior::inputs(self.width, posterior.map(|own| &*own.posterior))
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        self.learned_parameters().copied().collect()
    }

    /// Saved: `ε`, then `σ`, and `ln p(z)` where it is taken at the samples; see [`GaussianSamples`]; then the noise of its estimate, and what a flow saves. Partial sums: the gradients of the
    /// posterior's parameters, then of the prior's.
    fn memory(&self) -> Memory {
        match &self.learned {
            None => Memory {
                saved: 2 * self.width,
                ..Memory::default()
            },
            Some(learned) => {
                let posterior = self.posterior.as_ref();
                let workspace = posterior.map_or(0, LearnedPosterior::workspace);
                Memory {
                    saved: 2 * self.width
                        + learned.saved(self.width)
                        + posterior.map_or(0, LearnedPosterior::saved),
                    workspace: learned.prior.workspace(self.width).max(workspace),
                    partial_sums: elements(self.learned_parameters()),
                }
            }
        }
    }

    fn multiplications(&self) -> usize {
        let learned = self.learned.as_ref();
        let prior = learned.map_or(0, |own| own.prior.multiplications(self.width));
        let posterior = self.posterior.as_ref();
        let flow = posterior.map_or(0, |own| own.posterior.multiplications(self.width));
        prior.saturating_add(flow).saturating_mul(self.samples)
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
        // As many as are asked for: all that the layer draws, or a round of them.
        let samples = y.rows() / x.rows().max(1);
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for (at, (y, saved)) in rows.enumerate() {
            let x = x.row(at / samples);
            let (epsilon, rest) = saved.split_at_mut(self.width);
            let sigma = &mut rest[..self.width];
            match pass.mode {
                Mode::Eval => epsilon.fill(0.0),
                Mode::Train | Mode::Sample | Mode::Corrupted => {
                    pass.noise.normal(pass.first_row + at as u32, epsilon);
                }
            }
            Self::deviation(x, sigma);
            shift_and_scale(x, epsilon, sigma, y);
        }
        if let Some(posterior) = &self.posterior {
            let (y, saved) = (y.reborrow(), saved.reborrow());
            posterior.carry(parameters, pass.mode, x, y, saved, memory.workspace);
        }
        if let Some(learned) = &self.learned {
            let is_carried = self.posterior.is_some();
            let codes = (y.as_ref(), is_carried);
            learned.save_log_density(parameters, pass, codes, saved, memory.workspace);
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        mut dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        let BackwardMemory {
            mut partial_sums,
            workspace,
        } = memory;
        if let Some(sums) = &mut partial_sums {
            sums.fill(0.0);
        }
        let posterior = self.posterior.as_ref();
        let of_posterior = posterior.map_or(0, |own| elements(own.parameters.iter()));
        if let Some(learned) = &self.learned {
            let own = partial_sums.as_deref_mut();
            let memory = BackwardMemory {
                partial_sums: own.map(|sums| &mut sums[of_posterior..]),
                workspace,
            };
            learned.backward(parameters, trace, &mut dy, memory);
        }
        for (row, factor) in trace.posterior_factors.iter().enumerate() {
            map_in_place(dy.row_mut(row), |dz| factor * dz);
        }
        if let Some(posterior) = posterior {
            let memory = BackwardMemory {
                partial_sums: partial_sums.map(|sums| &mut sums[..of_posterior]),
                workspace,
            };
            posterior.backward(parameters, trace, &mut dy, dx.as_mut(), memory);
        }
        let Some(mut dx) = dx else { return };
        let samples = dy.rows() / dx.rows().max(1);
        for (row, dx) in dx.iter_rows_mut().enumerate() {
            let (dmu, ds) = dx[..2 * self.width].split_at_mut(self.width);
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
        let mut all = self.learned_parameters();
        let before = elements(all.by_ref().take(index));
        let cols = all.next().map_or(0, |own| own.cols);
        let own = &trace.partial_sums[before + rows.start * cols..before + rows.end * cols];
        let mut out = out;
        match accumulate {
            Accumulate::Replace => out.as_mut_slice().copy_from_slice(own),
            Accumulate::Add => update(out.as_mut_slice(), own, |sum, own| sum + own),
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let mean = graph.slice(x, [0, self.width]);
        match &self.posterior {
            None => Ok(mean),
            Some(own) => {
                let h = graph.slice(x, [2 * self.width, self.inputs()]);
                own.posterior.describe(graph, parameters, h, mean)
            }
        }
    }
}

impl Samples for GaussianLatent {
    fn samples(&self, mode: Mode) -> usize {
        match mode {
            Mode::Train | Mode::Sample | Mode::Corrupted => self.samples,
            Mode::Eval => 1,
        }
    }
}
