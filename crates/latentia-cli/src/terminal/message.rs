//! Errors as people read them.

use std::io;

use latentia_codec::CodecError;
use latentia_data::DataError;
use latentia_models::ModelError;
use latentia_onnx::OnnxError;

/// An error with its causes on one line, none said twice.
///
/// Libraries differ: some quote the cause in their own words, some only hand it on.
pub(crate) fn describe(error: &anyhow::Error) -> String {
    let texts: Vec<(String, bool)> = error
        .chain()
        .map(|cause| (cause.to_string(), cause.is::<io::Error>()))
        .collect();
    let own = |number: usize| {
        let (text, from_system) = &texts[number];
        let text = match texts.get(number + 1) {
            Some((cause, _)) => text.strip_suffix(cause).unwrap_or(text),
            None => text,
        };
        match from_system {
            true => reason(text),
            false => text.trim_end().trim_end_matches(':').to_string(),
        }
    };
    let parts: Vec<String> = (0..texts.len()).map(own).collect();
    let said: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let said = said.join(": ");
    match hint(error) {
        Some(hint) => format!("{said}{hint}"),
        None => said,
    }
}

/// What the user of the program can do about an error of a library, which knows of no commands and no flags.
fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(DataError::NotFound { name, .. }) = cause.downcast_ref() {
            return Some(format!("; `latentia data fetch {name}` brings it"));
        }
        if let Some(DataError::AmbiguousHeader { .. }) = cause.downcast_ref() {
            return Some(": --header yes, or --header no".into());
        }
        if let Some(DataError::AmbiguousComma { .. }) = cause.downcast_ref() {
            return Some(": --decimal , or --delimiter ,".into());
        }
        if let Some(CodecError::FloatsWithoutLoss) = cause.downcast_ref() {
            return Some(", or leave out --lossless".into());
        }
        match cause.downcast_ref() {
            Some(OnnxError::NoDetector) => {
                let hint = "; `latentia detect --train DATA --save model.safetensors` makes one with a detector";
                return Some(hint.into());
            }
            Some(OnnxError::Uncalibrated) => return Some(": --threshold SCORE".into()),
            _ => {}
        }
        let hint = match cause.downcast_ref()? {
            ModelError::NoPrior { to_sample: true, .. } => {
                "; `--prior mixture` draws from a mixture that is fitted to its codes, `latentia train --preset variational` makes a \
                 model with a prior"
            }
            ModelError::NoPrior { .. } => {
                "; `latentia train --preset variational` makes a model with one"
            }
            ModelError::OtherRun { .. } => "; give the same, or --force to begin anew",
            ModelError::OtherData { .. } => {
                "; give the data it was trained on, or --force to begin anew"
            }
            ModelError::DamagedCheckpoint { .. } => "; --force begins anew",
            _ => return None,
        };
        Some(hint.into())
    })
}

/// What the operating system says, without its number, its capital, and the name of a temporary file.
fn reason(text: &str) -> String {
    let text = text.split(" (os error").next().unwrap_or(text);
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// A path or a name as a shell takes it for one word.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use anyhow::Context;
    use latentia_models::write_atomically;

    use super::*;

    #[test]
    fn a_cause_is_said_once_and_in_plain_words() {
        let missing = || Err::<(), _>(io::Error::from_raw_os_error(2));
        let error = missing().context("cannot read `a`").expect_err("missing");
        assert_eq!(
            describe(&error),
            "cannot read `a`: no such file or directory"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing").join("a");
        let error = write_atomically(Path::new(&path), |_| Ok(())).expect_err("no such folder");
        assert_eq!(
            describe(&error.into()),
            format!(
                "cannot write `{}`: no such file or directory",
                path.display()
            )
        );
        let error = anyhow::anyhow!("`a` is wrong");
        assert_eq!(describe(&error), "`a` is wrong");
    }

    #[test]
    fn errors_of_libraries_are_told_with_what_the_program_can_do() {
        let path = || Path::new("c").to_path_buf();
        let prior = |to_sample| ModelError::NoPrior {
            code: "deterministic",
            to_sample,
        };
        let difference = "its `seed` is 42, here it is 1".to_owned();
        let other_run = ModelError::OtherRun {
            path: path(),
            difference,
        };
        let problem = "is damaged: `run`".to_owned();
        let damaged = ModelError::DamagedCheckpoint {
            path: path(),
            problem,
        };
        let cases = [
            (
                prior(true),
                "code is deterministic and has no prior to sample from; `--prior mixture` draws from a mixture that is fitted to its \
                 codes, `latentia train --preset variational` makes a model with a prior",
            ),
            (
                prior(false),
                "code is deterministic and has no prior; `latentia train --preset variational` makes a model with one",
            ),
            (
                other_run,
                "`c` belongs to another run: its `seed` is 42, here it is 1; give the same, or --force to begin anew",
            ),
            (
                ModelError::OtherData { path: path() },
                "`c` belongs to other training data; give the data it was trained on, or --force to begin anew",
            ),
            (damaged, "`c` is damaged: `run`; --force begins anew"),
        ];
        for (error, expected) in cases {
            assert!(!error.to_string().contains("--"), "{error}");
            assert_eq!(describe(&error.into()), expected);
        }
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_part_them() {
        let words = ["runs/a-1.npy", "my runs", "it's", "", "Übung"].map(shell_word);
        assert_eq!(
            words,
            ["runs/a-1.npy", "'my runs'", r"'it'\''s'", "''", "Übung"]
        );
    }
}
