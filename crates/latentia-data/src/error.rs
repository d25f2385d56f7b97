//! Why data cannot be loaded.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::nearest_name::nearest_name;

/// Why a data set could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or a set of values breaks the rules of its format.
    #[error("`{subject}`: {place}: found {seen}, expected {expected}")]
    Invalid {
        /// The file or the data set.
        subject: String,
        /// Where in it: a line, a byte, a field of the header.
        place: String,
        /// What is there.
        seen: String,
        /// What would be valid.
        expected: String,
    },

    /// Rows and fields of a table that cannot be read, the first of each kind.
    #[error("`{subject}`: {}", told(problems))]
    Problems {
        /// The file.
        subject: String,
        /// What is wrong with it, one or more.
        problems: Vec<Problem>,
    },

    /// A first row of numbers that may be names of columns, as wavelengths are, or values.
    #[error(
        "`{subject}`: the first row is of numbers unlike those below ({}, …), as names of columns may be and values may be; say \
         whether it is a header",
        first.join(", ")
    )]
    AmbiguousHeader {
        /// The file.
        subject: String,
        /// Its first fields.
        first: Vec<String>,
    },

    /// Rows of two whole numbers with a comma between them, which may be one number with a decimal comma.
    #[error(
        "`{subject}`: each row may be one number with a decimal comma, as 20,05, or two numbers; say which"
    )]
    AmbiguousComma {
        /// The file.
        subject: String,
    },

    /// Columns that were asked for and are not there.
    #[error("`{subject}` has no column {}; it has {}", listed(missing.iter()), listed(names.iter()))]
    MissingColumns {
        /// The file.
        subject: String,
        /// Those that are not there.
        missing: Vec<String>,
        /// Those that are.
        names: Vec<String>,
    },

    /// The operating system would not let a file be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },

    /// Values that do not fit into memory, nor on the disk.
    #[error(
        "cannot keep the values of `{name}` on the disk in `{}`, set TMPDIR to a folder with room for them: {source}",
        folder.display()
    )]
    Disk {
        /// The data set.
        name: String,
        /// Where they were to be kept.
        folder: PathBuf,
        /// The reason.
        source: io::Error,
    },

    /// A path leads nowhere.
    #[error("no such file: `{}`", path.display())]
    NoSuchFile {
        /// The path.
        path: PathBuf,
    },

    /// Neither a known name nor a file.
    #[error("no data set or file is called `{name}`; {}", suggestion(name, known))]
    UnknownName {
        /// The name.
        name: String,
        /// The names that are known.
        known: Vec<&'static str>,
    },

    /// A known set that is not on this machine.
    #[error(
        "`{name}` is in none of {}",
        listed(folders.iter().map(|folder| folder.display()))
    )]
    NotFound {
        /// The name of the set.
        name: &'static str,
        /// The folders that were looked in.
        folders: Vec<PathBuf>,
    },
}

/// What cannot be read in a table: the first of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: a line, or a line and a column.
    pub place: String,
    /// What is there.
    pub seen: String,
    /// What would be valid.
    pub expected: String,
    /// How many there are of the kind.
    pub count: u64,
}

/// One problem in a line with its subject, several in a line each.
fn told(problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let Problem {
            place,
            seen,
            expected,
            count,
        } = problem;
        let more = match count {
            0 | 1 => String::new(),
            count => format!(" ({} such in all)", grouped(*count)),
        };
        format!("{place}: found {seen}, expected {expected}{more}")
    };
    match problems {
        [problem] => line(problem),
        problems => {
            let lines = problems
                .iter()
                .map(|problem| format!("\n  {}", line(problem)));
            let lines: String = lines.collect();
            format!("{} kinds of fields cannot be read{lines}", problems.len())
        }
    }
}

/// A count with commas between thousands.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl DataError {
    pub(crate) fn invalid(
        subject: impl Into<String>,
        place: impl Into<String>,
        seen: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            subject: subject.into(),
            place: place.into(),
            seen: seen.into(),
            expected: expected.into(),
        }
    }

    /// Value `at` of the data set `name` is not finite; its rows have `cols` values.
    pub(crate) fn not_finite(name: &str, at: usize, cols: usize, value: f32) -> Self {
        Self::invalid(
            name,
            format!("row {}, column {} (from 0)", at / cols, at % cols),
            value.to_string(),
            match value.is_nan() {
                true => "a finite number; a table with gaps is read from CSV",
                false => "a finite number within the range of f32",
            },
        )
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NoSuchFile { path },
            _ => Self::Read { path, source },
        }
    }
}

/// Text from a file in backticks, fit for a message.
pub(crate) fn quoted(text: &[u8]) -> String {
    format!("`{}`", printable(&String::from_utf8_lossy(text), 40))
}

/// Text without control characters, of which at most the first `longest` characters are shown.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    let mut shown = String::new();
    for character in text.chars().take(longest) {
        match character {
            '\'' | '"' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    if text.chars().nth(longest).is_some() {
        shown.push_str("...");
    }
    shown
}

/// A number of things: `1 byte`, `2 bytes`.
pub(crate) fn counted(count: impl Into<u64>, thing: &str) -> String {
    match count.into() {
        1 => format!("1 {thing}"),
        count => format!("{count} {thing}s"),
    }
}

fn suggestion(name: &str, known: &[&str]) -> String {
    match nearest_name(name, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known sets are {}", listed(known.iter())),
    }
}

/// Things of a list that are named.
const MOST_NAMED: usize = 5;

/// The first few of a list, and how many more there are.
pub(crate) fn some(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    match items.len().checked_sub(MOST_NAMED + 1) {
        None => items.join(", "),
        Some(more) => format!(
            "{} and {} more",
            items[..MOST_NAMED].join(", "),
            grouped(more as u64 + 1)
        ),
    }
}

/// Each in backticks, with commas between.
pub(crate) fn listed(things: impl Iterator<Item = impl fmt::Display>) -> String {
    let things: Vec<_> = things.map(|thing| format!("`{thing}`")).collect();
    things.join(", ")
}
