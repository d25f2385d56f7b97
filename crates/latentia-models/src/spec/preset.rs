//! Whole experiments as TOML: a model, its training, its data, and what to expect.

use latentia_tensor::{Axes, ExampleShape};
use serde::{Deserialize, Serialize};

use crate::{DetectionSpec, ModelError, ModelSpec, Preprocessing, TrainingSpec};

/// The most pixels of a small picture.
const SMALL: usize = 1_024;

/// An experiment. The presets that come along and a user's own file have this one format.
///
/// ```
/// use latentia_models::Preset;
///
/// let preset = Preset::parse(r#"
///     description = "ten measurements to three"
///     [model]
///     preprocessing = "standardise"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 3 }]
///     decoder = [{ layer = "dense" }]
///     [training]
///     epochs = 100
/// "#)?;
/// let model = preset.model.build(&[10], 42)?;
/// assert_eq!((model.code_width(), preset.training.epochs), (3, 100));
///
/// // Those that come along have names.
/// assert!(Preset::names().all(|name| Preset::named(name).is_some()));
/// # Ok::<(), latentia_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Preset {
    /// One line for a list. Example: `description = "784-32-784 on MNIST"`
    #[serde(default)]
    pub description: String,
    /// The data that it is meant for, used when the user names none: a name of `latentia data list`, or a path.
    /// Example: `data = "mnist"`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// What the model is made of. Example: `model = { likelihood = "mse", encoder = [{ layer = "dense", units = 2 }], decoder = [{ layer = "dense" }] }`
    pub model: ModelSpec,
    /// How it is trained. Example: `training = { epochs = 10 }`
    #[serde(default)]
    pub training: TrainingSpec,
    /// How what does not belong is found. Example: `detection = { members = 2 }`
    #[cfg_attr(feature = "schema", schemars(!skip_serializing_if))]
    #[serde(default, skip_serializing_if = "DetectionSpec::is_default")]
    pub detection: DetectionSpec,
    /// The result to reproduce, of someone else's program. `cargo xtask reproduce` holds a preset to it.
    /// Example: `expected = { metric = "mse", value = 0.01, at-most = 0.011, seeds = 1, source = "a paper" }`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Expected>,
}

/// A result of someone else's program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expected {
    /// A key of `latentia evaluate --json`; a minus before it turns what should be great into what should be small.
    /// Example: `metric = "-elbo_nats"`
    pub metric: String,
    /// Its published value. Example: `value = 106.0`
    pub value: f64,
    /// The largest value that counts as reproduced, by the median over the seeds. Example: `at-most = 106.7`
    pub at_most: f64,
    /// How many seeds. Example: `seeds = 3`
    pub seeds: u32,
    /// Samples behind the likelihood, where the metric is one. Example: `importance-samples = 5000`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance_samples: Option<u32>,
    /// Whose result it is, and how it was measured. Example: `source = "Burda et al. 2016 after 3,280 epochs"`
    pub source: String,
}

/// Each preset is a file in `presets/` and a line here.
const PRESETS: &[(&str, &str)] = &[
    ("digits", include_str!("../../presets/digits.toml")),
    ("table", include_str!("../../presets/table.toml")),
    ("table-vae", include_str!("../../presets/table-vae.toml")),
    ("anomaly", include_str!("../../presets/anomaly.toml")),
    (
        "anomaly-conv",
        include_str!("../../presets/anomaly-conv.toml"),
    ),
    (
        "table-imputation",
        include_str!("../../presets/table-imputation.toml"),
    ),
    ("counts", include_str!("../../presets/counts.toml")),
    ("features", include_str!("../../presets/features.toml")),
    ("mnist", include_str!("../../presets/mnist.toml")),
    ("tiny", include_str!("../../presets/tiny.toml")),
    (
        "compression",
        include_str!("../../presets/compression.toml"),
    ),
    (
        "variational",
        include_str!("../../presets/variational.toml"),
    ),
    ("vae-20", include_str!("../../presets/vae-20.toml")),
    ("vae-2", include_str!("../../presets/vae-2.toml")),
    ("beta-vae", include_str!("../../presets/beta-vae.toml")),
    ("beta-tcvae", include_str!("../../presets/beta-tcvae.toml")),
    ("factor-vae", include_str!("../../presets/factor-vae.toml")),
    ("info-vae", include_str!("../../presets/info-vae.toml")),
    ("aae", include_str!("../../presets/aae.toml")),
    (
        "conditional-vae",
        include_str!("../../presets/conditional-vae.toml"),
    ),
    ("vae-burda", include_str!("../../presets/vae-burda.toml")),
    (
        "rate-distortion",
        include_str!("../../presets/rate-distortion.toml"),
    ),
    (
        "lossless-binary",
        include_str!("../../presets/lossless-binary.toml"),
    ),
    ("lossless", include_str!("../../presets/lossless.toml")),
    ("iwae-burda", include_str!("../../presets/iwae-burda.toml")),
    ("vae-pythae", include_str!("../../presets/vae-pythae.toml")),
    ("iaf", include_str!("../../presets/iaf.toml")),
    (
        "hierarchical",
        include_str!("../../presets/hierarchical.toml"),
    ),
    ("vamp", include_str!("../../presets/vamp.toml")),
    (
        "mixture-vae",
        include_str!("../../presets/mixture-vae.toml"),
    ),
    ("svae", include_str!("../../presets/svae.toml")),
    ("rae", include_str!("../../presets/rae.toml")),
    ("denoising", include_str!("../../presets/denoising.toml")),
    ("masked", include_str!("../../presets/masked.toml")),
    ("vq-vae", include_str!("../../presets/vq-vae.toml")),
    ("sparse", include_str!("../../presets/sparse.toml")),
    ("top-k", include_str!("../../presets/top-k.toml")),
    (
        "contractive",
        include_str!("../../presets/contractive.toml"),
    ),
    ("deep", include_str!("../../presets/deep.toml")),
    ("conv", include_str!("../../presets/conv.toml")),
    (
        "conv-denoising",
        include_str!("../../presets/conv-denoising.toml"),
    ),
    ("conv-vae", include_str!("../../presets/conv-vae.toml")),
    (
        "conv-vq-vae",
        include_str!("../../presets/conv-vq-vae.toml"),
    ),
    (
        "residual-vq",
        include_str!("../../presets/residual-vq.toml"),
    ),
    ("fsq", include_str!("../../presets/fsq.toml")),
    ("photos", include_str!("../../presets/photos.toml")),
    ("cifar-conv", include_str!("../../presets/cifar-conv.toml")),
    ("series", include_str!("../../presets/series.toml")),
    ("series-vae", include_str!("../../presets/series-vae.toml")),
];

impl Preset {
    /// Names of the presets that come along.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// The TOML of a preset that comes along, comments included.
    pub fn text(name: &str) -> Option<&'static str> {
        let found = PRESETS.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| *text)
    }

    /// A preset that comes along.
    ///
    /// ```
    /// let preset = latentia_models::Preset::named("features").expect("it comes along");
    /// assert_eq!(preset.data.as_deref(), Some("mnist"));
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        // A test parses them all.
        Self::parse(Self::text(name)?).ok()
    }

    /// What suits examples of this shape where nobody names a preset, with its name: `series` for windows of one, `table` for rows of a
    /// table and for others `beyond` the range of pixels, `photos` for large or coloured pictures, `digits` for the rest. Pictures
    /// beyond that range are standardised.
    ///
    /// ```
    /// use latentia_models::Preset;
    /// use latentia_tensor::ExampleShape;
    ///
    /// assert_eq!(Preset::suiting(&ExampleShape::from(&[28, 28]), false, false)?.0, "digits");
    /// assert_eq!(Preset::suiting(&ExampleShape::from(&[10]), false, true)?.0, "table");
    /// # Ok::<(), latentia_models::ModelError>(())
    /// ```
    ///
    /// # Errors
    /// Never for the presets that come along, as a test holds them to.
    pub fn suiting(
        shape: &ExampleShape,
        is_table: bool,
        beyond: bool,
    ) -> Result<(&'static str, Self), ModelError> {
        // A small grey picture has no more pixels than a dense layer learns from in seconds.
        let is_small = shape.axes() == Axes::Nhw && shape.iter().product::<usize>() <= SMALL;
        let name = match shape.picture() {
            _ if shape.is_series() => "series",
            // Rows of numbers beyond the range of pixels are a table without names.
            _ if is_table || (shape.len() == 1 && beyond) => "table",
            Some(_) if !is_small || beyond => "photos",
            _ => "digits",
        };
        let mut preset = Self::parse(Self::text(name).unwrap_or_default())?;
        if name == "photos" && beyond {
            preset.model.preprocessing = Preprocessing::Standardise;
        }
        Ok((name, preset))
    }

    /// Reads an experiment.
    ///
    /// # Errors
    /// Names the line and the key that is wrong.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        Ok(toml::from_str(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_parses_builds_and_survives_being_written() {
        for name in Preset::names() {
            let preset = Preset::text(name).map(Preset::parse).expect("listed");
            let preset = preset.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!preset.description.is_empty(), "{name}");
            preset
                .training
                .check()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let shape = match (name, preset.data.as_deref()) {
                ("series" | "series-vae", _) => vec![1, 64, 3],
                (_, Some("cifar10")) => vec![32, 32, 3],
                _ => vec![28, 28],
            };
            let model = preset.model.build(&shape, 1);
            model.unwrap_or_else(|error| panic!("{name}: {error}"));
            let text = toml::to_string(&preset).expect("plain data");
            assert_eq!(
                Preset::parse(&text).expect("our own text"),
                preset,
                "{name}"
            );
        }
    }
}
