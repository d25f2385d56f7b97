//! Pairs of rows that are near each other, by which a Jacobian is estimated.

use latentia_tensor::{MatrixMut, MatrixRef, update};

use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Layer, Mode, Parameter, Pass, Samples, Trace,
};
use crate::layers::LayerSpec;
use crate::penalty::{CodeGradients, Codes, PenaltyContext};

/// Standard deviation of the step by which a row is moved: small against the unit range, large against rounding.
const STEP: f32 = 0.01;

/// Returns `λ E ‖f(x + τε) - f(x)‖² / τ²`, an estimate of `λ ‖J‖²` of a function `f` of each row by itself, where the rows of `codes` are `f` of
/// the pairs that a [`Perturb`] layer makes; and adds its gradients. A mean over the pairs, times the share of the batch that they are.
pub(super) fn squared_jacobian(
    weight: f32,
    codes: Codes<'_>,
    context: PenaltyContext,
    mut gradients: Option<CodeGradients<'_>>,
) -> f64 {
    let pairs = codes.codes.rows() / 2;
    let square = f64::from(STEP) * f64::from(STEP);
    let weight = f64::from(weight) * context.share / (square * pairs as f64);
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

/// Refuses `layers`, those of `part`, for the penalty `name` on what they make, `moved`, where they are no function of each row by itself.
pub(super) fn check_each_row(
    name: &str,
    [part, moved]: [&str; 2],
    layers: &[LayerSpec],
) -> Result<(), InvalidSpec> {
    let (_, part_alone) = part.split_once(' ').unwrap_or_default();
    require(
        !layers.iter().any(|layer| layer.is_random()),
        || {
            format!(
                "has {name} for {part} with dropout, which moves {moved} far more than a small step does"
            )
        },
        &format!("leave dropout out of the {part_alone}, or {name}"),
    )?;
    require(
        !layers.iter().any(|layer| layer.mixes_examples()),
        || {
            format!(
                "has {name} for {part} with batch-norm, which mixes an example with the moved ones beside it"
            )
        },
        &format!("use `layer-norm` or `group-norm`, or leave out {name}"),
    )
}

/// A layer that hands each row on twice but in evaluation: as it is, and `τ ε` beside, with `ε ~ N(0, 1)` of its own and `τ = 0.01`.
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

    /// A row has the gradients of both that it became.
    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        let dy = dy.into_ref();
        let samples = trace.y.rows() / trace.x.rows().max(1);
        for (row, dx) in dx.iter_rows_mut().enumerate() {
            dx.copy_from_slice(dy.row(samples * row));
            if samples == 2 {
                update(dx, dy.row(samples * row + 1), |dx, dy| dx + dy);
            }
        }
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
