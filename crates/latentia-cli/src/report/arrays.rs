//! Numbers of a page, as bytes.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;

/// Bytes at a multiple of which every array begins.
const ALIGNMENT: usize = 8;

/// Arrays one after another, little-endian.
#[derive(Default)]
pub(super) struct Arrays {
    bytes: Vec<u8>,
}

/// Where an array lies among all.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ArrayRef {
    #[serde(rename = "type")]
    element: &'static str,
    offset: usize,
    length: usize,
}

/// What an array's elements are.
pub(super) trait Element: Copy {
    const NAME: &'static str;

    fn append(self, bytes: &mut Vec<u8>);
}

impl Arrays {
    /// Adds an array.
    pub(super) fn add<T: Element>(&mut self, elements: &[T]) -> ArrayRef {
        let offset = self.bytes.len().next_multiple_of(ALIGNMENT);
        self.bytes.resize(offset, 0);
        for &element in elements {
            element.append(&mut self.bytes);
        }
        ArrayRef {
            element: T::NAME,
            offset,
            length: elements.len(),
        }
    }

    /// All of it, deflated with a zlib header, in base64.
    pub(super) fn to_base64(&self) -> io::Result<String> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.bytes)?;
        Ok(base64(&encoder.finish()?))
    }
}

macro_rules! element {
    ($($type:ty => $name:literal),*) => {
        $(impl Element for $type {
            const NAME: &'static str = $name;

            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        })*
    };
}

element!(u8 => "u8", u16 => "u16", u32 => "u32", f32 => "f32", f64 => "f64");

/// RFC 4648, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            text.push(match digit <= three.len() {
                true => char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]),
                false => '=',
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let texts = texts.map(|text| base64(text.as_bytes()));
        let expected = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn arrays_begin_where_a_browser_can_view_them() {
        let mut arrays = Arrays::default();
        arrays.add(&[1u8, 2, 3]);
        let second = arrays.add(&[0.5f64]);
        assert_eq!((second.offset, second.length), (8, 1));
        assert_eq!(arrays.bytes.len(), 16);
    }
}
