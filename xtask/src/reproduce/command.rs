//! Chooses the results to reproduce from the arguments.

use std::ffi::OsString;

use anyhow::{Context, bail, ensure};

use super::{denoising, lossless, lossy, preset, probes, samples, series};
use crate::program::Program;

/// The parsed arguments.
#[derive(Debug, PartialEq)]
struct Request {
    /// One preset, or `denoising`, `probes`, `lossy`, `samples` or `series`, which compare several or look for faults; else every preset that expects a result.
    name: Option<String>,
    /// Instead of the preset's number of epochs.
    epochs: Option<u32>,
}

impl Request {
    fn parse(arguments: &[OsString]) -> anyhow::Result<Self> {
        let mut request = Self {
            name: None,
            epochs: None,
        };
        let mut words = arguments.iter().map(|word| word.to_str());
        while let Some(word) = words.next() {
            let word = word.context("arguments are text")?;
            match word {
                "--epochs" => {
                    let number = words.next().flatten().and_then(|n| n.parse().ok());
                    let number = number.filter(|&epochs| epochs > 0);
                    request.epochs = Some(number.context("`--epochs` takes a number from 1 on")?);
                }
                _ if word.starts_with('-') || request.name.is_some() => {
                    bail!("`{word}` is not expected; it goes `reproduce [NAME] [--epochs N]`")
                }
                _ => request.name = Some(word.to_string()),
            }
        }
        ensure!(
            request.epochs.is_none() || request.name.is_some(),
            "`--epochs` goes with a NAME"
        );
        Ok(request)
    }
}

/// Trains the requested models and prints expected beside obtained; fails when a result is missed.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let Request { name, epochs } = Request::parse(arguments)?;
    let program = &Program::build()?;
    match name.as_deref() {
        Some("denoising") => denoising::run(program, epochs),
        Some("lossy") => lossy::run(program, epochs),
        Some("probes") => probes::run(program, epochs),
        Some("samples") => samples::run(program, epochs),
        Some("series") => series::run(program, epochs),
        name => match lossless::ALL
            .iter()
            .find(|known| Some(known.preset) == name)
        {
            Some(known) => known.run(program, epochs),
            None => preset::run(program, name, epochs),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::Request;

    #[test]
    fn a_request_names_a_preset_and_its_epochs() {
        let parse = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            Request::parse(&words).map_err(|error| error.to_string())
        };
        let request = |name: Option<&str>, epochs| {
            let name = name.map(String::from);
            Ok(Request { name, epochs })
        };
        assert_eq!(parse(&[]), request(None, None));
        assert_eq!(parse(&["deep"]), request(Some("deep"), None));
        let both = request(Some("deep"), Some(5));
        assert_eq!(parse(&["deep", "--epochs", "5"]), both);
        assert_eq!(parse(&["--epochs", "5", "deep"]), both);
        for wrong in [
            &["deep", "--epochs"][..],
            &["deep", "--epochs", "0"],
            &["--epochs", "5"],
            &["deep", "mnist"],
            &["--seed"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
