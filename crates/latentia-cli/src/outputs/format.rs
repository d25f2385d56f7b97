//! The format of a file, by its name's ending.

use std::path::Path;

use latentia_models::Autoencoder;

use crate::terminal::UsageError;

/// How arrays and examples are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NumPy's format, f32 in C order.
    Npy,
    /// A table as text with a header, one line an example.
    Csv,
    /// A picture.
    Png,
}

impl Format {
    /// The format that a file's name asks for, one of `accepted`.
    ///
    /// # Errors
    /// Names the endings that would do.
    pub fn of(path: &Path, accepted: &[Self]) -> Result<Self, UsageError> {
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        let found = accepted
            .iter()
            .find(|format| Some(format.ending()) == ending.as_deref());
        found.copied().ok_or_else(|| {
            let endings: Vec<String> = accepted
                .iter()
                .map(|f| format!(".{}", f.ending()))
                .collect();
            UsageError(format!(
                "cannot tell the format of `{}`; end it in {}",
                path.display(),
                endings.join(" or ")
            ))
        })
    }

    /// Refuses a picture of examples of `model` that are rows of a table, whose values have units and levels of their own.
    ///
    /// # Errors
    /// Names the endings that would do.
    pub fn check_fits(self, model: &Autoencoder, path: &Path) -> Result<(), UsageError> {
        match self == Self::Png && model.schema().is_some() {
            true => Err(UsageError(format!(
                "`{}`: rows of a table make no picture; end it in .csv or .npy",
                path.display()
            ))),
            false => Ok(()),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Csv => "csv",
            Self::Png => "png",
        }
    }
}
