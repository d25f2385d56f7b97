//! The latent space of a page.

use latentia_models::{Autoencoder, Evaluation, Pca};
use latentia_nn::{CodeValues, LatentDistribution};
use latentia_tensor::Matrix;
use serde::Serialize;

use super::arrays::{ArrayRef, Arrays};
use crate::inputs::label_column;
use crate::measures::variances;

/// Codes of the shown examples, and what is known of their dimensions.
#[derive(Serialize)]
pub(super) struct Codes {
    width: usize,
    /// `[examples, width]`
    values: ArrayRef,
    /// How much each dimension says.
    strength: Vec<f64>,
    /// What that is.
    measure: &'static str,
    /// Whether codes can be drawn from a standard normal prior.
    has_prior: bool,
    /// Two principal axes, `[2, width]`, and where the origin lies on them, `[2]`; where there are two.
    axes: Option<[ArrayRef; 2]>,
    /// Names of the classes that the decoder is told one of; none where it is not.
    classes: Vec<String>,
}

impl Codes {
    pub(super) fn of(
        model: &Autoencoder,
        evaluation: &Evaluation,
        codes: &Matrix,
        arrays: &mut Arrays,
    ) -> anyhow::Result<Self> {
        let distribution = model.latent().distribution();
        let is_directed = model.latent().values() == CodeValues::Directions;
        let is_normal =
            |own: &dyn LatentDistribution| !is_directed && own.learned_prior().is_none();
        let has_prior = distribution.map_or(model.has_prior(), is_normal);
        let (strength, measure) = match &evaluation.variational {
            Some(elbo) if !elbo.kl_per_dimension.is_empty() => {
                (elbo.kl_per_dimension.clone(), "KL divergence, nats")
            }
            _ => (variances(codes), "variance"),
        };
        let levels = label_column(model).map_or(&[][..], |column| &column.levels);
        let name = |class: usize| match levels.get(class) {
            Some(level) => level.clone(),
            None => class.to_string(),
        };
        Ok(Self {
            width: codes.cols(),
            values: arrays.add(codes.as_slice()),
            strength,
            measure,
            has_prior,
            axes: axes(codes)?.map(|[axes, origin]| [arrays.add(&axes), arrays.add(&origin)]),
            classes: (0..model.classes().unwrap_or(0)).map(name).collect(),
        })
    }
}

/// The first two principal axes of `codes`, one after the other, and the projection of the origin; nothing of codes on a line.
fn axes(codes: &Matrix) -> anyhow::Result<Option<[Vec<f32>; 2]>> {
    let width = codes.cols();
    if width < 3 || codes.rows() < 3 {
        return Ok(None);
    }
    let pca = Pca::learn(codes, 2)?;
    let origin = pca.project(&Matrix::zeros(1, width))?;
    if origin.cols() < 2 {
        return Ok(None);
    }
    // A projection is affine: what a unit vector adds is that element of the axes.
    let mut axes = vec![0.0; 2 * width];
    let mut unit = Matrix::zeros(1, width);
    for dimension in 0..width {
        unit.as_mut_slice()[dimension] = 1.0;
        let projected = pca.project(&unit)?;
        for axis in 0..2 {
            axes[axis * width + dimension] = projected.row(0)[axis] - origin.row(0)[axis];
        }
        unit.as_mut_slice()[dimension] = 0.0;
    }
    Ok(Some([axes, origin.into_vec()]))
}
