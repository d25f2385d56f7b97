//! The header of a picture, read before any memory is allocated for its pixels.

use std::io::{self, BufReader, ErrorKind, Read, Seek};

use image::ImageFormat;

use crate::error::{DataError, counted};

/// The largest side and the most pixels of a picture that is read.
const MAX_SIDE: u32 = 1 << 15;
const MAX_PIXELS: u64 = 1 << 27;

/// The most pixels that a byte can stand for: deflate packs 1032 bytes into one, each of 8 pixels of a bit.
const MAX_PIXELS_PER_BYTE: u64 = 8 * 1032;

/// The pictures that are supported, for messages.
const SUPPORTED: &str = "a grey, grey with alpha, RGB, RGBA or palette PNG of 8 bits a channel at most, or a grey or YCbCr JPEG of 8 bits";

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The header of a picture whose claims are in bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) format: ImageFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Whether it has no colours.
    pub(crate) grey: bool,
    /// Whether a JPEG that is not progressive has a scan for each colour.
    pub(crate) scan_each: bool,
    /// Bytes before the pixels of a JPEG.
    pub(crate) before_pixels: u64,
}

impl Header {
    /// Reads the header of a file of `length` bytes.
    pub(crate) fn read(
        file: impl Read + Seek,
        length: u64,
        subject: &str,
    ) -> Result<Self, DataError> {
        let refused = |place: &str, seen: String, expected: String| {
            DataError::invalid(subject, place, seen, expected)
        };
        let mut parser = Parser {
            file: BufReader::with_capacity(1 << 12, file),
            position: 0,
        };
        let parsed = parser.parse().map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => refused(
                "header of the picture",
                format!("its end after {}", counted(length, "byte")),
                "a whole PNG or JPEG".into(),
            ),
            _ => DataError::read(subject.as_ref(), error),
        })?;
        let header =
            parsed.map_err(|reason| refused(reason.place, reason.seen, SUPPORTED.into()))?;
        let (width, height) = (header.width, header.height);
        let sides = 1..=MAX_SIDE;
        let pixels = u64::from(width) * u64::from(height);
        if !(sides.contains(&width) && sides.contains(&height)) || pixels > MAX_PIXELS {
            return Err(refused(
                "size of the picture",
                format!("{width}x{height} pixels"),
                format!("1 to {MAX_SIDE} a side and at most {MAX_PIXELS} in all"),
            ));
        }
        if pixels / MAX_PIXELS_PER_BYTE > length {
            return Err(refused(
                "size of the picture",
                format!("{width}x{height} pixels in {}", counted(length, "byte")),
                "a file long enough for them".into(),
            ));
        }
        Ok(header)
    }
}

/// Why a picture is not supported.
struct Unsupported {
    place: &'static str,
    seen: String,
}

fn unsupported(
    place: &'static str,
    seen: impl Into<String>,
) -> io::Result<Result<Header, Unsupported>> {
    let seen = seen.into();
    Ok(Err(Unsupported { place, seen }))
}

struct Parser<R> {
    file: BufReader<R>,
    position: u64,
}

impl<R: Read + Seek> Parser<R> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u16) -> io::Result<()> {
        self.position += u64::from(bytes);
        self.file.seek_relative(bytes.into())
    }

    fn parse(&mut self) -> io::Result<Result<Header, Unsupported>> {
        match self.take()? {
            [0xff, 0xd8] => self.jpeg(),
            [0x89, b'P'] => self.png(),
            start => unsupported("first bytes", format!("{start:02x?}")),
        }
    }

    /// The signature, and the header chunk, which is the first of every PNG.
    fn png(&mut self) -> io::Result<Result<Header, Unsupported>> {
        let signature: [u8; 6] = self.take()?;
        let chunk: [u8; 8] = self.take()?;
        if signature != PNG_SIGNATURE[2..] || chunk != *b"\0\0\0\x0dIHDR" {
            return unsupported("first chunk of the PNG", "no header");
        }
        let width = u32::from_be_bytes(self.take()?);
        let height = u32::from_be_bytes(self.take()?);
        let [depth, kind] = self.take()?;
        if depth > 8 {
            return unsupported("bits a channel", depth.to_string());
        }
        Ok(Ok(Header {
            format: ImageFormat::Png,
            width,
            height,
            grey: matches!(kind, 0 | 4),
            scan_each: false,
            before_pixels: 0,
        }))
    }

    /// The segments up to the first scan, of which one tells the size.
    fn jpeg(&mut self) -> io::Result<Result<Header, Unsupported>> {
        let mut header = None;
        loop {
            let [fill] = self.take()?;
            if fill != 0xff {
                return unsupported("segment of the JPEG", format!("{fill:#04x}"));
            }
            let mut marker = fill;
            while marker == 0xff {
                [marker] = self.take()?;
            }
            // The only ones without a length before the pixels.
            if matches!(marker, 0x01 | 0xd0..=0xd7) {
                continue;
            }
            if marker == 0xd9 {
                return unsupported("segment of the JPEG", "its end before any pixel");
            }
            let length = u16::from_be_bytes(self.take()?);
            let is_frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
            match (is_frame, marker, header) {
                (true, _, _) => {
                    let [depth] = self.take()?;
                    let height = u16::from_be_bytes(self.take()?);
                    let width = u16::from_be_bytes(self.take()?);
                    let [components] = self.take()?;
                    match (depth, components) {
                        (8, 1 | 3) => {}
                        (8, 4) => return unsupported("colours of the JPEG", "4 (CMYK)"),
                        (8, _) => {
                            return unsupported("colours of the JPEG", components.to_string());
                        }
                        _ => return unsupported("bits a channel", depth.to_string()),
                    }
                    // Progressive and lossless frames have other markers.
                    let sequential = matches!(marker, 0xc0 | 0xc1);
                    header = Some((width, height, components, sequential));
                    self.skip(length.saturating_sub(8))?;
                }
                (_, 0xda, Some((width, height, components, sequential))) => {
                    let before_pixels = self.position;
                    let [in_scan] = self.take()?;
                    return Ok(Ok(Header {
                        format: ImageFormat::Jpeg,
                        width: width.into(),
                        height: height.into(),
                        grey: components == 1,
                        scan_each: sequential && in_scan < components,
                        before_pixels,
                    }));
                }
                (_, 0xda, None) => {
                    return unsupported("segment of the JPEG", "pixels before their size");
                }
                _ => self.skip(length.saturating_sub(2))?,
            }
        }
    }
}
