//! How much the code moves when the input does.

use std::sync::Arc;

use latentia_tensor::{MatrixMut, MatrixRef};
use serde::{Deserialize, Serialize};

use super::weighted::WeightedPenalty;
use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::Latent;
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Layer, Mode, Parameter, Pass, Samples, Trace,
};
use crate::layers::LayerSpec;
use crate::penalty::{CodeGradients, Codes, Penalty, PenaltyContext};

/// Standard deviation of the step by which an input is moved: small against the unit range, large against rounding.
const STEP: f32 = 0.01;

/// `λ ‖J‖²`, the squared Frobenius norm of the code's Jacobian by the input, mean over examples (Rifai et al. 2011).
///
/// It is estimated without bias up to the curvature within a step, for any encoder that is a function
/// of each example by itself, without dropout and batch normalisation: `E ‖f(x + τε) - f(x)‖² / τ²` with
/// `ε ~ N(0, 1)` and `τ = 0.01`, one draw for each example and step. A [`Perturb`] layer before the encoder makes the pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
#[serde(transparent)]
pub struct Contractive {
    /// `λ`, in the loss's unit.
    #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
    pub weight: f32,
}

impl Penalty for Contractive {
    fn name(&self) -> &'static str {
        "contractive"
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        mut gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let pairs = codes.codes.rows() / 2;
        let square = f64::from(STEP) * f64::from(STEP);
        let weight = f64::from(self.weight) * context.share / (square * pairs as f64);
        let factor = (2.0 * weight) as f32;
        let mut sum = 0.0;
        for pair in 0..pairs {
            let (still, moved) = (codes.codes.row(2 * pair), codes.codes.row(2 * pair + 1));
            let elements = still.iter().zip(moved);
            sum += elements.map(|(a, b)| f64::from(b - a).powi(2)).sum::<f64>();
            if let Some(gradients) = &mut gradients {
                for (row, factor) in [(2 * pair, -factor), (2 * pair + 1, factor)] {
                    let elements = still.iter().zip(moved);
                    for (dy, (a, b)) in gradients.codes.row_mut(row).iter_mut().zip(elements) {
                        *dy += factor * (b - a);
                    }
                }
            }
        }
        weight * sum
    }
}

impl WeightedPenalty for Contractive {
    fn weight(&self) -> f32 {
        self.weight
    }

    fn fits(&self, latent: &dyn Latent) -> bool {
        latent.passes_encoder_output()
    }

    fn needed_latents(&self) -> &'static str {
        "`deterministic` or `top-k`"
    }

    fn check(&self, encoder: &[LayerSpec]) -> Result<(), InvalidSpec> {
        require(
            !encoder.iter().any(|layer| layer.is_random()),
            || {
                "has contractive for an encoder with dropout, which moves the code far more than a small step does".into()
            },
            "leave dropout out of the encoder, or contractive",
        )?;
        require(
            !encoder.iter().any(|layer| layer.mixes_examples()),
            || {
                "has contractive for an encoder with batch-norm, which mixes an example with the moved ones beside it".into()
            },
            "use `layer-norm` or `group-norm`, or leave out contractive",
        )
    }

    fn input_layer(&self, width: usize) -> Option<Box<dyn Layer>> {
        Some(Box::new(Perturb::new(width)))
    }

    fn shared(&self) -> Arc<dyn Penalty> {
        Arc::new(*self)
    }
}

/// A layer that hands each row on twice but in evaluation: as it is, and a small random step beside. It must stand before every
/// layer that learns.
#[derive(Clone, Debug)]
pub struct Perturb {
    width: usize,
}

impl Perturb {
    /// Pairs of rows of `width` elements.
    pub fn new(width: usize) -> Self {
        Self { width }
    }
}

impl Layer for Perturb {
    fn name(&self) -> String {
        "perturb".into()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            samples: Some(self),
            without_gradient: true,
            ..Abilities::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        if pass.mode == Mode::Eval {
            return y.as_mut_slice().copy_from_slice(x.span());
        }
        for (at, y) in (0..).zip(y.iter_rows_mut()) {
            let x = x.row(at as usize / 2);
            if at % 2 == 0 {
                y.copy_from_slice(x);
            } else {
                pass.noise.normal(pass.first_row + at, y);
                for (y, x) in y.iter_mut().zip(x) {
                    *y = x + STEP * *y;
                }
            }
        }
    }

    /// Its place is before everything that learns, where nobody asks for a gradient.
    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        assert!(dx.is_none(), "pairs are made behind a layer that learns");
    }

    fn describe(
        &self,
        _graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        Ok(inputs[0])
    }
}

impl Samples for Perturb {
    fn samples(&self, mode: Mode) -> usize {
        match mode {
            Mode::Train | Mode::Sample | Mode::Corrupted => 2,
            Mode::Eval => 1,
        }
    }
}
