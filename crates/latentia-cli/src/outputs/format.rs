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
    /// A table with typed columns.
    Parquet,
    /// A JSON object a line.
    Jsonl,
    /// A picture.
    Png,
    /// A drawing.
    Svg,
    /// A drawing as a page.
    Html,
}

impl Format {
    /// Those that hold every value.
    pub const ARRAYS: [Self; 3] = [Self::Npy, Self::Csv, Self::Parquet];

    /// These, or a chart of points.
    pub const CODES: [Self; 5] = [Self::Npy, Self::Csv, Self::Parquet, Self::Svg, Self::Html];

    /// Those that hold every value, or a picture.
    pub const ALL: [Self; 4] = [Self::Png, Self::Npy, Self::Csv, Self::Parquet];

    /// Those of scores.
    pub const SCORES: [Self; 7] = [
        Self::Csv,
        Self::Parquet,
        Self::Jsonl,
        Self::Npy,
        Self::Html,
        Self::Svg,
        Self::Png,
    ];

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
            let endings = accepted
                .iter()
                .map(|format| format!(".{}", format.ending()));
            let endings: Vec<String> = endings.collect();
            let endings = match endings.split_last() {
                Some((last, [])) => last.clone(),
                Some((last, others)) => format!("{} or {last}", others.join(", ")),
                None => String::new(),
            };
            UsageError(format!(
                "cannot tell the format of `{}`; end it in {endings}",
                path.display()
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
                "`{}`: rows of a table make no picture; end it in .csv, .parquet or .npy",
                path.display()
            ))),
            false => Ok(()),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Npy => "npy",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Png => "png",
            Self::Jsonl => "jsonl",
            Self::Svg => "svg",
            Self::Html => "html",
        }
    }
}
