//! Examples to bytes.

use std::io::Write;
use std::ops::Range;

use latentia_models::{ModelFile, psnr};
use latentia_tensor::Rows;
use rayon::prelude::*;

use crate::CodecError;
use crate::bits_back::BitsBack;
use crate::chunk::{Chunk, ChunkCoder, Coded, examples_in_chunk, read_all};
use crate::container::{CHUNK_HEADER, Header, no_cells, write_chunk};
use crate::lossy::Lossy;
use crate::method::Method;
use crate::names::Names;
use crate::quantiser::Quantiser;
use crate::residual::Residual;

/// Chunks that are worked on at once; memory goes with it.
pub(crate) const AT_ONCE: usize = 8;

/// A model that compresses, one way.
///
/// The crate begins with a codec that loses nothing. One that does, of floats:
///
/// ```
/// use latentia_codec::{Codec, Method, Quantiser};
/// use latentia_models::{ModelFile, ModelSpec, TrainingSpec};
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     preprocessing = "standardise"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 2 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[3], 42)?;
/// let examples = Matrix::from_vec(500, 3, (0..1500).map(|i| 20.0 + (i as f32).sin()).collect());
/// let fitted = model.fit(&examples, &TrainingSpec::default(), 42)?;
/// let tables = Quantiser::fit(&model, &examples)?.tensors();
/// let file = ModelFile::to_bytes(&model, &fitted.provenance("waves", "waves", ""), &tables)?;
/// let file = ModelFile::from_bytes(&file)?;
///
/// let bytes_at = |quality| {
///     let codec = Codec::new(&file, Method::from_quality(quality), false)?;
///     Ok::<_, latentia_codec::CodecError>(codec.compress(&examples, &mut Vec::new(), &mut |_| {})?.bytes)
/// };
/// assert!(bytes_at(20)? < bytes_at(90)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Codec<'a> {
    model: &'a ModelFile,
    method: Method,
    bytes: bool,
    coder: Box<dyn ChunkCoder + 'a>,
    names: Option<Names>,
}

/// What compressing took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Compressed {
    /// Examples.
    pub examples: u64,
    /// Bytes of the file, of which the next two are parts.
    pub bytes: u64,
    /// Bytes of headers, names, lengths and checksums.
    pub container_bytes: u64,
    /// Bits lost on the first example of each chunk, where bits back finds none to begin with.
    pub initial_bits: f64,
}

impl<'a> Codec<'a> {
    /// A codec by `method` for examples that are bytes, or floats.
    ///
    /// # Errors
    /// When the model cannot code so; why, and what can.
    pub fn new(model: &'a ModelFile, method: Method, bytes: bool) -> Result<Self, CodecError> {
        let unfit = |what: String| Err(CodecError::Unfit(what));
        if model.model.classes().is_some() {
            return unfit(
                "the model is told the class of an example, which a compressed file does not hold; use one without `condition`".into(),
            );
        }
        if model.model.likelihood().is_of_counts() {
            return unfit(format!(
                "`{}` reconstructs a row in a library of its own size, which a compressed file does not hold; use one of another likelihood",
                model.model.likelihood().name()
            ));
        }
        if method.is_lossless() && !bytes {
            return Err(CodecError::FloatsWithoutLoss);
        }
        if let Method::Lossy { step: 0 } | Method::Residual { step: 0 } = method {
            return Err(no_cells());
        }
        let quantiser = || {
            Quantiser::of(model)?.ok_or_else(|| {
                CodecError::Unfit(
                    "the model file has no tables of its codes' symbols; train it again with this version".into(),
                )
            })
        };
        let coder: Box<dyn ChunkCoder> = match method {
            Method::Lossy { step } => Box::new(Lossy::new(&model.model, quantiser()?, step, bytes)),
            Method::Residual { step } => Box::new(Residual::new(&model.model, quantiser()?, step)),
            Method::BitsBack => Box::new(BitsBack::new(&model.model).map_err(CodecError::Unfit)?),
        };
        Ok(Self {
            model,
            method,
            bytes,
            coder,
            names: None,
        })
    }

    /// The same, which writes these names into files: one for each example.
    #[must_use]
    pub fn with_names(self, names: Names) -> Self {
        Self {
            names: Some(names),
            ..self
        }
    }

    /// The best lossless codec: bits back where the model can, else the residual with the code in cells that need least for
    /// the first of `examples`.
    ///
    /// # Errors
    /// When the model or the examples cannot be coded so.
    pub fn lossless(model: &'a ModelFile, examples: &dyn Rows) -> Result<Self, CodecError> {
        let bytes = are_bytes(examples);
        if bytes && BitsBack::new(&model.model).is_ok() {
            return Self::new(model, Method::BitsBack, bytes);
        }
        let first = Chunk::all(examples).next();
        let first = first.ok_or_else(|| CodecError::Unfit("there are no examples".into()))?;
        let mut best = None;
        for step in [1, 3, 10, 32, 100, 320, Method::MOST_STEP] {
            let codec = Self::new(model, Method::Residual { step }, bytes)?;
            let size = codec.coder.encode(&first)?.bytes.len();
            let better = |(least, _): &(usize, Self)| size < *least;
            if best.as_ref().is_none_or(better) {
                best = Some((size, codec));
            }
        }
        let (_, codec) = best.ok_or_else(|| CodecError::Unfit("no step fits".into()))?;
        Ok(codec)
    }

    /// The lossy codec with the widest cells that keep a peak signal-to-noise ratio of `floor` decibels over all of
    /// `examples`, and what it reaches, or the finest where none keeps it. The peak is 255.
    ///
    /// # Errors
    /// When examples are no bytes, or they or the model cannot be coded so.
    pub fn with_psnr(
        model: &'a ModelFile,
        examples: &dyn Rows,
        floor: f64,
    ) -> Result<(Self, f64), CodecError> {
        let bytes = are_bytes(examples);
        if !bytes {
            let what = "a peak signal-to-noise ratio needs 8-bit values, and these are floats";
            return Err(CodecError::Unfit(what.into()));
        }
        let of_step = |step| {
            let codec = Self::new(model, Method::Lossy { step }, bytes)?;
            let psnr = codec.psnr(examples)?;
            Ok::<_, CodecError>((codec, psnr))
        };
        let mut kept = of_step(1)?;
        let (mut low, mut high) = (1, Method::MOST_STEP + 1);
        while kept.1 >= floor && high - low > 1 {
            let middle = low.midpoint(high);
            let tried = of_step(middle)?;
            match tried.1 >= floor {
                true => (low, kept) = (middle, tried),
                false => high = middle,
            }
        }
        Ok(kept)
    }

    /// Peak signal-to-noise ratio of what comes back, in decibels, over all values of `examples`, which are bytes.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn psnr(&self, examples: &dyn Rows) -> Result<f64, CodecError> {
        let values = (examples.rows() * examples.cols()) as f64;
        Ok(psnr(self.squared_error(examples)? / values, 255.0))
    }

    /// Refuses bytes for a codec of floats, and the other way round: they are on another scale.
    fn check_scale(&self, examples: &dyn Rows) -> Result<(), CodecError> {
        let kind = |bytes| if bytes { "bytes" } else { "floats" };
        let (own, seen) = (kind(self.bytes), kind(are_bytes(examples)));
        match own == seen {
            true => Ok(()),
            false => Err(CodecError::Unfit(format!(
                "the codec is for {own}, and the examples are {seen}, by what stands for one"
            ))),
        }
    }

    /// The first value that is neither 0 nor 255, with its example's index.
    ///
    /// # Errors
    /// When an example cannot be read.
    pub fn grey_value(&self, examples: &dyn Rows) -> Result<Option<(usize, f32)>, CodecError> {
        let mut before = 0;
        for chunk in Chunk::all(examples) {
            let values = read_all(&chunk)?;
            let grey = |&x: &f32| x != 0.0 && x != 255.0;
            if let Some(at) = values.as_slice().iter().position(grey) {
                let value = values.as_slice()[at];
                return Ok(Some((before + at / chunk.cols(), value)));
            }
            before += chunk.rows();
        }
        Ok(None)
    }

    /// The model.
    pub fn model(&self) -> &'a ModelFile {
        self.model
    }

    /// How examples are coded.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Whether bits back codes examples as black and white, as the model draws them, and not the values that they have.
    pub fn binarises(&self) -> bool {
        let preprocessing = self.model.model.preprocessing();
        self.method == Method::BitsBack && preprocessing.binarises()
    }

    /// What turns a chunk into bytes, and back.
    pub(crate) fn coder(&self) -> &dyn ChunkCoder {
        &*self.coder
    }

    /// What a file of `examples` examples says of itself.
    pub(crate) fn header(&self, examples: u64) -> Header {
        let model = &self.model.model;
        Header {
            method: self.method,
            bytes: self.bytes,
            shape: model.shape().to_vec(),
            examples,
            chunk: examples_in_chunk(model.width()) as u32,
            model: self.model.digest.clone(),
            has_names: self.names.is_some(),
        }
    }

    /// Writes `examples` to `out`, and tells `progress` after each chunk how many are done.
    ///
    /// # Errors
    /// When the examples do not fit the model or the file's header or cannot be read, or the output cannot be written.
    pub fn compress(
        &self,
        examples: &dyn Rows,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Compressed, CodecError> {
        let all = self.chunks(examples);
        let mut none = || {
            Err(CodecError::Unfit(
                "there are more chunks than examples".into(),
            ))
        };
        self.compress_with(examples, out, progress, (all, &mut none))
    }

    /// How many chunks examples are cut into, each of which is coded alone.
    pub fn chunks(&self, examples: &dyn Rows) -> usize {
        Chunk::all(examples).count()
    }

    /// The chunks of `range`, for [`Self::compress_with`] in another process.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn code_chunks(
        &self,
        examples: &dyn Rows,
        range: Range<usize>,
    ) -> Result<Vec<Coded>, CodecError> {
        self.check_scale(examples)?;
        let chunks = Chunk::all(examples).skip(range.start).take(range.len());
        let chunks: Vec<Chunk<'_>> = chunks.collect();
        let coded = chunks.par_iter().map(|chunk| self.coder.encode(chunk));
        coded.collect()
    }

    /// As [`Self::compress`], which codes the first `own` chunks itself; `others` hands over those behind them, one after another, as
    /// [`Self::code_chunks`] makes them.
    ///
    /// # Errors
    /// As [`Self::compress`]; when `others` fails.
    pub fn compress_with(
        &self,
        examples: &dyn Rows,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
        (own, others): (usize, &mut dyn FnMut() -> Result<Coded, CodecError>),
    ) -> Result<Compressed, CodecError> {
        self.check_scale(examples)?;
        let header = self.header(examples.rows() as u64);
        let bytes = header.to_bytes()?;
        out.write_all(&bytes)?;
        let named = match &self.names {
            Some(names) if names.texts.len() != examples.rows() => {
                let (seen, expected) = (names.texts.len(), examples.rows());
                let what = format!("there are {seen} names for {expected} examples");
                return Err(CodecError::Unfit(what));
            }
            Some(names) => CHUNK_HEADER + names.write(out)?,
            None => 0,
        };
        let container_bytes = (bytes.len() + named) as u64;
        let mut done = Compressed {
            examples: 0,
            bytes: container_bytes,
            container_bytes,
            initial_bits: 0.0,
        };
        let chunks: Vec<Chunk<'_>> = Chunk::all(examples).collect();
        let (own, rest) = chunks.split_at(own.min(chunks.len()));
        let parts = own.chunks(AT_ONCE).map(|chunks| (chunks, true));
        for (chunks, is_own) in parts.chain(rest.chunks(1).map(|chunks| (chunks, false))) {
            let coded: Vec<_> = match is_own {
                true => {
                    let coded = chunks.par_iter().map(|chunk| self.coder.encode(chunk));
                    coded.collect()
                }
                false => vec![others()],
            };
            for (chunk, coded) in chunks.iter().zip(coded) {
                let coded = coded?;
                write_chunk(out, &coded.bytes)?;
                done.examples += chunk.rows() as u64;
                done.bytes += (CHUNK_HEADER + coded.bytes.len()) as u64;
                done.container_bytes += CHUNK_HEADER as u64;
                done.initial_bits += coded.initial_bits;
                progress(done.examples);
            }
        }
        Ok(done)
    }

    /// Squared error of what comes back, over all raw values of `examples`.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn squared_error(&self, examples: &dyn Rows) -> Result<f64, CodecError> {
        self.check_scale(examples)?;
        let mut sum = 0.0;
        for chunk in Chunk::all(examples) {
            let original = read_all(&chunk)?;
            let back = self
                .coder
                .decode(&self.coder.encode(&chunk)?.bytes, chunk.rows())?;
            let pairs = original.as_slice().iter().zip(back.as_slice());
            let differences = pairs.map(|(a, b)| f64::from(a - b));
            let known = differences.filter(|x| !x.is_nan());
            sum += known.map(|x| x * x).sum::<f64>();
        }
        Ok(sum)
    }
}

/// Whether examples are bytes: 255 stands for one.
fn are_bytes(examples: &dyn Rows) -> bool {
    examples.full_scale() == 255.0
}
