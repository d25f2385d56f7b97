//! Inverse autoregressive flow.

mod network;

use latentia_tensor::math::{exp_m1_negative, sigmoid, softplus};
use latentia_tensor::{
    Accumulate, MatrixMut, MatrixRef, add_bias_map, add_column_sums, matmul_nn, matmul_nt,
    sum_matmul_tn, update, vectorized,
};
use serde::{Deserialize, Serialize};

use super::check_steps;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::{Initializer, Parameter, ParameterRole, ParameterSpec};
use crate::posterior::{FlowGradients, POSTERIOR_ROWS, Posterior};
use network::{Masks, Network};

/// The most hidden units of a step, and elements of the context.
const MOST_UNITS: usize = 4096;

/// Added to `r`, so that a step begins near the identity.
const FORGET_BIAS: f32 = 2.0;

/// `z' = s z + (1 - s) m` in steps, with `s = σ(r + 2)` and `ln |det| = Σ ln s`: inverse autoregressive flow (Kingma, Salimans, Jozefowicz,
/// Chen, Sutskever and Welling 2016, arXiv 1606.04934), in its gated form.
///
/// `r, m = W₂ᵀ elu(W₁ᵀ z + Uᵀ h + b₁) + b₂` is a masked network (MADE, Germain et al. 2015), whose outputs of an element depend on those
/// before it alone, and on the context `h`, which all steps share. Of `H` hidden units, unit `k` sees the first `⌊k n / H⌋` elements, so
/// that the first ones see the context alone. Every other step has the elements in reversed order. The inverse goes element by element;
/// nothing here needs it. A flow begins as `z' = σ(2) z`: `W₂` and `b₂` are 0.
///
/// Parameters, for codes of `n` elements, `T` steps, `H` hidden units and a context of `c` elements, those of one step below those of the
/// one before: `hidden-weight` `[T n, H]`, `context-weight` `[T c, H]`, `hidden-bias` `[T, H]`, `output-weight` `[T H, 2 n]` and `output-bias`
/// `[T, 2 n]`, of `r` and then of `m`. What a mask makes zero stays as it began, and counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Iaf {
    /// How many steps there are. Example: `steps = 4`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256)))]
    #[serde(default = "steps")]
    pub steps: usize,
    /// Hidden units of the masked network of each step. Example: `units = 400`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4096)))]
    #[serde(default = "units")]
    pub units: usize,
    /// Elements of the context: further outputs of the encoder's last layer, which every step sees. Example: `context = 100`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 4096)))]
    #[serde(default = "context")]
    pub context: usize,
}

fn steps() -> usize {
    2
}

fn units() -> usize {
    128
}

fn context() -> usize {
    64
}

impl Default for Iaf {
    fn default() -> Self {
        Self {
            steps: steps(),
            units: units(),
            context: context(),
        }
    }
}

/// A workspace taken apart, for up to 64 codes.
struct Workspace<'a> {
    /// The codes before each step and behind the last: `[T + 1, rows, n]`.
    codes: &'a mut [f32],
    /// The hidden units of each step: `[T, rows, H]`.
    hidden: &'a mut [f32],
    /// `s` and `m` of each step: `[T, rows, 2 n]`.
    outputs: &'a mut [f32],
    /// The masked weights of one step: `[n, H]`, `[H, 2 n]`.
    weights: &'a mut [f32],
    /// Gradients with respect to hidden units and outputs of one step.
    gradients: [&'a mut [f32]; 2],
}

/// Takes the first `len` elements of `rest`.
fn take<'a>(rest: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (first, others) = std::mem::take(rest).split_at_mut(len);
    *rest = others;
    first
}

impl Iaf {
    /// Rows and columns of the parameters of one step: hidden weight, context weight, hidden bias, output weight, output bias.
    fn shapes(&self, width: usize) -> [[usize; 2]; 5] {
        let Self { units, context, .. } = *self;
        [
            [width, units],
            [context, units],
            [1, units],
            [units, 2 * width],
            [1, 2 * width],
        ]
    }

    fn masks(&self, width: usize, step: usize) -> Masks {
        Masks {
            width,
            units: self.units,
            is_reversed: step % 2 == 1,
        }
    }

    /// The network of step `step` by the parameters of the layer, of which the flow's are the first.
    fn network<'a>(&self, parameters: &'a [Parameter], width: usize, step: usize) -> Network<'a> {
        let shapes = self.shapes(width);
        let own = |index: usize| {
            let [rows, cols] = shapes[index];
            let all = parameters[index].value.as_slice();
            MatrixRef::new(&all[step * rows * cols..][..rows * cols], rows, cols)
        };
        Network {
            masks: self.masks(width, step),
            hidden_weight: own(0),
            context_weight: own(1),
            hidden_bias: own(2).span(),
            output_weight: own(3),
            output_bias: own(4).span(),
        }
    }

    fn take_apart<'a>(&self, width: usize, rows: usize, mut all: &'a mut [f32]) -> Workspace<'a> {
        let Self { steps, units, .. } = *self;
        let rest = &mut all;
        Workspace {
            codes: take(rest, (steps + 1) * rows * width),
            hidden: take(rest, steps * rows * units),
            outputs: take(rest, steps * rows * 2 * width),
            weights: take(rest, 3 * width * units),
            gradients: [units, 2 * width].map(|columns| take(rest, rows * columns)),
        }
    }

    /// Carries codes through all steps; what each step was given and made stays in the workspace.
    fn carry(
        &self,
        parameters: &[Parameter],
        h: MatrixRef<'_>,
        z: MatrixRef<'_>,
        workspace: &mut Workspace<'_>,
        log_determinant: &mut [f32],
    ) {
        let (rows, width) = (z.rows(), z.cols());
        workspace.codes[..rows * width].copy_from_slice(z.span());
        log_determinant.fill(0.0);
        let hidden = workspace.hidden.chunks_mut(rows * self.units);
        let outputs = workspace.outputs.chunks_mut(rows * 2 * width);
        let mut rest = &mut *workspace.codes;
        for (step, (hidden, outputs)) in hidden.zip(outputs).enumerate() {
            let network = self.network(parameters, width, step);
            let [hidden_weight, output_weight] = network.masked(workspace.weights);
            let before = take(&mut rest, rows * width);
            let z = MatrixRef::new(before, rows, width);
            let mut hidden = MatrixMut::new(hidden, rows, self.units);
            matmul_nn(hidden.reborrow(), Accumulate::Replace, z, hidden_weight);
            matmul_nn(
                hidden.reborrow(),
                Accumulate::Add,
                h,
                network.context_weight,
            );
            add_bias_map(hidden.reborrow(), network.hidden_bias, elu);
            let mut outputs = MatrixMut::new(outputs, rows, 2 * width);
            matmul_nn(
                outputs.reborrow(),
                Accumulate::Replace,
                hidden.as_ref(),
                output_weight,
            );
            add_bias_map(outputs.reborrow(), network.output_bias, |r| r);
            let codes = rest[..rows * width]
                .chunks_mut(width)
                .zip(before.chunks(width));
            let codes = codes.zip(outputs.iter_rows_mut());
            for (((after, before), outputs), log_determinant) in codes.zip(&mut *log_determinant) {
                *log_determinant += move_code(after, before, outputs);
            }
        }
    }

    /// Where the gradients of step `step` are summed, in the order of [`Self::shapes`].
    fn sums<'a>(&self, width: usize, step: usize, mut all: &'a mut [f32]) -> [MatrixMut<'a>; 5] {
        self.shapes(width).map(|[rows, cols]| {
            let parameter = take(&mut all, self.steps * rows * cols);
            let own = &mut parameter[step * rows * cols..][..rows * cols];
            MatrixMut::new(own, rows, cols)
        })
    }
}

fn elu(x: f32) -> f32 {
    if x < 0.0 { exp_m1_negative(x) } else { x }
}

/// Elements that are moved at a time.
const ELEMENTS: usize = 64;

/// One step of a code, `z' = s z + (1 - s) m`, by outputs `r` and `m`, of which `r` becomes `s`; `Σ ln s`.
fn move_code(after: &mut [f32], before: &[f32], outputs: &mut [f32]) -> f32 {
    let (r, m) = outputs.split_at_mut(before.len());
    let parts = after.chunks_mut(ELEMENTS).zip(before.chunks(ELEMENTS));
    let outputs = r.chunks_mut(ELEMENTS).zip(m.chunks(ELEMENTS));
    let mut sum = 0.0;
    for ((after, before), (r, m)) in parts.zip(outputs) {
        let mut logarithms = [0.0f32; ELEMENTS];
        let elements = after.iter_mut().zip(before).zip(r.iter_mut()).zip(m);
        let elements = elements.zip(&mut logarithms);
        vectorized(
            #[inline(always)]
            || {
                for ((((after, z), r), m), ln) in elements {
                    let a = *r + FORGET_BIAS;
                    let s = sigmoid(a);
                    *after = s.mul_add(z - m, *m);
                    *r = s;
                    *ln = -softplus(-a);
                }
            },
        );
        sum += logarithms.iter().sum::<f32>();
    }
    sum
}

/// Turns gradients with respect to a code behind a step into those with respect to the code before it, but for what goes through the
/// network, with respect to whose outputs they are left in `by_outputs`; with a factor on `Σ ln s`.
fn move_back(dz: &mut [f32], by_outputs: &mut [f32], before: &[f32], outputs: &[f32], factor: f32) {
    let (s, m) = outputs.split_at(before.len());
    let (dr, dm) = by_outputs.split_at_mut(before.len());
    vectorized(
        #[inline(always)]
        || {
            let by_outputs = dr.iter_mut().zip(dm);
            let known = s.iter().zip(m).zip(before);
            for ((dz, (dr, dm)), ((s, m), z)) in dz.iter_mut().zip(by_outputs).zip(known) {
                let rest = 1.0 - s;
                *dr = rest * (*dz * s * (z - m) + factor);
                *dm = rest * *dz;
                *dz *= s;
            }
        },
    );
}

impl Posterior for Iaf {
    fn name(&self) -> &'static str {
        "iaf"
    }

    fn check(&self, _width: usize) -> Result<(), InvalidSpec> {
        check_steps(self.name(), self.steps)?;
        for (what, seen) in [
            ("hidden units", self.units),
            ("elements of the context", self.context),
        ] {
            require(
                (1..=MOST_UNITS).contains(&seen),
                || format!("has a posterior of kind iaf of {seen} {what}"),
                "it must have from 1 to 4096",
            )?;
        }
        Ok(())
    }

    fn context(&self, _width: usize) -> usize {
        self.context
    }

    fn parameters(&self, width: usize) -> Vec<ParameterSpec> {
        let (glorot, zeros) = (Initializer::Glorot, Initializer::Zeros);
        let kinds = [
            ("hidden-weight", glorot),
            ("context-weight", glorot),
            ("hidden-bias", zeros),
            ("output-weight", zeros),
            ("output-bias", zeros),
        ];
        let all = kinds.into_iter().zip(self.shapes(width));
        let parameter = |((name, initializer), [rows, cols]): ((&'static str, _), [usize; 2])| {
            let shape = [self.steps.saturating_mul(rows), cols];
            ParameterSpec {
                fans: [rows, cols],
                ..ParameterSpec::new(ParameterRole::Shift, name, shape, initializer)
            }
        };
        all.map(parameter).collect()
    }

    fn workspace(&self, width: usize) -> usize {
        let Self { steps, units, .. } = *self;
        let of_row = (steps + 1) * width + (steps + 1) * (units + 2 * width);
        POSTERIOR_ROWS * of_row + 3 * width * units
    }

    fn multiplications(&self, width: usize) -> usize {
        let Self {
            steps,
            units,
            context,
        } = *self;
        let of_unit = width.saturating_mul(3).saturating_add(context);
        steps.saturating_mul(units).saturating_mul(of_unit)
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        h: MatrixRef<'_>,
        mut z: MatrixMut<'_>,
        log_determinant: &mut [f32],
        workspace: &mut [f32],
    ) {
        let size = z.rows() * z.cols();
        let mut workspace = self.take_apart(z.cols(), z.rows(), workspace);
        self.carry(parameters, h, z.as_ref(), &mut workspace, log_determinant);
        let last = &workspace.codes[self.steps * size..];
        z.as_mut_slice().copy_from_slice(last);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        h: MatrixRef<'_>,
        z: MatrixRef<'_>,
        factors: &[f32],
        gradients: FlowGradients<'_>,
        workspace: &mut [f32],
    ) {
        let (rows, width) = (z.rows(), z.cols());
        let mut workspace = self.take_apart(width, rows, workspace);
        let mut none = [0.0; POSTERIOR_ROWS];
        self.carry(parameters, h, z, &mut workspace, &mut none[..rows]);
        let Workspace {
            codes,
            hidden,
            outputs,
            weights,
            gradients: [by_hidden, by_outputs],
        } = workspace;
        let FlowGradients {
            codes: mut dz,
            context: mut dh,
            parameters: mut sums,
        } = gradients;
        dh.as_mut_slice().fill(0.0);
        let part = |all, step: usize, columns: usize| part(all, step, rows, columns);
        for step in (0..self.steps).rev() {
            let network = self.network(parameters, width, step);
            let [hidden_weight, output_weight] = network.masked(weights);
            let z = part(codes, step, width);
            let (hidden, outputs) = (
                part(hidden, step, self.units),
                part(outputs, step, 2 * width),
            );
            let own = dz.iter_rows_mut().zip(by_outputs.chunks_mut(2 * width));
            for (row, ((dz, by_outputs), &factor)) in own.zip(factors).enumerate() {
                move_back(dz, by_outputs, z.row(row), outputs.row(row), factor);
            }
            let by_outputs = MatrixRef::new(by_outputs, rows, 2 * width);
            let mut by_hidden = MatrixMut::new(by_hidden, rows, self.units);
            matmul_nt(
                by_hidden.reborrow(),
                Accumulate::Replace,
                by_outputs,
                output_weight,
            );
            update(by_hidden.as_mut_slice(), hidden.span(), |d, y| {
                if y < 0.0 { d * (y + 1.0) } else { d }
            });
            let by_hidden = by_hidden.as_ref();
            matmul_nt(dz.reborrow(), Accumulate::Add, by_hidden, hidden_weight);
            matmul_nt(
                dh.reborrow(),
                Accumulate::Add,
                by_hidden,
                network.context_weight,
            );
            if let Some(sums) = &mut sums {
                let [mut dw, du, mut db, mut dv, mut dc] = self.sums(width, step, sums);
                sum_matmul_tn(dw.reborrow(), Accumulate::Add, &[(z, by_hidden)]);
                network.masks.mask_hidden(dw.as_mut_slice());
                sum_matmul_tn(du, Accumulate::Add, &[(h, by_hidden)]);
                add_column_sums(db.as_mut_slice(), by_hidden);
                sum_matmul_tn(dv.reborrow(), Accumulate::Add, &[(hidden, by_outputs)]);
                network.masks.mask_outputs(dv.as_mut_slice());
                add_column_sums(dc.as_mut_slice(), by_outputs);
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        parameters: &[Parameter],
        h: Value,
        mut z: Value,
    ) -> Result<Value, Undescribed> {
        let width = graph.shape(z)[0];
        let mut weights = vec![0.0; 3 * width * self.units];
        for step in 0..self.steps {
            let network = self.network(parameters, width, step);
            let masked = network.masked(&mut weights);
            let mut constant = |name: &str, value: MatrixRef<'_>| {
                let shape = match value.rows() {
                    1 if name.ends_with("bias") => vec![value.cols()],
                    rows => vec![rows, value.cols()],
                };
                graph.constant(&format!("{name}.{step}"), &shape, value.span().to_vec())
            };
            let hidden_weight = constant("hidden-weight", masked[0]);
            let context_weight = constant("context-weight", network.context_weight);
            let bias = MatrixRef::new(network.hidden_bias, 1, self.units);
            let hidden_bias = constant("hidden-bias", bias);
            let output_weight = constant("output-weight", masked[1]);
            let bias = MatrixRef::new(network.output_bias, 1, 2 * width);
            let output_bias = constant("output-bias", bias);
            let of_codes = graph.node(Operation::Gemm, &[z, hidden_weight, hidden_bias]);
            let of_context = graph.node(Operation::MatMul, &[h, context_weight]);
            let hidden = graph.add(of_codes, of_context);
            let hidden = graph.node(Operation::Elu, &[hidden]);
            let outputs = graph.node(Operation::Gemm, &[hidden, output_weight, output_bias]);
            let r = graph.slice(outputs, [0, width]);
            let m = graph.slice(outputs, [width, 2 * width]);
            let a = graph.plus(r, FORGET_BIAS.into());
            let s = graph.node(Operation::Sigmoid, &[a]);
            let difference = graph.sub(z, m);
            let scaled = graph.mul(s, difference);
            z = graph.add(scaled, m);
        }
        Ok(z)
    }
}

/// Rows `[rows, columns]` of step `step`.
fn part(all: &[f32], step: usize, rows: usize, columns: usize) -> MatrixRef<'_> {
    MatrixRef::new(
        &all[step * rows * columns..][..rows * columns],
        rows,
        columns,
    )
}
