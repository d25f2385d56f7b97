//! Parameters by name.

use latentia_tensor::Matrix;

use super::model::Autoencoder;
use crate::ModelError;

impl Autoencoder {
    /// All parameters by the names that they have in files: part, number of the layer in it, name in the layer.
    pub fn weights(&self) -> impl Iterator<Item = (String, &Matrix)> {
        let values = self.chain.parameters().iter().map(|p| &p.value);
        self.parameter_names().into_iter().zip(values)
    }

    /// Sets the parameter of that name, as [`Self::weights`] has it, row by row.
    ///
    /// # Errors
    /// When there is no such parameter, or it has another number of elements.
    pub fn set_weight(&mut self, name: &str, values: &[f32]) -> Result<(), ModelError> {
        let names = self.parameter_names();
        let refuse = |problem| {
            let name = name.into();
            Err(ModelError::Weight { name, problem })
        };
        let Some(number) = names.iter().position(|own| own == name) else {
            return refuse(format!("is none of the model's: {}", names.join(", ")));
        };
        let value = &mut self.chain.parameters_mut()[number].value;
        let (rows, cols) = (value.rows(), value.cols());
        if values.len() != rows * cols {
            return refuse(format!("has {rows}x{cols} elements, not {}", values.len()));
        }
        value.as_mut_slice().copy_from_slice(values);
        Ok(())
    }

    /// Names of the parameters in files, in the chain's order: part, number of the layer in it, name in the layer.
    pub(crate) fn parameter_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for layer in 0..self.chain.layers().len() {
            let (part, number) = self.sections.place(layer);
            for parameter in self.chain.parameters_of(layer) {
                names.push(format!("{part}.{number}.{}", parameter.name));
            }
        }
        names
    }

    /// A layer by part, number there, and name.
    pub(crate) fn layer_label(&self, layer: usize) -> String {
        let (part, number) = self.sections.place(layer);
        format!("{part}.{number} ({})", self.chain.layers()[layer].name())
    }

    /// Sets all parameters, in the chain's order.
    pub(crate) fn set_weights(&mut self, weights: &[Matrix]) {
        for (parameter, value) in self.chain.parameters_mut().iter_mut().zip(weights) {
            parameter
                .value
                .as_mut_slice()
                .copy_from_slice(value.as_slice());
        }
    }
}
