//! The one model type.

use std::io;

use latentia_nn::{Chain, Likelihood, Objective, ParameterRole, Tape};
use latentia_tensor::{Matrix, MatrixMut, MatrixRef, Noise, Rows, transpose};

use super::inference::{Run, fold_blocks, for_each_block, outputs};
use super::scaled::Scaled;
use super::scaling::Scaling;
use super::sections::Sections;
use super::value_range::check_range;
use crate::{ConditionSpec, ModelError, ModelSpec, stream};

/// An autoencoder: a chain of layers, cut at the code.
///
/// Made by [`ModelSpec::build`], taught by [`crate::Training`], kept by [`crate::ModelFile`].
#[derive(Debug)]
pub struct Autoencoder {
    pub(crate) spec: ModelSpec,
    pub(crate) shape: Vec<usize>,
    /// That of unscaled values until training examples have been seen.
    pub(crate) scaling: Scaling,
    pub(crate) chain: Chain,
    pub(crate) sections: Sections,
    /// The feature maps `[channels, height, width]` that the decoder ends with, where their channels are put last behind it.
    pub(crate) permuted_outputs: Option<[usize; 3]>,
}

impl Autoencoder {
    /// What the model is made of.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Shape of one example.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements in an example.
    pub fn width(&self) -> usize {
        self.shape.iter().product()
    }

    /// Dimensions of a code.
    pub fn code_width(&self) -> usize {
        self.chain.layers()[self.sections.decoder.start - 1].outputs()
    }

    /// The layers with their parameters, encoder first.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Which layers of the chain are whose.
    pub fn sections(&self) -> &Sections {
        &self.sections
    }

    /// How raw values become the model's.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// What the output means.
    pub fn likelihood(&self) -> &dyn Likelihood {
        &*self.spec.likelihood
    }

    /// Refuses examples whose values the likelihood gives no probability.
    ///
    /// # Errors
    /// When a value is not finite or too large, out of the likelihood's range, or is no 8-bit value where it needs one; the value
    /// is named, or where it is.
    pub fn check_values(&self, examples: &dyn Rows) -> Result<(), ModelError> {
        check_range(&self.spec, examples, &self.scaling)
    }

    /// Refuses examples without the classes that the model is conditioned on.
    fn check_labels(&self, rows: &dyn Rows) -> Result<(), ModelError> {
        let Some(ConditionSpec { classes }) = self.spec.condition else {
            return Ok(());
        };
        let refuse = |seen| Err(ModelError::Labels { classes, seen });
        for index in 0..rows.rows() as u32 {
            match rows.label(index) {
                None => {
                    return refuse(format!(
                        "example {index} has no label; sets of the MNIST family have labels, files alone have none"
                    ));
                }
                Some(label) if usize::from(label) >= classes => {
                    let last = classes - 1;
                    return refuse(format!(
                        "example {index} has label {label}; labels go from 0 to {last}"
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// What training minimises.
    pub fn objective(&self) -> Objective {
        let spec = &self.spec;
        let own = spec.code.penalty(self.code_width(), self.likelihood());
        let asked = spec.objective.penalties(&*spec.code);
        Objective {
            likelihood: spec.likelihood.into(),
            latent: self.sections.decoder.start - 1,
            penalties: own.into_iter().chain(asked).collect(),
            importance_weighted: spec.objective.is_importance_weighted(),
        }
    }

    /// The whole chain, codes at their means.
    pub(crate) fn whole(&self) -> Run {
        Run::of(0..self.chain.layers().len())
    }

    /// Sets the last bias where outputs stand for means: one value for each element of an example, in its order. The decoder
    /// ends with a dense layer.
    pub(crate) fn set_output_bias(&mut self, bias: &[f32]) {
        let mut permuted = Vec::new();
        let bias = match self.permuted_outputs {
            Some([channels, height, width]) => {
                permuted.resize(bias.len(), 0.0);
                transpose(bias, height * width, channels, &mut permuted);
                &permuted
            }
            None => bias,
        };
        let parameters = self.chain.parameters_mut().iter_mut();
        if let Some(last) = parameters.rev().find(|p| p.role == ParameterRole::Bias) {
            last.value.as_mut_slice()[..bias.len()].copy_from_slice(bias);
        }
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

    /// `examples` as the model sees them.
    ///
    /// # Errors
    /// When their width is not the model's, or they lack labels that it is conditioned on.
    pub fn scaled<'a>(&'a self, examples: &'a dyn Rows) -> Result<Scaled<'a>, ModelError> {
        check_width(examples.cols(), self.width())?;
        self.check_labels(examples)?;
        let preprocessing = self.spec.preprocessing;
        Ok(Scaled::new(examples, &self.scaling).drawn(preprocessing, 0))
    }

    /// Codes of all examples: `[rows, code_width]`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn encode(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        let scaled = self.scaled(examples)?;
        Ok(outputs(
            &self.chain,
            Run::of(0..self.sections.decoder.start),
            &scaled,
        )?)
    }

    /// Reconstructions from codes of shape `[rows, code_width]`, in the model's scale: `[rows, width]`.
    ///
    /// # Errors
    /// When the codes do not fit the model, lack labels that it is conditioned on, or cannot be read.
    pub fn decode(&self, codes: &dyn Rows) -> Result<Matrix, ModelError> {
        check_width(codes.cols(), self.code_width())?;
        self.check_labels(codes)?;
        Ok(self.means(Run::of(self.sections.decoder.clone()), codes)?)
    }

    /// Examples encoded and decoded, in the model's scale: `[rows, width]`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn reconstruct(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        Ok(self.means(self.whole(), &self.scaled(examples)?)?)
    }

    /// Examples drawn from the likelihood, given codes of shape `[rows, code_width]`, in the model's scale: `[rows, width]`.
    /// Row `i` depends on its code and `seed` alone. Where [`Self::decode`] gives the mean of each element, this gives one
    /// draw; `mse` has no distribution, and gives the mean here too.
    ///
    /// # Errors
    /// When the codes do not fit the model, lack labels that it is conditioned on, or cannot be read.
    pub fn decode_draws(&self, codes: &dyn Rows, seed: u64) -> Result<Matrix, ModelError> {
        check_width(codes.cols(), self.code_width())?;
        self.check_labels(codes)?;
        let noise = Noise::new(seed, stream::LIKELIHOOD);
        let run = Run::of(self.sections.decoder.clone());
        Ok(self.examples(run, codes, |first, outputs, out| {
            self.likelihood().sample(outputs, noise, first as u32, out);
        })?)
    }

    /// Runs layers up to the end of the chain: the likelihood's means, `[rows, width]`.
    pub(crate) fn means(&self, run: Run, rows: &dyn Rows) -> io::Result<Matrix> {
        self.examples(run, rows, |_, outputs, out| {
            self.likelihood().mean(outputs, out)
        })
    }

    /// Runs layers up to the end of the chain; `make` turns the outputs of a block, which begins with row `first`, into
    /// examples: `[rows, width]`.
    fn examples(
        &self,
        run: Run,
        rows: &dyn Rows,
        make: impl Fn(usize, MatrixRef<'_>, MatrixMut<'_>),
    ) -> io::Result<Matrix> {
        let width = self.width();
        let mut examples = Matrix::zeros(rows.rows(), width);
        for_each_block(&self.chain, run, rows, |first, block| {
            let outputs = block.output();
            let elements = first * width..(first + outputs.rows()) * width;
            let out = &mut examples.as_mut_slice()[elements];
            make(first, outputs, MatrixMut::new(out, outputs.rows(), width));
            Ok::<_, io::Error>(())
        })?;
        Ok(examples)
    }

    /// What the model's code makes of values from elsewhere, `[rows, code_width]`: the nearest vectors of its codebook, whole
    /// numbers, or the largest; any values are a code otherwise.
    ///
    /// # Errors
    /// When the values do not fit the model.
    pub fn quantise_latents(&self, values: Matrix) -> Result<Matrix, ModelError> {
        check_width(values.cols(), self.code_width())?;
        if !self.spec.code.is_restricted() {
            return Ok(values);
        }
        let run = Run::of(self.sections.code.clone());
        Ok(outputs(&self.chain, run, &values)?)
    }

    /// Hands the codes of each block of examples to `see` as `(first row, codes)`, in order. Memory does not grow with the
    /// examples.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read, or `see` fails.
    pub fn for_each_code(
        &self,
        examples: &dyn Rows,
        mut see: impl FnMut(usize, MatrixRef<'_>) -> io::Result<()>,
    ) -> Result<(), ModelError> {
        let scaled = self.scaled(examples)?;
        for_each_block(
            &self.chain,
            Run::of(0..self.sections.decoder.start),
            &scaled,
            |first, block| see(first, block.output()).map_err(ModelError::Codes),
        )
    }

    /// Runs layers of the chain over the examples and lets each of a fixed number of slots gather what `add` takes of its
    /// blocks: of the input, in the model's scale, and of the output, before the likelihood. The slots in order.
    pub(crate) fn fold_outputs<S: Send>(
        &self,
        run: Run,
        examples: &dyn Rows,
        start: impl Fn() -> S,
        add: impl Fn(&mut S, usize, &mut Tape) + Sync,
    ) -> Result<Vec<S>, ModelError> {
        let scaled = self.scaled(examples)?;
        Ok(fold_blocks(&self.chain, run, &scaled, start, add)?)
    }
}

fn check_width(seen: usize, expected: usize) -> Result<(), ModelError> {
    match seen == expected {
        true => Ok(()),
        false => Err(ModelError::Width { seen, expected }),
    }
}
