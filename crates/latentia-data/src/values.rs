//! The values of a data set, wherever they are.

use std::io;
use std::sync::Arc;

use latentia_tensor::{MatrixMut, Windows, vectorized};

use crate::fingerprint::Fingerprint;
use crate::pictures::Pictures;
use crate::stored::StoredValues;
use crate::table::Carried;

/// Values of examples, one after another: bytes or floats, in memory or in files.
#[derive(Clone, PartialEq)]
pub(crate) enum Values {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
    Pictures(Box<Pictures>),
    Stored(StoredValues),
    /// Some rows of others after another.
    Windows(Box<WindowValues>),
    Chosen(ChosenValues),
    Joined(JoinedValues),
}

/// Rows of several arrays, one after another.
#[derive(Clone, PartialEq)]
pub(crate) struct JoinedValues {
    pub(crate) parts: Vec<Arc<Values>>,
    /// Rows up to the end of each.
    pub(crate) ends: Vec<usize>,
    /// Values of a row.
    pub(crate) cols: usize,
}

impl JoinedValues {
    /// Reads rows, those of the same part that follow each other at once.
    fn read(&self, indices: &[u32], out: &mut [f32]) -> io::Result<()> {
        let part_of = |&index: &u32| self.ends.partition_point(|&end| end <= index as usize);
        let mut out = out;
        for run in indices.chunk_by(|a, b| part_of(a) == part_of(b)) {
            let part = part_of(&run[0]);
            let start = part.checked_sub(1).map_or(0, |before| self.ends[before]);
            let rows: Vec<u32> = run.iter().map(|&index| index - start as u32).collect();
            let (own, rest) = out.split_at_mut(rows.len() * self.cols);
            let mut own = MatrixMut::new(own, rows.len(), self.cols);
            self.parts[part].read(&rows, self.cols, &mut own)?;
            out = rest;
        }
        Ok(())
    }
}

/// Some rows of others.
#[derive(Clone, PartialEq)]
pub(crate) struct ChosenValues {
    pub(crate) from: Arc<Values>,
    pub(crate) rows: Vec<u32>,
    /// Values of a row.
    pub(crate) cols: usize,
}

/// Values of windows: rows of a series, many in more than one window.
#[derive(Clone, PartialEq)]
pub(crate) struct WindowValues {
    pub(crate) series: Arc<Values>,
    /// Values of a time step.
    pub(crate) features: usize,
    pub(crate) windows: Windows,
    /// What is carried along of each time step.
    pub(crate) carried: Vec<Carried>,
}

impl WindowValues {
    /// How many time steps there are.
    pub(crate) fn steps(&self) -> usize {
        self.series.len() / self.features
    }

    fn read(&self, index: u32, row: &mut [f32]) -> io::Result<()> {
        let first = index as usize * self.windows.stride;
        let steps = first..first + self.windows.length;
        let steps: Vec<u32> = steps.map(|step| step as u32).collect();
        let mut row = MatrixMut::new(row, steps.len(), self.features);
        self.series.read(&steps, self.features, &mut row)
    }
}

impl Values {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::Pictures(pictures) => pictures.values(),
            Self::Stored(stored) => stored.values(),
            Self::Windows(own) => {
                own.windows.count(own.steps()) * own.windows.length * own.features
            }
            Self::Chosen(own) => own.rows.len() * own.cols,
            Self::Joined(own) => own.ends.last().map_or(0, |rows| rows * own.cols),
        }
    }

    pub(crate) fn is_bytes(&self) -> bool {
        match self {
            Self::Bytes(_) | Self::Pictures(_) => true,
            Self::Floats(_) => false,
            Self::Stored(stored) => stored.is_bytes(),
            Self::Windows(own) => own.series.is_bytes(),
            Self::Chosen(own) => own.from.is_bytes(),
            Self::Joined(own) => own.parts.iter().all(|part| part.is_bytes()),
        }
    }

    /// The files of pictures.
    pub(crate) fn pictures(&self) -> Option<&Pictures> {
        match self {
            Self::Pictures(pictures) => Some(pictures),
            Self::Chosen(own) => own.from.pictures(),
            _ => None,
        }
    }

    /// Where a row lies in all that there are.
    pub(crate) fn number(&self, row: u32) -> u32 {
        match self {
            Self::Chosen(own) => own.from.number(own.rows[row as usize]),
            _ => row,
        }
    }

    /// The fingerprint of `rows` examples of shape `shape` with these values.
    pub(crate) fn fingerprint(&self, shape: &[usize], rows: usize) -> io::Result<String> {
        if let Self::Pictures(pictures) = self {
            return Ok(pictures.fingerprint().to_owned());
        }
        let mut fingerprint = Fingerprint::new(self.is_bytes(), shape, rows);
        self.add_to(&mut fingerprint, shape)?;
        Ok(fingerprint.finish())
    }

    /// Adds examples of shape `shape` to a fingerprint.
    fn add_to(&self, fingerprint: &mut Fingerprint, shape: &[usize]) -> io::Result<()> {
        match self {
            Self::Bytes(values) => fingerprint.update(values),
            Self::Floats(values) => fingerprint.update_floats(values),
            Self::Pictures(pictures) => fingerprint.update(pictures.fingerprint().as_bytes()),
            Self::Stored(stored) => stored.add_to(fingerprint)?,
            // As one array of the same values.
            Self::Joined(own) => {
                for part in &own.parts {
                    part.add_to(fingerprint, shape)?;
                }
            }
            Self::Windows(own) => {
                let series = own.series.fingerprint(&[own.features], own.steps())?;
                fingerprint.update_windows(&series, own.windows.stride);
            }
            Self::Chosen(own) => {
                let all = own.from.len() / own.cols;
                let all = own.from.fingerprint(shape, all)?;
                fingerprint.update_chosen(&all, &own.rows);
            }
        }
        Ok(())
    }

    /// Reads rows of `cols` values.
    pub(crate) fn read(
        &self,
        indices: &[u32],
        cols: usize,
        out: &mut MatrixMut<'_>,
    ) -> io::Result<()> {
        let rows = out.iter_rows_mut().zip(indices);
        match self {
            Self::Bytes(values) => {
                for (row, &index) in rows {
                    widen(&values[index as usize * cols..][..cols], row);
                }
            }
            Self::Floats(values) => {
                for (row, &index) in rows {
                    row.copy_from_slice(&values[index as usize * cols..][..cols]);
                }
            }
            Self::Pictures(pictures) => {
                for (row, &index) in rows {
                    pictures.with_example(index as usize, |example| widen(example, row))?;
                }
            }
            Self::Windows(own) => {
                for (row, &index) in rows {
                    own.read(index, row)?;
                }
            }
            Self::Chosen(own) => {
                drop(rows);
                let rows: Vec<u32> = indices.iter().map(|&i| own.rows[i as usize]).collect();
                own.from.read(&rows, cols, out)?;
            }
            Self::Joined(own) => {
                drop(rows);
                own.read(indices, out.as_mut_slice())?;
            }
            Self::Stored(stored) => {
                drop(rows);
                stored.read(indices, cols, out.as_mut_slice())?;
            }
        }
        Ok(())
    }
}

/// Bytes as floats from 0 to 255.
pub(crate) fn widen(example: &[u8], row: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for (value, &byte) in row.iter_mut().zip(example) {
                *value = f32::from(byte);
            }
        },
    );
}
