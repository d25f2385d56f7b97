//! The file: a header, then chunks that are decoded each on its own. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `89 4C 54 43 0D 0A 1A 0A`, as PNG's: it shows a transfer that changes line ends |
//! | 2 | version: 2 where names follow, else 1 |
//! | 1 | method: 0 lossy, 1 bits back, 2 residual |
//! | 1 | values: 0 floats, 1 bytes |
//! | 2 | step: finest cells in a cell of the code; 0 for bits back |
//! | 1 | dimensions of an example |
//! | 4 each | its shape |
//! | 8 | examples |
//! | 4 | examples in a chunk, the last apart |
//! | 32 | SHA-256 of the model |
//! | 4 | CRC-32 of all before |
//!
//! In a file of version 2 the first chunk is the names of the examples, deflated: what they are called, then one an example, each ended by
//! a zero byte.
//!
//! Each chunk is its length (4 bytes), the CRC-32 of its bytes (4 bytes), and its bytes.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::CodecError;
use crate::method::Method;

const MAGIC: [u8; 8] = [0x89, b'L', b'T', b'C', 0x0D, 0x0A, 0x1A, 0x0A];

/// The newest version that is read and written.
const VERSION: u16 = 2;

/// The version of files without names.
const NAMELESS: u16 = 1;

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// How examples are coded.
    pub method: Method,
    /// Whether values are bytes, 0 to 255; floats otherwise.
    pub bytes: bool,
    /// Shape of an example.
    pub shape: Vec<usize>,
    /// How many examples there are.
    pub examples: u64,
    /// Examples in a chunk; the last may have fewer.
    pub chunk: u32,
    /// SHA-256 of the model, in hexadecimal.
    pub model: String,
    /// Whether the examples have names.
    pub has_names: bool,
}

/// Bytes before a chunk's own.
pub(crate) const CHUNK_HEADER: usize = 8;

impl Header {
    /// The header as a file begins with it.
    ///
    /// # Errors
    /// When a number has no room in its field, or the model's digest is none: a file is not written that nothing reads.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, CodecError> {
        let (method, step) = match self.method {
            Method::Lossy { step: 0 } | Method::Residual { step: 0 } => return Err(no_cells()),
            Method::Lossy { step } => (0, step),
            Method::BitsBack => (1, 0),
            Method::Residual { step } => (2, step),
        };
        let unfit = |what: String| CodecError::Unfit(what);
        let dimensions = u8::try_from(self.shape.len()).map_err(|_| {
            let seen = self.shape.len();
            unfit(format!(
                "an example has {seen} dimensions, and a compressed file has room for {}; reshape the array",
                u8::MAX
            ))
        })?;
        let mut digest = [0; 32];
        hex::decode_to_slice(&self.model, &mut digest)
            .map_err(|_| unfit("the model has no SHA-256; save it to a file first".into()))?;
        let mut bytes = MAGIC.to_vec();
        let version = if self.has_names { VERSION } else { NAMELESS };
        bytes.extend(version.to_le_bytes());
        bytes.extend([method, u8::from(self.bytes)]);
        bytes.extend(step.to_le_bytes());
        bytes.push(dimensions);
        for &size in &self.shape {
            let size = u32::try_from(size).map_err(|_| {
                unfit(format!(
                    "a dimension of an example is {size}, and a compressed file has room for {}",
                    u32::MAX
                ))
            })?;
            bytes.extend(size.to_le_bytes());
        }
        bytes.extend(self.examples.to_le_bytes());
        bytes.extend(self.chunk.to_le_bytes());
        bytes.extend(digest);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Reads a header from the beginning of a file.
    ///
    /// # Errors
    /// When it is none, of a newer version, or damaged.
    pub fn read(source: &mut dyn Read) -> Result<Self, CodecError> {
        let mut reader = ChecksummedReader {
            source,
            bytes: Vec::new(),
        };
        if reader.take::<8>()? != MAGIC {
            return Err(CodecError::Foreign("it does not begin as one"));
        }
        let version = u16::from_le_bytes(reader.take()?);
        if version > VERSION {
            return Err(CodecError::Newer {
                seen: version,
                known: VERSION,
            });
        }
        let [method, bytes] = reader.take()?;
        let step = u16::from_le_bytes(reader.take()?);
        let [dimensions] = reader.take()?;
        let damaged = || CodecError::Damaged("its header".into());
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            shape.push(u32::from_le_bytes(reader.take()?) as usize);
        }
        let examples = u64::from_le_bytes(reader.take()?);
        let chunk = u32::from_le_bytes(reader.take()?);
        let digest: [u8; 32] = reader.take()?;
        let expected = crc32fast::hash(&reader.bytes);
        if u32::from_le_bytes(reader.take()?) != expected {
            return Err(damaged());
        }
        Ok(Self {
            method: match (method, step) {
                (0, 1..) => Method::Lossy { step },
                (1, 0) => Method::BitsBack,
                (2, 1..) => Method::Residual { step },
                _ => return Err(damaged()),
            },
            bytes: match bytes {
                0 => false,
                1 => true,
                _ => return Err(damaged()),
            },
            shape,
            examples,
            chunk,
            model: hex::encode(digest),
            has_names: version > NAMELESS,
        })
    }
}

/// What is wrong with a step of 0.
pub(crate) fn no_cells() -> CodecError {
    CodecError::Unfit("a step of 0 makes no cells; it is 1 at least".into())
}

/// A source whose bytes are kept for their checksum.
struct ChecksummedReader<'a> {
    source: &'a mut dyn Read,
    bytes: Vec<u8>,
}

impl ChecksummedReader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let mut bytes = [0; N];
        self.source
            .read_exact(&mut bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => CodecError::Foreign("it is too short for a header"),
                _ => error.into(),
            })?;
        self.bytes.extend(bytes);
        Ok(bytes)
    }
}

pub(crate) fn write_chunk(out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&crc32fast::hash(bytes).to_le_bytes())?;
    out.write_all(bytes)
}

/// Where a chunk lies in its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChunkLocation {
    start: u64,
    length: u32,
    checksum: u32,
}

/// Finds all chunks of a file, of which `source` has read the header; nothing is decoded, and no length believed that the
/// file is too short for.
pub(crate) fn find_chunks<S: Read + Seek>(
    source: &mut S,
    header: &Header,
) -> Result<Vec<ChunkLocation>, CodecError> {
    let damaged = |what: &str| CodecError::Damaged(what.into());
    let mut at = source.stream_position()?;
    let end = source.seek(SeekFrom::End(0))?;
    let chunks = header.examples.div_ceil(u64::from(header.chunk.max(1)));
    if chunks > (end - at) / CHUNK_HEADER as u64 {
        return Err(damaged("it is cut short"));
    }
    let mut locations = Vec::new();
    for _ in 0..chunks {
        source.seek(SeekFrom::Start(at))?;
        let location = chunk_at(source)?;
        at = location.start + u64::from(location.length);
        if at > end {
            return Err(damaged("it is cut short"));
        }
        locations.push(location);
    }
    match at == end {
        true => Ok(locations),
        false => Err(damaged("there is more behind its end")),
    }
}

/// Where the chunk lies that `source` is at.
pub(crate) fn chunk_at<S: Read + Seek>(source: &mut S) -> Result<ChunkLocation, CodecError> {
    let mut bytes = [0; CHUNK_HEADER];
    let read = source.read_exact(&mut bytes);
    read.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => CodecError::Damaged("it is cut short".into()),
        _ => error.into(),
    })?;
    let [a, b, c, d, checksum @ ..] = bytes;
    Ok(ChunkLocation {
        start: source.stream_position()?,
        length: u32::from_le_bytes([a, b, c, d]),
        checksum: u32::from_le_bytes(checksum),
    })
}

/// The bytes of a chunk, which messages call `what`, as they were written.
pub(crate) fn read_chunk<S: Read + Seek>(
    source: &mut S,
    location: ChunkLocation,
    what: &str,
) -> Result<Vec<u8>, CodecError> {
    source.seek(SeekFrom::Start(location.start))?;
    let mut bytes = Vec::new();
    source
        .take(location.length.into())
        .read_to_end(&mut bytes)?;
    if bytes.len() != location.length as usize || crc32fast::hash(&bytes) != location.checksum {
        return Err(CodecError::Damaged(format!(
            "{what} does not match its checksum"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn methods() -> impl Strategy<Value = Method> {
        prop_oneof![
            (0..5u16).prop_map(|step| Method::Lossy { step }),
            any::<u16>().prop_map(|step| Method::Residual { step }),
            Just(Method::BitsBack),
        ]
    }

    fn shapes() -> impl Strategy<Value = Vec<usize>> {
        let small = prop::collection::vec(0..9usize, 0..12);
        let any = prop::collection::vec(prop_oneof![0..9usize, any::<usize>()], 0..4);
        let wide = prop::collection::vec(Just(1usize), 250..260);
        let edges = prop::collection::vec((1usize << 32) - 2..(1 << 32) + 2, 1..3);
        prop_oneof![small, any, wide, edges]
    }

    prop_compose! {
        fn headers()(
            method in methods(),
            bytes in any::<bool>(),
            shape in shapes(),
            examples in any::<u64>(),
            chunk in any::<u32>(),
            model in prop_oneof![9 => "[0-9a-f]{64}", 1 => "[0-9a-f]{60,66}"],
            has_names in any::<bool>(),
        ) -> Header {
            Header { method, bytes, shape, examples, chunk, model, has_names }
        }
    }

    proptest! {
        /// No header is written that is not read, and none comes back as another; what fits is written.
        #[test]
        fn what_is_written_is_read(header in headers()) {
            let fits = header.shape.len() <= 255
                && header.shape.iter().all(|&size| size <= u32::MAX as usize)
                && header.model.len() == 64
                && !matches!(header.method, Method::Lossy { step: 0 } | Method::Residual { step: 0 });
            match header.to_bytes() {
                Ok(written) => {
                    prop_assert!(fits);
                    prop_assert_eq!(Header::read(&mut &written[..]).expect("a header"), header);
                }
                Err(error) => {
                    prop_assert!(!fits, "{}", error);
                    prop_assert!(matches!(error, CodecError::Unfit(_)));
                }
            }
        }
    }
}
