//! Inverse autoregressive flow.

mod network;

use latentia_tensor::math::{exp_m1_negative, sigmoid, softplus};
use latentia_tensor::{
    Accumulate, MatrixMut, MatrixRef, add_bias_map, add_column_sums, matmul_nn, matmul_nt,
    sum_matmul_tn, update, vectorized,
};
use serde::{Deserialize, Serialize};

use super::steps::check_steps;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::{Initializer, Parameter, ParameterRole, ParameterSpec};
use crate::posterior::{FlowGradients, FlowTrace, POSTERIOR_ROWS, Posterior};
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
/// one before: `posterior-hidden-weight` `[T n, H]`, `posterior-context-weight` `[T c, H]`, `posterior-hidden-bias` `[T, H]`,
/// `posterior-output-weight` `[T H, 2 n]` and `posterior-output-bias` `[T, 2 n]`, of `r` and then of `m`. What a mask makes zero stays as
/// it began, and counts for nothing.
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
    /// The hidden units of a step, or gradients with respect to them: `[rows, H]`.
    hidden: &'a mut [f32],
    /// `r`, or `s`, and `m` of a step, or gradients with respect to them: `[rows, 2 n]`.
    outputs: &'a mut [f32],
    /// The masked weights of a step: `[n, H]`, `[H, 2 n]`.
    weights: &'a mut [f32],
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
        let rest = &mut all;
        Workspace {
            hidden: take(rest, rows * self.units),
            outputs: take(rest, rows * 2 * width),
            weights: take(rest, 3 * width * self.units),
        }
    }

    /// Elements that a step saves for each code: the code before it, its hidden units, `s` and `m`.
    fn saved_by_step(&self, width: usize) -> usize {
        width.saturating_mul(3).saturating_add(self.units)
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
fn move_code(z: &mut [f32], outputs: &mut [f32]) -> f32 {
    let (r, m) = outputs.split_at_mut(z.len());
    let outputs = r.chunks_mut(ELEMENTS).zip(m.chunks(ELEMENTS));
    let mut sum = 0.0;
    for (z, (r, m)) in z.chunks_mut(ELEMENTS).zip(outputs) {
        let mut logarithms = [0.0f32; ELEMENTS];
        let elements = z.iter_mut().zip(r.iter_mut()).zip(m);
        let elements = elements.zip(&mut logarithms);
        vectorized(
            #[inline(always)]
            || {
                for (((z, r), m), ln) in elements {
                    let a = *r + FORGET_BIAS;
                    let s = sigmoid(a);
                    *z = s.mul_add(*z - m, *m);
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
            ("posterior-hidden-weight", glorot),
            ("posterior-context-weight", glorot),
            ("posterior-hidden-bias", zeros),
            ("posterior-output-weight", zeros),
            ("posterior-output-bias", zeros),
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

    fn saved(&self, width: usize) -> usize {
        self.steps.saturating_mul(self.saved_by_step(width))
    }

    fn workspace(&self, width: usize) -> usize {
        POSTERIOR_ROWS * (self.units + 2 * width) + 3 * width * self.units
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
        mut saved: MatrixMut<'_>,
        workspace: &mut [f32],
    ) {
        let (rows, width, units) = (z.rows(), z.cols(), self.units);
        let own = self.take_apart(width, rows, workspace);
        let mut hidden = MatrixMut::new(own.hidden, rows, units);
        let mut outputs = MatrixMut::new(own.outputs, rows, 2 * width);
        log_determinant.fill(0.0);
        let mut first = saved.cols() - self.saved(width);
        for step in 0..self.steps {
            let network = self.network(parameters, width, step);
            let [hidden_weight, output_weight] = network.masked(own.weights);
            let known = [(z.as_ref(), hidden_weight), (h, network.context_weight)];
            for (accumulate, (x, weight)) in [Accumulate::Replace, Accumulate::Add]
                .into_iter()
                .zip(known)
            {
                matmul_nn(hidden.reborrow(), accumulate, x, weight);
            }
            add_bias_map(hidden.reborrow(), network.hidden_bias, elu);
            let replace = Accumulate::Replace;
            matmul_nn(outputs.reborrow(), replace, hidden.as_ref(), output_weight);
            add_bias_map(outputs.reborrow(), network.output_bias, |r| r);
            let codes = z.iter_rows_mut().zip(saved.iter_rows_mut());
            let made = hidden.iter_rows_mut().zip(outputs.iter_rows_mut());
            let all = codes.zip(made).zip(&mut *log_determinant);
            for (((z, saved), (hidden, outputs)), log_determinant) in all {
                let saved = &mut saved[first..first + self.saved_by_step(width)];
                let (before, saved) = saved.split_at_mut(width);
                before.copy_from_slice(z);
                *log_determinant += move_code(z, outputs);
                saved[..units].copy_from_slice(hidden);
                saved[units..].copy_from_slice(outputs);
            }
            first += self.saved_by_step(width);
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: FlowTrace<'_>,
        factors: &[f32],
        gradients: FlowGradients<'_>,
        workspace: &mut [f32],
    ) {
        let (rows, width, units) = (trace.codes.rows(), trace.codes.cols(), self.units);
        let own = self.take_apart(width, rows, workspace);
        let mut by_hidden = MatrixMut::new(own.hidden, rows, units);
        let mut by_outputs = MatrixMut::new(own.outputs, rows, 2 * width);
        let FlowGradients {
            codes: mut dz,
            context: mut dh,
            parameters: mut sums,
        } = gradients;
        dh.as_mut_slice().fill(0.0);
        for step in (0..self.steps).rev() {
            let network = self.network(parameters, width, step);
            let [hidden_weight, output_weight] = network.masked(own.weights);
            let first = step * self.saved_by_step(width);
            let saved = |from: usize, columns: usize| {
                trace.saved.columns(first + from..first + from + columns)
            };
            let (z, hidden) = (saved(0, width), saved(width, units));
            let outputs = saved(width + units, 2 * width);
            let all = dz.iter_rows_mut().zip(by_outputs.iter_rows_mut());
            for (row, ((dz, by_outputs), &factor)) in all.zip(factors).enumerate() {
                move_back(dz, by_outputs, z.row(row), outputs.row(row), factor);
            }
            let by_outputs = by_outputs.as_ref();
            let replace = Accumulate::Replace;
            matmul_nt(by_hidden.reborrow(), replace, by_outputs, output_weight);
            for (by_hidden, hidden) in by_hidden.iter_rows_mut().zip(hidden.iter_rows()) {
                update(
                    by_hidden,
                    hidden,
                    |d, y| if y < 0.0 { d * (y + 1.0) } else { d },
                );
            }
            let by_hidden = by_hidden.as_ref();
            let add = Accumulate::Add;
            matmul_nt(dz.reborrow(), add, by_hidden, hidden_weight);
            matmul_nt(dh.reborrow(), add, by_hidden, network.context_weight);
            if let Some(sums) = &mut sums {
                let [mut dw, du, mut db, mut dv, mut dc] = self.sums(width, step, sums);
                sum_matmul_tn(dw.reborrow(), add, &[(z, by_hidden)]);
                network.masks.mask_hidden(dw.as_mut_slice());
                sum_matmul_tn(du, add, &[(trace.context, by_hidden)]);
                add_column_sums(db.as_mut_slice(), by_hidden);
                sum_matmul_tn(dv.reborrow(), add, &[(hidden, by_outputs)]);
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
            let hidden_weight = constant("posterior-hidden-weight", masked[0]);
            let context_weight = constant("posterior-context-weight", network.context_weight);
            let bias = MatrixRef::new(network.hidden_bias, 1, self.units);
            let hidden_bias = constant("posterior-hidden-bias", bias);
            let output_weight = constant("posterior-output-weight", masked[1]);
            let bias = MatrixRef::new(network.output_bias, 1, 2 * width);
            let output_bias = constant("posterior-output-bias", bias);
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
