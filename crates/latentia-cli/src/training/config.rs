//! A user's own experiment: a file in the format of a preset.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use latentia_models::{ModelError, Preset};

use crate::terminal::UsageError;

/// Names of the parser for kinds of values, and what people call them.
const WORDS: &[(&str, &str)] = &[
    ("expected u32", "expected a whole number, 0 or more"),
    ("expected u64", "expected a whole number, 0 or more"),
    ("expected usize", "expected a whole number, 0 or more"),
    ("expected f32", "expected a number"),
    ("expected f64", "expected a number"),
    (
        "expected internally tagged enum LayerSpec",
        "expected a table such as `{ layer = \"dense\" }`",
    ),
    (
        "expected internally tagged enum Optimizer",
        "expected a table such as `{ kind = \"adam\" }`",
    ),
    (
        "expected internally tagged enum Schedule",
        "expected a table such as `{ kind = \"cosine\" }`",
    ),
    (
        "expected internally tagged enum LatentSpec",
        "expected a table such as `{ kind = \"gaussian\", units = 20 }`",
    ),
    (
        "expected internally tagged enum PriorSpec",
        "expected a table such as `{ kind = \"mixture\", components = 50 }`",
    ),
    (
        "expected internally tagged enum Corruption",
        "expected a table such as `{ kind = \"masking\", rate = 0.3 }`",
    ),
    (
        "expected struct ConditionSpec",
        "expected a table such as `{ classes = 10 }`",
    ),
    (
        "expected struct ObjectiveSpec",
        "expected a table such as `{ beta = 4.0 }`",
    ),
    (
        "expected struct KlSparsity",
        "expected a table such as `{ weight = 1.0, target = 0.05 }`",
    ),
    (
        "expected struct AugmentationSpec",
        "expected a table such as `{ flip = true, shift = 2, crop = 0.1 }`",
    ),
    ("unknown field", "unknown key"),
    ("missing field", "missing key"),
    ("unknown variant", "unknown value"),
];

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Reads an experiment.
///
/// # Errors
/// When the file cannot be read; a [`UsageError`] that names the line and the key when it is no experiment.
pub fn read(path: &Path) -> anyhow::Result<Preset> {
    let shown = path.display();
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut text))
        .with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(text)
        .ok()
        .filter(|text| text.len() as u64 <= LONGEST);
    let Some(text) = text else {
        let what = format!(
            "`{shown}` is no text, or longer than {LONGEST} bytes; see `latentia presets digits`"
        );
        return Err(UsageError(what).into());
    };
    match Preset::parse(&text) {
        Ok(preset) => Ok(preset),
        Err(ModelError::Toml(error)) => {
            let message = in_words(error.message());
            let span = match error.span() {
                Some(span) => narrowed(&text, span, error.message()),
                None => 0..0,
            };
            let (line, excerpt) = excerpt(&text, span);
            let what = format!("`{shown}`, line {line}: {message}\n{excerpt}");
            Err(UsageError(what).into())
        }
        Err(error) => Err(UsageError(format!("`{shown}`: {error}")).into()),
    }
}

/// What the parser says, in words that people use.
pub(super) fn in_words(message: &str) -> String {
    let text = message.trim_end();
    WORDS
        .iter()
        .fold(text.to_string(), |text, (from, to)| text.replace(from, to))
}

/// The span of the word that the message names, where it is within `span`: for a part of an array, the parser only knows
/// where the array is.
fn narrowed(text: &str, span: Range<usize>, message: &str) -> Range<usize> {
    let quoted = ['`', '"'].iter().find_map(|&quote| {
        let (_, rest) = message.split_once(quote)?;
        let (word, _) = rest.split_once(quote)?;
        (!word.is_empty()).then_some(word)
    });
    let (Some(word), Some(within)) = (quoted, text.get(span.clone())) else {
        return span;
    };
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let found = within.match_indices(word).find(|(at, _)| {
        let before = within[..*at].chars().next_back();
        let after = within[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    match found {
        Some((at, _)) => span.start + at..span.start + at + word.len(),
        None => span,
    }
}

/// The number of the line, from 1, and the line itself with the span marked.
fn excerpt(text: &str, span: Range<usize>) -> (usize, String) {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let number = 1 + before.matches('\n').count();
    let column = text[line_start..start].chars().count();
    let length = text
        .get(start..span.end.min(line_start + line.len()))
        .map_or(1, |marked| marked.chars().count().max(1));
    let margin = " ".repeat(number.to_string().len());
    let (blank, mark) = (" ".repeat(column), "^".repeat(length));
    (
        number,
        format!("{margin} |\n{number} | {line}\n{margin} | {blank}{mark}"),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const MODEL: &str = "\
[model]
likelihood = \"mse\"
encoder = [
    { layer = \"dense\", units = 2 },
]
decoder = [
    { layer = \"dense\", unit = 64 },
    { layer = \"dense\" },
]
";

    fn check(text: &str, expected: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("my.toml");
        fs::write(&path, text).expect("a written file");
        let error = read(&path).expect_err("a wrong file");
        assert!(error.is::<UsageError>(), "{error}");
        let expected = format!("`{}`, {expected}", path.display());
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn the_line_and_the_key_are_named() {
        check(
            MODEL,
            "line 7: unknown key `unit`, expected one of `units`, `activation`, `initializer`\n\
             \x20 |\n7 |     { layer = \"dense\", unit = 64 },\n\x20 |                        ^^^^",
        );
        let model = MODEL.replace("unit = 64", "units = 64");
        check(
            &format!("{model}[training]\nepochs = \"many\"\n"),
            "line 11: invalid type: string \"many\", expected a whole number, 0 or more\n\
             \x20  |\n11 | epochs = \"many\"\n\x20  |           ^^^^",
        );
        check("", "line 1: missing key `model`\n  |\n1 | \n  | ^");
    }
}
