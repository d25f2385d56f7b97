//! The header of an NPY file.

use super::dictionary::Cursor;
use super::element_type::ElementType;
use crate::error::{DataError, quoted};
use crate::input::Input;

pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// What to do with pickled objects.
const OBJECTS: &str = "numbers, not Python objects: save them by `numpy.save('x.npy', array.astype('float32'))`, or where some are None, \
     by `numpy.savetxt('x.csv', array.astype(float), delimiter=',')`";

/// What a header says of its array.
pub(crate) struct Header {
    pub(crate) element_type: ElementType,
    /// That type as NumPy writes it, such as `<f4`.
    pub(crate) descr: String,
    pub(crate) fortran_order: bool,
    pub(crate) shape: Vec<u64>,
}

impl Header {
    /// Reads the header, and how many bytes it takes.
    pub(crate) fn read(input: &mut Input<'_>) -> Result<(Self, u64), DataError> {
        let (text, length) = text(input)?;
        Ok((Self::parse(input.subject, &text)?, length))
    }

    fn parse(subject: &str, text: &[u8]) -> Result<Self, DataError> {
        let mut cursor = Cursor {
            subject,
            rest: text,
        };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        cursor.require(b'{')?;
        while !cursor.accept(b'}') {
            let key = cursor.string("a key in quotes")?;
            cursor.require(b':')?;
            match key {
                b"descr" => descr = Some(cursor.descr()?),
                b"fortran_order" => fortran_order = Some(cursor.boolean()?),
                b"shape" => shape = Some(cursor.tuple()?),
                _ => {
                    return Err(cursor.refused(
                        "key in the NPY header",
                        quoted(key),
                        "`descr`, `fortran_order` or `shape`",
                    ));
                }
            }
            if !cursor.accept(b',') {
                cursor.require(b'}')?;
                break;
            }
        }
        cursor.end()?;
        let missing = |key| {
            let expected = "`descr`, `fortran_order` and `shape`";
            cursor.refused("keys in the NPY header", format!("no `{key}`"), expected)
        };
        let descr = descr.ok_or_else(|| missing("descr"))?;
        let element_type = ElementType::from_descr(&descr).ok_or_else(|| {
            let expected = match descr.as_str() {
                "|O" => OBJECTS.into(),
                _ => format!(
                    "{}; convert it with `.astype('float32')`",
                    ElementType::NAMES
                ),
            };
            cursor.refused("dtype", quoted(descr.as_bytes()), &expected)
        })?;
        Ok(Self {
            element_type,
            descr,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }
}

/// The text of the header, and the length of all of it.
fn text(input: &mut Input<'_>) -> Result<(Vec<u8>, u64), DataError> {
    // A header of a plain array takes 118 bytes; this is what version 1 can say.
    const MAX_LENGTH: u32 = 65_535;
    let subject = input.subject;
    let mut start = [0; 8];
    input.header("NPY header", &mut start)?;
    if !start.starts_with(MAGIC) {
        return Err(DataError::invalid(
            subject,
            "first six bytes",
            format!("{:02x?}", &start[..6]),
            format!("{MAGIC:02x?}, as in an NPY file"),
        ));
    }
    let place = "length of the NPY header";
    let (length, before): (u32, u64) = match start[6..] {
        [1, 0] => {
            let mut length = [0; 2];
            input.header(place, &mut length)?;
            (u16::from_le_bytes(length).into(), 10)
        }
        [2 | 3, 0] => {
            let mut length = [0; 4];
            input.header(place, &mut length)?;
            (u32::from_le_bytes(length), 12)
        }
        _ => {
            return Err(DataError::invalid(
                subject,
                "version of the NPY format",
                format!("{}.{}", start[6], start[7]),
                "1.0, 2.0 or 3.0",
            ));
        }
    };
    if length > MAX_LENGTH {
        return Err(DataError::invalid(
            subject,
            place,
            length.to_string(),
            format!("{MAX_LENGTH} at most"),
        ));
    }
    let text = input.exactly(length.into(), "text of the NPY header")?;
    Ok((text, before + u64::from(length)))
}
