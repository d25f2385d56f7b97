//! The dense network between two codes.

use latentia_tensor::math::tanh;
use latentia_tensor::{
    Accumulate, MatrixMut, MatrixRef, add_bias_map, add_column_sums, matmul_nn, matmul_nt,
    sum_matmul_tn, update,
};

use crate::layer::{Initializer, Parameter, ParameterRole, ParameterSpec};

/// How many layers it has.
const LAYERS: usize = 3;

/// The sizes of a network of two hidden layers.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) inputs: usize,
    pub(super) hidden: usize,
    pub(super) outputs: usize,
}

impl Shape {
    /// Inputs and outputs of each layer.
    fn layers(self) -> [[usize; 2]; LAYERS] {
        let hidden = self.hidden;
        [
            [self.inputs, hidden],
            [hidden, hidden],
            [hidden, self.outputs],
        ]
    }

    /// What is learned: weight and bias of each layer.
    pub(super) fn parameters(
        self,
        names: [&'static str; Network::PARAMETERS],
    ) -> impl Iterator<Item = ParameterSpec> {
        let of_layer = |([inputs, outputs], names): ([usize; 2], &[&'static str])| {
            let parameter = |name, rows, initializer| {
                ParameterSpec::new(ParameterRole::Shift, name, [rows, outputs], initializer)
            };
            [
                parameter(names[0], inputs, Initializer::Glorot),
                parameter(names[1], 1, Initializer::Zeros),
            ]
        };
        let pairs = names.chunks(2);
        let all: Vec<_> = self
            .layers()
            .into_iter()
            .zip(pairs)
            .flat_map(of_layer)
            .collect();
        all.into_iter()
    }

    /// Elements of what is learned.
    pub(super) fn elements(self) -> usize {
        let sizes = self
            .layers()
            .map(|[inputs, outputs]| (inputs + 1) * outputs);
        sizes.iter().sum()
    }

    /// Elements of the workspace for one row: the outputs of each layer, and their gradients.
    pub(super) fn workspace(self) -> usize {
        2 * self.layers().iter().map(|layer| layer[1]).sum::<usize>()
    }

    pub(super) fn multiplications(self) -> usize {
        let sizes = self
            .layers()
            .map(|[inputs, outputs]| inputs.saturating_mul(outputs));
        sizes.into_iter().fold(0, usize::saturating_add)
    }

    /// The outputs of each layer, `[rows, outputs]`, then their gradients.
    fn take_apart(self, rows: usize, mut all: &mut [f32]) -> [[MatrixMut<'_>; LAYERS]; 2] {
        [(); 2].map(|()| {
            self.layers().map(|[_, outputs]| {
                let (own, rest) = std::mem::take(&mut all).split_at_mut(rows * outputs);
                all = rest;
                MatrixMut::new(own, rows, outputs)
            })
        })
    }
}

/// `W₃ᵀ tanh(W₂ᵀ tanh(W₁ᵀ x + b₁) + b₂) + b₃`
#[derive(Clone, Copy)]
pub(super) struct Network<'a> {
    shape: Shape,
    /// Weight and bias of each layer.
    parameters: &'a [Parameter],
}

impl<'a> Network<'a> {
    /// How many parameters it has.
    pub(super) const PARAMETERS: usize = 2 * LAYERS;

    /// By the parameters of [`Shape::parameters`].
    pub(super) fn new(shape: Shape, parameters: &'a [Parameter]) -> Self {
        Self { shape, parameters }
    }

    fn weight(&self, layer: usize) -> MatrixRef<'a> {
        self.parameters[2 * layer].value.view()
    }

    fn bias(&self, layer: usize) -> &'a [f32] {
        self.parameters[2 * layer + 1].value.as_slice()
    }

    /// The outputs for `x`, which stay in the workspace for the way back.
    pub(super) fn forward<'w>(&self, x: MatrixRef<'_>, workspace: &'w mut [f32]) -> MatrixRef<'w> {
        let [[mut first, mut second, mut outputs], _] = self.shape.take_apart(x.rows(), workspace);
        self.layer(0, x, first.reborrow());
        add_bias_map(first.reborrow(), self.bias(0), tanh);
        self.layer(1, first.as_ref(), second.reborrow());
        add_bias_map(second.reborrow(), self.bias(1), tanh);
        self.layer(2, second.as_ref(), outputs.reborrow());
        add_bias_map(outputs.reborrow(), self.bias(2), |y| y);
        outputs.into_ref()
    }

    fn layer(&self, layer: usize, x: MatrixRef<'_>, y: MatrixMut<'_>) {
        matmul_nn(y, Accumulate::Replace, x, self.weight(layer));
    }

    /// The way back for what [`Self::forward`] left of `x` in the workspace: `gradients` writes those with respect to the outputs, which it is handed.
    /// Adds those with respect to the inputs to `dx`, and those with respect to what is learned to `sums`, where they are asked for.
    pub(super) fn backward(
        &self,
        x: MatrixRef<'_>,
        gradients: impl FnOnce(MatrixRef<'_>, MatrixMut<'_>),
        mut dx: MatrixMut<'_>,
        mut sums: Option<&mut [f32]>,
        workspace: &mut [f32],
    ) {
        let [outputs, mut by_outputs] = self.shape.take_apart(x.rows(), workspace);
        gradients(outputs[2].as_ref(), by_outputs[2].reborrow());
        for layer in (0..LAYERS).rev() {
            let (before, own) = by_outputs.split_at_mut(layer);
            let dy = own[0].as_ref();
            let input = match layer {
                0 => x,
                _ => outputs[layer - 1].as_ref(),
            };
            if let Some(sums) = &mut sums {
                let [inputs, outputs] = self.shape.layers()[layer];
                // Those of the layers behind it are done.
                let first = sums.len() - (inputs + 1) * outputs;
                let (rest, own) = std::mem::take(sums).split_at_mut(first);
                *sums = rest;
                let (weight, bias) = own.split_at_mut(inputs * outputs);
                let weight = MatrixMut::new(weight, inputs, outputs);
                sum_matmul_tn(weight, Accumulate::Add, &[(input, dy)]);
                add_column_sums(bias, dy);
            }
            match before.last_mut() {
                None => matmul_nt(dx.reborrow(), Accumulate::Add, dy, self.weight(0)),
                Some(by_input) => {
                    let weight = self.weight(layer);
                    matmul_nt(by_input.reborrow(), Accumulate::Replace, dy, weight);
                    update(by_input.as_mut_slice(), input.span(), |d, y| {
                        d * (1.0 - y * y)
                    });
                }
            }
        }
    }
}
