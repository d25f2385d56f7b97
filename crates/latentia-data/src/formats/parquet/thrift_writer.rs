//! Writes Thrift's compact protocol.

/// Types of fields and of a list's elements.
const INT: u8 = 5;
const LONG: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Fields of a structure, in the order of their numbers, which are 15 at most.
#[derive(Default)]
pub(super) struct ThriftWriter {
    bytes: Vec<u8>,
    /// The number of the field before.
    last: u8,
}

impl ThriftWriter {
    /// A structure of these fields.
    pub(super) fn structure(fields: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut writer = Self::default();
        writer.nested(fields);
        writer.bytes
    }

    fn nested(&mut self, fields: impl FnOnce(&mut Self)) {
        let outer = std::mem::take(&mut self.last);
        fields(self);
        self.bytes.push(0);
        self.last = outer;
    }

    fn field(&mut self, field: u8, kind: u8) {
        self.bytes.push((field - self.last) << 4 | kind);
        self.last = field;
    }

    pub(super) fn boolean(&mut self, field: u8, value: bool) {
        self.field(field, if value { 1 } else { 2 });
    }

    pub(super) fn int(&mut self, field: u8, value: i32) {
        self.field(field, INT);
        varint(&mut self.bytes, zigzag(value.into()));
    }

    pub(super) fn long(&mut self, field: u8, value: u64) {
        self.field(field, LONG);
        varint(&mut self.bytes, zigzag(value as i64));
    }

    pub(super) fn text(&mut self, field: u8, value: &str) {
        self.field(field, BINARY);
        self.binary(value);
    }

    fn binary(&mut self, value: &str) {
        varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend(value.as_bytes());
    }

    pub(super) fn inner(&mut self, field: u8, fields: impl FnOnce(&mut Self)) {
        self.field(field, STRUCT);
        self.nested(fields);
    }

    pub(super) fn ints(&mut self, field: u8, values: &[i32]) {
        self.list(field, INT, values.len());
        for &value in values {
            varint(&mut self.bytes, zigzag(value.into()));
        }
    }

    pub(super) fn texts(&mut self, field: u8, values: &[&str]) {
        self.list(field, BINARY, values.len());
        for value in values {
            self.binary(value);
        }
    }

    /// A list of structures, the fields of each written by `fields`.
    pub(super) fn structures<T>(
        &mut self,
        field: u8,
        items: impl ExactSizeIterator<Item = T>,
        mut fields: impl FnMut(&mut Self, T),
    ) {
        self.list(field, STRUCT, items.len());
        for item in items {
            self.nested(|writer| fields(writer, item));
        }
    }

    fn list(&mut self, field: u8, kind: u8, count: usize) {
        self.field(field, LIST);
        match count {
            0..15 => self.bytes.push((count as u8) << 4 | kind),
            _ => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, count as u64);
            }
        }
    }
}

/// 0, -1, 1, -2, 2 and so on as 0, 1, 2, 3, 4.
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// Seven bits a byte, the lowest first.
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
