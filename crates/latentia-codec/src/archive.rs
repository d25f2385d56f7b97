//! Bytes to examples.

use std::io::{Read, Seek};

use latentia_models::ModelFile;
use latentia_tensor::Matrix;
use rayon::prelude::*;

use crate::CodecError;
use crate::codec::{AT_ONCE, Codec};
use crate::container::{ChunkLocation, Header, find_chunks, read_chunk};
use crate::names::Names;

/// A compressed file with the model that decodes it. The [crate] begins with an example of one.
pub struct Archive<'a, S> {
    codec: Codec<'a>,
    header: Header,
    names: Option<Names>,
    chunks: Vec<ChunkLocation>,
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
        let expected = Header {
            has_names: header.has_names,
            ..codec.header(header.examples)
        };
        if header != expected {
            return Err(CodecError::Damaged(
                "its header does not fit the model".into(),
            ));
        }
        let names = match header.has_names {
            true => Some(Names::read(&mut source, header.examples)?),
            false => None,
        };
        let chunks = find_chunks(&mut source, &header)?;
        Ok(Self {
            codec,
            header,
            names,
            chunks,
            source,
        })
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What names the examples, where they were compressed with names.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
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
            let read = |number| {
                let location = self.chunks[number];
                read_chunk(&mut self.source, location, &format!("chunk {number}"))
            };
            let coded: Result<Vec<_>, CodecError> = numbers.clone().map(read).collect();
            let sizes = numbers.map(|number| self.examples_of(number));
            let coded: Vec<_> = sizes.zip(coded?).collect();
            let coder = &self.codec.coder();
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
        let location = self.chunks[number];
        let bytes = read_chunk(&mut self.source, location, &format!("chunk {number}"))?;
        let values = self
            .codec
            .coder()
            .decode(&bytes, self.examples_of(number))?;
        Ok(values.row((index % size) as usize).to_vec())
    }

    fn examples_of(&self, chunk: usize) -> usize {
        let size = u64::from(self.header.chunk);
        size.min(self.header.examples - chunk as u64 * size) as usize
    }
}
