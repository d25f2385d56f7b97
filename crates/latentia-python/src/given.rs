//! Examples that fit a model, as they were handed over.

use std::sync::atomic::AtomicBool;

use latentia::Rows;
use latentia::models::{Autoencoder, Labelled};
use latentia::tensor::{ExampleShape, Matrix, Windows};
use pyo3::PyResult;

use crate::array::{Array, Finite, Slice};
use crate::error::{Error, Failure};
use crate::interrupt::Interruptible;
use crate::labels::{self, Labels};

/// Examples that fit a model, borrowed, with their classes.
pub struct Given<'a> {
    values: Slice<'a>,
    rows: usize,
    /// How they are cut out of a series, where they are.
    windows: Option<&'a Windows>,
    labels: Option<Vec<u32>>,
}

impl<'a> Given<'a> {
    /// The examples of `array`, which have the shape of the model's or are rows of as many values; of a model of windows, those of a
    /// series too, rows of its features.
    ///
    /// # Errors
    /// When they are of another shape, or there are not as many classes.
    pub fn of(model: &'a Autoencoder, array: &'a Array<'_>, labels: &Labels<'_>) -> PyResult<Self> {
        let (seen, shape) = (array.example(), model.shape());
        let windows = model.windows().filter(|_| seen == &shape[1..]);
        if let Some(windows) = windows {
            let series = array.slice()?.view(seen.to_vec().into())?;
            let series = series.windows(windows).map_err(Failure::from)?;
            return Ok(Self {
                values: array.slice()?,
                rows: series.rows(),
                windows: Some(windows),
                labels: labels::of(labels, series.rows())?,
            });
        }
        if seen != &shape[..] && seen != [model.width()] {
            return Err(Error::new_err(format!(
                "the array has examples of shape {}, the model takes {shape}",
                ExampleShape::from(seen.to_vec())
            )));
        }
        Ok(Self {
            values: array.slice()?,
            rows: array.rows(),
            windows: None,
            labels: labels::of(labels, array.rows())?,
        })
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What `work` makes of them, which can be read until `stop` is set.
    ///
    /// # Errors
    /// When a value is not finite, and those of `work`.
    pub fn with<T>(
        &self,
        model: &Autoencoder,
        stop: &AtomicBool,
        work: &dyn Fn(&dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.rows == 0 {
            return work(&Matrix::zeros(0, model.width()));
        }
        let view = match self.windows {
            Some(windows) => {
                let features = model.shape()[1..].to_vec();
                self.values.view(features.into())?.windows(windows)?
            }
            None => self.values.view(model.shape().clone())?,
        };
        let finite = Finite::new(&view, model.likelihood().takes_missing());
        let rows = Interruptible::new(&finite, stop);
        match &self.labels {
            Some(labels) => work(&Labelled::new(&rows, labels.clone())),
            None => work(&rows),
        }
    }
}
