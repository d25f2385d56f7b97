//! A normalising flow as a prior.

use std::f32::consts::PI;

use latentia_tensor::math::{exp, tanh};
use latentia_tensor::{
    Accumulate, MatrixMut, MatrixRef, Noise, add_bias_map, add_column_sums, map_in_place,
    matmul_nn, matmul_nt, sum_matmul_tn, update, vectorized,
};
use serde::{Deserialize, Serialize};

use crate::invalid_spec::{InvalidSpec, require};
use crate::layer::{Initializer, Parameter, ParameterRole, ParameterSpec};
use crate::prior::{PRIOR_ROWS, Prior, PriorCodes};

/// The most couplings, and the most hidden units of each.
const MOST: usize = 1024;

/// Bound of the logarithm of a coupling's scale: a coupling stretches by `e^±2` at most.
const BOUND: f32 = 2.0;

/// `z = f⁻¹(u)` of standard normal `u`, with `ln p(z) = ln N(f(z); 0, 1) + ln |det ∂f/∂z|`: real-valued non-volume preserving
/// transformations (Dinh, Sohl-Dickstein and Bengio 2017).
///
/// `f` is made of affine couplings. Each looks at the first `⌊n / 2⌋` elements `a` of the code and moves the others `b`, to
/// `(b e^s + t, a)`: what was moved stands in front, so that the next one looks at other elements. `s = 2 tanh(r / 2)` and
/// `r, t = W₂ᵀ tanh(W₁ᵀ a + b₁) + b₂` are a small dense network. So `ln |det|` is `Σ s`, and the inverse as fast. It begins as a
/// permutation: `W₂` and `b₂` are 0. `b₁` begins uniform in `±1`.
///
/// Parameters, for codes of `n` elements, `C` couplings and `H` hidden units, those of one coupling below those of the one
/// before: `hidden-weight` `[C ⌊n / 2⌋, H]`, `hidden-bias` `[C, H]`, `output-weight` `[C H, 2 ⌈n / 2⌉]`, `output-bias`
/// `[C, 2 ⌈n / 2⌉]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// How many couplings there are. Example: `couplings = 8`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1024)))]
    #[serde(default = "couplings")]
    pub couplings: usize,
    /// Hidden units of the network of each coupling. Example: `hidden = 128`
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1024)))]
    #[serde(default = "hidden")]
    pub hidden: usize,
}

fn couplings() -> usize {
    6
}

fn hidden() -> usize {
    64
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            couplings: couplings(),
            hidden: hidden(),
        }
    }
}

/// One coupling.
#[derive(Clone, Copy)]
struct Coupling<'a> {
    /// `[|a|, H]`
    hidden_weight: MatrixRef<'a>,
    hidden_bias: &'a [f32],
    /// `[H, 2 |b|]`
    output_weight: MatrixRef<'a>,
    output_bias: &'a [f32],
}

impl<'a> Coupling<'a> {
    /// `a` of each code.
    fn seen<'c>(&self, codes: MatrixRef<'c>) -> MatrixRef<'c> {
        codes.columns(0..self.hidden_weight.rows())
    }

    /// Elements of `b`.
    fn moved(&self) -> usize {
        self.output_bias.len() / 2
    }

    /// Writes the network's hidden units, `[rows, H]`, and `s` and `t`, `[rows, 2 |b|]`.
    fn network(&self, codes: MatrixRef<'_>, mut hidden: MatrixMut<'_>, mut outputs: MatrixMut<'_>) {
        let seen = self.seen(codes);
        matmul_nn(
            hidden.reborrow(),
            Accumulate::Replace,
            seen,
            self.hidden_weight,
        );
        add_bias_map(hidden.reborrow(), self.hidden_bias, tanh);
        matmul_nn(
            outputs.reborrow(),
            Accumulate::Replace,
            hidden.as_ref(),
            self.output_weight,
        );
        add_bias_map(outputs.reborrow(), self.output_bias, |r| r);
        let moved = self.moved();
        for outputs in outputs.iter_rows_mut() {
            map_in_place(&mut outputs[..moved], |r| BOUND * tanh(r / BOUND));
        }
    }
}

/// A workspace taken apart, for up to 64 codes.
struct Workspace<'a> {
    /// The codes before each coupling and behind the last: `[C + 1, rows, n]`.
    codes: &'a mut [f32],
    /// The hidden units of each coupling: `[C, rows, H]`.
    hidden: &'a mut [f32],
    /// `s` and `t` of each coupling: `[C, rows, 2 |b|]`.
    outputs: &'a mut [f32],
    /// Gradients with respect to codes, hidden units, outputs and `a`, of one coupling after another.
    gradients: [&'a mut [f32]; 4],
}

/// Takes the first `len` elements of `rest`.
fn take<'a>(rest: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let (first, others) = std::mem::take(rest).split_at_mut(len);
    *rest = others;
    first
}

impl Flow {
    /// `|a|` and `|b|` for codes of `width` elements.
    fn parts(width: usize) -> [usize; 2] {
        [width / 2, width.div_ceil(2)]
    }

    /// Coupling `at` by the parameters of the layer, of which the flow's are the last.
    fn coupling<'a>(&self, parameters: &'a [Parameter], width: usize, at: usize) -> Coupling<'a> {
        let first = parameters.len() - 4;
        let ([seen, moved], hidden) = (Self::parts(width), self.hidden);
        let own = |index: usize, rows: usize, cols: usize| {
            let all = parameters[first + index].value.as_slice();
            MatrixRef::new(&all[at * rows * cols..][..rows * cols], rows, cols)
        };
        Coupling {
            hidden_weight: own(0, seen, hidden),
            hidden_bias: own(1, 1, hidden).span(),
            output_weight: own(2, hidden, 2 * moved),
            output_bias: own(3, 1, 2 * moved).span(),
        }
    }

    fn take_apart<'a>(&self, width: usize, rows: usize, mut all: &'a mut [f32]) -> Workspace<'a> {
        let ([seen, moved], hidden) = (Self::parts(width), self.hidden);
        let rest = &mut all;
        Workspace {
            codes: take(rest, (self.couplings + 1) * rows * width),
            hidden: take(rest, self.couplings * rows * hidden),
            outputs: take(rest, self.couplings * rows * 2 * moved),
            gradients: [width, hidden, 2 * moved, seen].map(|columns| take(rest, rows * columns)),
        }
    }

    /// Carries codes through the flow, and writes `ln p(z)`.
    fn forward(
        &self,
        parameters: &[Parameter],
        z: MatrixRef<'_>,
        workspace: &mut Workspace<'_>,
        log_density: &mut [f32],
    ) {
        let (rows, width) = (z.rows(), z.cols());
        workspace.codes[..rows * width].copy_from_slice(z.span());
        log_density.fill(-0.5 * width as f32 * (2.0 * PI).ln());
        let hidden = workspace.hidden.chunks_mut(rows * self.hidden);
        let moved = Self::parts(width)[1];
        let outputs = workspace.outputs.chunks_mut(rows * 2 * moved);
        let mut rest = &mut *workspace.codes;
        for (at, (hidden, outputs)) in hidden.zip(outputs).enumerate() {
            let coupling = self.coupling(parameters, width, at);
            let before = take(&mut rest, rows * width);
            let after = &mut rest[..rows * width];
            coupling.network(
                MatrixRef::new(before, rows, width),
                MatrixMut::new(hidden, rows, self.hidden),
                MatrixMut::new(outputs, rows, 2 * moved),
            );
            let codes = after.chunks_mut(width).zip(before.chunks(width));
            let codes = codes.zip(outputs.chunks(2 * moved));
            for (((after, before), outputs), log_density) in codes.zip(&mut *log_density) {
                let (s, t) = outputs.split_at(moved);
                let (a, b) = before.split_at(width - moved);
                let (to, last) = after.split_at_mut(moved);
                vectorized(
                    #[inline(always)]
                    || {
                        for (((to, b), s), t) in to.iter_mut().zip(b).zip(s).zip(t) {
                            *to = b * exp(*s) + t;
                        }
                    },
                );
                last.copy_from_slice(a);
                *log_density += s.iter().sum::<f32>();
            }
        }
        for (u, log_density) in rest.chunks(width).zip(log_density) {
            *log_density -= 0.5 * u.iter().map(|u| u * u).sum::<f32>();
        }
    }

    /// Where the gradients of coupling `at` are summed: hidden weight, hidden bias, output weight, output bias.
    fn sums<'a>(&self, width: usize, at: usize, mut all: &'a mut [f32]) -> [MatrixMut<'a>; 4] {
        let ([seen, moved], hidden) = (Self::parts(width), self.hidden);
        let shapes = [
            [seen, hidden],
            [1, hidden],
            [hidden, 2 * moved],
            [1, 2 * moved],
        ];
        shapes.map(|[rows, cols]| {
            let parameter = take(&mut all, self.couplings * rows * cols);
            MatrixMut::new(
                &mut parameter[at * rows * cols..][..rows * cols],
                rows,
                cols,
            )
        })
    }
}

/// Turns the gradients with respect to the codes behind a coupling into those with respect to the codes before it, `dz`, but for
/// what goes through its network, whose outputs' gradients are left in `by_outputs`; with a factor on `Σ s` of each code.
fn backward_through(
    coupling: Coupling<'_>,
    codes: MatrixRef<'_>,
    outputs: MatrixRef<'_>,
    factors: &[f32],
    (dz, by_outputs): (&mut [f32], &mut [f32]),
) {
    let moved = coupling.moved();
    let rows = dz
        .chunks_mut(codes.cols())
        .zip(by_outputs.chunks_mut(2 * moved));
    for (row, ((dz, by_outputs), &factor)) in rows.zip(factors).enumerate() {
        // From (b', a) to (a, b).
        dz.rotate_left(moved);
        let seen = dz.len() - moved;
        let (s, b) = (&outputs.row(row)[..moved], &codes.row(row)[seen..]);
        let (dr, dt) = by_outputs.split_at_mut(moved);
        let db = &mut dz[seen..];
        vectorized(
            #[inline(always)]
            || {
                let elements = dr.iter_mut().zip(dt).zip(db).zip(s).zip(b);
                for ((((dr, dt), db), s), b) in elements {
                    let scale = exp(*s);
                    *dt = *db;
                    let ds = *db * b * scale + factor;
                    *db *= scale;
                    let tanh = s / BOUND;
                    *dr = ds * (1.0 - tanh * tanh);
                }
            },
        );
    }
}

impl Prior for Flow {
    fn name(&self) -> &'static str {
        "flow"
    }

    fn check(&self, width: usize) -> Result<(), InvalidSpec> {
        let Self { couplings, hidden } = *self;
        for (what, seen) in [("couplings", couplings), ("hidden units", hidden)] {
            require(
                (1..=MOST).contains(&seen),
                || format!("has a flow of {seen} {what}"),
                "it must have from 1 to 1024",
            )?;
        }
        require(
            width > 1,
            || format!("has a flow for a code of {width} unit"),
            "couplings need at least 2; a prior of kind `mixture` takes 1",
        )
    }

    fn parameters(&self, width: usize) -> Vec<ParameterSpec> {
        let ([seen, moved], couplings, hidden) = (Self::parts(width), self.couplings, self.hidden);
        let parameter = |name, [rows, cols]: [usize; 2], initializer| ParameterSpec {
            fans: [rows / couplings, cols],
            ..ParameterSpec::new(ParameterRole::Shift, name, [rows, cols], initializer)
        };
        let (glorot, zeros) = (Initializer::Glorot, Initializer::Zeros);
        // Units without a bias are odd functions alone, in which no even one can begin.
        let hidden_bias = ParameterSpec {
            fans: [6, hidden],
            ..parameter("hidden-bias", [couplings, hidden], Initializer::He)
        };
        vec![
            parameter("hidden-weight", [couplings * seen, hidden], glorot),
            hidden_bias,
            parameter("output-weight", [couplings * hidden, 2 * moved], zeros),
            parameter("output-bias", [couplings, 2 * moved], zeros),
        ]
    }

    fn workspace(&self, width: usize) -> usize {
        let ([seen, moved], hidden) = (Self::parts(width), self.hidden);
        let each = width + hidden + 2 * moved;
        PRIOR_ROWS * (self.couplings * each + width + each + seen)
    }

    fn multiplications(&self, width: usize) -> usize {
        let [seen, moved] = Self::parts(width);
        self.couplings * self.hidden * (seen + 2 * moved)
    }

    fn log_density(
        &self,
        parameters: &[Parameter],
        PriorCodes { z, .. }: PriorCodes<'_>,
        log_density: &mut [f32],
        workspace: &mut [f32],
    ) {
        let mut workspace = self.take_apart(z.cols(), z.rows(), workspace);
        self.forward(parameters, z, &mut workspace, log_density);
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        PriorCodes { z, .. }: PriorCodes<'_>,
        factors: &[f32],
        mut dz: MatrixMut<'_>,
        mut sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    ) {
        let (rows, width) = (z.rows(), z.cols());
        let moved = Self::parts(width)[1];
        let mut workspace = self.take_apart(width, rows, workspace);
        self.forward(
            parameters,
            z,
            &mut workspace,
            &mut [0.0; PRIOR_ROWS][..rows],
        );
        let Workspace {
            codes,
            hidden,
            outputs,
            gradients: [by_codes, by_hidden, by_outputs, by_seen],
        } = workspace;
        let size = rows * width;
        let last = codes[self.couplings * size..].chunks(width);
        for ((du, u), factor) in by_codes.chunks_mut(width).zip(last).zip(factors) {
            du.iter_mut().zip(u).for_each(|(du, u)| *du = -factor * u);
        }
        for at in (0..self.couplings).rev() {
            let coupling = self.coupling(parameters, width, at);
            let codes = MatrixRef::new(&codes[at * size..][..size], rows, width);
            let own = |all, columns: usize| part(all, at, rows, columns);
            let (hidden, outputs) = (own(hidden, self.hidden), own(outputs, 2 * moved));
            let gradients = (&mut *by_codes, &mut *by_outputs);
            backward_through(coupling, codes, outputs, factors, gradients);
            let by_outputs = MatrixRef::new(by_outputs, rows, 2 * moved);
            let mut by_hidden = MatrixMut::new(by_hidden, rows, self.hidden);
            matmul_nt(
                by_hidden.reborrow(),
                Accumulate::Replace,
                by_outputs,
                coupling.output_weight,
            );
            update(by_hidden.as_mut_slice(), hidden.span(), |d, h| {
                d * (1.0 - h * h)
            });
            let by_hidden = by_hidden.as_ref();
            let seen = coupling.seen(codes);
            if let Some(sums) = &mut sums {
                let [dw, mut db, dv, mut dc] = self.sums(width, at, sums);
                sum_matmul_tn(dw, Accumulate::Add, &[(seen, by_hidden)]);
                add_column_sums(db.as_mut_slice(), by_hidden);
                sum_matmul_tn(dv, Accumulate::Add, &[(hidden, by_outputs)]);
                add_column_sums(dc.as_mut_slice(), by_outputs);
            }
            let mut by_seen = MatrixMut::new(by_seen, rows, seen.cols());
            matmul_nt(
                by_seen.reborrow(),
                Accumulate::Replace,
                by_hidden,
                coupling.hidden_weight,
            );
            let through = by_codes.chunks_mut(width).zip(by_seen.iter_rows_mut());
            for (dz, own) in through {
                update(&mut dz[..own.len()], own, |dz, own| dz + own);
            }
        }
        update(dz.as_mut_slice(), by_codes, |dz, own| dz + own);
    }

    fn draw(&self, parameters: &[Parameter], noise: Noise, first: u32, mut z: MatrixMut<'_>) {
        let (width, moved) = (z.cols(), Self::parts(z.cols())[1]);
        let mut hidden = vec![0.0; PRIOR_ROWS * self.hidden];
        let mut outputs = vec![0.0; PRIOR_ROWS * 2 * moved];
        let mut row = first;
        for codes in z.as_mut_slice().chunks_mut(PRIOR_ROWS * width) {
            let rows = codes.len() / width;
            for code in codes.chunks_mut(width) {
                noise.normal(row, code);
                row += 1;
            }
            for at in (0..self.couplings).rev() {
                let coupling = self.coupling(parameters, width, at);
                let outputs = &mut outputs[..rows * 2 * moved];
                for code in codes.chunks_mut(width) {
                    code.rotate_left(moved);
                }
                coupling.network(
                    MatrixRef::new(codes, rows, width),
                    MatrixMut::new(&mut hidden[..rows * self.hidden], rows, self.hidden),
                    MatrixMut::new(outputs, rows, 2 * moved),
                );
                let codes = codes.chunks_mut(width).zip(outputs.chunks(2 * moved));
                for (code, outputs) in codes {
                    let (s, t) = outputs.split_at(moved);
                    let b = code[width - moved..].iter_mut();
                    b.zip(s)
                        .zip(t)
                        .for_each(|((b, s), t)| *b = (*b - t) * exp(-s));
                }
            }
        }
    }
}

/// Rows `[rows, columns]` of coupling `at`.
fn part(all: &[f32], at: usize, rows: usize, columns: usize) -> MatrixRef<'_> {
    MatrixRef::new(&all[at * rows * columns..][..rows * columns], rows, columns)
}
