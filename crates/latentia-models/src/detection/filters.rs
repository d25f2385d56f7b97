//! What a model looks for in its input.

use latentia_nn::{ParameterRole, Position, Support, Tape};
use latentia_tensor::{ElementKind, ExampleShape, Matrix, Noise, transpose};

use crate::{Autoencoder, ModelError, Picture, Preprocessing, stream};

/// How far an input moves at a step towards what a unit looks for, in the model's scale.
const STEP: f32 = 0.05;

/// Share of an input that fades at a step, so that only what the unit asks for stays.
const FADE: f32 = 0.02;

/// The weights of a model's first layer that has a weight, one filter a row.
#[derive(Clone, Debug)]
pub struct Filters {
    /// Shape of one filter: that of an example for a dense layer, `[height, width, channels]` for a convolution. A dense layer that
    /// sees the rows of a table spread out, categories one-hot, has filters of as many elements: `[elements]`.
    pub shape: Vec<usize>,
    /// How a filter's elements lie, where it is a picture: as an example's for a dense layer, channels last for a convolution, however
    /// many those are.
    pub picture: Option<Picture>,
    /// `[filters, product of shape]`
    pub weights: Matrix,
}

impl Autoencoder {
    /// The filters of the first layer of the encoder: for each of its outputs, what the input is multiplied by.
    pub fn filters(&self) -> Filters {
        let layers = self.sections.encoder.clone().find_map(|layer| {
            let own = &self.chain.parameters()[self.chain.owned(layer)];
            let weight = own
                .iter()
                .find(|p| p.role == ParameterRole::Weight && p.value.rows() > 1)?;
            Some((layer, &weight.value))
        });
        let Some((layer, weight)) = layers else {
            return Filters {
                shape: self.shape.to_vec(),
                picture: self.shape.picture(),
                weights: Matrix::default(),
            };
        };
        match self.chain.layers()[layer].abilities().filter {
            Some([channels, height, width]) => Filters {
                shape: vec![height, width, channels],
                picture: Some(Picture {
                    height,
                    width,
                    channels,
                    channels_last: channels > 1,
                }),
                weights: channels_last(weight, channels),
            },
            None => {
                // A dense weight is `[inputs, outputs]`; a class that was appended is no part of the picture.
                let width = weight.rows() - self.classes.unwrap_or(0);
                let filters = (0..weight.cols())
                    .flat_map(|unit| (0..width).map(move |input| weight.row(input)[unit]));
                let shape = match width == self.width() {
                    true => self.shape.clone(),
                    false => ExampleShape::from(&[width]),
                };
                Filters {
                    picture: shape.picture(),
                    shape: shape.to_vec(),
                    weights: Matrix::from_vec(weight.cols(), width, filters.collect()),
                }
            }
        }
    }

    /// An input that makes unit `unit` of the code large, in the data's own scale: `[1, width]` (activation maximisation, Erhan
    /// et al. 2009).
    ///
    /// It begins at faint noise drawn from `seed` and goes `steps` times up the gradient of the unit by the input, scaled by its
    /// largest element, while it fades. It stays in `[0, 1]` where examples are known to lie there: by preprocessing `min-max` or
    /// one that binarises, or by a likelihood of values in `[0, 1]`. A model of `unit-range` under another likelihood does not
    /// know whether its data were bytes, and its input goes where the unit asks. The mean of a Gaussian code is
    /// maximised, and the encoder's output of one that is quantised or restricted.
    ///
    /// # Errors
    /// When the code has no such unit, it does not depend on the input, or the examples have elements that are no numbers.
    pub fn maximise(&self, unit: usize, steps: u32, seed: u64) -> Result<Matrix, ModelError> {
        let end = match self.latent().is_restricted() {
            true => self.sections.encoder.end,
            false => self.sections.code.end,
        };
        let layers = self.sections.encoder.start..end;
        let units = self.code_width();
        if unit >= units {
            return Err(ModelError::Unit { unit, units });
        }
        let is_other = |kind: &ElementKind| *kind != ElementKind::Number;
        if let Some(column) = self.kinds().iter().position(is_other) {
            let column = self.column_names().swap_remove(column);
            return Err(ModelError::NoInputGradient { column });
        }
        let unit_range = self.examples_lie_in_unit_range();
        let mut input = Matrix::zeros(1, self.width());
        Noise::new(seed, stream::MAXIMISE).uniform(unit as u32, input.as_mut_slice());
        for x in input.as_mut_slice() {
            *x *= 0.1;
        }
        let mut tape = Tape::for_input_gradients(&self.chain, layers, 1);
        for _ in 0..steps {
            let mut row = tape.input_mut(1, &[]);
            row.as_mut_slice().copy_from_slice(input.as_slice());
            tape.forward(&self.chain, Position::default());
            let gradient = tape.input_gradient(&self.chain, |mut gradient| {
                gradient.as_mut_slice().fill(0.0);
                gradient.as_mut_slice()[unit] = 1.0;
            });
            let elements = gradient.span();
            let largest = elements.iter().fold(0.0f32, |most, g| most.max(g.abs()));
            if largest == 0.0 || !largest.is_finite() {
                return Err(ModelError::DeadUnit { unit });
            }
            for (x, g) in input.as_mut_slice().iter_mut().zip(elements) {
                *x = (1.0 - FADE) * *x + STEP * g / largest;
                if unit_range {
                    *x = x.clamp(0.0, 1.0);
                }
            }
        }
        Ok(self.unscaled(input))
    }
}

impl Autoencoder {
    /// Whether the model's examples lie in `[0, 1]`, as far as it knows.
    fn examples_lie_in_unit_range(&self) -> bool {
        let preprocessing = self.preprocessing();
        preprocessing == Preprocessing::MinMax
            || preprocessing.binarises()
            || !matches!(self.likelihood().support(), Support::Real | Support::Counts)
    }
}

/// Rows of `[channels, places]` as rows of `[places, channels]`.
fn channels_last(weight: &Matrix, channels: usize) -> Matrix {
    let mut turned = weight.clone();
    let size = weight.cols().max(1);
    let rows = turned.as_mut_slice().chunks_mut(size);
    for (turned, row) in rows.zip(weight.as_slice().chunks(size)) {
        transpose(row, channels, size / channels, turned);
    }
    turned
}
