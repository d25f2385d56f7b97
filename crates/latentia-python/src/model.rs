//! A model.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use latentia::Rows;
use latentia::codec::{Archive, Codec, CodecError, Method};
use latentia::models::{
    Autoencoder, Detector, Evaluation, EvaluationOptions, FittedPrior, Labelled, ModelError,
    ModelFile, Provenance, StoredTensor,
};
use latentia::nn::CodeValues;
use latentia::tensor::{ExampleShape, Matrix};
use numpy::{PyArrayDyn, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::array::{Array, NAME, Slice, array};
use crate::error::{Error, Failure, no_detector};
use crate::given::Given;
use crate::guard::without_lock;
use crate::interrupt::{Interruptible, check, interruptibly};
use crate::labels::{self, Labels};
use crate::onnx::exported;
use crate::pool;
use crate::sampling;

/// An array of Python's own.
type Out<'py, T> = PyResult<Bound<'py, PyArrayDyn<T>>>;

/// Quality of compression where none is asked for: of codes whose cells are a choice, and of those that are whole numbers already.
const QUALITY: u8 = 50;
const ROUNDED_QUALITY: u8 = 100;

/// A model with its provenance, and all that a file keeps with it. It never changes, so that threads share it.
#[pyclass(frozen, module = "latentia._latentia")]
pub struct Core {
    file: ModelFile,
    /// Made of the file's tensors when it is first asked for; none where there are no such tensors.
    detector: OnceLock<Option<Detector>>,
}

impl Core {
    /// A model that has just learned.
    ///
    /// # Errors
    /// When a number of the provenance is nothing that a file can hold.
    pub fn new(
        model: &Autoencoder,
        provenance: &Provenance,
        kept: &[StoredTensor],
    ) -> Result<Self, Failure> {
        // Through its file, whose digest names it, and so that it is the same as one that is loaded.
        let bytes = ModelFile::to_bytes(model, provenance, kept)?;
        Ok(ModelFile::from_bytes(&bytes)?.into())
    }

    fn model(&self) -> &Autoencoder {
        &self.file.model
    }

    fn detector(&self) -> Result<Option<&Detector>, Failure> {
        if let Some(detector) = self.detector.get() {
            return Ok(detector.as_ref());
        }
        let detector = Detector::of(&self.file.model, &self.file.attachments)?;
        Ok(self.detector.get_or_init(|| detector).as_ref())
    }

    /// What `work` makes of the examples in `x`, on all threads and without the interpreter's lock.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        x: &Bound<'_, PyAny>,
        labels: &Labels<'_>,
        work: impl Fn(&dyn Rows) -> Result<T, Failure> + Send + Sync,
    ) -> PyResult<T> {
        let x = Array::of(x)?;
        let given = Given::of(self.model(), &x, labels)?;
        let pool = pool::shared(py)?;
        match given.rows() {
            // Threads would be woken in vain.
            1 => {
                let never = AtomicBool::new(false);
                without_lock(py, || given.with(self.model(), &never, &work))
            }
            _ => interruptibly(py, &pool, |stop| given.with(self.model(), stop, &work)),
        }
    }

    /// As [`Self::run`], of codes.
    fn run_codes<T: Send>(
        &self,
        py: Python<'_>,
        codes: &Bound<'_, PyAny>,
        labels: &Labels<'_>,
        work: impl Fn(&dyn Rows) -> Result<T, Failure> + Send + Sync,
    ) -> PyResult<T> {
        let codes = Array::of(codes)?;
        let labels = labels::of(labels, codes.rows())?;
        let (rows, width) = (codes.rows(), self.model().code_width());
        let Slice::Floats(values) = codes.slice()? else {
            return Err(Error::new_err("codes are of `float32`, not of `uint8`"));
        };
        if codes.example() != [width] {
            let seen = ExampleShape::from(codes.example().to_vec());
            let text = format!("the codes are of {seen} values, the model's of {width}");
            return Err(Error::new_err(text));
        }
        let pool = pool::shared(py)?;
        interruptibly(py, &pool, |stop| {
            if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                let (row, column) = (at / width, at % width);
                let text = format!(
                    "the code in row {row}, column {column} is {}, which is not finite",
                    values[at]
                );
                return Err(Error::new_err(text).into());
            }
            let codes = latentia::tensor::MatrixRef::new(values, rows, width);
            let codes = Interruptible::new(&codes, stop);
            match labels {
                Some(labels) => work(&Labelled::new(&codes, labels)),
                None => work(&codes),
            }
        })
    }

    /// Examples of the model's shape.
    fn examples<'py>(&self, py: Python<'py>, examples: Matrix) -> Out<'py, f32> {
        let mut shape = vec![examples.rows()];
        shape.extend_from_slice(self.model().shape());
        array(py, examples.into_vec(), &shape)
    }
}

impl From<ModelFile> for Core {
    fn from(file: ModelFile) -> Self {
        let detector = OnceLock::new();
        Self { file, detector }
    }
}

#[pymethods]
impl Core {
    /// Reads a file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        without_lock(py, || Ok(ModelFile::load(&path)?.into()))
    }

    /// Reads the bytes of a file.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        without_lock(py, || Ok(ModelFile::from_bytes(bytes)?.into()))
    }

    /// Writes a file, whole or not at all.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let file = &self.file;
        without_lock(py, || {
            ModelFile::save(&file.model, &file.provenance, &file.attachments, &path)?;
            Ok(())
        })
    }

    /// The bytes of its file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let file = &self.file;
        let bytes = without_lock(py, || {
            let (model, provenance) = (&file.model, &file.provenance);
            Ok(ModelFile::to_bytes(model, provenance, &file.attachments)?)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Codes: `[n, code width]`.
    #[pyo3(signature = (x, labels=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Labels<'py>,
    ) -> Out<'py, f32> {
        let codes = self.run(py, x, &labels, |rows| Ok(self.model().encode(rows)?))?;
        let shape = [codes.rows(), codes.cols()];
        array(py, codes.into_vec(), &shape)
    }

    /// Examples from codes: `[n, …]`.
    #[pyo3(signature = (codes, labels=None))]
    fn decode<'py>(
        &self,
        py: Python<'py>,
        codes: &Bound<'py, PyAny>,
        labels: Labels<'py>,
    ) -> Out<'py, f32> {
        let decode = |codes: &dyn Rows| Ok(self.model().decode(codes)?);
        let examples = self.run_codes(py, codes, &labels, decode)?;
        self.examples(py, examples)
    }

    /// Examples encoded and decoded: `[n, …]`.
    #[pyo3(signature = (x, labels=None))]
    fn reconstruct<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Labels<'py>,
    ) -> Out<'py, f32> {
        let reconstruct = |rows: &dyn Rows| Ok(self.model().reconstruct(rows)?);
        let examples = self.run(py, x, &labels, reconstruct)?;
        self.examples(py, examples)
    }

    /// Scores of the detector, or the loss of the model: `[n]`.
    #[pyo3(signature = (x, labels=None, loss=false))]
    fn score<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Labels<'py>,
        loss: bool,
    ) -> Out<'py, f64> {
        let detector = match loss {
            true => None,
            false => self.detector()?,
        };
        let scores = self.run(py, x, &labels, |rows| match detector {
            Some(detector) => Ok(detector.score(rows)?),
            None => Ok(self.model().score(rows)?),
        })?;
        let shape = [scores.len()];
        array(py, scores, &shape)
    }

    /// Conformal p-values of scores of the detector: `[n]`.
    fn p_values<'py>(&self, py: Python<'py>, scores: PyReadonlyArray1<'py, f64>) -> Out<'py, f64> {
        let Some(detector) = self.detector()? else {
            return Err(no_detector());
        };
        let scores = scores.as_array();
        let p = scores.iter().map(|&x| detector.calibration().p_value(x));
        let p: Vec<f64> = p.collect();
        let shape = [p.len()];
        array(py, p, &shape)
    }

    /// The score above which others have a p-value of at most `false_alarm`; none where so low a rate cannot be had.
    fn threshold(&self, false_alarm: f64) -> PyResult<Option<f64>> {
        let Some(detector) = self.detector()? else {
            return Err(no_detector());
        };
        latentia::models::Rule::FalseAlarm(false_alarm)
            .check()
            .map_err(Failure::from)?;
        Ok(detector.calibration().threshold(false_alarm))
    }

    /// Examples drawn from the prior: `[count, …]`; of what `prior` names, fitted to the codes of `x`, where that is given.
    #[pyo3(signature = (count, seed, draw, labels=None, x=None, prior=None, components=10))]
    #[allow(clippy::too_many_arguments, reason = "the package has names for all")]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: u64,
        draw: bool,
        labels: Labels<'py>,
        x: Option<&Bound<'py, PyAny>>,
        prior: Option<&str>,
        components: usize,
    ) -> Out<'py, f32> {
        let (file, model) = (&self.file, self.model());
        let codes = match x {
            None => sampling::codes(file, count, seed).map_err(Failure::from)?,
            Some(x) => {
                let kind = sampling::kind(prior, components, file)?;
                self.run(py, x, &None, |rows| {
                    let fitted = FittedPrior::fit(model, rows, kind, seed, &())?;
                    Ok(fitted.sample_codes(model, count, seed)?)
                })?
            }
        };
        let labels = labels::of(&labels, count)?;
        let pool = pool::shared(py)?;
        let decode = |codes: &dyn Rows| sampling::decoded(model, codes, draw, seed);
        let examples = interruptibly(py, &pool, |stop| {
            let codes = Interruptible::new(&codes, stop);
            Ok(match labels {
                Some(labels) => decode(&Labelled::new(&codes, labels))?,
                None => decode(&codes)?,
            })
        })?;
        self.examples(py, examples)
    }

    /// Measures of examples beside those of PCA, which learns from `training` or from the same examples, as JSON.
    #[pyo3(signature = (x, labels=None, training=None, training_labels=None, importance_samples=100, seed=0))]
    #[allow(clippy::too_many_arguments, reason = "the package has names for all")]
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        labels: Labels<'py>,
        training: Option<&Bound<'py, PyAny>>,
        training_labels: Labels<'py>,
        importance_samples: u32,
        seed: u64,
    ) -> PyResult<String> {
        let (x, training) = (Array::of(x)?, training.map(Array::of).transpose()?);
        let examples = Given::of(self.model(), &x, &labels)?;
        let training = training.as_ref();
        let training = training.map(|own| Given::of(self.model(), own, &training_labels));
        let training = training.transpose()?;
        let (model, pool) = (self.model(), pool::shared(py)?);
        let measure = |rows: &dyn Rows, training: Option<&dyn Rows>| {
            let options = EvaluationOptions {
                training,
                probe: true,
                importance_samples,
                seed,
                ..EvaluationOptions::default()
            };
            Ok(Evaluation::measure(model, (NAME, "all"), rows, &options)?)
        };
        let evaluation = interruptibly(py, &pool, |stop| {
            examples.with(model, stop, &|rows| match &training {
                Some(training) => training.with(model, stop, &|own| measure(rows, Some(own))),
                None => measure(rows, None),
            })
        })?;
        Ok(serde_json::to_string(&evaluation).map_err(Failure::from)?)
    }

    /// Examples as bytes, which the same model decompresses.
    #[pyo3(signature = (x, quality=None, lossless=false))]
    fn compress<'py>(
        &self,
        py: Python<'py>,
        x: &Bound<'py, PyAny>,
        quality: Option<u8>,
        lossless: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let usual = match self.model().latent().values() {
            CodeValues::Integers => ROUNDED_QUALITY,
            _ => QUALITY,
        };
        let quality = quality.unwrap_or(usual);
        if !(1..=100).contains(&quality) {
            let text = format!("`quality` is {quality}; it must be from 1 to 100");
            return Err(Error::new_err(text));
        }
        let bytes = self.run(py, x, &None, |rows| {
            let codec = match lossless {
                true => Codec::lossless(&self.file, rows)?,
                false => {
                    let is_bytes = rows.full_scale() == 255.0;
                    Codec::new(&self.file, Method::from_quality(quality), is_bytes)?
                }
            };
            let mut bytes = Vec::new();
            codec.compress(rows, &mut bytes, &mut |_| {})?;
            Ok(bytes)
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// What was compressed: `[n, …]`, of `uint8` or `float32` as it was.
    fn decompress<'py>(&self, py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        let pool = pool::shared(py)?;
        let (is_bytes, values) = interruptibly(py, &pool, |stop| {
            let mut archive = Archive::open(Cursor::new(bytes), &self.file)?;
            let is_bytes = archive.header().bytes;
            let mut values = Vec::new();
            archive.for_each_chunk(|chunk| {
                values.extend_from_slice(chunk.as_slice());
                check(stop).map_err(ModelError::from)?;
                Ok::<(), CodecError>(())
            })?;
            Ok((is_bytes, values))
        })?;
        let mut shape = vec![values.len() / self.model().width()];
        shape.extend_from_slice(self.model().shape());
        match is_bytes {
            true => {
                let bytes: Vec<u8> = values.iter().map(|&x| x as u8).collect();
                Ok(array(py, bytes, &shape)?.into_any())
            }
            false => Ok(array(py, values, &shape)?.into_any()),
        }
    }

    /// The ONNX model of a part.
    fn onnx<'py>(
        &self,
        py: Python<'py>,
        part: &str,
        rows: &str,
        false_alarm: f64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = without_lock(py, || exported(&self.file, part, rows, false_alarm))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// What there is to know of it, as JSON.
    fn describe(&self) -> PyResult<String> {
        let (model, file) = (self.model(), &self.file);
        let detector = self.detector()?;
        let about = json!({
            "spec": model.spec(),
            "provenance": file.provenance,
            "shape": model.shape().to_vec(),
            "axes": model.shape().axes(),
            "schema": model.schema(),
            "windows": model.windows(),
            "width": model.width(),
            "code_width": model.code_width(),
            "parameters": model.chain().parameter_count(),
            "classes": model.classes(),
            "has_prior": model.has_prior(),
            "takes_missing": model.likelihood().takes_missing(),
            "loss_unit": model.likelihood().unit().name(),
            "detector": detector.map(|detector| json!({
                "parts": detector.parts(),
                "members": detector.members(),
                "calibration": detector.calibration().source().name(),
                "least_p_value": detector.calibration().least_p_value(),
            })),
            "digest": file.digest,
        });
        Ok(about.to_string())
    }

    /// Scores that calibrate the detector, ascending: `[m]`; none without a detector.
    fn calibrating_scores<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<Bound<'py, PyArrayDyn<f64>>>> {
        let Some(detector) = self.detector()? else {
            return Ok(None);
        };
        let scores = detector.calibration().scores().to_vec();
        let shape = [scores.len()];
        array(py, scores, &shape).map(Some)
    }
}
