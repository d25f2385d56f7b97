//! A detector that is calibrated without holding rows out.

use std::ops::ControlFlow;

use latentia_tensor::{Noise, Rows, Subset};
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::calibration::{Calibration, CalibrationSource};
use super::detector::{Detector, Trained};
use super::rows::spaced;
use crate::{
    Autoencoder, DetectionSpec, ModelError, ModelSpec, Observer, StoppedBy, Training, TrainingSpec,
    Validation, stream,
};

/// Scores that calibrate well enough: no more folds are scored than they take.
const ENOUGH: usize = 1_000;

/// The most scores of a fold.
const MOST_OF_A_FOLD: usize = 10_000;

/// Whether work that trains is to go on: asked after each batch of every model, from several threads.
type GoesOn<'a> = &'a (dyn Fn() -> ControlFlow<()> + Sync);

impl Detector {
    /// A detector by `model` and, where `detection` asks for more members, by others that learn from `training` as `spec` says.
    ///
    /// With folds, it is calibrated by cross-fitting: training rows are scored by models that learned from the rows of the other folds, as
    /// the members did from all. Without, or where there are fewer rows than folds, or the model has parts of one's own, which
    /// cannot be built again, as [`Self::fit`] does.
    ///
    /// The result follows from the seed, whatever the number of threads. `goes_on` ends it after the batches under way; what needs no
    /// training is not ended.
    ///
    /// # Errors
    /// [`ModelError::Interrupted`] when `goes_on` breaks.
    /// When `spec` or `detection` is out of range, or a model does not learn or cannot be built, as one with parts of
    /// one's own cannot where there are to be more members; as [`Self::fit`].
    pub fn cross_fit(
        model: &Autoencoder,
        training: &dyn Rows,
        held_out: Option<&dyn Rows>,
        spec: &TrainingSpec,
        detection: &DetectionSpec,
        seed: u64,
        goes_on: GoesOn<'_>,
    ) -> Result<Self, ModelError> {
        detection.check()?;
        let (members, folds) = (detection.members as usize, detection.folds as usize);
        let others = (1..members)
            .into_par_iter()
            .map(|member| trained(model, training, spec, detection, (member, seed), goes_on));
        let mut models = vec![Trained::of(model)];
        models.extend(others.collect::<Result<Vec<_>, _>>()?);
        let rows = training.rows();
        if folds == 0 || rows < folds.max(2) || model.spec().is_none() {
            return Self::fit_members(models, training, held_out);
        }

        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.shuffle(&mut Noise::new(seed, stream::FOLDS).row(0));
        let used = (ENOUGH * folds).div_ceil(rows).clamp(1, folds);
        let scores = (0..used).into_par_iter().map(|fold| {
            let part = |own: bool| {
                let places = order.iter().enumerate();
                let of_part = places.filter(|(place, _)| (place % folds == fold) == own);
                Subset::new(training, of_part.map(|(_, &row)| row).collect())
            };
            let (learned, scored) = (part(false), part(true));
            let seed = seed.wrapping_add(1 + fold as u64);
            let models = (0..members)
                .into_par_iter()
                .map(|member| trained(model, &learned, spec, detection, (member, seed), goes_on));
            let models = models.collect::<Result<Vec<_>, _>>()?;
            Self::uncalibrated(models, &learned)?.score(&spaced(&scored, MOST_OF_A_FOLD))
        });
        let scores = scores.collect::<Result<Vec<_>, _>>()?.concat();
        let mut detector = Self::uncalibrated(models, training)?;
        detector.calibration = Calibration::new(scores, CalibrationSource::CrossFitted);
        Ok(detector)
    }
}

/// A model like `model`, or of the specification of every second member, that learned from `rows`.
fn trained(
    model: &Autoencoder,
    rows: &dyn Rows,
    spec: &TrainingSpec,
    detection: &DetectionSpec,
    (member, seed): (usize, u64),
    goes_on: GoesOn<'_>,
) -> Result<Trained, ModelError> {
    let second = detection.second.as_ref().filter(|_| member % 2 == 1);
    let own: Option<&ModelSpec> = second.or(model.spec());
    let own = own.ok_or(ModelError::Undescribed)?;
    // Of no fold's seed, as those follow one another.
    let seed = seed.wrapping_add((member as u64) << 32);
    let mut fresh = match model.schema() {
        Some(schema) => own.build_table(schema, seed)?,
        None => own.build(model.shape(), seed)?,
    };
    let mut spec = spec.clone();
    if let Validation::Part(_) = spec.validation {
        spec.validation = Validation::Share(0.0);
    }
    let mut training = Training::new(&mut fresh, spec, seed, rows, None)?;
    let fitted = training.fit(&mut Watch(goes_on)).into_result()?;
    if fitted.stopped_by == StoppedBy::Interrupt {
        return Err(ModelError::Interrupted);
    }
    Ok(Trained {
        model: fresh,
        provenance: Some(fitted.provenance("member of a detector", "", "")),
    })
}

/// Ends a training when it is not to go on.
struct Watch<'a>(GoesOn<'a>);

impl Observer for Watch<'_> {
    fn on_batch_end(
        &mut self,
        _training: &Training<'_>,
        _done: usize,
        _loss: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        Ok((self.0)())
    }
}
