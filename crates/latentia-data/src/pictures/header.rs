//! The header of a picture, read before any memory is allocated for its pixels.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::error::{DataError, counted};
use crate::others;

/// The largest side and the most pixels of a picture that is read.
const MAX_SIDE: u32 = 1 << 15;
const MAX_PIXELS: u64 = 1 << 27;

/// The most pixels that a byte can stand for: deflate packs 1032 bytes into one, each of 8 pixels of a bit.
const MAX_PIXELS_PER_BYTE: u64 = 8 * 1032;

/// The most pixels of one colour.
const MAX_FLAT: u64 = 1 << 22;

/// Endings of the names of the pictures that are read, in lower case.
pub(crate) const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif"];

/// The most memory that a decoder may ask for, in bytes: the pixels of the largest picture, and half as much again.
pub(crate) const MAX_MEMORY: u64 = 3 << 28;

/// The pictures that are supported, for messages.
const SUPPORTED: &str = "a PNG, a WebP, a BMP, a TIFF, a GIF, or a grey or YCbCr JPEG of 8 bits";

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The most bytes of EXIF data that are looked at, as many as a JPEG's segment has.
const MAX_EXIF: u32 = 1 << 16;

/// The header of a picture whose claims are in bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) format: ImageFormat,
    /// Sides, as they are stored.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// How it has to be turned.
    pub(crate) orientation: Orientation,
    /// Whether it has no colours.
    pub(crate) grey: bool,
    /// Whether its format cannot say that it has none.
    pub(crate) may_be_grey: bool,
    /// Whether pixels may be transparent.
    pub(crate) alpha: bool,
    /// Whether channels have more than 8 bits.
    pub(crate) deep: bool,
    /// Whether there are more frames, or pages, than the first.
    pub(crate) more_frames: bool,
    /// Whether a JPEG that is not progressive has a scan for each colour.
    pub(crate) scan_each: bool,
    /// Bytes before the pixels of a JPEG.
    pub(crate) before_pixels: u64,
}

impl Header {
    /// Of a picture as it is, without what only some have.
    fn of(format: ImageFormat, (width, height): (u32, u32)) -> Self {
        Self {
            format,
            width,
            height,
            orientation: Orientation::NoTransforms,
            grey: false,
            may_be_grey: false,
            alpha: false,
            deep: false,
            more_frames: false,
            scan_each: false,
            before_pixels: 0,
        }
    }

    /// Height and width of the picture when it is turned.
    pub(crate) fn size(&self) -> (u32, u32) {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        match self.orientation {
            Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH => (self.width, self.height),
            _ => (self.height, self.width),
        }
    }

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
                "a whole picture".into(),
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
        // Without loss, WebP may say all pixels of one colour by a few bytes.
        let is_flat = header.format == ImageFormat::WebP && pixels <= MAX_FLAT;
        if pixels / MAX_PIXELS_PER_BYTE > length && !is_flat {
            return Err(refused(
                "size of the picture",
                format!("{width}x{height} pixels in {}", counted(length, "byte")),
                "a file long enough for them".into(),
            ));
        }
        Ok(header)
    }
}

/// How much memory a decoder may ask for.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    limits
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

    fn skip(&mut self, bytes: u32) -> io::Result<()> {
        self.position += u64::from(bytes);
        self.file.seek_relative(bytes.into())
    }

    /// So many bytes, of which the first [`MAX_EXIF`] are kept.
    fn bytes(&mut self, count: u32) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let kept = count.min(MAX_EXIF);
        let read = (&mut self.file).take(kept.into()).read_to_end(&mut bytes)?;
        self.position += read as u64;
        match read < kept as usize {
            true => Err(ErrorKind::UnexpectedEof.into()),
            false => self.skip(count - kept).map(|()| bytes),
        }
    }

    fn parse(&mut self) -> io::Result<Result<Header, Unsupported>> {
        let start = self.file.fill_buf()?;
        // A WebP with what only some have says in its flags whether it is an animation.
        let moves = start.len() > 20 && &start[12..16] == b"VP8X" && start[20] & 2 != 0;
        let start = &start[..start.len().min(16)];
        match image::guess_format(start) {
            Ok(ImageFormat::Jpeg) => self.jpeg(),
            Ok(ImageFormat::Png) => self.png(),
            Ok(ImageFormat::Gif) => self.gif(),
            Ok(format @ (ImageFormat::WebP | ImageFormat::Bmp | ImageFormat::Tiff)) => {
                self.other(format, moves)
            }
            _ if start.len() < 4 => Err(ErrorKind::UnexpectedEof.into()),
            _ => match others::find(start) {
                Some(other) => unsupported("first bytes", format!("those of {}", other.name)),
                None => unsupported("first bytes", format!("{:02x?}", &start[..4])),
            },
        }
    }

    /// What the decoder says, which reads the header alone.
    fn other(
        &mut self,
        format: ImageFormat,
        moves: bool,
    ) -> io::Result<Result<Header, Unsupported>> {
        let pages = format == ImageFormat::Tiff && self.pages().unwrap_or(false);
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = ImageReader::with_format(&mut self.file, format);
        reader.limits(limits());
        let mut decoder = match reader.into_decoder() {
            Ok(decoder) => decoder,
            Err(image::ImageError::IoError(error)) => return Err(error),
            Err(error) => return unsupported("header of the picture", one_line(&error)),
        };
        let (colour, original) = (decoder.color_type(), decoder.original_color_type());
        Ok(Ok(Header {
            orientation: decoder.orientation().unwrap_or(Orientation::NoTransforms),
            grey: !colour.has_color(),
            may_be_grey: colour.has_color() && format != ImageFormat::Tiff,
            alpha: colour.has_alpha(),
            deep: original.bits_per_pixel() > 8 * u16::from(original.channel_count()),
            more_frames: moves || pages,
            ..Header::of(format, decoder.dimensions())
        }))
    }

    /// Whether the first directory of a TIFF names another one.
    fn pages(&mut self) -> io::Result<bool> {
        let [order, _]: [u8; 2] = self.take()?;
        let is_little = order == b'I';
        let number = |bytes: [u8; 4]| match is_little {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        };
        self.skip(2)?;
        let first = number(self.take()?);
        self.file.seek(SeekFrom::Start(first.into()))?;
        let entries: [u8; 2] = self.take()?;
        let entries = match is_little {
            true => u16::from_le_bytes(entries),
            false => u16::from_be_bytes(entries),
        };
        self.skip(12 * u32::from(entries))?;
        Ok(number(self.take()?) != 0)
    }

    /// Whether another frame follows the first one of a GIF, at the end of whose place and size the file stands.
    fn another_frame(&mut self) -> io::Result<bool> {
        let [flags] = self.take()?;
        if flags & 0x80 != 0 {
            self.skip(6 << (flags & 7))?;
        }
        let [_code_size] = self.take()?;
        self.skip_blocks()?;
        loop {
            match self.take()? {
                [0x21] => {
                    let [_label] = self.take()?;
                    self.skip_blocks()?;
                }
                [block] => return Ok(block == 0x2c),
            }
        }
    }

    /// Blocks of a GIF, each behind its length, up to an empty one.
    fn skip_blocks(&mut self) -> io::Result<()> {
        loop {
            match self.take()? {
                [0] => return Ok(()),
                [length] => self.skip(length.into())?,
            }
        }
    }

    /// The screen, and the blocks up to the first frame, for which the decoder takes memory, however large it says that it is.
    fn gif(&mut self) -> io::Result<Result<Header, Unsupported>> {
        let _signature: [u8; 6] = self.take()?;
        let [width, height] = [self.take()?, self.take()?].map(u16::from_le_bytes);
        let [flags, _, _] = self.take()?;
        if flags & 0x80 != 0 {
            self.skip(6 << (flags & 7))?;
        }
        loop {
            match self.take()? {
                [0x21] => {
                    let [_label] = self.take()?;
                    self.skip_blocks()?;
                }
                [0x2c] => break,
                [0x3b] => return unsupported("frames of the GIF", "none"),
                [block] => return unsupported("block of the GIF", format!("{block:#04x}")),
            }
        }
        let [left, top] = [self.take()?, self.take()?].map(u16::from_le_bytes);
        let size = [self.take()?, self.take()?].map(u16::from_le_bytes);
        let fits = |start: u16, length: u16, side: u16| {
            u32::from(start) + u32::from(length) <= side.into()
        };
        if !fits(left, size[0], width) || !fits(top, size[1], height) {
            let [across, down] = size;
            let seen = format!("{across}x{down} on a screen of {width}x{height}");
            return unsupported("first frame of the GIF", seen);
        }
        Ok(Ok(Header {
            may_be_grey: true,
            alpha: true,
            // What is missing is found when the pixels are read.
            more_frames: self.another_frame().unwrap_or(false),
            ..Header::of(ImageFormat::Gif, (width.into(), height.into()))
        }))
    }

    /// The signature, and the header chunk, which is the first of every PNG.
    fn png(&mut self) -> io::Result<Result<Header, Unsupported>> {
        let signature: [u8; 8] = self.take()?;
        let chunk: [u8; 8] = self.take()?;
        if signature != PNG_SIGNATURE || chunk != *b"\0\0\0\x0dIHDR" {
            return unsupported("first chunk of the PNG", "no header");
        }
        let width = u32::from_be_bytes(self.take()?);
        let height = u32::from_be_bytes(self.take()?);
        let [depth, kind] = self.take()?;
        let mut header = Header {
            grey: matches!(kind, 0 | 4),
            alpha: matches!(kind, 4 | 6),
            deep: depth > 8,
            ..Header::of(ImageFormat::Png, (width, height))
        };
        match self.chunks(&mut header) {
            // What is missing is found when the pixels are read.
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(error),
            _ => Ok(Ok(header)),
        }
    }

    /// The chunks of a PNG between its header and its pixels.
    fn chunks(&mut self, header: &mut Header) -> io::Result<()> {
        // Compression, filter, interlacing and the checksum.
        self.skip(7)?;
        loop {
            let length = u32::from_be_bytes(self.take()?);
            let name: [u8; 4] = self.take()?;
            match &name {
                b"IDAT" => return Ok(()),
                b"eXIf" => header.orientation = orientation(&self.bytes(length)?),
                b"acTL" => {
                    header.more_frames = true;
                    self.skip(length)?;
                }
                b"tRNS" => {
                    header.alpha = true;
                    self.skip(length)?;
                }
                _ => self.skip(length)?,
            }
            self.skip(4)?;
        }
    }

    /// The segments up to the first scan, of which one tells the size.
    fn jpeg(&mut self) -> io::Result<Result<Header, Unsupported>> {
        let mut header = None;
        let mut turned = Orientation::NoTransforms;
        self.skip(2)?;
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
                    self.skip(length.saturating_sub(8).into())?;
                }
                (_, 0xda, Some((width, height, components, sequential))) => {
                    let before_pixels = self.position;
                    let [in_scan] = self.take()?;
                    return Ok(Ok(Header {
                        orientation: turned,
                        grey: components == 1,
                        scan_each: sequential && in_scan < components,
                        before_pixels,
                        ..Header::of(ImageFormat::Jpeg, (width.into(), height.into()))
                    }));
                }
                (_, 0xda, None) => {
                    return unsupported("segment of the JPEG", "pixels before their size");
                }
                (_, 0xe1, _) => {
                    let segment = self.bytes(length.saturating_sub(2).into())?;
                    if let Some(exif) = segment.strip_prefix(b"Exif\0\0") {
                        turned = orientation(exif);
                    }
                }
                _ => self.skip(length.saturating_sub(2).into())?,
            }
        }
    }
}

/// How EXIF data says that a picture has to be turned.
fn orientation(exif: &[u8]) -> Orientation {
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// An error of a decoder in one line.
pub(crate) fn one_line(error: &image::ImageError) -> String {
    let text = error.to_string();
    text.lines().collect::<Vec<_>>().join(" ")
}
