//! What does not belong, by one score of several parts.

use latentia_tensor::{Picture, Rows, Subset};
use rayon::prelude::*;

use super::calibration::{Calibration, CalibrationSource};
use super::code_part::{CodeDistance, CodePart, Neighbours};
use super::column_part::ColumnPart;
use super::deviations::deviations;
use super::picture_part::{PicturePart, Region};
use super::reconstruction_part::{ReconstructionPart, excess};
use super::rows::{few_at_a_time, in_parts, raw, spaced};
use super::standard::Standard;
use crate::{Autoencoder, ModelError, Provenance};

/// The most training rows that constants follow from.
const MOST_FITTED: usize = 10_000;

/// The most values of them.
const MOST_VALUES: usize = 1 << 24;

/// The most codes that others are held against, of rows and of pictures.
const MOST_REFERENCES: [usize; 2] = [2_000, 10_000];

/// The neighbours that count, of rows and of pictures.
const NEIGHBOURS: [Neighbours; 2] = [
    Neighbours {
        distance: 10,
        local: 0,
    },
    Neighbours {
        distance: 5,
        local: 20,
    },
];

/// The most elements of them.
const MOST_REFERENCE_ELEMENTS: usize = 1 << 18;

/// The most rows that scores are calibrated by.
const MOST_CALIBRATING: usize = 10_000;

/// Weight of the column part, and of both code parts of a picture, beside 1 of the others.
pub(super) const HALF: f64 = 0.5;

/// Scores examples: the higher, the less an example looks like the training examples.
///
/// ```text
/// score = z(asinh((Σ excess - median) / spread))        how badly the model reconstructs it
///       + ½ z(mean of ln(1 + d² / v) over columns)      how far its values lie from the usual ones, of a row of a table
///       + z(ln distance of the code to the 10th nearest of at most 2,000 training codes)
/// ```
///
/// A picture has no columns; there it is
///
/// ```text
/// score = z(ln of the mean excess in the worst window, over the picture's contrast)
///       + ½ z(ln distance of the code to the 5th nearest of at most 10,000 training codes)
///       + ½ z(how much that is above the mean of the same of its 20 nearest neighbours)
/// ```
///
/// `z` standardises a part over training examples. The first and the last are means over the members, where there are several models.
///
/// ```
/// use latentia_models::{Detector, ModelSpec, Rule, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "columns-learned-scale"
///     preprocessing = "standardise"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// // Points near a line, the last fifth held out.
/// let point = |i: usize| [i as f32, 2.0 * i as f32 + (i * i % 7) as f32];
/// let points = |numbers: std::ops::Range<usize>| numbers.flat_map(|i| point(i * 37 % 500)).collect();
/// let (usual, held_out) = (Matrix::from_vec(400, 2, points(0..400)), Matrix::from_vec(100, 2, points(400..500)));
/// let mut model = spec.build(&[2], 42)?;
/// model.fit(&usual, &TrainingSpec { steps: Some(1000), batch_size: 32, ..TrainingSpec::default() }, 42)?;
///
/// let detector = Detector::fit(&model, &usual, Some(&held_out))?;
/// // Both values are usual ones, but not beside each other.
/// let odd = Matrix::from_vec(2, 2, vec![100.0, 203.0, 100.0, 800.0]);
/// let scores = detector.score(&odd)?;
/// let decision = detector.calibration().decide(&scores, Rule::FalseAlarm(0.02))?;
/// assert_eq!(decision.flags, [false, true]);
/// assert!(detector.calibration().p_value(scores[1]) < 0.02);
///
/// // What a model file keeps beside the weights.
/// let kept = Detector::of(&model, &detector.tensors()?)?.expect("a detector");
/// assert_eq!(kept.score(&odd)?, scores);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    pub(super) members: Vec<Member>,
    pub(super) reconstruction: Standard,
    pub(super) columns: Option<(ColumnPart, Standard)>,
    /// Where codes are real numbers: of the distance, and of a picture's distance against its neighbours'.
    pub(super) codes: Option<[Standard; 2]>,
    /// Of rows of a table, how far training rows are from their reconstructions, a column each.
    pub(super) deviations: Vec<f32>,
    pub(super) calibration: Calibration,
}

/// A model, and what is usual in its eyes.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) model: Autoencoder,
    /// Of every member but the first, whose file this is in.
    pub(super) provenance: Option<Provenance>,
    pub(super) reconstruction: Reconstruction,
    pub(super) codes: Option<CodePart>,
}

/// How badly a model reconstructs an example.
#[derive(Clone, Debug)]
pub(super) enum Reconstruction {
    /// The loss itself.
    Plain,
    /// Of a row.
    Row(ReconstructionPart),
    /// Of a picture.
    Picture(PicturePart),
}

/// A model that has learned.
pub(super) struct Trained {
    pub(super) model: Autoencoder,
    /// How, where a file has to know.
    pub(super) provenance: Option<Provenance>,
}

impl Trained {
    pub(super) fn of(model: &Autoencoder) -> Self {
        Self {
            model: model.clone(),
            provenance: None,
        }
    }
}

/// The parts of an example's score, before they are standardised.
#[derive(Clone, Copy, Debug, Default)]
struct Parts {
    reconstruction: f64,
    columns: f64,
    codes: CodeDistance,
}

impl Detector {
    /// A detector by `model`, which learned from `training`; calibrated by `held_out`, examples that it did not learn from, or by the
    /// training examples themselves where there are none.
    ///
    /// # Errors
    /// When there are no training examples, or examples do not fit the model, are not finite or cannot be read.
    pub fn fit(
        model: &Autoencoder,
        training: &dyn Rows,
        held_out: Option<&dyn Rows>,
    ) -> Result<Self, ModelError> {
        Self::fit_members(vec![Trained::of(model)], training, held_out)
    }

    /// A detector whose score is the loss of the model alone, in its unit, calibrated by nothing: all that there is to say where no
    /// training examples are at hand.
    pub fn plain(model: &Autoencoder) -> Self {
        let member = Member {
            model: model.clone(),
            provenance: None,
            reconstruction: Reconstruction::Plain,
            codes: None,
        };
        Self {
            members: vec![member],
            reconstruction: Standard {
                mean: 0.0,
                deviation: 1.0,
            },
            columns: None,
            codes: None,
            deviations: Vec::new(),
            calibration: Calibration::default(),
        }
    }

    /// As [`Self::fit`], by several models.
    pub(super) fn fit_members(
        models: Vec<Trained>,
        training: &dyn Rows,
        held_out: Option<&dyn Rows>,
    ) -> Result<Self, ModelError> {
        let held_out = held_out.filter(|rows| rows.rows() > 0);
        // An example is no neighbour of its own: what calibrates is not among the reference codes.
        let half = |odd: u32| (0..training.rows() as u32).filter(move |i| i % 2 == odd);
        let halves = held_out.is_none() && training.rows() > 1;
        let [fitted, others] = [0, 1].map(|odd| match halves {
            true => Subset::new(training, half(odd).collect()),
            false => Subset::all(training),
        });
        let (rows, source) = match held_out {
            Some(rows) => (rows, CalibrationSource::HeldOut),
            None => (&others as &dyn Rows, CalibrationSource::Training),
        };
        let mut detector = Self::uncalibrated(models, &fitted)?;
        let scores = detector.score(&spaced(rows, MOST_CALIBRATING))?;
        detector.calibration = Calibration::new(scores, source);
        Ok(detector)
    }

    /// A detector by several models of the same examples, without held-out scores.
    pub(super) fn uncalibrated(
        models: Vec<Trained>,
        training: &dyn Rows,
    ) -> Result<Self, ModelError> {
        if training.rows() == 0 {
            let purpose = "fit a detector to";
            return Err(ModelError::NoExamples { purpose });
        }
        let most = (MOST_VALUES / training.cols().max(1)).clamp(1, MOST_FITTED);
        let training = spaced(training, most);
        let members = models
            .into_iter()
            .map(|model| Member::fit(model, &training));
        let members = members.collect::<Result<Vec<_>, _>>()?;
        let mut detector = Self {
            columns: None,
            codes: None,
            deviations: Vec::new(),
            reconstruction: Standard::of(&[]),
            calibration: Calibration::default(),
            members,
        };
        let first = &detector.members[0].model;
        if first.schema().is_some() || first.shape().len() == 1 {
            let rows = raw(&training)?;
            let part = ColumnPart::fit(&rows, &first.kinds());
            let values: Vec<f64> = rows.view().iter_rows().map(|row| part.value(row)).collect();
            let standard = Standard::of(&values);
            detector.deviations = deviations(first, &training)?;
            detector.columns = Some((part, standard));
        }
        detector.codes = detector.standard_of_codes();
        detector.reconstruction = Standard::of(&detector.reconstructions(&training)?);
        Ok(detector)
    }

    /// Where every member has a code part, mean and deviation of their mean over reference codes.
    fn standard_of_codes(&self) -> Option<[Standard; 2]> {
        let parts = self.members.iter().map(|member| member.codes.as_ref());
        let parts: Vec<&CodePart> = parts.collect::<Option<_>>()?;
        let each = parts.iter().map(|part| part.of_references());
        let each: Vec<Vec<CodeDistance>> = each.collect();
        let n = each.len() as f64;
        let rows = each.iter().map(Vec::len).min().unwrap_or(0);
        let standard = |of: fn(&CodeDistance) -> f64| {
            let mean = |row: usize| each.iter().map(|values| of(&values[row])).sum::<f64>() / n;
            Standard::of(&(0..rows).map(mean).collect::<Vec<_>>())
        };
        Some([standard(|own| own.distance), standard(|own| own.local)])
    }

    /// The score of each example: `[rows]`, finite.
    ///
    /// # Errors
    /// When examples do not fit the model, are not finite or cannot be read.
    pub fn score(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        in_parts(examples, Self::rows_at_once(examples.cols()), |some| {
            Ok(self
                .values(some)?
                .iter()
                .map(|own| self.weigh(own))
                .collect())
        })
    }

    fn weigh(&self, parts: &Parts) -> f64 {
        let columns = self.columns.as_ref();
        let columns = columns.map_or(0.0, |(_, standard)| standard.z(parts.columns));
        let codes = self.codes.map_or(0.0, |[distance, local]| {
            let own = parts.codes;
            match self.is_of_pictures() {
                true => HALF * (distance.z(own.distance) + local.z(own.local)),
                false => distance.z(own.distance),
            }
        });
        self.reconstruction.z(parts.reconstruction) + HALF * columns + codes
    }

    /// The parts of each of a few examples.
    fn values(&self, examples: &dyn Rows) -> Result<Vec<Parts>, ModelError> {
        let reconstructions = self.reconstructions(examples)?.into_iter();
        let mut parts: Vec<Parts> = reconstructions
            .map(|reconstruction| Parts {
                reconstruction,
                ..Parts::default()
            })
            .collect();
        let share = 1.0 / self.members.len() as f64;
        for member in &self.members {
            if let (Some(part), true) = (&member.codes, self.codes.is_some()) {
                let values = part.values(member.model.encode(examples)?.view());
                for (parts, value) in parts.iter_mut().zip(values) {
                    parts.codes.distance += share * value.distance;
                    parts.codes.local += share * value.local;
                }
            }
        }
        if let Some((part, _)) = &self.columns {
            let rows = raw(examples)?;
            for (parts, row) in parts.iter_mut().zip(rows.view().iter_rows()) {
                parts.columns = part.value(row);
            }
        }
        Ok(parts)
    }

    /// The reconstruction part of each example, a mean over members.
    fn reconstructions(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        let mut means = vec![0.0; examples.rows()];
        for member in &self.members {
            for (mean, value) in means.iter_mut().zip(member.reconstructions(examples)?) {
                *mean += value / self.members.len() as f64;
            }
        }
        Ok(means)
    }

    /// What a score is held against.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Whether the score is the loss of the model alone; see [`Self::plain`].
    pub fn is_plain(&self) -> bool {
        let plain = |member: &Member| matches!(member.reconstruction, Reconstruction::Plain);
        self.members.iter().all(plain)
    }

    /// Whether examples are pictures, and a part of each is known where it is reconstructed worst.
    pub fn is_of_pictures(&self) -> bool {
        let of = |member: &Member| matches!(member.reconstruction, Reconstruction::Picture(_));
        self.members.iter().any(of)
    }

    /// Of each of `examples` that are pictures, the window that is reconstructed worst; none of others.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn worst_regions(&self, examples: &dyn Rows) -> Result<Vec<Option<Region>>, ModelError> {
        let member = &self.members[0];
        let Reconstruction::Picture(part) = &member.reconstruction else {
            return Ok(vec![None; examples.rows()]);
        };
        let excess = excess(&member.model, examples)?;
        let rows = excess.view();
        let regions = rows.iter_rows().map(|row| Some(part.worst(row).0));
        Ok(regions.collect())
    }

    /// What the score is made of.
    pub fn parts(&self) -> Vec<&'static str> {
        let parts = [
            Some("reconstruction"),
            self.columns.as_ref().map(|_| "columns"),
            self.codes.map(|_| "code"),
        ];
        parts.into_iter().flatten().collect()
    }

    /// How many models there are.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// How many training codes others are held against; 0 without a code part.
    pub fn references(&self) -> usize {
        let part = self
            .members
            .first()
            .and_then(|member| member.codes.as_ref());
        part.map_or(0, |part| part.references.rows())
    }
}

impl Member {
    fn fit(trained: Trained, training: &dyn Rows) -> Result<Self, ModelError> {
        let Trained { model, provenance } = trained;
        let picture = picture_of(&model);
        let codes = match model.latent().is_restricted() {
            true => None,
            false => {
                let kind = usize::from(picture.is_some());
                let most = (MOST_REFERENCE_ELEMENTS / model.code_width().max(1)).max(2);
                let references = spaced(training, most.min(MOST_REFERENCES[kind]));
                CodePart::of(model.encode(&references)?, NEIGHBOURS[kind])
            }
        };
        Ok(Self {
            reconstruction: match picture {
                Some(picture) => Reconstruction::Picture(PicturePart::fit(picture, training)?),
                None => Reconstruction::Row(ReconstructionPart::fit(&excess(&model, training)?)),
            },
            codes,
            model,
            provenance,
        })
    }

    /// The reconstruction part of each example.
    fn reconstructions(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        few_at_a_time(examples, |few| self.reconstructions_of_few(few))
    }

    fn reconstructions_of_few(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        match &self.reconstruction {
            Reconstruction::Row(part) => {
                let excess = excess(&self.model, examples)?;
                let rows = excess.view();
                Ok(rows.iter_rows().map(|row| part.value(row)).collect())
            }
            Reconstruction::Picture(part) => {
                let (excess, values) = (excess(&self.model, examples)?, raw(examples)?);
                let both = excess.view().iter_rows().zip(values.view().iter_rows());
                let both: Vec<(&[f32], &[f32])> = both.collect();
                let value = |(excess, row): &(&[f32], &[f32])| part.value(excess, row);
                Ok(both.par_iter().map(value).collect())
            }
            Reconstruction::Plain => self.model.score(examples),
        }
    }
}

/// The picture that an example of `model` is, where it is no row of a table.
pub(super) fn picture_of(model: &Autoencoder) -> Option<Picture> {
    model.shape().picture().filter(|_| model.schema().is_none())
}

/// The neighbours that count where `model` scores.
pub(super) fn neighbours_of(model: &Autoencoder) -> Neighbours {
    NEIGHBOURS[usize::from(picture_of(model).is_some())]
}
