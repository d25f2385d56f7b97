//! Examples to bytes and back.

use std::io::{Read, Seek, Write};

use latentia_models::ModelFile;
use latentia_tensor::{Matrix, Rows};
use rayon::prelude::*;

use crate::CodecError;
use crate::bits_back::BitsBack;
use crate::chunk::{Chunk, ChunkCoder, examples_in_chunk, read_all};
use crate::container::{CHUNK_HEADER, Header, Place, find_chunks, read_chunk, write_chunk};
use crate::lossy::Lossy;
use crate::residual::Residual;

/// Chunks that are worked on at once; memory goes with it.
const AT_ONCE: usize = 8;

/// How examples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The code in cells of `step` finest ones: what comes back are reconstructions. See [`latentia_models::Quantiser`].
    Lossy {
        /// 1 at least.
        step: u16,
    },
    /// Every byte, at the cost of the model's `-ELBO`, with a Gaussian code and a likelihood of bytes.
    BitsBack,
    /// Every byte: the lossy reconstruction, and what it errs by.
    Residual {
        /// 1 at least.
        step: u16,
    },
}

impl Method {
    /// The coarsest step of the code.
    pub const MOST_STEP: u16 = 1000;

    /// Lossy at a quality of 1 to 100: at 100 the finest cells, at 50 cells ten times as wide, which add a tenth to the
    /// error of a reconstruction.
    pub fn of_quality(quality: u8) -> Self {
        let step = 10f64.powf((100.0 - f64::from(quality)) / 50.0).round();
        Self::Lossy { step: step as u16 }
    }

    /// Whether every byte comes back.
    pub fn is_lossless(self) -> bool {
        !matches!(self, Self::Lossy { .. })
    }
}

/// A model that compresses, one way.
pub struct Codec<'a> {
    model: &'a ModelFile,
    method: Method,
    bytes: bool,
    coder: Box<dyn ChunkCoder + 'a>,
}

/// What compressing took.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Compressed {
    /// Examples.
    pub examples: u64,
    /// Bytes of the file, of which the next two are parts.
    pub bytes: u64,
    /// Bytes of headers, lengths and checksums.
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
        if model.model.spec().condition.is_some() {
            return unfit(
                "the model is told the class of an example, which a compressed file does not hold; use one without `condition`".into(),
            );
        }
        if method.is_lossless() && !bytes {
            return unfit(
                "only 8-bit values are coded without loss, and these are floats; store them as bytes, or leave out --lossless".into(),
            );
        }
        if let Method::Lossy { step: 0 } | Method::Residual { step: 0 } = method {
            return unfit("a step of 0 makes no cells; it is 1 at least".into());
        }
        let quantiser = model.quantiser.as_ref().ok_or_else(|| {
            CodecError::Unfit(
                "the model file has no tables of its codes' symbols; train it again with this version".into(),
            )
        });
        let coder: Box<dyn ChunkCoder> = match method {
            Method::Lossy { step } => Box::new(Lossy::new(&model.model, quantiser?, step, bytes)),
            Method::Residual { step } => Box::new(Residual::new(&model.model, quantiser?, step)),
            Method::BitsBack => Box::new(BitsBack::new(&model.model).map_err(CodecError::Unfit)?),
        };
        Ok(Self {
            model,
            method,
            bytes,
            coder,
        })
    }

    /// The best lossless codec: bits back where the model can, else the residual with the code in cells that need least for
    /// the first of `examples`.
    ///
    /// # Errors
    /// When the model or the examples cannot be coded so.
    pub fn lossless(
        model: &'a ModelFile,
        examples: &dyn Rows,
        bytes: bool,
    ) -> Result<Self, CodecError> {
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
        bytes: bool,
        floor: f64,
    ) -> Result<(Self, f64), CodecError> {
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
        let error = self.squared_error(examples)? / values;
        Ok(10.0 * (255.0 * 255.0 / error).log10())
    }

    /// The first value that is neither 0 nor 255, with its example's number.
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
        let preprocessing = self.model.model.spec().preprocessing;
        self.method == Method::BitsBack && preprocessing.binarises()
    }

    fn header(&self, examples: u64) -> Header {
        let model = &self.model.model;
        Header {
            method: self.method,
            bytes: self.bytes,
            shape: model.shape().to_vec(),
            examples,
            chunk: examples_in_chunk(model.width()) as u32,
            model: self.model.digest.clone(),
        }
    }

    /// Writes `examples` to `out`, and tells `progress` after each chunk how many are done.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read, or the output cannot be written.
    pub fn compress(
        &self,
        examples: &dyn Rows,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Compressed, CodecError> {
        let header = self.header(examples.rows() as u64);
        let bytes = header.to_bytes();
        out.write_all(&bytes)?;
        let mut done = Compressed {
            examples: 0,
            bytes: bytes.len() as u64,
            container_bytes: bytes.len() as u64,
            initial_bits: 0.0,
        };
        let chunks: Vec<Chunk<'_>> = Chunk::all(examples).collect();
        for chunks in chunks.chunks(AT_ONCE) {
            let coded: Vec<_> = chunks
                .par_iter()
                .map(|chunk| self.coder.encode(chunk))
                .collect();
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
        let mut sum = 0.0;
        for chunk in Chunk::all(examples) {
            let original = read_all(&chunk)?;
            let back = self
                .coder
                .decode(&self.coder.encode(&chunk)?.bytes, chunk.rows())?;
            let pairs = original.as_slice().iter().zip(back.as_slice());
            sum += pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        }
        Ok(sum)
    }
}

/// A compressed file with the model that decodes it.
pub struct Archive<'a, S> {
    codec: Codec<'a>,
    header: Header,
    chunks: Vec<Place>,
    source: S,
}

impl<'a, S: Read + Seek> Archive<'a, S> {
    /// Opens a file, of which nothing is decoded yet.
    ///
    /// # Errors
    /// When it is no such file, of a newer version, made with another model, cut short or otherwise damaged.
    pub fn open(mut source: S, model: &'a ModelFile) -> Result<Self, CodecError> {
        let header = Header::read(&mut source)?;
        if header.model != model.digest {
            return Err(CodecError::OtherModel {
                wanted: header.model,
                given: model.digest.clone(),
            });
        }
        let codec = Codec::new(model, header.method, header.bytes)?;
        if header != codec.header(header.examples) {
            return Err(CodecError::Damaged(
                "its header does not fit the model".into(),
            ));
        }
        let chunks = find_chunks(&mut source, &header)?;
        Ok(Self {
            codec,
            header,
            chunks,
            source,
        })
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Decodes all examples and hands the raw values of each chunk, `[examples, width]`, to `see`, in order.
    ///
    /// # Errors
    /// When the file is damaged or cannot be read, or `see` fails.
    pub fn for_each_chunk<E: From<CodecError>>(
        &mut self,
        mut see: impl FnMut(&Matrix) -> Result<(), E>,
    ) -> Result<(), E> {
        for first in (0..self.chunks.len()).step_by(AT_ONCE) {
            let numbers = first..self.chunks.len().min(first + AT_ONCE);
            let read = |number| read_chunk(&mut self.source, self.chunks[number], number);
            let coded: Result<Vec<_>, CodecError> = numbers.clone().map(read).collect();
            let sizes = numbers.map(|number| self.examples_of(number));
            let coded: Vec<_> = sizes.zip(coded?).collect();
            let coder = &self.codec.coder;
            let decoded: Vec<_> = coded
                .par_iter()
                .map(|(examples, bytes)| coder.decode(bytes, *examples))
                .collect();
            for matrix in decoded {
                see(&matrix?)?;
            }
        }
        Ok(())
    }

    /// Raw values of one example, of which only its chunk is decoded.
    ///
    /// # Errors
    /// When there is none, or the file is damaged or cannot be read.
    pub fn example(&mut self, index: u64) -> Result<Vec<f32>, CodecError> {
        if index >= self.header.examples {
            return Err(CodecError::NoExample {
                index,
                examples: self.header.examples,
            });
        }
        let size = u64::from(self.header.chunk);
        let number = (index / size) as usize;
        let bytes = read_chunk(&mut self.source, self.chunks[number], number)?;
        let values = self.codec.coder.decode(&bytes, self.examples_of(number))?;
        Ok(values.row((index % size) as usize).to_vec())
    }

    fn examples_of(&self, chunk: usize) -> usize {
        let size = u64::from(self.header.chunk);
        size.min(self.header.examples - chunk as u64 * size) as usize
    }
}
