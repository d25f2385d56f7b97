//! A second stochastic layer as a prior.

mod network;

use std::f32::consts::PI;

use latentia_tensor::math::exp;
use latentia_tensor::{MatrixMut, MatrixRef, Noise, vectorized};
use serde::{Deserialize, Serialize};

use super::gaussians::{self, sum};
use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::{Parameter, ParameterSpec};
use crate::log_variance::{log_variance, multiply_by_log_variance_gradient};
use crate::prior::{PRIOR_ROWS, Prior, PriorCodes};
use network::{Network, Shape};

/// The most units of the second code, and of a hidden layer.
const MOST: usize = 4096;

/// `p(z) = ∫ p(z | h) p(h) dh`: a second code `h` of `m` elements above the first, standard normal, and `p(z | h) = N(μ(h), σ²(h))`. With
/// `h` drawn from `q(h | z) = N(ν(z), τ²(z))`, `p(z | h) p(h) / q(h | z)` is an estimate of `p(z)` without bias: so it enters the evidence
/// lower bound and importance weights, and the model is the variational autoencoder of two stochastic layers (Rezende, Mohamed and
/// Wierstra 2014; Burda, Grosse and Salakhutdinov 2016, arXiv 1509.00519).
///
/// `μ` and `s`, of [`crate::latents::GaussianLatent`], are made of `h` by two dense layers of `H` units with tanh and one without; `ν` and
/// those of `τ` are made of `z` likewise.
///
/// Parameters, for codes of `n` elements: of the network of `q(h | z)` `encoder-weight-1` `[n, H]`, `encoder-bias-1` `[1, H]`,
/// `encoder-weight-2` `[H, H]`, `encoder-bias-2`, `encoder-weight-3` `[H, 2 m]`, `encoder-bias-3` `[1, 2 m]`; of the network of `p(z | h)`
/// the same, called `decoder`, from `[m, H]` to `[H, 2 n]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hierarchical {
    /// Dimensions of the second code. Example: `units = 50`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4096)))]
    pub units: usize,
    /// Units of each hidden layer between the two codes. Example: `hidden = 200`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4096)))]
    #[serde(default = "hidden")]
    pub hidden: usize,
}

fn hidden() -> usize {
    100
}

/// A workspace taken apart, for up to 64 codes.
struct Workspace<'a> {
    /// The second codes: `[rows, m]`.
    codes: MatrixMut<'a>,
    /// Gradients with respect to them.
    by_codes: MatrixMut<'a>,
    /// What the network of `q(h | z)` computes, and that of `p(z | h)`.
    encoder: &'a mut [f32],
    decoder: &'a mut [f32],
}

impl Hierarchical {
    /// The networks of `q(h | z)` and of `p(z | h)`.
    fn shapes(&self, width: usize) -> [Shape; 2] {
        let shape = |inputs, codes: usize| Shape {
            inputs,
            hidden: self.hidden,
            outputs: codes.saturating_mul(2),
        };
        [shape(width, self.units), shape(self.units, width)]
    }

    /// The networks, by the parameters of the layer, of which theirs are the last.
    fn networks<'a>(&self, parameters: &'a [Parameter], width: usize) -> [Network<'a>; 2] {
        let own = &parameters[parameters.len() - 2 * Network::PARAMETERS..];
        let (encoder, decoder) = own.split_at(Network::PARAMETERS);
        let [of_encoder, of_decoder] = self.shapes(width);
        [
            Network::new(of_encoder, encoder),
            Network::new(of_decoder, decoder),
        ]
    }

    fn take_apart<'a>(&self, width: usize, rows: usize, all: &'a mut [f32]) -> Workspace<'a> {
        let size = rows * self.units;
        let (codes, rest) = all.split_at_mut(size);
        let (by_codes, rest) = rest.split_at_mut(size);
        let (encoder, decoder) = rest.split_at_mut(rows * self.shapes(width)[0].workspace());
        Workspace {
            codes: MatrixMut::new(codes, rows, self.units),
            by_codes: MatrixMut::new(by_codes, rows, self.units),
            encoder,
            decoder,
        }
    }

    /// Draws the second codes, and writes `ln p(z | h) + ln p(h) - ln q(h | z)`.
    fn forward(
        &self,
        networks: [Network<'_>; 2],
        PriorCodes { z, noise }: PriorCodes<'_>,
        workspace: &mut Workspace<'_>,
        log_density: &mut [f32],
    ) {
        let [encoder, decoder] = networks;
        let posteriors = encoder.forward(z, workspace.encoder);
        let rows = posteriors.iter_rows().zip(noise.iter_rows());
        let all = rows.zip(workspace.codes.iter_rows_mut());
        for (((posterior, epsilon), h), ln_p) in all.zip(&mut *log_density) {
            let (nu, s) = posterior.split_at(self.units);
            *ln_p = draw(nu, s, epsilon, h);
        }
        let conditionals = decoder.forward(workspace.codes.as_ref(), workspace.decoder);
        for ((conditional, z), ln_p) in conditionals.iter_rows().zip(z.iter_rows()).zip(log_density)
        {
            *ln_p += log_normal(z, conditional);
        }
    }
}

/// Elements whose terms are computed at a time.
const ELEMENTS: usize = 64;

/// `h = ν + τ ε`; `ln p(h) - ln q(h | z) = Σ ½ (ε² - h²) + Σ ln τ`.
fn draw(nu: &[f32], s: &[f32], epsilon: &[f32], h: &mut [f32]) -> f32 {
    let posteriors = nu.chunks(ELEMENTS).zip(s.chunks(ELEMENTS));
    let draws = h.chunks_mut(ELEMENTS).zip(epsilon.chunks(ELEMENTS));
    let mut ratio = 0.0;
    for ((nu, s), (h, epsilon)) in posteriors.zip(draws) {
        let mut terms = [0.0; ELEMENTS];
        let elements = h.iter_mut().zip(nu).zip(s).zip(epsilon).zip(&mut terms);
        vectorized(
            #[inline(always)]
            || {
                for ((((h, nu), s), epsilon), term) in elements {
                    let ln_variance = log_variance(*s);
                    *h = nu + exp(0.5 * ln_variance) * epsilon;
                    *term = 0.5 * (epsilon * epsilon - *h * *h + ln_variance);
                }
            },
        );
        ratio += sum(&terms);
    }
    ratio
}

/// `ln N(z; μ, σ²)` by `μ` and then `s`.
fn log_normal(z: &[f32], conditional: &[f32]) -> f32 {
    let (mu, s) = conditional.split_at(z.len());
    let all = z.chunks(ELEMENTS).zip(mu.chunks(ELEMENTS));
    let mut total = z.len() as f32 * (2.0 * PI).ln();
    for ((z, mu), s) in all.zip(s.chunks(ELEMENTS)) {
        let mut terms = [0.0; ELEMENTS];
        let elements = z.iter().zip(mu).zip(s).zip(&mut terms);
        vectorized(
            #[inline(always)]
            || {
                for (((z, mu), s), term) in elements {
                    let ln_variance = log_variance(*s);
                    let distance = z - mu;
                    *term = distance * distance * exp(-ln_variance) + ln_variance;
                }
            },
        );
        total += sum(&terms);
    }
    -0.5 * total
}

/// Writes the gradients of `factor ln N(z; μ, σ²)` by `μ` and `s` to `by_conditional`, and adds that by `z` to `dz`.
fn log_normal_backward(
    z: &[f32],
    conditional: &[f32],
    factor: f32,
    by_conditional: &mut [f32],
    dz: &mut [f32],
) {
    let (mu, s) = conditional.split_at(z.len());
    let (dmu, ds) = by_conditional.split_at_mut(z.len());
    vectorized(
        #[inline(always)]
        || {
            let gradients = dz.iter_mut().zip(dmu).zip(&mut *ds);
            for (((dz, dmu), ds), ((z, mu), s)) in gradients.zip(z.iter().zip(mu).zip(s)) {
                let distance = z - mu;
                let scaled = distance * exp(-log_variance(*s));
                *dmu = factor * scaled;
                *dz -= *dmu;
                *ds = 0.5 * factor * (distance * scaled - 1.0);
            }
        },
    );
    multiply_by_log_variance_gradient(ds, s);
}

/// Writes the gradients by `ν` and `s` of what depends on the codes with the gradients `dh`, and of `factor (ln p(h) - ln q(h | z))`.
fn draw_backward(
    posterior: &[f32],
    epsilon: &[f32],
    (h, dh): (&[f32], &[f32]),
    factor: f32,
    by_posterior: &mut [f32],
) {
    let (dnu, ds) = by_posterior.split_at_mut(h.len());
    let s = &posterior[h.len()..];
    vectorized(
        #[inline(always)]
        || {
            let known = h.iter().zip(dh).zip(epsilon).zip(s);
            for ((dnu, ds), (((h, dh), epsilon), s)) in dnu.iter_mut().zip(&mut *ds).zip(known) {
                *dnu = dh - factor * h;
                let deviation = exp(0.5 * log_variance(*s));
                *ds = 0.5 * (*dnu * deviation * epsilon + factor);
            }
        },
    );
    multiply_by_log_variance_gradient(ds, s);
}

impl Prior for Hierarchical {
    fn name(&self) -> &'static str {
        "hierarchical"
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        let Self { units, hidden } = *self;
        for (what, seen) in [("units", units), ("hidden units", hidden)] {
            require(
                (1..=MOST).contains(&seen),
                || format!("has a prior of kind hierarchical of {seen} {what}"),
                "it must have from 1 to 4096",
            )?;
        }
        Ok(())
    }

    fn parameters(&self, width: usize) -> Vec<ParameterSpec> {
        const ENCODER: [&str; Network::PARAMETERS] = [
            "encoder-weight-1",
            "encoder-bias-1",
            "encoder-weight-2",
            "encoder-bias-2",
            "encoder-weight-3",
            "encoder-bias-3",
        ];
        const DECODER: [&str; Network::PARAMETERS] = [
            "decoder-weight-1",
            "decoder-bias-1",
            "decoder-weight-2",
            "decoder-bias-2",
            "decoder-weight-3",
            "decoder-bias-3",
        ];
        let [encoder, decoder] = self.shapes(width);
        let both = [(encoder, ENCODER), (decoder, DECODER)];
        both.into_iter()
            .flat_map(|(shape, names)| shape.parameters(names))
            .collect()
    }

    fn noise(&self, _width: usize) -> usize {
        self.units
    }

    fn workspace(&self, width: usize) -> usize {
        let networks = self.shapes(width).map(Shape::workspace);
        PRIOR_ROWS * (2 * self.units + networks.iter().sum::<usize>())
    }

    fn multiplications(&self, width: usize) -> usize {
        let [encoder, decoder] = self.shapes(width).map(Shape::multiplications);
        encoder.saturating_add(decoder)
    }

    fn log_density(
        &self,
        parameters: &[Parameter],
        codes: PriorCodes<'_>,
        log_density: &mut [f32],
        workspace: &mut [f32],
    ) {
        let (rows, width) = (codes.z.rows(), codes.z.cols());
        let mut workspace = self.take_apart(width, rows, workspace);
        let networks = self.networks(parameters, width);
        self.forward(networks, codes, &mut workspace, log_density);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        codes: PriorCodes<'_>,
        factors: &[f32],
        mut dz: MatrixMut<'_>,
        sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    ) {
        let PriorCodes { z, noise } = codes;
        let (rows, width) = (z.rows(), z.cols());
        let networks = self.networks(parameters, width);
        let mut workspace = self.take_apart(width, rows, workspace);
        let mut log_density = [0.0; PRIOR_ROWS];
        self.forward(networks, codes, &mut workspace, &mut log_density[..rows]);
        let [encoder, decoder] = networks;
        let (of_encoder, of_decoder) = match sums {
            Some(sums) => {
                let (first, second) = sums.split_at_mut(self.shapes(width)[0].elements());
                (Some(first), Some(second))
            }
            None => (None, None),
        };
        let Workspace {
            codes: h,
            mut by_codes,
            encoder: of_posteriors,
            decoder: of_conditionals,
        } = workspace;
        let h = h.as_ref();
        by_codes.as_mut_slice().fill(0.0);
        let by_conditionals = |conditionals: MatrixRef<'_>, mut gradients: MatrixMut<'_>| {
            for (row, own) in gradients.iter_rows_mut().enumerate() {
                let (conditional, dz) = (conditionals.row(row), dz.row_mut(row));
                log_normal_backward(z.row(row), conditional, factors[row], own, dz);
            }
        };
        decoder.backward(
            h,
            by_conditionals,
            by_codes.reborrow(),
            of_decoder,
            of_conditionals,
        );
        let by_posteriors = |posteriors: MatrixRef<'_>, mut gradients: MatrixMut<'_>| {
            for (row, own) in gradients.iter_rows_mut().enumerate() {
                let (posterior, epsilon) = (posteriors.row(row), noise.row(row));
                let codes = (h.row(row), &*by_codes.row_mut(row));
                draw_backward(posterior, epsilon, codes, factors[row], own);
            }
        };
        encoder.backward(z, by_posteriors, dz, of_encoder, of_posteriors);
    }

    fn draw(&self, parameters: &[Parameter], noise: Noise, first: u32, mut z: MatrixMut<'_>) {
        let width = z.cols();
        let decoder = self.networks(parameters, width)[1];
        let mut h = vec![0.0; PRIOR_ROWS * self.units];
        let mut workspace = vec![0.0; PRIOR_ROWS * self.shapes(width)[1].workspace()];
        let mut row = first;
        for codes in z.as_mut_slice().chunks_mut(PRIOR_ROWS * width) {
            let rows = codes.len() / width;
            let h = &mut h[..rows * self.units];
            for (row, h) in (row..).zip(h.chunks_mut(self.units)) {
                noise.normal(row, h);
            }
            let h = MatrixRef::new(h, rows, self.units);
            let conditionals = decoder.forward(h, &mut workspace);
            for (z, conditional) in codes.chunks_mut(width).zip(conditionals.iter_rows()) {
                let (mu, s) = conditional.split_at(width);
                gaussians::draw(noise.at_step(1), row, mu, s, z);
                row += 1;
            }
        }
    }
}
