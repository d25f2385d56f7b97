//! The loss on what corruption hid.

use latentia_tensor::{MatrixMut, MatrixRef};

use crate::engine::chain::Chain;
use crate::likelihood::Likelihood;

/// The memory of a loss that is counted on hidden elements alone, of one row after another; empty where no layer hides any.
#[derive(Debug, Default)]
pub(super) struct HiddenBuffers {
    /// `[outputs]`
    outputs: Vec<f32>,
    /// `[outputs]`
    gradient: Vec<f32>,
    /// `[inputs]`
    targets: Vec<f32>,
    /// For the likelihood.
    workspace: Vec<f32>,
}

/// A block's outputs `[rows, outputs(n)]`, its targets `[rows, n]`, and what was hidden of each example, 1 or else 0: `[examples, n]`, of which
/// each has as many rows.
#[derive(Clone, Copy)]
pub(super) struct HiddenRows<'a> {
    pub(super) outputs: MatrixRef<'a>,
    pub(super) targets: MatrixRef<'a>,
    pub(super) hidden: MatrixRef<'a>,
}

impl HiddenBuffers {
    /// For rows that pass `chain`.
    pub(super) fn new(chain: &Chain) -> Self {
        let layers = chain.layers();
        let mut hiding = layers.iter().filter(|own| own.abilities().saves_hidden);
        let (Some(first), Some(last), Some(_)) = (layers.first(), layers.last(), hiding.next())
        else {
            return Self::default();
        };
        Self {
            outputs: vec![0.0; last.outputs()],
            gradient: vec![0.0; last.outputs()],
            targets: vec![0.0; first.inputs()],
            workspace: Vec::new(),
        }
    }

    /// As [`Likelihood::compute`], of the hidden elements of each row as if they were all that there is: a sum, or a mean, over them. A row of which
    /// none is hidden has no loss and no gradient.
    pub(super) fn compute(
        &mut self,
        likelihood: &dyn Likelihood,
        rows: HiddenRows<'_>,
        scale: f32,
        losses: &mut [f64],
        mut gradient: Option<MatrixMut<'_>>,
    ) {
        let samples = rows.outputs.rows() / rows.hidden.rows().max(1);
        for (at, loss) in losses.iter_mut().enumerate() {
            let hidden = rows.hidden.row(at / samples);
            let of_row = (rows.outputs.row(at), rows.targets.row(at), hidden);
            let gradient = gradient.as_mut().map(|gradient| gradient.row_mut(at));
            *loss = match likelihood.takes_missing() {
                true => self.without_others(likelihood, of_row, scale, gradient),
                false => self.of_hidden(likelihood, of_row, scale, gradient),
            };
        }
    }

    /// The loss of a row whose other elements count as missing.
    fn without_others(
        &mut self,
        likelihood: &dyn Likelihood,
        (outputs, targets, hidden): (&[f32], &[f32], &[f32]),
        scale: f32,
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        for ((own, &target), &hidden) in self.targets.iter_mut().zip(targets).zip(hidden) {
            *own = if hidden == 1.0 { target } else { f32::NAN };
        }
        let mut loss = [0.0];
        let outputs = MatrixRef::new(outputs, 1, outputs.len());
        let targets = MatrixRef::new(&self.targets, 1, self.targets.len());
        let gradient = gradient.map(|own| {
            let width = own.len();
            MatrixMut::new(own, 1, width)
        });
        let workspace = &mut self.workspace;
        likelihood.compute(outputs, targets, scale, &mut loss, gradient, workspace);
        loss[0]
    }

    /// The loss of an example of a row's hidden elements.
    fn of_hidden(
        &mut self,
        likelihood: &dyn Likelihood,
        (outputs, targets, hidden): (&[f32], &[f32], &[f32]),
        scale: f32,
        gradient: Option<&mut [f32]>,
    ) -> f64 {
        let mut count = 0;
        for (&target, &hidden) in targets.iter().zip(hidden) {
            if hidden == 1.0 {
                self.targets[count] = target;
                count += 1;
            }
        }
        if count == 0 {
            if let Some(gradient) = gradient {
                gradient.fill(0.0);
            }
            return 0.0;
        }
        let width = likelihood.outputs(count);
        // Where each output of a hidden element lies in the row, and among those of hidden ones; a last one belongs to all.
        let places = || {
            let elements = || (0..hidden.len()).filter(|&element| hidden[element] == 1.0);
            (0..likelihood.outputs(1)).flat_map(move |output| {
                elements().enumerate().map(move |(own, element)| {
                    let in_row = output * hidden.len() + element;
                    let among_hidden = output * count + own;
                    (in_row.min(outputs.len() - 1), among_hidden.min(width - 1))
                })
            })
        };
        for (in_row, among_hidden) in places() {
            self.outputs[among_hidden] = outputs[in_row];
        }
        let mut loss = [0.0];
        let own = MatrixRef::new(&self.outputs[..width], 1, width);
        let targets = MatrixRef::new(&self.targets[..count], 1, count);
        let own_gradient = &mut self.gradient[..width];
        let own_gradient = gradient
            .is_some()
            .then(|| MatrixMut::new(own_gradient, 1, width));
        let workspace = &mut self.workspace;
        likelihood.compute(own, targets, scale, &mut loss, own_gradient, workspace);
        if let Some(gradient) = gradient {
            gradient.fill(0.0);
            for (in_row, among_hidden) in places() {
                gradient[in_row] = self.gradient[among_hidden];
            }
        }
        loss[0]
    }
}
