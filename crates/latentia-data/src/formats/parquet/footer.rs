//! The footer: columns, and where their values lie.

use super::fault::{Fault, Result};
use super::thrift::{Kind, Thrift};

/// What a column's values are, as they are stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    /// Of so many bytes each.
    Fixed(usize),
}

impl Physical {
    /// Bytes of a value, where all have as many.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::Boolean | Self::Bytes => None,
            Self::Int32 | Self::Float => Some(4),
            Self::Int64 | Self::Double => Some(8),
            Self::Int96 => Some(12),
            Self::Fixed(size) => Some(size),
        }
    }
}

/// What they mean.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Meaning {
    Boolean,
    Signed,
    Unsigned,
    Float,
    Half,
    /// An integer, of which one counts for so much.
    Decimal(f64),
    Text,
    /// Days since 1970.
    Days,
    /// A time since 1970, in units of which a day has so many.
    Timestamp(f64),
    /// Nanoseconds of a day, and the Julian day.
    Julian,
}

/// A column of a flat table.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) physical: Physical,
    pub(super) meaning: Meaning,
    pub(super) is_optional: bool,
}

/// The values of a column in a group of rows.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) codec: i64,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// A group of rows.
pub(super) struct Group {
    pub(super) rows: u64,
    pub(super) chunks: Vec<Chunk>,
}

/// What a footer says.
pub(super) struct Footer {
    pub(super) columns: Vec<Column>,
    pub(super) groups: Vec<Group>,
}

impl Footer {
    /// Reads a footer; errors name the column that they are about.
    pub(super) fn read(bytes: &[u8]) -> std::result::Result<Self, (String, Fault)> {
        let place = "footer".to_owned();
        let (mut schema, mut groups) = (Vec::new(), Vec::new());
        let read = Thrift(bytes).structure(|thrift, field, kind| match (field, kind) {
            (2, Kind::List) => {
                thrift.list(|thrift, _| {
                    schema.push(Element::read(thrift)?);
                    Ok(())
                })?;
                Ok(true)
            }
            (4, Kind::List) => {
                thrift.list(|thrift, _| {
                    groups.push(group(thrift)?);
                    Ok(())
                })?;
                Ok(true)
            }
            (8, _) => Err(Fault::Unsupported(
                "an encrypted file".into(),
                "one that is not encrypted",
            )),
            _ => Ok(false),
        });
        read.map_err(|fault| (place.clone(), fault))?;
        let mut elements = schema.into_iter();
        let root = elements.next().and_then(|root| root.children);
        let columns: Vec<Column> = elements
            .map(Element::into_column)
            .collect::<std::result::Result<_, _>>()?;
        let is_flat = root == i64::try_from(columns.len()).ok();
        if !is_flat
            || columns.is_empty()
            || groups
                .iter()
                .any(|group| group.chunks.len() != columns.len())
        {
            return Err((place, Fault::Broken("columns that do not go together")));
        }
        Ok(Self { columns, groups })
    }
}

/// An element of the schema: the root, a column, or a group of columns.
#[derive(Default)]
struct Element {
    physical: Option<i64>,
    length: Option<i64>,
    repetition: Option<i64>,
    name: String,
    children: Option<i64>,
    converted: Option<i64>,
    scale: Option<i64>,
    /// The number of the logical type, and what it is made with.
    logical: Option<i16>,
    is_signed: Option<i64>,
    unit: Option<i16>,
    logical_scale: Option<i64>,
}

impl Element {
    fn read(thrift: &mut Thrift<'_>) -> Result<Self> {
        let mut element = Self::default();
        thrift.structure(|thrift, field, kind| match field {
            1 => thrift.integer_into(kind, &mut element.physical),
            2 => thrift.integer_into(kind, &mut element.length),
            3 => thrift.integer_into(kind, &mut element.repetition),
            4 if kind == Kind::Binary => {
                element.name = String::from_utf8_lossy(thrift.binary()?).into_owned();
                Ok(true)
            }
            5 => thrift.integer_into(kind, &mut element.children),
            6 => thrift.integer_into(kind, &mut element.converted),
            7 => thrift.integer_into(kind, &mut element.scale),
            10 if kind == Kind::Struct => {
                thrift.structure(|thrift, logical, kind| {
                    element.logical = Some(logical);
                    match kind {
                        Kind::Struct => element.read_logical(thrift, logical).map(|()| true),
                        _ => Ok(false),
                    }
                })?;
                Ok(true)
            }
            _ => Ok(false),
        })?;
        Ok(element)
    }

    fn read_logical(&mut self, thrift: &mut Thrift<'_>, logical: i16) -> Result<()> {
        thrift.structure(|thrift, field, kind| match (logical, field, kind) {
            (5, 1, _) => thrift.integer_into(kind, &mut self.logical_scale),
            (10, 2, _) => thrift.integer_into(kind, &mut self.is_signed),
            (7 | 8, 2, Kind::Struct) => {
                thrift.structure(|_, unit, _| {
                    self.unit = Some(unit);
                    Ok(false)
                })?;
                Ok(true)
            }
            _ => Ok(false),
        })
    }

    fn into_column(self) -> std::result::Result<Column, (String, Fault)> {
        let refused = |seen: String, expected| {
            let place = format!("column `{}`", crate::error::printable(&self.name, 40));
            Err((place, Fault::Unsupported(seen, expected)))
        };
        if self.children.is_some_and(|children| children > 0) || self.repetition == Some(2) {
            return refused(
                "a list, a map or a structure".into(),
                "one value a row: make columns of what is in it, or leave it out",
            );
        }
        let physical = match (self.physical, self.length.map(usize::try_from)) {
            (Some(0), _) => Physical::Boolean,
            (Some(1), _) => Physical::Int32,
            (Some(2), _) => Physical::Int64,
            (Some(3), _) => Physical::Int96,
            (Some(4), _) => Physical::Float,
            (Some(5), _) => Physical::Double,
            (Some(6), _) => Physical::Bytes,
            (Some(7), Some(Ok(length @ 1..=16))) => Physical::Fixed(length),
            _ => return refused("an unknown type".into(), EXPECTED),
        };
        match self.meaning(physical) {
            Some(meaning) => Ok(Column {
                name: self.name,
                physical,
                meaning,
                is_optional: self.repetition == Some(1),
            }),
            None => refused("bytes that are neither text nor a number".into(), EXPECTED),
        }
    }

    fn meaning(&self, physical: Physical) -> Option<Meaning> {
        const DAY: f64 = 86_400.0;
        let scale = self.logical_scale.or(self.scale).unwrap_or(0).clamp(0, 400);
        let per_second = match self.unit {
            Some(1) => 1e3,
            Some(2) => 1e6,
            _ => 1e9,
        };
        let is_integer = matches!(physical, Physical::Int32 | Physical::Int64);
        Some(match (self.logical, self.converted, physical) {
            (Some(5), ..) | (None, Some(5), _)
                if is_integer || matches!(physical, Physical::Bytes | Physical::Fixed(_)) =>
            {
                Meaning::Decimal(10_f64.powi(-(scale as i32)))
            }
            (Some(6), ..) | (None, Some(6), _) if physical == Physical::Int32 => Meaning::Days,
            // The time of a day is a number of seconds.
            (Some(7), ..) if is_integer => Meaning::Decimal(1.0 / per_second),
            (None, Some(7), _) if is_integer => Meaning::Decimal(1e-3),
            (None, Some(8), _) if is_integer => Meaning::Decimal(1e-6),
            (Some(8), ..) if is_integer => Meaning::Timestamp(DAY * per_second),
            (None, Some(9), _) if is_integer => Meaning::Timestamp(DAY * 1e3),
            (None, Some(10), _) if is_integer => Meaning::Timestamp(DAY * 1e6),
            (Some(10), ..) if is_integer && self.is_signed == Some(0) => Meaning::Unsigned,
            (None, Some(11..=14), _) if is_integer => Meaning::Unsigned,
            (_, _, Physical::Int32 | Physical::Int64) => Meaning::Signed,
            (_, _, Physical::Boolean) => Meaning::Boolean,
            (_, _, Physical::Float | Physical::Double) => Meaning::Float,
            (_, _, Physical::Int96) => Meaning::Julian,
            (Some(1 | 4 | 12), _, Physical::Bytes) => Meaning::Text,
            // Old writers do not say that bytes are text.
            (None, None | Some(0 | 4 | 19), Physical::Bytes) => Meaning::Text,
            (Some(15), _, Physical::Fixed(2)) => Meaning::Half,
            _ => return None,
        })
    }
}

const EXPECTED: &str = "numbers, text, booleans, dates or times; leave the column out";

fn group(thrift: &mut Thrift<'_>) -> Result<Group> {
    let (mut rows, mut chunks) = (None, Vec::new());
    thrift.structure(|thrift, field, kind| match (field, kind) {
        (1, Kind::List) => {
            thrift.list(|thrift, _| {
                chunks.push(chunk(thrift)?);
                Ok(())
            })?;
            Ok(true)
        }
        (3, _) => thrift.integer_into(kind, &mut rows),
        _ => Ok(false),
    })?;
    match rows.map(u64::try_from) {
        Some(Ok(rows)) => Ok(Group { rows, chunks }),
        _ => Err(Fault::Broken("a group without a number of rows")),
    }
}

fn chunk(thrift: &mut Thrift<'_>) -> Result<Chunk> {
    let [mut codec, mut length, mut data, mut dictionary] = [None; 4];
    thrift.structure(|thrift, field, kind| match (field, kind) {
        (1, Kind::Binary) => Err(Fault::Unsupported(
            "values in another file".into(),
            "one file with all of them",
        )),
        (3, Kind::Struct) => {
            thrift.structure(|thrift, field, kind| match field {
                4 => thrift.integer_into(kind, &mut codec),
                7 => thrift.integer_into(kind, &mut length),
                9 => thrift.integer_into(kind, &mut data),
                11 => thrift.integer_into(kind, &mut dictionary),
                _ => Ok(false),
            })?;
            Ok(true)
        }
        _ => Ok(false),
    })?;
    // Some writers say 0 where there is no dictionary.
    let dictionary = dictionary.filter(|&at| at > 0);
    let start = data.map(|data| dictionary.map_or(data, |at| at.min(data)));
    let position = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
    match (codec, position(start), position(length)) {
        (Some(codec), Some(start), Some(length)) => Ok(Chunk {
            codec,
            start,
            length,
        }),
        _ => Err(Fault::Broken("a column without a place")),
    }
}
