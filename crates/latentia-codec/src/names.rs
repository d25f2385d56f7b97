//! The names of compressed examples.

use std::io::{Read, Seek, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::CodecError;
use crate::container::{chunk_at, read_chunk, write_chunk};

/// Bytes that a name has at most.
const LONGEST: u64 = 1 << 12;

/// What names examples: the paths of their files, or the ids of a table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// What the names are called, as the column of a table is.
    pub column: String,
    /// One an example.
    pub texts: Vec<String>,
}

impl Names {
    /// Writes them, each ended by a zero byte, deflated (RFC 1951), as a chunk; how many bytes that are.
    ///
    /// # Errors
    /// When a name is too long or has a zero byte, or nothing can be written.
    pub(crate) fn write(&self, out: &mut dyn Write) -> Result<usize, CodecError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        for name in [&self.column].into_iter().chain(&self.texts) {
            if name.len() as u64 > LONGEST || name.contains('\0') {
                let what = format!(
                    "a name of {LONGEST} bytes at most, without a zero byte, and this is none: `{name}`"
                );
                return Err(CodecError::Unfit(format!("a compressed file takes {what}")));
            }
            encoder.write_all(name.as_bytes())?;
            encoder.write_all(&[0])?;
        }
        let bytes = encoder.finish()?;
        write_chunk(out, &bytes)?;
        Ok(bytes.len())
    }

    /// Reads those of so many examples; no length is believed that they cannot have.
    ///
    /// # Errors
    /// When they are damaged, or others than of so many.
    pub(crate) fn read<S: Read + Seek>(source: &mut S, examples: u64) -> Result<Self, CodecError> {
        let damaged = || CodecError::Damaged("the names of its examples".into());
        let location = chunk_at(source)?;
        let bytes = read_chunk(source, location, "the names of its examples")?;
        let most = (LONGEST + 1).saturating_mul(examples.saturating_add(1));
        let mut text = String::new();
        let mut decoder = DeflateDecoder::new(&bytes[..]).take(most.saturating_add(1));
        decoder.read_to_string(&mut text).map_err(|_| damaged())?;
        let names = text.strip_suffix('\0').ok_or_else(damaged)?;
        let mut names = names.split('\0').map(String::from);
        let column = names.next().ok_or_else(damaged)?;
        let texts: Vec<String> = names.collect();
        match texts.len() as u64 == examples {
            true => Ok(Self { column, texts }),
            false => Err(damaged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(column in "[^\0]{0,9}", texts in prop::collection::vec("[^\0]{0,40}", 0..20)) {
            let names = Names { column, texts };
            let mut file = vec![7; 3];
            let written = names.write(&mut file).expect("in memory");
            prop_assert_eq!(file.len(), 3 + 8 + written);
            file.extend([1, 2]);
            let mut source = Cursor::new(file);
            source.set_position(3);
            let read = Names::read(&mut source, names.texts.len() as u64).expect("what was written");
            prop_assert_eq!((read, source.position()), (names, 3 + 8 + written as u64));
        }

        #[test]
        fn a_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let names = Names { column: "path".into(), texts: vec!["a.png".into(), "b.png".into()] };
            let mut file = Vec::new();
            names.write(&mut file).expect("in memory");
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
            prop_assert!(Names::read(&mut Cursor::new(file), 2).is_err());
        }
    }

    #[test]
    fn names_that_cannot_be_read_again_are_not_written() {
        for text in ["a\0b".into(), "x".repeat(5_000)] {
            let names = Names {
                column: "id".into(),
                texts: vec![text],
            };
            assert!(names.write(&mut Vec::new()).is_err());
        }
    }
}
