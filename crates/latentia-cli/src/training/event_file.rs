//! Files that TensorBoard reads.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use latentia_models::ModelError;
use prost::{Message, Oneof};

/// A file of events: numbers under a tag, each of a step, in TensorFlow's records
/// ([`event.proto`](https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto)). TensorBoard reads all files of a
/// folder, so that a run that is gone on with adds one.
pub struct EventFile {
    path: PathBuf,
    file: File,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

impl EventFile {
    /// A new file in `folder`, which is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(folder: &Path) -> Result<Self, ModelError> {
        let name = format!("events.out.tfevents.{:.6}.latentia", now());
        let path = folder.join(name);
        let file = OpenOptions::new().create_new(true).append(true).open(&path);
        let mut events = match file {
            Ok(file) => Self { path, file },
            Err(source) => return Err(ModelError::Write { path, source }),
        };
        events.write(0, What::FileVersion("brain.Event:2".into()))?;
        Ok(events)
    }

    /// Adds the numbers of step `step`, each under its tag.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn add(&mut self, step: u32, numbers: &[(String, f64)]) -> Result<(), ModelError> {
        let numbers = numbers.iter().map(|(tag, number)| Value {
            tag: tag.clone(),
            simple_value: *number as f32,
        });
        let value = numbers.collect();
        self.write(step, What::Summary(Summary { value }))
    }

    fn write(&mut self, step: u32, what: What) -> Result<(), ModelError> {
        let event = Event {
            wall_time: now(),
            step: step.into(),
            what: Some(what),
        };
        let record = record(&event.encode_to_vec());
        // At once, so that no reader meets a part of one.
        let written: io::Result<()> = self.file.write_all(&record);
        written.map_err(|source| ModelError::Write {
            path: self.path.clone(),
            source,
        })
    }
}

/// A record of `data`: its length, the length's checksum, itself and its checksum.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let sums = [checksum(&length), checksum(data)].map(u32::to_le_bytes);
    [&length[..], &sums[0], data, &sums[1]].concat()
}

/// CRC-32C, masked as records of TensorFlow have it.
fn checksum(data: &[u8]) -> u32 {
    crc32c::crc32c(data)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_what_tensorflow_writes() {
        // The check value of CRC-32C.
        let crc_of_nine_digits: u32 = 0xe306_9283;
        let masked = crc_of_nine_digits
            .rotate_right(15)
            .wrapping_add(0xa282_ead8);
        let record = record(b"123456789");
        assert_eq!(record[..8], [9, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(&record[12..21], b"123456789");
        assert_eq!(record[21..], masked.to_le_bytes());
    }
}
