//! The array of an NPY file.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::Path;

use super::element_type::{ElementType, Rounded};
use super::header::{Header, MAGIC};
use crate::dataset::{Dataset, MOST_CLASSES};
use crate::error::DataError;
use crate::float_buffer::{FloatBuffer, disk_error, temporary_file};
use crate::formats::Format;
use crate::input::{Input, open};
use crate::load_options::LoadOptions;
use crate::stored::{FileState, InMemory, StoredValues};

/// An array of integers, floats or booleans, whose first dimension counts the examples.
pub(crate) static NPY: Format = Format {
    name: "NPY",
    endings: &[".npy"],
    other_endings: &[],
    signatures: &[MAGIC],
    in_gzip: false,
    read: |path, subject, options: &LoadOptions| {
        read(
            open(path)?,
            subject,
            options.memory,
            options.windows.is_some(),
        )
    },
};

/// Reads an array of two dimensions or more, the first of which counts the examples.
///
/// The values of a series of one feature may have one dimension.
fn read(file: File, subject: &str, memory: usize, is_series: bool) -> Result<Dataset, DataError> {
    let failed = |error| DataError::read(Path::new(subject), error);
    let plain = PlainFile::of(&file, 0).map_err(failed)?;
    // A pipe gives its values only once.
    let is_regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    let mut array = Array::open(Input::from_file(file, subject))?;
    if is_series && array.header.shape.len() == 1 {
        array.header.shape.push(1);
    }
    array.into_dataset(Some(plain).filter(|_| is_regular), memory)
}

/// A file in which an array lies as it is, from byte `start` on.
pub(crate) struct PlainFile {
    file: File,
    state: FileState,
    start: u64,
}

impl PlainFile {
    /// Before any of it is read.
    pub(crate) fn of(file: &File, start: u64) -> io::Result<Self> {
        Ok(Self {
            file: file.try_clone()?,
            state: FileState::of(file)?,
            start,
        })
    }
}

/// An array whose header has been read.
pub(crate) struct Array<'a> {
    header: Header,
    /// Bytes of the header.
    start: u64,
    input: Input<'a>,
}

impl<'a> Array<'a> {
    /// Reads the header.
    pub(crate) fn open(mut input: Input<'a>) -> Result<Self, DataError> {
        let (header, start) = Header::read(&mut input)?;
        Ok(Self {
            header,
            start,
            input,
        })
    }

    pub(crate) fn shape(&self) -> &[u64] {
        &self.header.shape
    }

    /// The examples, which the first of two dimensions or more counts.
    ///
    /// Values beyond `memory` bytes stay in the `plain` file, if there is one and they lie there as they are used, or go to
    /// another. An array in Fortran's order is in memory: its examples do not lie together.
    pub(crate) fn into_dataset(
        self,
        plain: Option<PlainFile>,
        memory: usize,
    ) -> Result<Dataset, DataError> {
        let shape = examples_first(self.input.subject, &self.header.shape)?;
        let (header, body) = (&self.header, Body::of(&self.header, self.input)?);
        let is_large = body.length > memory as u64;
        match (header.element_type, plain) {
            (_, plain) if header.fortran_order => {
                // What only unpacks to so much may be made to do harm.
                if plain.is_none() && body.length > memory.max(FORTRAN_MOST) as u64 {
                    return Err(body.too_large_for_fortran());
                }
                body.into_memory(&shape, true)
            }
            (kind, _) if kind.is_byte() && !is_large => body.into_memory(&shape, false),
            (kind, Some(plain))
                if is_large && (kind.is_byte() || kind.is_single_little_endian()) =>
            {
                body.in_place(&shape, plain, self.start, memory)
            }
            (kind, None) if kind.is_byte() => body.into_own_file(&shape, memory),
            _ => body.into_buffer(&shape, memory),
        }
    }

    /// The integers from 0 on, below [`MOST_CLASSES`], one for each of `rows` examples.
    pub(crate) fn into_labels(self, rows: usize) -> Result<Vec<u32>, DataError> {
        let (header, subject) = (&self.header, self.input.subject);
        let expected = || {
            format!(
                "{rows} integers from 0 to {}, a label for each example",
                MOST_CLASSES - 1
            )
        };
        let refused = |seen| DataError::invalid(subject, "labels", seen, expected());
        let is_column = matches!(header.shape[..], [n] | [n, 1] if n == rows as u64);
        if !is_column || !header.element_type.is_integer() {
            return Err(refused(format!(
                "shape {:?} of `{}`",
                header.shape, header.descr
            )));
        }
        let mut labels = Vec::new();
        Body::of(header, self.input)?.visit(|_, floats| {
            for &value in floats {
                match (0.0..MOST_CLASSES as f32).contains(&value) {
                    true => labels.push(value as u32),
                    false => return Err(refused(value.to_string())),
                }
            }
            Ok(())
        })?;
        Ok(labels)
    }
}

/// Bytes that an array in Fortran's order may have at least, if it does not lie plain in a file.
const FORTRAN_MOST: usize = 1 << 30;

/// The values of an array, yet to be read.
struct Body<'a> {
    input: Input<'a>,
    /// Bytes that they take, as the header claims.
    length: u64,
    /// Why so many, for messages.
    layout: String,
    element_type: ElementType,
}

impl<'a> Body<'a> {
    fn of(header: &Header, input: Input<'a>) -> Result<Self, DataError> {
        Ok(Self {
            length: length(input.subject, header)?,
            layout: format!("shape {:?} of `{}`", header.shape, header.descr),
            element_type: header.element_type,
            input,
        })
    }

    fn too_large_for_fortran(&self) -> DataError {
        DataError::invalid(
            self.input.subject,
            "order of the values",
            format!(
                "Fortran's, of {} bytes that are compressed or from a pipe",
                self.length
            ),
            "C's, `numpy.ascontiguousarray(array)`",
        )
    }

    /// Reads the values at once.
    fn into_memory(mut self, shape: &[usize], is_fortran: bool) -> Result<Dataset, DataError> {
        let bytes = self.input.body(self.length, &self.layout)?;
        let (subject, example) = (self.input.subject, shape[1..].to_vec());
        if self.element_type.is_byte() {
            return Dataset::from_bytes(subject, example, in_row_major(bytes, shape, is_fortran));
        }
        let (mut floats, mut rounded) = (Vec::new(), Rounded::default());
        self.element_type.convert(&bytes, &mut floats, &mut rounded);
        let floats = in_row_major(floats, shape, is_fortran);
        let dataset = Dataset::from_floats(subject, example, floats)?;
        Ok(with_note(dataset, &rounded))
    }

    /// Reads the values chunk by chunk, those beyond `memory` bytes into a temporary file.
    fn into_buffer(mut self, shape: &[usize], memory: usize) -> Result<Dataset, DataError> {
        let mut buffer = FloatBuffer::new(self.input.subject, memory);
        let rounded = self.visit(|_, floats| buffer.push(floats))?;
        let dataset = buffer.into_dataset(shape[1..].to_vec())?;
        Ok(with_note(dataset, &rounded))
    }

    /// Checks the values and leaves them in `plain`, `header` bytes behind its start.
    fn in_place(
        self,
        shape: &[usize],
        plain: PlainFile,
        header: u64,
        memory: usize,
    ) -> Result<Dataset, DataError> {
        let subject = self.input.subject;
        let PlainFile { file, state, start } = plain;
        let (values, in_memory, range) = self.scan(shape[1..].iter().product(), memory)?;
        let start = start + header;
        let stored = StoredValues::in_file((subject, file, state), start, values, in_memory);
        let stored = stored.map_err(|error| DataError::read(Path::new(subject), error))?;
        Dataset::from_stored(subject, shape[1..].to_vec(), stored, range)
    }

    /// Copies bytes into a temporary file, and leaves them there.
    fn into_own_file(mut self, shape: &[usize], memory: usize) -> Result<Dataset, DataError> {
        let subject = self.input.subject;
        let failed = |error| disk_error(subject, error);
        let mut file = temporary_file().map_err(failed)?;
        self.visit(|chunk, _| file.write_all(chunk).map_err(failed))?;
        file.rewind().map_err(failed)?;
        let plain = PlainFile::of(&file, 0).map_err(failed)?;
        let input = Input::from_file(file, subject);
        Self { input, ..self }.in_place(shape, plain, 0, memory)
    }

    /// Checks values that stay in their file, bytes or little-endian floats in rows of `cols`: how many there are, the first
    /// `memory` bytes of them, and the smallest and the largest.
    fn scan(
        mut self,
        cols: usize,
        memory: usize,
    ) -> Result<(usize, InMemory, (f32, f32)), DataError> {
        let is_bytes = self.element_type.is_byte();
        let mut bytes = Vec::new();
        let floats_in_memory = if is_bytes { 0 } else { memory };
        let mut buffer = FloatBuffer::with_source(self.input.subject, floats_in_memory);
        self.visit(|chunk, floats| {
            if is_bytes {
                bytes.extend_from_slice(&chunk[..chunk.len().min(memory - bytes.len())]);
            }
            buffer.push(floats)
        })?;
        let count = buffer.count();
        let (floats, range) = buffer.into_values(cols)?;
        let in_memory = match is_bytes {
            true => InMemory::Bytes(bytes),
            false => InMemory::Floats(floats),
        };
        Ok((count, in_memory, range))
    }

    /// Calls `visit` with the bytes of each chunk and the values that they are; which of these are rounded.
    fn visit(
        &mut self,
        mut visit: impl FnMut(&[u8], &[f32]) -> Result<(), DataError>,
    ) -> Result<Rounded, DataError> {
        let (element_type, mut floats) = (self.element_type, Vec::new());
        let mut rounded = Rounded::default();
        self.input
            .body_in_chunks(self.length, &self.layout, |chunk| {
                floats.clear();
                element_type.convert(chunk, &mut floats, &mut rounded);
                visit(chunk, &floats)
            })?;
        Ok(rounded)
    }
}

fn with_note(dataset: Dataset, rounded: &Rounded) -> Dataset {
    dataset.with_notes(rounded.note().into_iter().collect())
}

/// Bytes that the values take.
fn length(subject: &str, header: &Header) -> Result<u64, DataError> {
    let mut sizes = header.shape.iter();
    let length = sizes.try_fold(header.element_type.bytes(), |length, &size| {
        length.checked_mul(size)
    });
    length.ok_or_else(|| {
        let seen = format!("{:?}", header.shape);
        DataError::invalid(
            subject,
            "shape in the header",
            seen,
            "fewer than 2^64 bytes",
        )
    })
}

/// The shape as sizes in memory, when its first dimension counts examples.
fn examples_first(subject: &str, shape: &[u64]) -> Result<Vec<usize>, DataError> {
    let refused = |expected: &str| {
        DataError::invalid(
            subject,
            "shape in the header",
            format!("{shape:?}"),
            expected,
        )
    };
    if shape.len() < 2 {
        return Err(refused(
            "two dimensions or more, the first of which counts the examples; reshape it to 2-D",
        ));
    }
    if shape.contains(&0) {
        return Err(refused("one example or more, each of one value or more"));
    }
    let sizes = shape.iter().map(|&size| usize::try_from(size));
    sizes
        .collect::<Result<_, _>>()
        .map_err(|_| refused("sizes that fit into memory"))
}

/// The values with the last dimension fastest; `is_fortran` says that the first dimension is.
fn in_row_major<T: Copy>(values: Vec<T>, shape: &[usize], is_fortran: bool) -> Vec<T> {
    if !is_fortran {
        return values;
    }
    let (rows, example) = (shape[0], &shape[1..]);
    let cols: usize = example.iter().product();
    let mut out = values.clone();
    let mut position = vec![0; example.len()];
    for col in 0..cols {
        // Column `col` of every example is a run of `rows` values in the file.
        let run = example
            .iter()
            .zip(&position)
            .rev()
            .fold(0, |run, (size, at)| run * size + at);
        for (row, &value) in values[run * rows..][..rows].iter().enumerate() {
            out[row * cols + col] = value;
        }
        for (at, &size) in position.iter_mut().zip(example).rev() {
            *at += 1;
            if *at < size {
                break;
            }
            *at = 0;
        }
    }
    out
}
