//! Mistakes in what was asked for, told apart from what could not be done.

use std::fmt;

use latentia_data::nearest_name;

/// A mistake on the command line or in a configuration; the program ends with code 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// `; did you mean ...` with the name nearest to `seen`, or the list of names.
pub(crate) fn suggestion(seen: &str, names: &[&str]) -> String {
    match nearest_name(seen, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", names.join(", ")),
    }
}
