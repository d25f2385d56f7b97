//! A detector as tensors of a model file.

use latentia_tensor::Matrix;
use safetensors::Dtype;

use super::calibration::{Calibration, CalibrationSource};
use super::code_part::CodePart;
use super::column_part::{Column, ColumnPart, Values};
use super::detector::{Detector, Member, Reconstruction, neighbours_of, picture_of};
use super::picture_part::PicturePart;
use super::reconstruction_part::ReconstructionPart;
use super::standard::Standard;
use crate::{Autoencoder, ModelError, ModelFile, StoredTensor};

/// What the names of the tensors begin with.
const PREFIX: &str = "detector.";

/// Numbers of a column: what a missing value adds, what one that is there adds, and of a number median and variance.
const COLUMN_NUMBERS: usize = 4;

/// The most members that a file is believed to have.
const MOST_MEMBERS: usize = 64;

impl Detector {
    /// What a model file keeps beside the weights, under names that begin with `detector.`. Members beside the model itself are
    /// there as model files of their own. Of a plain one there is nothing to keep.
    ///
    /// # Errors
    /// When a member cannot be written as a file.
    pub fn tensors(&self) -> Result<Vec<StoredTensor>, ModelError> {
        if self.is_plain() {
            return Ok(Vec::new());
        }
        let mut tensors = vec![
            standard("reconstruction", self.reconstruction),
            doubles("calibration", self.calibration.scores()),
            bytes(
                "calibration.source",
                vec![source(self.calibration.source())],
            ),
        ];
        if let Some((part, own)) = &self.columns {
            tensors.push(standard("columns", *own));
            let deviations = self.deviations.iter().copied().map(f64::from);
            tensors.push(doubles(
                "columns.deviations",
                &deviations.collect::<Vec<_>>(),
            ));
            let numbers = part.columns.iter().flat_map(|column| {
                let (median, variance) = match &column.values {
                    Values::Number { median, variance } => (*median, *variance),
                    Values::Levels(_) => (f64::NAN, f64::NAN),
                };
                [column.missing, column.present, median, variance]
            });
            tensors.push(doubles("columns.numbers", &numbers.collect::<Vec<_>>()));
            let levels = part
                .columns
                .iter()
                .filter_map(|column| match &column.values {
                    Values::Levels(levels) => Some(levels),
                    Values::Number { .. } => None,
                });
            tensors.push(doubles(
                "columns.levels",
                &levels.flatten().copied().collect::<Vec<_>>(),
            ));
        }
        if let Some(own) = self.codes {
            tensors.push(standard("codes", own[0]));
            tensors.push(standard("codes.local", own[1]));
        }
        for (number, member) in self.members.iter().enumerate() {
            let name = |what: &str| format!("members.{number}.{what}");
            match &member.reconstruction {
                Reconstruction::Row(own) => {
                    tensors.push(doubles(&name("spread"), &[own.median, own.spread]));
                    tensors.push(doubles(&name("missing"), &own.missing));
                }
                Reconstruction::Picture(own) => {
                    tensors.push(doubles(&name("contrast"), &[own.contrast]));
                }
                Reconstruction::Plain => {}
            }
            if let Some(part) = &member.codes {
                tensors.push(floats(&name("references"), &part.references));
                tensors.push(doubles(&name("distances"), &part.own));
            }
            if let Some(provenance) = &member.provenance {
                let file = ModelFile::to_bytes(&member.model, provenance, &[])?;
                tensors.push(bytes(&name("model"), file));
            }
        }
        Ok(tensors)
    }

    /// The detector among the tensors that were kept with `model`, or none.
    ///
    /// # Errors
    /// When there is one that is damaged or of another model.
    pub fn of(model: &Autoencoder, tensors: &[StoredTensor]) -> Result<Option<Self>, ModelError> {
        if !tensors.iter().any(|own| own.name.starts_with(PREFIX)) {
            return Ok(None);
        }
        let detector = Self::read(model, &Stored(tensors));
        detector.map(Some).ok_or_else(|| ModelError::Part {
            part: "detector",
            seen: "is damaged, or of another model".into(),
            valid: "another has to be fitted, to examples that belong".into(),
        })
    }

    fn read(model: &Autoencoder, stored: &Stored<'_>) -> Option<Self> {
        let mut members = Vec::new();
        for number in 0..MOST_MEMBERS {
            match stored.member(model, number) {
                Some(member) => members.push(member?),
                None => break,
            }
        }
        let columns = stored.optional("columns", || {
            Some((stored.columns(model)?, stored.standard("columns")?))
        })?;
        let deviations = stored.doubles("columns.deviations").unwrap_or_default();
        let source = stored.bytes("calibration.source")?.first().copied()?;
        let calibration = stored.doubles("calibration")?;
        let detector = Self {
            reconstruction: stored.standard("reconstruction")?,
            columns,
            codes: stored.optional("codes", || {
                Some([stored.standard("codes")?, stored.standard("codes.local")?])
            })?,
            deviations: deviations.into_iter().map(|x| x as f32).collect(),
            calibration: Calibration::new(calibration, source_of(source)?),
            members,
        };
        detector.fits(model).then_some(detector)
    }

    /// Whether every constant is usable, and there are as many as the model has elements.
    fn fits(&self, model: &Autoencoder) -> bool {
        let member = |member: &Member| {
            let fits = match &member.reconstruction {
                Reconstruction::Row(own) => {
                    own.missing.len() == model.width()
                        && own.missing.iter().all(|x| x.is_finite())
                        && own.median.is_finite()
                        && own.spread > 0.0
                        && own.spread.is_finite()
                }
                Reconstruction::Picture(own) => own.contrast > 0.0 && own.contrast.is_finite(),
                Reconstruction::Plain => false,
            };
            let codes = member.codes.as_ref();
            fits && member.model.width() == model.width() && codes.is_none_or(CodePart::fits)
        };
        let has_codes = |member: &Member| self.codes.is_none() || member.codes.is_some();
        let codes = self.codes.into_iter().flatten();
        let columns = self.columns.iter().map(|(_, own)| *own);
        let mut standards = codes.chain(columns).chain([self.reconstruction]);
        !self.members.is_empty()
            && self.members.iter().all(member)
            && self.members.iter().all(has_codes)
            && (self.columns.is_none() || self.deviations.len() == model.width())
            && standards.all(Standard::is_valid)
    }
}

/// Tensors by name.
struct Stored<'a>(&'a [StoredTensor]);

impl<'a> Stored<'a> {
    fn get(&self, name: &str, dtype: Dtype) -> Option<&'a StoredTensor> {
        let own = |tensor: &&StoredTensor| tensor.name.strip_prefix(PREFIX) == Some(name);
        self.0
            .iter()
            .find(own)
            .filter(|tensor| tensor.dtype == dtype)
    }

    /// What `read` makes of a tensor that a detector may lack; none where it is there and cannot be read.
    fn optional<T>(&self, name: &str, read: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
        match self.has(name) {
            true => read().map(Some),
            false => Some(None),
        }
    }

    fn has(&self, name: &str) -> bool {
        let mut names = self.0.iter().map(|tensor| &tensor.name);
        names.any(|own| own.strip_prefix(PREFIX) == Some(name))
    }

    fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        Some(&self.get(name, Dtype::U8)?.bytes)
    }

    fn doubles(&self, name: &str) -> Option<Vec<f64>> {
        let (elements, rest) = self.get(name, Dtype::F64)?.bytes.as_chunks();
        let values = elements.iter().map(|x| f64::from_le_bytes(*x));
        rest.is_empty().then(|| values.collect())
    }

    fn floats(&self, name: &str, cols: usize) -> Option<Matrix> {
        let (elements, rest) = self.get(name, Dtype::F32)?.bytes.as_chunks();
        let values: Vec<f32> = elements.iter().map(|x| f32::from_le_bytes(*x)).collect();
        let rows = values.len().checked_div(cols)?;
        (rest.is_empty() && rows * cols == values.len())
            .then(|| Matrix::from_vec(rows, cols, values))
    }

    fn standard(&self, name: &str) -> Option<Standard> {
        match self.doubles(name)?[..] {
            [mean, deviation] => Some(Standard { mean, deviation }),
            _ => None,
        }
    }

    /// Member `number`, where there is one, and where it is whole.
    fn member(&self, model: &Autoencoder, number: usize) -> Option<Option<Member>> {
        let name = |what: &str| format!("members.{number}.{what}");
        if !self.has(&name("spread")) && !self.has(&name("contrast")) {
            return None;
        }
        let whole = || {
            let doubles = |what: &str| self.optional(&name(what), || self.doubles(&name(what)));
            let (spread, contrast) = (doubles("spread")?, doubles("contrast")?);
            let (model, provenance) = match self.bytes(&name("model")) {
                None if number == 0 => (model.clone(), None),
                None => return None,
                Some(file) => {
                    let file = ModelFile::from_bytes(file).ok()?;
                    (file.model, Some(file.provenance))
                }
            };
            let reconstruction = match (&spread, &contrast) {
                (Some(spread), _) => match spread[..] {
                    [median, spread] => Reconstruction::Row(ReconstructionPart {
                        median,
                        spread,
                        missing: self.doubles(&name("missing"))?,
                    }),
                    _ => return None,
                },
                (None, contrast) => {
                    let &[contrast] = &contrast.as_ref()?[..] else {
                        return None;
                    };
                    Reconstruction::Picture(PicturePart::with(picture_of(&model)?, contrast))
                }
            };
            let codes = self.optional(&name("references"), || {
                let references = self.floats(&name("references"), model.code_width())?;
                let own = self.doubles(&name("distances"))?;
                CodePart::with(references, neighbours_of(&model), own)
            })?;
            Some(Member {
                model,
                provenance,
                reconstruction,
                codes,
            })
        };
        Some(whole())
    }

    fn columns(&self, model: &Autoencoder) -> Option<ColumnPart> {
        let numbers = self.doubles("columns.numbers")?;
        let levels = self.doubles("columns.levels")?;
        let (columns, rest) = numbers.as_chunks::<COLUMN_NUMBERS>();
        let kinds = model.kinds();
        if !rest.is_empty() || columns.len() != model.width() {
            return None;
        }
        let mut levels = &levels[..];
        let columns = columns.iter().enumerate().map(|(element, numbers)| {
            let &[missing, present, median, variance] = numbers;
            let values = match kinds.get(element).map_or(0, |kind| kind.levels()) {
                0 => Values::Number { median, variance },
                own => {
                    let (own, rest) = levels.split_at_checked(own)?;
                    levels = rest;
                    Values::Levels(own.to_vec())
                }
            };
            Some(Column {
                missing,
                present,
                values,
            })
        });
        let columns = columns.collect::<Option<Vec<_>>>()?;
        let is_usable = |column: &Column| {
            column.missing.is_finite()
                && column.present.is_finite()
                && match &column.values {
                    Values::Number { median, variance } => median.is_finite() && *variance > 0.0,
                    Values::Levels(levels) => levels.iter().all(|x| x.is_finite()),
                }
        };
        (levels.is_empty() && columns.iter().all(is_usable)).then_some(ColumnPart { columns })
    }
}

fn standard(name: &str, own: Standard) -> StoredTensor {
    doubles(name, &[own.mean, own.deviation])
}

fn doubles(name: &str, values: &[f64]) -> StoredTensor {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    stored(name, Dtype::F64, vec![values.len()], bytes)
}

fn floats(name: &str, values: &Matrix) -> StoredTensor {
    let bytes = values
        .as_slice()
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    stored(name, Dtype::F32, vec![values.rows(), values.cols()], bytes)
}

fn bytes(name: &str, bytes: Vec<u8>) -> StoredTensor {
    stored(name, Dtype::U8, vec![bytes.len()], bytes)
}

fn stored(name: &str, dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> StoredTensor {
    StoredTensor {
        name: format!("{PREFIX}{name}"),
        dtype,
        shape,
        bytes,
    }
}

fn source(source: CalibrationSource) -> u8 {
    match source {
        CalibrationSource::Training => 0,
        CalibrationSource::HeldOut => 1,
        CalibrationSource::CrossFitted => 2,
    }
}

fn source_of(number: u8) -> Option<CalibrationSource> {
    [
        CalibrationSource::Training,
        CalibrationSource::HeldOut,
        CalibrationSource::CrossFitted,
    ]
    .into_iter()
    .find(|&own| source(own) == number)
}
