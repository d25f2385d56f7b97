//! The array of an NPY file.

use std::fs::File;
use std::path::Path;

use super::element_type::ElementType;
use super::header::{Header, MAGIC};
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::float_buffer::FloatBuffer;
use crate::formats::Format;
use crate::input::{Input, open};
use crate::load_options::LoadOptions;
use crate::stored::{FileState, InMemory, StoredValues};

/// An array of bytes or floats, whose first dimension counts the examples.
pub(crate) static NPY: Format = Format {
    name: "NPY",
    endings: &[".npy"],
    other_endings: &[],
    signatures: &[MAGIC],
    read: |path, subject, options: &LoadOptions| read(open(path)?, subject, options.memory),
};

/// Reads an array of two dimensions or more, the first of which counts the examples. Values beyond `memory` bytes stay in the
/// file, if they lie there as they are used, or go to another one.
///
/// An array in Fortran's order is in memory whatever it takes: its examples do not lie together.
fn read(file: File, subject: &str, memory: usize) -> Result<Dataset, DataError> {
    let failed = |error| DataError::read(Path::new(subject), error);
    let state = FileState::of(&file).map_err(failed)?;
    let mut input = Input::from_file(file.try_clone().map_err(failed)?, subject);
    let (header, start) = Header::read(&mut input)?;
    let shape = examples_first(subject, &header.shape)?;
    let claim = (header.shape.iter()).try_fold(header.element_type.bytes(), |claim, &size| {
        claim.checked_mul(size)
    });
    let Some(claim) = claim else {
        return Err(DataError::invalid(
            subject,
            "shape in the header",
            format!("{:?}", header.shape),
            "fewer than 2^64 bytes",
        ));
    };
    let layout = format!("shape {:?} of `{}`", header.shape, header.descr);
    let example = shape[1..].to_vec();
    // A pipe gives its values only once.
    let stays = claim > memory as u64 && file.metadata().is_ok_and(|metadata| metadata.is_file());
    if header.fortran_order || !stays && matches!(header.element_type, ElementType::Byte) {
        let bytes = input.body(claim, &layout)?;
        if let ElementType::Byte = header.element_type {
            let bytes = in_row_major(bytes, &shape, header.fortran_order);
            return Dataset::from_bytes(subject, example, bytes);
        }
        let mut floats = Vec::new();
        header.element_type.convert(&bytes, &mut floats);
        return Dataset::from_floats(subject, example, in_row_major(floats, &shape, true));
    }
    let stays = stays
        && matches!(
            header.element_type,
            ElementType::Byte | ElementType::SingleLittle
        );
    let mut bytes = Vec::new();
    let mut buffer = match header.element_type {
        ElementType::Byte => FloatBuffer::with_source(subject, 0),
        ElementType::SingleLittle if stays => FloatBuffer::with_source(subject, memory),
        _ => FloatBuffer::new(subject, memory),
    };
    let mut floats = Vec::new();
    input.body_in_chunks(claim, &layout, |chunk| {
        if let ElementType::Byte = header.element_type {
            bytes.extend_from_slice(&chunk[..chunk.len().min(memory - bytes.len())]);
        }
        floats.clear();
        header.element_type.convert(chunk, &mut floats);
        buffer.push(&floats)
    })?;
    if !stays {
        return buffer.into_dataset(example);
    }
    let count = buffer.count();
    let (floats, range) = buffer.into_values(example.iter().product())?;
    let in_memory = match header.element_type {
        ElementType::Byte => InMemory::Bytes(bytes),
        _ => InMemory::Floats(floats),
    };
    let stored =
        StoredValues::in_file((subject, file, state), start, count, in_memory).map_err(failed)?;
    Dataset::from_stored(subject, example, stored, range)
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
