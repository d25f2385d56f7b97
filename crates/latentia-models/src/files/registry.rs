//! Who knows how to build models with parts of one's own.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use latentia_tensor::ExampleShape;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::autoencoder::Foreign;
use crate::{Autoencoder, BoxError};

/// What builds a model for examples of a shape from stored settings.
type Builder = dyn Fn(&[usize], Value) -> Result<Autoencoder, BoxError> + Send + Sync;

/// Who knows how to build models with parts of one's own, by the names that
/// [`Autoencoder::described_as`] gave them. [`crate::ModelFile::load_with`] asks it.
///
/// ```
/// use latentia_models::{Autoencoder, ModelError, ModelFile, Parts, Registry, TrainingSpec};
/// use latentia_nn::layers::Dense;
/// use latentia_nn::{Activation, Initializer, Layer};
/// use latentia_tensor::Matrix;
///
/// /// A model that no specification describes; its settings are the width of the code.
/// fn build(shape: &[usize], code: usize) -> Result<Autoencoder, ModelError> {
///     let dense = |inputs, outputs| -> Vec<Box<dyn Layer>> {
///         vec![Box::new(Dense::new(inputs, outputs, Activation::Linear, Initializer::Glorot))]
///     };
///     let parts = Parts { encoder: dense(shape[0], code), decoder: dense(code, shape[0]), ..Parts::default() };
///     Autoencoder::from_parts(parts, shape, 42)?.described_as("my-model", &code)
/// }
///
/// let (mut model, examples) = (build(&[3], 2)?, Matrix::zeros(8, 3));
/// let fitted = model.fit(&examples, &TrainingSpec { epochs: 1, ..TrainingSpec::default() }, 42)?;
/// let bytes = ModelFile::to_bytes(&model, &fitted.provenance("my-model", "zeros", ""), &[])?;
///
/// assert!(ModelFile::from_bytes(&bytes).is_err());
/// let registry = Registry::new().with("my-model", build);
/// let loaded = ModelFile::from_bytes_with(&bytes, &registry)?.model;
/// assert_eq!(loaded.encode(&examples)?, model.encode(&examples)?);
/// # Ok::<(), ModelError>(())
/// ```
#[derive(Default)]
pub struct Registry {
    builders: BTreeMap<String, Box<Builder>>,
}

impl Registry {
    /// One that knows of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, `build` builds the models described as `name`: from the shape of an example and the settings that were
    /// given there. Its parameters are then those of the file.
    #[must_use]
    pub fn with<S: DeserializeOwned, E: Into<BoxError>>(
        mut self,
        name: &str,
        build: impl Fn(&[usize], S) -> Result<Autoencoder, E> + Send + Sync + 'static,
    ) -> Self {
        let builder = move |shape: &[usize], settings| {
            let settings = serde_json::from_value(settings)?;
            build(shape, settings).map_err(Into::into)
        };
        self.builders.insert(name.into(), Box::new(builder));
        self
    }

    /// The model that a file describes, or why it cannot be built.
    pub(crate) fn build(
        &self,
        shape: &ExampleShape,
        foreign: &Foreign,
    ) -> Result<Autoencoder, String> {
        let Foreign { name, settings } = foreign;
        let Some(build) = self.builders.get(name) else {
            return Err(format!(
                "has parts that are none of this library's; only a program that registers how to build `{name}` opens it"
            ));
        };
        let failed =
            |what: &dyn Display| format!("is of a model `{name}` that cannot be built: {what}");
        let mut model = build(shape, settings.clone()).map_err(|e| failed(&e))?;
        if model.shape[..] != shape[..] {
            let (built, shape) = (&model.shape[..], &shape[..]);
            return Err(failed(&format!(
                "it takes examples of shape {built:?}, not {shape:?}"
            )));
        }
        model.shape = shape.clone();
        model.described_as(name, settings).map_err(|e| failed(&e))
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.builders.keys()).finish()
    }
}
