//! The one model type.

use std::io;
use std::sync::Arc;

use latentia_nn::{Chain, Discriminator, Importance, Latent, Likelihood, Objective, Penalty, Tape};
use latentia_tensor::{
    ExampleShape, Matrix, MatrixMut, MatrixRef, Noise, Preparation, Rows, Schema, Windows,
};
use serde::Serialize;

use super::description::{Description, Foreign};
use super::inference::{Run, fold_blocks, for_each_block};
use super::mean_bias::MeanBias;
use super::scaled::Scaled;
use super::scaling::Scaling;
use super::sections::Sections;
use super::value_range::check_range;
use super::workspace::{Workspace, outputs};
use crate::{FrozenPart, ModelError, ModelSpec, Preprocessing, stream};

/// An autoencoder: a chain of layers, cut at the code.
///
/// Made by [`ModelSpec::build`] or [`Autoencoder::from_parts`], taught by [`crate::Training`], kept by [`crate::ModelFile`]. A clone
/// has weights of its own.
///
/// ```
/// use latentia_models::{ModelSpec, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     preprocessing = "standardise"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[2], 42)?;
/// // The same temperature in degrees Celsius and Fahrenheit: one value says both.
/// let pairs = (0..100).flat_map(|c| [c as f32, 1.8 * c as f32 + 32.0]).collect();
/// let degrees = Matrix::from_vec(100, 2, pairs);
/// let training = TrainingSpec { batch_size: 10, learning_rate: 0.02, ..TrainingSpec::default() };
/// model.fit(&degrees, &training, 42)?;
///
/// // What goes in and comes out is in degrees, whatever the preprocessing.
/// let codes = model.encode(&degrees)?;
/// let back = model.decode(&codes)?;
/// assert!((back.row(20)[1] - 68.0).abs() < 0.5);
/// // What does not look like the examples has a high score.
/// let odd = Matrix::from_vec(2, 2, vec![20.0, 68.0, 20.0, 0.0]);
/// let scores = model.score(&odd)?;
/// assert!(scores[1] > 100.0 * scores[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Autoencoder {
    /// How to build it again, as far as that can be said.
    pub(crate) description: Option<Description>,
    pub(crate) shape: ExampleShape,
    /// What the columns of a table are.
    pub(crate) schema: Option<Schema>,
    /// How the series that it learned from was cut, where it was.
    pub(crate) windows: Option<Windows>,
    /// How the pictures that it learned from were made examples, where they were.
    pub(crate) preparation: Option<Preparation>,
    pub(crate) preprocessing: Preprocessing,
    /// That of unscaled values until training examples have been seen.
    pub(crate) scaling: Scaling,
    /// Whether it has learned from examples.
    pub(crate) is_fitted: bool,
    pub(crate) classes: Option<usize>,
    pub(crate) latent: Arc<dyn Latent>,
    pub(crate) likelihood: Arc<dyn Likelihood>,
    pub(crate) penalties: Vec<Arc<dyn Penalty>>,
    pub(crate) discriminator: Option<Discriminator>,
    pub(crate) importance: Option<Importance>,
    pub(crate) output_bias: Option<MeanBias>,
    /// The layer that hides what the loss is counted on, where it is counted on that.
    pub(crate) hidden: Option<usize>,
    pub(crate) chain: Chain,
    pub(crate) sections: Sections,
}

impl Autoencoder {
    /// What the model is made of, where the specification's lists say it.
    pub fn spec(&self) -> Option<&ModelSpec> {
        match &self.description {
            Some(Description::Spec(spec)) => Some(spec),
            Some(Description::Foreign(_)) | None => None,
        }
    }

    /// What a file keeps of a model with parts of one's own, and a [`crate::Registry`] builds it from.
    pub fn foreign(&self) -> Option<&Foreign> {
        match &self.description {
            Some(Description::Foreign(foreign)) => Some(foreign),
            Some(Description::Spec(_)) | None => None,
        }
    }

    /// The same model; its file says that `name` builds it from `settings`, which a [`crate::Registry`] is to know. It takes the
    /// place of a specification.
    ///
    /// # Errors
    /// When the settings are nothing that JSON can hold.
    pub fn described_as(
        mut self,
        name: &str,
        settings: &impl Serialize,
    ) -> Result<Self, ModelError> {
        let settings = serde_json::to_value(settings).map_err(ModelError::Settings)?;
        let name = name.into();
        self.description = Some(Description::Foreign(Foreign { name, settings }));
        Ok(self)
    }

    /// Shape of one example.
    pub fn shape(&self) -> &ExampleShape {
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

    /// Numbers of the layers of some parts.
    pub(crate) fn frozen_layers(&self, parts: &[FrozenPart]) -> Vec<usize> {
        let layers = parts.iter().flat_map(|part| match part {
            FrozenPart::Encoder => self.sections.encoder.clone(),
            FrozenPart::Code => self.sections.code.clone(),
            FrozenPart::Decoder => self.sections.decoder.clone(),
        });
        layers.collect()
    }

    /// How the scale is set.
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing
    }

    /// How raw values become the model's.
    pub fn scaling(&self) -> &Scaling {
        &self.scaling
    }

    /// Whether it has learned from examples, and knows their scale.
    pub fn is_fitted(&self) -> bool {
        self.is_fitted
    }

    /// Makes the next training learn the preprocessing constants anew, and begin at its examples' mean where the specification
    /// says so. Otherwise a model keeps those of the examples that it learned from first.
    pub fn forget_scaling(&mut self) {
        self.is_fitted = false;
    }

    /// How many classes the model is told one of, where it is conditioned on them; labels count from 0.
    pub fn classes(&self) -> Option<usize> {
        self.classes
    }

    /// How codes are made.
    pub fn latent(&self) -> &dyn Latent {
        &*self.latent
    }

    /// What the output means.
    pub fn likelihood(&self) -> &dyn Likelihood {
        &*self.likelihood
    }

    /// What is added to the likelihood's loss.
    pub fn penalties(&self) -> &[Arc<dyn Penalty>] {
        &self.penalties
    }

    /// Epochs after which losses compare with each other: nothing warms up any more.
    pub fn warm_up(&self) -> u32 {
        let penalties = self.penalties.iter().map(|penalty| penalty.warm_up());
        penalties.fold(self.latent.warm_up(), u32::max)
    }

    /// Refuses examples whose values the likelihood gives no probability.
    ///
    /// # Errors
    /// When a value is not finite or too large, out of the likelihood's range, or is no 8-bit value where it needs one; the value
    /// is named, or where it is.
    pub fn check_values(&self, examples: &dyn Rows) -> Result<(), ModelError> {
        self.check_scaled(examples, &self.scaling)
    }

    /// As [`Self::check_values`], scaled by other constants than the model's own.
    pub(crate) fn check_scaled(
        &self,
        examples: &dyn Rows,
        scaling: &Scaling,
    ) -> Result<(), ModelError> {
        let checked = check_range(examples, scaling, self.preprocessing, &*self.likelihood);
        checked.map_err(|mut error| {
            if let ModelError::NotCounts { column, name, .. } = &mut error
                && let Some(own) = self.schema.iter().flat_map(Schema::learned).nth(*column)
            {
                *name = format!(", `{}`", own.name);
            }
            error
        })
    }

    /// Refuses examples without the classes that the model is conditioned on.
    fn check_labels(&self, rows: &dyn Rows) -> Result<(), ModelError> {
        let Some(classes) = self.classes else {
            return Ok(());
        };
        let refuse = |seen| Err(ModelError::Labels { classes, seen });
        for index in 0..rows.rows() as u32 {
            match rows.label(index) {
                None => {
                    return refuse(format!(
                        "example {index} has no label; sets of the MNIST family have labels, and a table whose label column is named"
                    ));
                }
                Some(label) if label as usize >= classes => {
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

    /// What training minimises, but for what a discriminator adds, which is no part of a loss.
    pub fn objective(&self) -> Objective {
        Objective {
            likelihood: Arc::clone(&self.likelihood),
            latent: self.sections.decoder.start - 1,
            penalties: self.penalties.clone(),
            importance: self.importance,
            adversary: None,
            hidden: self.hidden,
        }
    }

    /// The whole chain, codes at their means.
    pub(crate) fn whole(&self) -> Run {
        Run::of(0..self.chain.layers().len())
    }

    /// `examples` as the model sees them.
    ///
    /// # Errors
    /// When their width is not the model's, or they lack labels that it is conditioned on.
    pub fn scaled<'a>(&'a self, examples: &'a dyn Rows) -> Result<Scaled<'a>, ModelError> {
        check_width(examples.cols(), self.width())?;
        self.check_labels(examples)?;
        Ok(Scaled::new(examples, &self.scaling).drawn(self.preprocessing, 0))
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

    /// Reconstructions from codes of shape `[rows, code_width]`, in the data's own scale: `[rows, width]`. Bytes count as values
    /// in `[0, 1]`.
    ///
    /// # Errors
    /// When the codes do not fit the model, lack labels that it is conditioned on, or cannot be read.
    pub fn decode(&self, codes: &dyn Rows) -> Result<Matrix, ModelError> {
        Ok(self.unscaled(self.decode_scaled(codes)?))
    }

    /// As [`Self::decode`], in the model's scale: as the likelihood sees them.
    ///
    /// # Errors
    /// As there.
    pub fn decode_scaled(&self, codes: &dyn Rows) -> Result<Matrix, ModelError> {
        self.check_codes(codes)?;
        Ok(self.means(Run::of(self.sections.decoder.clone()), codes)?)
    }

    /// Examples encoded and decoded, in the data's own scale: `[rows, width]`. Bytes count as values in `[0, 1]`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn reconstruct(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        Ok(self.unscaled(self.reconstruct_scaled(examples)?))
    }

    /// As [`Self::reconstruct`], in the model's scale: as the likelihood sees them.
    ///
    /// # Errors
    /// As there.
    pub fn reconstruct_scaled(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        Ok(self.means(self.whole(), &self.scaled(examples)?)?)
    }

    /// Examples drawn from the likelihood, given codes of shape `[rows, code_width]`, in the data's own scale: `[rows, width]`.
    /// Row `i` depends on its code and `seed` alone. Where [`Self::decode`] gives the mean of each element, this gives one
    /// draw; `mse` has no distribution, and gives the mean here too.
    ///
    /// # Errors
    /// When the codes do not fit the model, lack labels that it is conditioned on, or cannot be read.
    pub fn decode_draws(&self, codes: &dyn Rows, seed: u64) -> Result<Matrix, ModelError> {
        self.check_codes(codes)?;
        let noise = Noise::new(seed, stream::LIKELIHOOD);
        let run = Run::of(self.sections.decoder.clone());
        let draws = self.examples(run, codes, |first, block, out| {
            self.likelihood()
                .sample(block.output(), noise, first as u32, out);
        })?;
        Ok(self.unscaled(draws))
    }

    /// Examples as the model sees them before they are corrupted, in the data's own scale: `[rows, width]`. They are other than
    /// they were where the preprocessing draws values as 0 or 1.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn inputs(&self, examples: &dyn Rows) -> Result<Matrix, ModelError> {
        let indices: Vec<u32> = (0..examples.rows() as u32).collect();
        let mut inputs = Matrix::zeros(indices.len(), self.width());
        self.scaled(examples)?.read(&indices, inputs.view_mut())?;
        Ok(self.unscaled(inputs))
    }

    /// Refuses codes of another width, or without the classes that the model is conditioned on.
    pub(super) fn check_codes(&self, codes: &dyn Rows) -> Result<(), ModelError> {
        check_width(codes.cols(), self.code_width())?;
        self.check_labels(codes)
    }

    /// Examples in the model's scale as those in the data's.
    pub(crate) fn unscaled(&self, mut examples: Matrix) -> Matrix {
        self.scaling.undo(examples.view_mut(), 1.0);
        examples
    }

    /// Runs layers up to the end of the chain: the likelihood's means, `[rows, width]`, of examples or of codes.
    pub(crate) fn means(&self, run: Run, rows: &dyn Rows) -> io::Result<Matrix> {
        let of_examples = run.layers.start == 0;
        self.examples(run, rows, |_, block, out| match of_examples {
            true => self
                .likelihood()
                .mean_of(block.output(), block.input(), out),
            false => self.likelihood().mean(block.output(), out),
        })
    }

    /// Runs layers up to the end of the chain; `make` turns a block that was run, which begins with row `first`, into examples:
    /// `[rows, width]`.
    fn examples(
        &self,
        run: Run,
        rows: &dyn Rows,
        make: impl Fn(usize, &Tape, MatrixMut<'_>) + Sync,
    ) -> io::Result<Matrix> {
        let mut examples = Matrix::zeros(rows.rows(), self.width());
        Workspace::new(&self.chain, run).write(rows, examples.view_mut(), make)?;
        Ok(examples)
    }

    /// What the model's code makes of values from elsewhere, `[rows, code_width]`: the nearest vectors of its codebook, the nearest
    /// levels, whole numbers, or the largest; any values are a code otherwise.
    ///
    /// # Errors
    /// When the values do not fit the model.
    pub fn quantise_latents(&self, mut values: Matrix) -> Result<Matrix, ModelError> {
        check_width(values.cols(), self.code_width())?;
        if !self.latent().is_restricted() {
            return Ok(values);
        }
        let mut rows = values.view_mut();
        if rows.iter_rows_mut().all(|row| self.latent().quantise(row)) {
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
