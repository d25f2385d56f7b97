//! NPZ, a zip of NPY arrays, as `numpy.savez` and `numpy.savez_compressed` write it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, FileReader, ZipArchive, ZipArchiveEntryWayfinder, ZipEntry};

use super::format::Format;
use super::npy::{Array, PlainFile};
use crate::dataset::Dataset;
use crate::error::{DataError, quoted};
use crate::input::{Input, open};
use crate::load_options::LoadOptions;

/// Examples, and labels where there are some.
pub(crate) static NPZ: Format = Format {
    name: "NPZ",
    endings: &[".npz"],
    other_endings: &[],
    signatures: &[b"PK\x03\x04"],
    in_gzip: false,
    read: |path, subject, options: &LoadOptions| {
        Archive::open(open(path)?, subject)?.into_dataset(options.memory)
    },
};

/// Names of arrays of examples, of which a file with several arrays has one, and of their labels; NumPy numbers those
/// that are not named.
const EXAMPLES: [&str; 4] = ["x", "X", "data", "arr_0"];
const LABELS: [&str; 4] = ["y", "label", "labels", "arr_1"];

/// The most files in an archive, and bytes of a name, that are looked at.
const MOST_FILES: usize = 1024;
const LONGEST_NAME: usize = 255;

/// A zip file and the arrays in it.
struct Archive<'a> {
    subject: &'a str,
    file: File,
    zip: ZipArchive<FileReader>,
    members: Vec<Member>,
}

/// An array of an archive.
struct Member {
    /// Without `.npy`.
    name: String,
    method: CompressionMethod,
    entry: ZipArchiveEntryWayfinder,
}

impl<'a> Archive<'a> {
    /// Reads the directory.
    fn open(file: File, subject: &'a str) -> Result<Self, DataError> {
        let failed = |error| zip_error(subject, error);
        let own = file.try_clone();
        let own = own.map_err(|error| DataError::read(Path::new(subject), error))?;
        let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
        let zip = ZipArchive::from_file(own, &mut buffer).map_err(failed)?;
        let (mut members, mut files) = (Vec::new(), 0);
        let mut entries = zip.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(failed)? {
            files += 1;
            let name = entry.file_path();
            let name: &[u8] = name.as_ref();
            if files > MOST_FILES || name.len() > LONGEST_NAME {
                let seen =
                    format!("more than {MOST_FILES}, or a name of more than {LONGEST_NAME} bytes");
                return Err(DataError::invalid(
                    subject,
                    "files in it",
                    seen,
                    "fewer arrays",
                ));
            }
            if let Some(name) = name.strip_suffix(b".npy") {
                members.push(Member {
                    name: String::from_utf8_lossy(name).into_owned(),
                    method: entry.compression_method(),
                    entry: entry.wayfinder(),
                });
            }
        }
        Ok(Self {
            subject,
            file,
            zip,
            members,
        })
    }

    fn into_dataset(self, memory: usize) -> Result<Dataset, DataError> {
        let (examples, labels) = self.choose()?;
        let subject = self.subject_of(examples);
        let (array, plain) = self.array(examples, &subject)?;
        let dataset = array.into_dataset(plain, memory)?.renamed(self.subject);
        let Some(labels) = labels else {
            return Ok(dataset);
        };
        let subject = self.subject_of(labels);
        let (labels, _) = self.array(labels, &subject)?;
        let rows = latentia_tensor::Rows::rows(&dataset);
        dataset.with_labels(labels.into_labels(rows)?)
    }

    /// The only array; or else the examples and the labels, which are known by their names.
    fn choose(&self) -> Result<(&Member, Option<&Member>), DataError> {
        let named = |names: &[&str]| -> Vec<&Member> {
            let members = self.members.iter();
            members
                .filter(|member| names.contains(&member.name.as_str()))
                .collect()
        };
        match (
            &self.members[..],
            &named(&EXAMPLES)[..],
            &named(&LABELS)[..],
        ) {
            ([], ..) => Err(DataError::invalid(
                self.subject,
                "arrays in the zip file",
                "none",
                "an array or several in NPY, as `numpy.savez` writes them; save a spreadsheet as CSV, unpack an archive of other files",
            )),
            ([only], ..) => Ok((only, None)),
            ([_, _], [examples], [labels]) => Ok((*examples, Some(*labels))),
            ([first, ..], ..) => Err(self.ambiguous(first)),
        }
    }

    fn ambiguous(&self, first: &Member) -> DataError {
        const MOST_NAMED: usize = 20;
        let described = self.members.iter().take(MOST_NAMED).map(|member| {
            let subject = self.subject_of(member);
            let array = self.array(member, &subject);
            let shape = array.map_or_else(
                |_| "unreadable".into(),
                |(array, _)| format!("{:?}", array.shape()),
            );
            format!("{} {shape}", quoted(member.name.as_bytes()))
        });
        let mut seen = described.collect::<Vec<_>>().join(", ");
        if let Some(more) = self
            .members
            .len()
            .checked_sub(MOST_NAMED)
            .filter(|&more| more > 0)
        {
            seen += &format!(" and {more} more");
        }
        let first = quoted(first.name.as_bytes());
        let expected = format!(
            "one array, or `x` and its labels `y`; save one alone, such as \
             `numpy.save('examples.npy', numpy.load('{}')['{}'])`",
            Path::new(self.subject)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy(),
            first.trim_matches('`')
        );
        DataError::invalid(self.subject, "arrays", seen, expected)
    }

    /// What messages call an array.
    fn subject_of(&self, member: &Member) -> String {
        let name = quoted(member.name.as_bytes());
        format!("{}[{}]", self.subject, name.trim_matches('`'))
    }

    /// An array with its header read, and the file where it lies as it is, if it does.
    fn array<'b>(
        &'b self,
        member: &Member,
        subject: &'b str,
    ) -> Result<(Array<'b>, Option<PlainFile>), DataError> {
        let entry = self.zip.get_entry(member.entry);
        let entry = entry.map_err(|error| zip_error(subject, error))?;
        let compressed = BufReader::new(entry.reader());
        let (reader, plain): (Box<dyn Read + 'b>, _) = match member.method {
            CompressionMethod::STORE => {
                let plain = PlainFile::of(&self.file, entry.compressed_data_range().0);
                let plain = plain.map_err(|error| DataError::read(Path::new(subject), error))?;
                (verified(&entry, compressed), Some(plain))
            }
            CompressionMethod::DEFLATE => (verified(&entry, DeflateDecoder::new(compressed)), None),
            other => {
                let expected =
                    "deflate or none, as `numpy.savez_compressed` and `numpy.savez` write";
                return Err(DataError::invalid(
                    subject,
                    "compression",
                    other.to_string(),
                    expected,
                ));
            }
        };
        Ok((Array::open(Input::from_reader(reader, subject))?, plain))
    }
}

/// What `reader` gives, whose length and checksum must be those of the directory when it ends.
fn verified<'a>(entry: &ZipEntry<'a, FileReader>, reader: impl Read + 'a) -> Box<dyn Read + 'a> {
    Box::new(Damaged(entry.verifying_reader(reader)))
}

/// Says of every error that it is the archive's.
struct Damaged<R>(R);

impl<R: Read> Read for Damaged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(format!("the zip file is damaged: {error}")),
        })
    }
}

fn zip_error(subject: &str, error: rawzip::Error) -> DataError {
    match error.into_kind() {
        rawzip::ErrorKind::IO(error) => DataError::read(Path::new(subject), error),
        kind => DataError::invalid(
            subject,
            "zip file",
            rawzip::Error::from(kind).to_string(),
            "an intact one, as `numpy.savez` writes",
        ),
    }
}
