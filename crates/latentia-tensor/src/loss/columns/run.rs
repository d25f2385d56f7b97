//! Elements of a row that follow each other and are of one kind.

use std::ops::Range;

use super::super::gaussian::{HALF_LN_TWO_PI, log_scale_of};
use super::category;
use crate::ElementKind;
use crate::math::{exp, ln_1p_unit};
use crate::reduction::{sum_pairs, sum_triples};

/// Numbers or booleans that follow each other, or one category.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) kind: ElementKind,
    /// Where they are in a row.
    pub(super) elements: Range<usize>,
    /// Where their outputs are.
    pub(super) outputs: Range<usize>,
    /// Where their scales are among the outputs, if they are learned; of numbers alone.
    pub(super) scales: Range<usize>,
}

impl Run {
    /// `n` numbers, which are the whole row.
    pub(super) fn numbers(n: usize) -> Self {
        Self {
            kind: ElementKind::Number,
            elements: 0..n,
            outputs: 0..n,
            scales: n..n.saturating_mul(2),
        }
    }

    /// Those of a row of elements of these kinds.
    pub(super) fn all(kinds: &[ElementKind]) -> Vec<Self> {
        let (mut runs, mut outputs) = (Vec::<Self>::new(), 0);
        let mut scales: usize = kinds.iter().map(|kind| kind.width()).sum();
        for (element, &kind) in kinds.iter().enumerate() {
            let start = (outputs, scales);
            outputs += kind.width();
            scales += usize::from(kind == ElementKind::Number);
            match runs.last_mut() {
                Some(run) if run.kind == kind && !matches!(kind, ElementKind::Category { .. }) => {
                    run.elements.end = element + 1;
                    run.outputs.end = outputs;
                    run.scales.end = scales;
                }
                _ => runs.push(Self {
                    kind,
                    elements: element..element + 1,
                    outputs: start.0..outputs,
                    scales: start.1..scales,
                }),
            }
        }
        runs
    }

    /// The loss of a row's elements, from all outputs and targets of the row, with the gradient where it is asked for.
    #[inline(always)]
    pub(super) fn loss(
        &self,
        learned_scale: bool,
        outputs: &[f32],
        targets: &[f32],
        scale: f32,
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let o = &outputs[self.outputs.clone()];
        let t = &targets[self.elements.clone()];
        match self.kind {
            ElementKind::Number if learned_scale => {
                let s = &outputs[self.scales.clone()];
                let mut out = None;
                if let Some(gradient) = gradient {
                    let (means, scales) = gradient.split_at_mut(self.scales.start);
                    out = Some([&mut means[self.outputs.clone()], &mut scales[..s.len()]]);
                }
                sum_of_three(
                    [o, s, t],
                    out,
                    #[inline(always)]
                    |m, s, t| scaled_number(m, s, t, scale),
                )
            }
            ElementKind::Number => sum_pairs(
                o,
                t,
                gradient.map(|g| &mut g[self.outputs.clone()]),
                #[inline(always)]
                |m, t| number(m, t, scale),
            ),
            ElementKind::Boolean => sum_pairs(
                o,
                t,
                gradient.map(|g| &mut g[self.outputs.clone()]),
                #[inline(always)]
                |o, t| boolean(o, t, scale),
            ),
            ElementKind::Category { .. } => {
                let level = self.kind.level(t[0]);
                let out = gradient.map(|g| &mut g[self.outputs.clone()]);
                category::cross_entropy(o, level, scale, out)
            }
        }
    }

    /// The loss of each of a row's elements; `parts` are those of the whole row.
    #[inline(always)]
    pub(super) fn parts(
        &self,
        learned_scale: bool,
        outputs: &[f32],
        targets: &[f32],
        parts: &mut [f32],
    ) {
        let o = &outputs[self.outputs.clone()];
        let t = &targets[self.elements.clone()];
        let parts = &mut parts[self.elements.clone()];
        match self.kind {
            ElementKind::Number if learned_scale => {
                let s = &outputs[self.scales.clone()];
                for (((part, &m), &s), &t) in parts.iter_mut().zip(o).zip(s).zip(t) {
                    *part = scaled_number(m, s, t, 0.0).0;
                }
            }
            ElementKind::Number => {
                for ((part, &m), &t) in parts.iter_mut().zip(o).zip(t) {
                    *part = number(m, t, 0.0).0;
                }
            }
            ElementKind::Boolean => {
                for ((part, &o), &t) in parts.iter_mut().zip(o).zip(t) {
                    *part = boolean(o, t, 0.0).0;
                }
            }
            ElementKind::Category { .. } => {
                let level = self.kind.level(t[0]);
                parts[0] = category::cross_entropy(o, level, 0.0, None) as f32;
            }
        }
    }
}

/// As [`sum_triples`]; a closure is inlined always where it is written as an argument.
#[inline(always)]
fn sum_of_three(
    [a, b, c]: [&[f32]; 3],
    out: Option<[&mut [f32]; 2]>,
    f: impl Fn(f32, f32, f32) -> (f32, f32, f32),
) -> f64 {
    sum_triples(a, b, c, out, &f)
}

/// `½ (m - t)² + ½ ln 2π` and `scale` times its derivative; zeros where `t` is NaN.
#[inline(always)]
fn number(m: f32, t: f32, scale: f32) -> (f32, f32) {
    let is_missing = t.is_nan();
    let error = m - t;
    let loss = (0.5 * error).mul_add(error, HALF_LN_TWO_PI);
    (
        if is_missing { 0.0 } else { loss },
        if is_missing { 0.0 } else { scale * error },
    )
}

/// As [`number`], with the scale whose logarithm, before its bound, is `s`.
#[inline(always)]
fn scaled_number(m: f32, s: f32, t: f32, scale: f32) -> (f32, f32, f32) {
    let is_missing = t.is_nan();
    let (s, derivative) = log_scale_of(s);
    let inverse = exp(-s);
    let z = (m - t) * inverse;
    let loss = (0.5 * z).mul_add(z, s + HALF_LN_TWO_PI);
    let [dm, ds] = [
        scale * (z * inverse),
        scale * derivative * z.mul_add(-z, 1.0),
    ];
    (
        if is_missing { 0.0 } else { loss },
        if is_missing { 0.0 } else { dm },
        if is_missing { 0.0 } else { ds },
    )
}

/// `softplus(o) - t o` and `scale` times its derivative, of the value of 0 and 1 that is next to `t`; zeros where none is.
#[inline(always)]
fn boolean(o: f32, t: f32, scale: f32) -> (f32, f32) {
    let is_known = t > -0.5 && t < 1.5;
    let t = if t < 0.5 { 0.0 } else { 1.0 };
    let e = exp(-o.abs());
    // Of an unlikely value it is the logit; the difference of two large terms would lose the rest.
    let against = if t == 1.0 { -o } else { o };
    let loss = if against < 0.0 { 0.0 } else { against } + ln_1p_unit(e);
    let numerator = if o < 0.0 { e } else { 1.0 };
    (
        if is_known { loss } else { 0.0 },
        if is_known {
            scale * (numerator / (1.0 + e) - t)
        } else {
            0.0
        },
    )
}
