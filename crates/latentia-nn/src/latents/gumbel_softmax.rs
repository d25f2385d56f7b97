//! Codes of categories.

mod categorical_kl;

use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef, Noise};
use serde::{Deserialize, Serialize};

use super::cut::check_cut;
use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Memory, Mode, Parameter, Pass, Trace};
use crate::likelihood::Likelihood;
use crate::penalty::Penalty;
pub use categorical_kl::CategoricalKl;

/// The most categories of a variable.
const MOST_CATEGORIES: usize = 1 << 14;

/// The encoder's output, cut into the logits of categorical variables; see [`GumbelSoftmaxLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GumbelSoftmax {
    /// Categories of each variable; the width of the encoder's output, or its channels, are a multiple of it.
    /// Example: `categories = 16`
    #[cfg_attr(feature = "schema", schemars(range(min = 2)))]
    pub categories: usize,
    /// Temperature `τ` of the softmax in training, behind the warm-up: the lower, the nearer its samples are to one category, and the more
    /// its gradients vary. Example: `temperature = 0.67`
    #[cfg_attr(feature = "schema", schemars(extend("exclusiveMinimum" = 0)))]
    #[serde(default = "temperature")]
    pub temperature: f32,
    /// Epochs over which the temperature falls from 1 to its value, by the same factor each. Example: `warm-up = 10`
    #[serde(default)]
    pub warm_up: u32,
    /// Weight of the KL divergence of the categories' probabilities from equal ones: a mean over the code's elements where the likelihood's loss
    /// is a mean over elements, else a sum, with which 1 is the ELBO. Example: `kl = 0.5`
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    #[serde(default = "kl")]
    pub kl: f32,
}

fn temperature() -> f32 {
    0.5
}

fn kl() -> f32 {
    1.0
}

impl Latent for GumbelSoftmax {
    fn name(&self) -> &'static str {
        "gumbel-softmax"
    }

    fn check(&self, row: Shape) -> Result<(), InvalidSpec> {
        let Self {
            categories,
            temperature,
            kl,
            ..
        } = *self;
        require(
            (2..=MOST_CATEGORIES).contains(&categories),
            || format!("has variables of {categories} categories"),
            "`categories` must be from 2 to 16,384",
        )?;
        check_cut(row, categories, || {
            format!("variables of {categories} categories")
        })?;
        require(
            kl.is_finite() && kl >= 0.0,
            || format!("has kl {kl}"),
            "it must be finite and at least 0",
        )?;
        require(
            temperature.is_finite() && temperature > 0.0,
            || format!("has temperature {temperature}"),
            "it must be finite and more than 0",
        )
    }

    fn layers(&self, inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        vec![Box::new(GumbelSoftmaxLatent::new(inputs, *self))]
    }

    fn is_per_position(&self) -> bool {
        true
    }

    fn penalty(&self, width: usize, likelihood: &dyn Likelihood) -> Option<Arc<dyn Penalty>> {
        let elements = match likelihood.is_in_nats_per_example() {
            true => 1.0,
            false => width as f32,
        };
        Some(Arc::new(CategoricalKl {
            weight: self.kl / elements,
            categories: self.categories,
        }))
    }

    fn warm_up(&self) -> u32 {
        self.warm_up
    }

    fn values(&self) -> CodeValues {
        CodeValues::Codebook {
            vectors: self.categories,
            dimension: self.categories,
            codebooks: 1,
        }
    }

    fn quantise(&self, code: &mut [f32]) -> bool {
        for variable in code.chunks_mut(self.categories) {
            let most_likely = first_of_largest(variable);
            one_hot(variable, most_likely);
        }
        true
    }

    fn read_indices(&self, saved: &[f32], indices: &mut Vec<u32>) {
        // Behind the indices is the temperature.
        let saved = &saved[..saved.len() - 1];
        indices.extend(saved.iter().map(|&index| index as u32));
    }

    fn read_code(&self, _parameters: &[Parameter], indices: &[u32], code: &mut [f32]) {
        for (variable, &index) in code.chunks_mut(self.categories).zip(indices) {
            variable.fill(0.0);
            variable[index as usize] = 1.0;
        }
    }
}

/// Number of the largest element, the first of equals.
fn first_of_largest(x: &[f32]) -> usize {
    let mut first = 0;
    for (at, x_at) in x.iter().enumerate() {
        if *x_at > x[first] {
            first = at;
        }
    }
    first
}

/// 1 of element `at`, 0 of the others. What is not a number must show.
fn one_hot(x: &mut [f32], at: usize) {
    let is_nan = x.iter().any(|x| x.is_nan());
    x.fill(if is_nan { f32::NAN } else { 0.0 });
    x[at] += 1.0;
}

/// A row is cut into the logits `a` of categorical variables, and each variable is drawn by the Gumbel-softmax, or concrete, distribution
/// (Jang, Gu and Poole 2017, arXiv 1611.01144; Maddison, Mnih and Teh 2017, arXiv 1611.00712): with `g = -ln(-ln u)` of uniform `u`,
///
/// ```text
/// z = softmax((a + g) / τ)
/// ```
///
/// in training, whose gradients pass through it; where codes are sampled without being learned, all of the largest `a + g`, a draw from
/// `softmax(a)`; in evaluation all of the largest `a`. So the code is `categories` elements a variable, of which one is 1 and the others are
/// 0: a codebook of unit vectors. With a KL divergence from equal probabilities, [`CategoricalKl`], it is a discrete variational autoencoder.
#[derive(Clone, Debug)]
pub struct GumbelSoftmaxLatent {
    width: usize,
    categories: usize,
    temperature: f32,
    warm_up: u32,
}

impl GumbelSoftmaxLatent {
    /// Cuts rows of `width` elements, a multiple of the categories of `spec`.
    pub fn new(width: usize, spec: GumbelSoftmax) -> Self {
        let GumbelSoftmax {
            categories,
            temperature,
            warm_up,
            ..
        } = spec;
        Self {
            width,
            categories,
            temperature,
            warm_up,
        }
    }

    /// Variables in a row.
    fn variables(&self) -> usize {
        self.width / self.categories
    }

    /// `τ` after `epochs` epochs.
    fn temperature(&self, epochs: f64) -> f32 {
        match self.warm_up {
            0 => self.temperature,
            warm_up => self
                .temperature
                .powf((epochs / f64::from(warm_up)).min(1.0) as f32),
        }
    }
}

/// The logits of a row and Gumbel noise.
fn perturb(noise: Noise, row: u32, logits: &[f32], out: &mut [f32]) {
    noise.uniform(row, out);
    for (out, a) in out.iter_mut().zip(logits) {
        // Of 0 the noise would be infinite.
        *out = a - (-out.max(f32::EPSILON).ln()).ln();
    }
}

/// `softmax(x / τ)` in the place of `x`.
fn soften(x: &mut [f32], temperature: f32) {
    let max = x
        .iter()
        .fold(f32::NEG_INFINITY, |a, &b| if b <= a { a } else { b });
    let mut sum = 0.0;
    for x in &mut *x {
        *x = ((*x - max) / temperature).exp();
        sum += *x;
    }
    x.iter_mut().for_each(|x| *x /= sum);
}

impl Layer for GumbelSoftmaxLatent {
    fn name(&self) -> String {
        format!(
            "gumbel-softmax, {} of {} categories",
            self.variables(),
            self.categories
        )
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: the largest element of each variable, `[variables]`, and the temperature.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.variables() + 1,
            ..Memory::default()
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
        let temperature = self.temperature(pass.epochs);
        let mut saved = memory.saved;
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((row, x), (y, saved)) in (pass.first_row..).zip(x.iter_rows()).zip(rows) {
            let (indices, of_row) = saved.split_at_mut(self.variables());
            of_row[0] = temperature;
            match pass.mode {
                Mode::Eval => y.copy_from_slice(x),
                Mode::Train | Mode::Sample | Mode::Corrupted => perturb(pass.noise, row, x, y),
            }
            for (variable, index) in y.chunks_mut(self.categories).zip(indices) {
                let largest = first_of_largest(variable);
                *index = largest as f32;
                match pass.mode {
                    Mode::Train => soften(variable, temperature),
                    Mode::Eval | Mode::Sample | Mode::Corrupted => one_hot(variable, largest),
                }
            }
        }
    }

    /// `∂L/∂a = (z ⊙ (∂L/∂z - z · ∂L/∂z)) / τ`
    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        let n = self.categories;
        let rows = dx.iter_rows_mut().zip(dy.iter_rows_mut());
        let traces = trace.y.iter_rows().zip(trace.saved.iter_rows());
        for ((dx, dy), (z, saved)) in rows.zip(traces) {
            let temperature = saved[self.variables()];
            let variables = dx.chunks_mut(n).zip(dy.chunks(n));
            for ((dx, dy), z) in variables.zip(z.chunks(n)) {
                let product: f32 = dy.iter().zip(z).map(|(dy, z)| dy * z).sum();
                for ((dx, dy), z) in dx.iter_mut().zip(dy).zip(z) {
                    *dx = z * (dy - product) / temperature;
                }
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let n = self.categories;
        let mut units = vec![0.0f32; n * n];
        units.iter_mut().step_by(n + 1).for_each(|x| *x = 1.0);
        let units = graph.constant("categories", &[n, n], units);
        let x = graph.reshape(inputs[0], &[self.variables(), n]);
        let largest = graph.node(Operation::ArgMax, &[x]);
        let code = graph.node(Operation::Gather(0), &[units, largest]);
        Ok(graph.flat(code))
    }
}
