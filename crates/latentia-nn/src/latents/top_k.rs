//! Sparse codes of the largest elements.

use std::cmp::Ordering;

use latentia_tensor::{MatrixMut, MatrixRef, update};

use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::invalid_spec::{InvalidSpec, require};
use crate::latent::{CodeValues, Latent};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Memory, Mode, Parameter, Pass, Trace};

/// The largest elements of the encoder's output, the others 0; see [`TopKLatent`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TopK {
    /// Elements that stay, at most as many as the encoder's output has. Example: `k = 25`
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub k: usize,
    /// Epochs over which fewer and fewer stay, from all to `k`. Example: `warm-up = 5`
    #[serde(default)]
    pub warm_up: u32,
}

impl Latent for TopK {
    fn name(&self) -> &'static str {
        "top-k"
    }

    fn check(&self, row: Shape) -> Result<(), InvalidSpec> {
        let (k, width) = (self.k, row.elements());
        let seen = || format!("keeps {k} of {width} elements");
        let valid = format!("`k` must be from 1 to {width}, the width of the encoder's output");
        require((1..=width).contains(&k), seen, &valid)
    }

    fn layers(&self, inputs: usize, _samples: usize) -> Vec<Box<dyn Layer>> {
        vec![Box::new(TopKLatent::new(inputs, self.k, self.warm_up))]
    }

    fn warm_up(&self) -> u32 {
        self.warm_up
    }

    fn values(&self) -> CodeValues {
        CodeValues::Sparse
    }
}

/// The `k` largest of a row's elements stay, the others become 0 (Makhzani and Frey 2014). Of equal elements the first stay.
///
/// With a warm-up, training begins with all elements and lets fewer stay in a straight line, as their paper has it: else most
/// units lose the race in the first steps and never learn.
#[derive(Clone, Debug)]
pub struct TopKLatent {
    width: usize,
    k: usize,
    warm_up: u32,
}

impl TopKLatent {
    /// Keeps `k` of `width` elements, `k` from 1 to `width`, after a warm-up of `warm_up` epochs.
    pub fn new(width: usize, k: usize, warm_up: u32) -> Self {
        Self { width, k, warm_up }
    }

    /// How many elements stay in a pass.
    fn kept_elements(&self, pass: Pass<'_>) -> usize {
        let progress = pass.epochs / f64::from(self.warm_up);
        if pass.mode != Mode::Train || self.warm_up == 0 || progress >= 1.0 {
            return self.k;
        }
        self.k + ((self.width - self.k) as f64 * (1.0 - progress)) as usize
    }
}

impl Layer for TopKLatent {
    fn name(&self) -> String {
        format!("top {}", self.k)
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    /// Saved: 1 where an element stays, else 0.
    fn memory(&self) -> Memory {
        Memory {
            saved: self.width,
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
        let (k, mut saved) = (self.kept_elements(pass), memory.saved);
        let rows = y.iter_rows_mut().zip(saved.iter_rows_mut());
        for ((y, kept), x) in rows.zip(x.iter_rows()) {
            // The row in falling order, as far as the last element that stays.
            kept.copy_from_slice(x);
            let last = k.saturating_sub(1);
            kept.select_nth_unstable_by(last, |a, b| b.total_cmp(a));
            let least = kept[last];
            // A total order, in which a NaN is the largest: it must show.
            let greater = |x: &f32| x.total_cmp(&least) == Ordering::Greater;
            let mut equal = k - kept[..k].iter().filter(|x| greater(x)).count();
            for ((y, kept), &x) in y.iter_mut().zip(kept).zip(x) {
                let is_least = x.total_cmp(&least) == Ordering::Equal && equal > 0;
                equal -= usize::from(is_least);
                let stays = is_least || greater(&x);
                *kept = f32::from(stays);
                *y = if stays { x } else { 0.0 };
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        dx.as_mut_slice().copy_from_slice(dy.as_mut_slice());
        update(dx.as_mut_slice(), trace.saved.span(), |d, kept| d * kept);
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let x = graph.flat(inputs[0]);
        let top = Operation::TopK {
            k: self.k,
            largest: true,
        };
        let top = graph.node_outputs(top, &[x]);
        Ok(graph.node(Operation::ScatterElements, &[x, top[1], top[0]]))
    }
}
