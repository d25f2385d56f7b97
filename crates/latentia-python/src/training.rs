//! How a model learns, watched from Python.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};

use latentia::codec::Quantiser;
use latentia::data::{DatasetView, little_to_learn};
use latentia::models::{
    Autoencoder, BoxError, DetectionSpec, Detector, Fitted, ModelError, Preset, Split, StoppedBy,
    StoredTensor, TrainingSpec,
};
use latentia::tensor::{Axes, Schema, Windows};
use latentia::{Rows, Training};
use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use rayon::ThreadPool;
use serde::de::DeserializeOwned;

use crate::array::Array;
use crate::ending::{self, detached};
use crate::error::{DataWarning, Error, Failure, TrainingWarning, boxed, warn};
use crate::experiment::Request;
use crate::guard::{defect, without_lock};
use crate::interrupt::BETWEEN_LOOKS;
use crate::labels::{self, Labels};
use crate::model::Core;
use crate::observer::{Event, Reporter};
use crate::pool;

/// What there is to say of a model whose detector was interrupted.
const NO_DETECTOR: &str = "the model has no detector: it was interrupted before that was fitted";

/// What ends a run early.
#[derive(Default)]
struct Stop {
    /// The training, after the batch.
    training: AtomicBool,
    /// All that learns, a detector's models too.
    all: AtomicBool,
}

impl Stop {
    fn end(&self) {
        self.training.store(true, Ordering::Relaxed);
        self.all.store(true, Ordering::Relaxed);
    }

    /// Ends by `error`, which is `raised` unless an earlier one tells more: a callback's wish for an end tells least, and what is fitted
    /// to its model is not ended by it.
    fn end_by(&self, py: Python<'_>, raised: &mut Option<PyErr>, error: PyErr) {
        let is_wish = |error: &PyErr| error.is_instance_of::<PyStopIteration>(py);
        self.training.store(true, Ordering::Relaxed);
        if !is_wish(&error) {
            self.all.store(true, Ordering::Relaxed);
        }
        if raised.as_ref().is_none_or(is_wish) {
            *raised = Some(error);
        }
    }
}

/// All that a run needs beside its examples.
struct Plan {
    preset: Preset,
    name: String,
    data: String,
    seed: u64,
    schema: Option<Schema>,
    windows: Option<Windows>,
    /// Whether what compresses and what detects are kept with the model.
    attaches: [bool; 2],
}

/// Trains a model: the model, and the error that ended the run early, where one did.
#[pyfunction]
#[pyo3(signature = (x, labels, test, test_labels, request, name, data, seed, axes, schema, windows, attaches, callback))]
#[allow(clippy::too_many_arguments, reason = "the package has names for all")]
pub fn train<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    labels: Labels<'py>,
    test: Option<&Bound<'py, PyAny>>,
    test_labels: Labels<'py>,
    request: &str,
    name: Option<String>,
    data: String,
    seed: u64,
    axes: Option<&str>,
    schema: Option<&str>,
    windows: Option<&str>,
    attaches: [bool; 2],
    callback: Option<Bound<'py, PyAny>>,
) -> PyResult<(Option<Core>, Option<PyErr>)> {
    let schema: Option<Schema> = parsed(schema)?;
    let windows: Option<Windows> = parsed(windows)?;
    let axes = axes.map(axes_of).transpose()?;
    let request = Request::parse(request)?;
    let x = Array::of(x)?;
    let test = test.map(Array::of).transpose()?;
    let labels = labels::of(&labels, x.rows())?;
    let test_rows = test.as_ref().map_or(0, Array::rows);
    let test_labels = labels::of(&test_labels, test_rows)?;

    let cut = windows.as_ref();
    let view = examples(&x, axes, cut, labels.as_deref())?;
    let test = test.as_ref();
    let test = test.map(|test| examples(test, axes, cut, test_labels.as_deref()));
    let test = test.transpose()?;
    if view.rows() == 1 {
        return Err(Error::new_err("nothing to learn from one example"));
    }
    let (preset_name, preset, note) = request.experiment(&view, schema.is_some())?;
    let is_said = axes.is_some() || cut.is_some();
    for text in warnings(py, &view, schema.as_ref(), is_said)?
        .into_iter()
        .chain(note)
    {
        warn::<DataWarning>(py, &text)?;
    }
    let plan = Plan {
        preset,
        name: name.or(preset_name).unwrap_or_else(|| "model".to_owned()),
        data,
        seed,
        schema,
        windows,
        attaches,
    };
    let pool = pool::own(py)?;
    run(py, &pool, &plan, (&view, test.as_ref()), callback)
}

fn axes_of(name: &str) -> PyResult<Axes> {
    let found = Axes::NAMED.into_iter().find(|axes| axes.name() == name);
    found.ok_or_else(|| {
        let names = Axes::NAMED.map(|axes| format!("`{}`", axes.name()));
        Error::new_err(format!(
            "`axes` is `{name}`; it must be one of {}",
            names.join(", ")
        ))
    })
}

fn parsed<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Failure> {
    Ok(text.map(serde_json::from_str).transpose()?)
}

/// What is learned from: the rows of `x`, or their windows.
fn examples<'a>(
    x: &'a Array<'_>,
    axes: Option<Axes>,
    windows: Option<&Windows>,
    labels: Option<&'a [u32]>,
) -> PyResult<DatasetView<'a>> {
    let view = x.slice()?.view(x.example_shape(axes)?)?;
    let view = match windows {
        Some(windows) => view.windows(windows).map_err(Failure::from)?,
        None => view,
    };
    Ok(match labels {
        Some(labels) => view.with_labels(labels).map_err(Failure::from)?,
        None => view,
    })
}

/// What there is to warn of, as the program does; `is_said` where the user says what the dimensions of examples are.
fn warnings(
    py: Python<'_>,
    examples: &DatasetView<'_>,
    schema: Option<&Schema>,
    is_said: bool,
) -> PyResult<Vec<String>> {
    let shape = examples.shape();
    let one = if shape.len() == 1 { "row" } else { "example" };
    let mut warnings = without_lock(py, || {
        let warnings = little_to_learn(examples, one, schema);
        Ok(warnings.map_err(ModelError::from)?)
    })?;
    warnings.extend(examples.note().map(str::to_owned));
    if !is_said && Axes::are_ambiguous(shape) {
        let (axes, words) = (shape.axes().name(), shape.axes().in_words());
        warnings.push(format!(
            "examples of {shape} are taken for {words}, axes='{axes}'"
        ));
    }
    Ok(warnings)
}

/// The run on its own threads, while this one looks for signals and tells `callback` of epochs.
fn run(
    py: Python<'_>,
    pool: &ThreadPool,
    plan: &Plan,
    examples: (&DatasetView<'_>, Option<&DatasetView<'_>>),
    callback: Option<Bound<'_, PyAny>>,
) -> PyResult<(Option<Core>, Option<PyErr>)> {
    let stop = Stop::default();
    let (events, heard) = channel();
    let (tell_seen, seen) = channel();
    let reporter = Reporter::new(events, callback.is_some().then_some(seen), &stop.training);
    let callback = callback.map(Bound::unbind);
    let callback = callback.as_ref();
    let mut result = None;
    let mut raised: Option<PyErr> = None;
    let (result_out, raised_out, asked) = (&mut result, &mut raised, &stop);
    detached(py, move || {
        pool.in_place_scope(|scope| {
            scope.spawn(move |_| {
                let work = AssertUnwindSafe(|| fit(plan, examples, reporter, asked));
                *result_out = Some(catch_unwind(work));
            });
            // The sender is gone when the run is over.
            loop {
                if ending::has_begun() {
                    asked.end();
                }
                let event = match heard.recv_timeout(BETWEEN_LOOKS) {
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => None,
                    Ok(event) => Some(event),
                };
                Python::attach(|py| {
                    let looked = py.check_signals().and_then(|()| match &event {
                        Some(event) => report(py, callback, event),
                        None => Ok(()),
                    });
                    if let Err(error) = looked {
                        asked.end_by(py, raised_out, error);
                    }
                });
                if let Some(Event::Epoch { .. }) = event {
                    let _ = tell_seen.send(());
                }
            }
        });
    });
    match result {
        Some(Ok(Ok((core, has_all)))) => {
            // One that came with the last batch.
            let raised = raised.or_else(|| py.check_signals().err());
            if let (Some(error), true, false) = (&raised, core.is_some(), has_all) {
                error.value(py).call_method1("add_note", (NO_DETECTOR,))?;
            }
            Ok((core, raised))
        }
        Some(Ok(Err(failure))) => Err(raised.unwrap_or_else(|| failure.into())),
        Some(Err(panic)) => Err(defect(&*panic)),
        None => Err(defect(&"the run did not begin")),
    }
}

/// Tells `callback` of an epoch, or warns.
fn report(py: Python<'_>, callback: Option<&Py<PyAny>>, event: &Event) -> PyResult<()> {
    let (epoch, epochs, seconds) = match event {
        Event::Warning(text) => return warn::<TrainingWarning>(py, text),
        Event::Epoch {
            epoch,
            epochs,
            seconds,
        } => (epoch, epochs, seconds),
    };
    let Some(callback) = callback else {
        return Ok(());
    };
    let (losses, rate) = (
        (epoch.train_loss, epoch.validation_loss),
        epoch.learning_rate,
    );
    let known = (epoch.epoch, *epochs, losses.0, losses.1, rate, *seconds);
    callback.call1(py, known)?;
    Ok(())
}

/// Trains; no model where the run was interrupted before its first epoch ended. And whether what is to be kept with it was fitted.
fn fit(
    plan: &Plan,
    (examples, test): (&DatasetView<'_>, Option<&DatasetView<'_>>),
    mut reporter: Reporter<'_>,
    stop: &Stop,
) -> Result<(Option<Core>, bool), Failure> {
    let Plan {
        preset,
        schema,
        seed,
        ..
    } = plan;
    let mut model = match schema {
        Some(schema) => preset.model.build_table(schema, *seed)?,
        None => preset.model.build(examples.shape().clone(), *seed)?,
    };
    model.set_windows(plan.windows.clone());
    let takes_missing = model.likelihood().takes_missing();
    for rows in [Some(examples), test].into_iter().flatten() {
        rows.check_finite(takes_missing)?;
    }
    let spec = preset.training.clone().suiting(test.is_some());
    let test = test.map(|test| test as &dyn Rows);
    let training = Training::new(&mut model, spec, *seed, examples, test)?;
    let resolved = training.spec().clone();
    let is_interrupted = AtomicBool::new(false);
    let flags = (&stop.all, &is_interrupted);
    let detector = detector(&resolved, &preset.detection, *seed, flags);
    let [compresses, detects] = plan.attaches;
    let training = match compresses {
        true => training.attaching(&quantiser),
        false => training,
    };
    let mut training = match detects {
        true => training.attaching(&detector),
        false => training,
    };
    let fitted = training.fit(&mut reporter);
    let fingerprint = examples.fingerprint();
    let core = kept(&model, fitted, plan, &fingerprint)?;
    Ok((core, !is_interrupted.load(Ordering::Relaxed)))
}

/// The model with what is kept of the run; no model of one that was interrupted in its first epoch.
fn kept(
    model: &Autoencoder,
    fitted: Fitted,
    plan: &Plan,
    fingerprint: &str,
) -> Result<Option<Core>, Failure> {
    let mut fitted = fitted.into_result()?;
    if fitted.stopped_by == StoppedBy::Interrupt && fitted.best.is_none() {
        return Ok(None);
    }
    let attachments = std::mem::replace(&mut fitted.attachments, Ok(Vec::new()));
    let attachments = attachments.map_err(|error| boxed(&*error))?;
    let provenance = fitted.provenance(&plan.name, &plan.data, fingerprint);
    Core::new(model, &provenance, &attachments).map(Some)
}

/// What a compressor keeps with the model.
fn quantiser(model: &Autoencoder, split: &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> {
    Ok(Quantiser::fit(model, &split.training)?.tensors())
}

/// What a detector keeps with the model: nothing where `stop` ended its fit, which `is_interrupted` then says.
fn detector<'a>(
    spec: &'a TrainingSpec,
    detection: &'a DetectionSpec,
    seed: u64,
    (stop, is_interrupted): (&'a AtomicBool, &'a AtomicBool),
) -> impl Fn(&Autoencoder, &Split<'_>) -> Result<Vec<StoredTensor>, BoxError> + Sync + 'a {
    move |model, split| {
        let (rows, held_out) = (&split.training, split.validation_rows());
        let goes_on = || match stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        match Detector::cross_fit(model, rows, held_out, spec, detection, seed, &goes_on) {
            Ok(detector) => Ok(detector.tensors()?),
            Err(ModelError::Interrupted) => {
                is_interrupted.store(true, Ordering::Relaxed);
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }
}
