//! What does not belong, by one score of several parts.

use latentia_tensor::{Matrix, Rows, Subset, map_in_place};

use super::calibration::{Calibration, CalibrationSource};
use super::code_part::CodePart;
use super::column_part::ColumnPart;
use super::explanation::deviations;
use super::reconstruction_part::{ReconstructionPart, excess};
use super::standard::Standard;
use crate::{Autoencoder, ModelError, Provenance};

/// The most training rows that constants follow from.
const MOST_FITTED: usize = 10_000;

/// The most values of them.
const MOST_VALUES: usize = 1 << 24;

/// The most codes that others are held against.
const MOST_REFERENCES: usize = 2_000;

/// The most elements of them.
const MOST_REFERENCE_ELEMENTS: usize = 1 << 18;

/// The most rows that scores are calibrated by.
const MOST_CALIBRATING: usize = 10_000;

/// Rows that are scored at once.
const ROWS_AT_ONCE: usize = 4_096;

/// Values of them.
const VALUES_AT_ONCE: usize = 1 << 21;

/// Weight of the column part, beside 1 of the others.
const COLUMN_WEIGHT: f64 = 0.5;

/// Scores examples: the higher, the less an example looks like the training examples.
///
/// ```text
/// score = z(asinh((Σ excess - median) / spread))        how badly the model reconstructs it
///       + ½ z(mean of ln(1 + d² / v) over columns)      how far its values lie from the usual ones, of a row of a table
///       + z(ln distance of the code to the 10th nearest of at most 2,000 training codes)
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
/// let kept = Detector::of(&model, &detector.tensors()?).expect("a detector");
/// assert_eq!(kept.score(&odd)?, scores);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Detector {
    pub(super) members: Vec<Member>,
    pub(super) reconstruction: Standard,
    pub(super) columns: Option<(ColumnPart, Standard)>,
    /// Where codes are real numbers.
    pub(super) codes: Option<Standard>,
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
    /// None where the loss itself is the score.
    pub(super) reconstruction: Option<ReconstructionPart>,
    pub(super) codes: Option<CodePart>,
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
    codes: f64,
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
            reconstruction: None,
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
        let parts = detector.parts(&training)?;
        let values: Vec<f64> = parts.iter().map(|parts| parts.reconstruction).collect();
        detector.reconstruction = Standard::of(&values);
        Ok(detector)
    }

    /// Where every member has a code part, mean and deviation of their mean over reference codes.
    fn standard_of_codes(&self) -> Option<Standard> {
        let parts = self.members.iter().map(|member| member.codes.as_ref());
        let parts: Vec<&CodePart> = parts.collect::<Option<_>>()?;
        let each: Vec<Vec<f64>> = parts.iter().map(|part| part.of_references()).collect();
        let n = each.len() as f64;
        let rows = each.iter().map(Vec::len).min().unwrap_or(0);
        let means = (0..rows).map(|row| each.iter().map(|values| values[row]).sum::<f64>() / n);
        Some(Standard::of(&means.collect::<Vec<_>>()))
    }

    /// The score of each example: `[rows]`, finite.
    ///
    /// # Errors
    /// When examples do not fit the model, are not finite or cannot be read.
    pub fn score(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        let at_once = (VALUES_AT_ONCE / examples.cols().max(1)).clamp(1, ROWS_AT_ONCE);
        let rows = examples.rows();
        let mut scores = Vec::with_capacity(rows);
        for first in (0..rows).step_by(at_once) {
            let last = rows.min(first + at_once);
            let some = Subset::new(examples, (first as u32..last as u32).collect());
            let parts = self.parts(&some)?;
            scores.extend(parts.iter().map(|parts| self.weigh(parts)));
        }
        Ok(scores)
    }

    fn weigh(&self, parts: &Parts) -> f64 {
        let columns = self.columns.as_ref();
        let columns = columns.map_or(0.0, |(_, standard)| standard.z(parts.columns));
        let codes = self.codes.map_or(0.0, |standard| standard.z(parts.codes));
        self.reconstruction.z(parts.reconstruction) + COLUMN_WEIGHT * columns + codes
    }

    /// The parts of each of a few examples.
    fn parts(&self, examples: &dyn Rows) -> Result<Vec<Parts>, ModelError> {
        let mut parts = vec![Parts::default(); examples.rows()];
        let share = 1.0 / self.members.len() as f64;
        for member in &self.members {
            let values = member.reconstructions(examples)?;
            for (parts, value) in parts.iter_mut().zip(values) {
                parts.reconstruction += share * value;
            }
            if let (Some(part), true) = (&member.codes, self.codes.is_some()) {
                let values = part.values(member.model.encode(examples)?.view());
                for (parts, value) in parts.iter_mut().zip(values) {
                    parts.codes += share * value;
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

    /// What a score is held against.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// Whether the score is the loss of the model alone; see [`Self::plain`].
    pub fn is_plain(&self) -> bool {
        self.members
            .iter()
            .all(|member| member.reconstruction.is_none())
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
        let excess = excess(&model, training)?;
        let codes = match model.latent().is_restricted() {
            true => None,
            false => {
                let most = (MOST_REFERENCE_ELEMENTS / model.code_width().max(1)).max(2);
                let references = spaced(training, most.min(MOST_REFERENCES));
                CodePart::of(model.encode(&references)?)
            }
        };
        Ok(Self {
            reconstruction: Some(ReconstructionPart::fit(&excess)),
            codes,
            model,
            provenance,
        })
    }

    /// The reconstruction part of each of a few examples.
    fn reconstructions(&self, examples: &dyn Rows) -> Result<Vec<f64>, ModelError> {
        match &self.reconstruction {
            Some(part) => {
                let excess = excess(&self.model, examples)?;
                let rows = excess.view();
                Ok(rows.iter_rows().map(|row| part.value(row)).collect())
            }
            None => self.model.score(examples),
        }
    }
}

/// At most `most` of `rows`, evenly spaced.
pub(super) fn spaced(rows: &dyn Rows, most: usize) -> Subset<'_> {
    let (all, some) = (rows.rows() as u64, rows.rows().min(most) as u64);
    Subset::new(rows, (0..some).map(|i| (i * all / some) as u32).collect())
}

/// All of `rows`, in the data's own scale: bytes count as values in `[0, 1]`.
pub(super) fn raw(rows: &dyn Rows) -> Result<Matrix, ModelError> {
    let mut values = Matrix::zeros(rows.rows(), rows.cols());
    let all: Vec<u32> = (0..rows.rows() as u32).collect();
    rows.read(&all, values.view_mut())?;
    let full_scale = rows.full_scale();
    if full_scale != 1.0 {
        map_in_place(values.as_mut_slice(), move |x| x / full_scale);
    }
    Ok(values)
}
