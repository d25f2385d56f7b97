//! `cargo xtask bench detect --pictures MNIST_FOLDER`: what presets find of pictures that do not belong, in one thread.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use super::machine::load_average;
use super::python::Python;
use super::report;
use crate::program::Program;

/// Where the tables are written.
const REPORT: &str = "benches/PICTURES.md";

/// What has to be installed, and as which module of Python it shows.
const PACKAGES: [(&str, &str); 1] = [("scikit-learn==1.9.1", "sklearn")];

/// Measures all and writes the tables.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let Asked { folder, python } = Asked::parse(arguments)?;
    ensure!(folder.is_dir(), "no folder `{}`", folder.display());
    python.check_packages(&PACKAGES)?;
    let program = Program::build()?;
    let path = program.path().to_str();
    let ours = ["--program", path.context("the workspace's path is text")?];
    let before = load_average();
    let tables = python.output("pictures.py", &folder, &ours)?;
    report::write(REPORT, HEAD, before, &tables)
}

/// The text above the tables.
const HEAD: &str = "# Pictures that do not belong

Written by `cargo xtask bench detect --pictures MNIST_FOLDER`, of one run. How images are chosen and broken is in
`benches/peers/detect/pictures.py`. A figure is the area under the ROC curve of the scores of `latentia detect`: the probability that an
image that does not belong scores higher than one that does. Each model is trained once, with the program's default seed, on one thread.

With one class normal, Deep SVDD has 0.980, 0.997, 0.917, 0.919, 0.949, 0.885, 0.983, 0.946, 0.939 and 0.965, a mean of 0.948, and a
convolutional autoencoder a mean of 0.897 (Ruff et al. 2018).
";

/// What the command line asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    folder: PathBuf,
    python: Python,
}

impl Asked {
    /// `--pictures MNIST_FOLDER [--python PATH]`
    fn parse(arguments: &[OsString]) -> anyhow::Result<Self> {
        let (mut folder, mut python) = (None, Python::default());
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--pictures") => {
                    let path = arguments.next();
                    folder = Some(path.context("--pictures takes the folder of MNIST's files")?);
                }
                Some("--python") => {
                    python = Python::at(arguments.next().context("--python takes a path")?);
                }
                _ => bail!(
                    "`bench detect --pictures` takes MNIST_FOLDER [--python PATH], not {argument:?}"
                ),
            }
        }
        let folder = folder.context("--pictures takes the folder of MNIST's files")?;
        Ok(Self {
            folder: folder.into(),
            python,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> anyhow::Result<Asked> {
        Asked::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_folder_of_mnist_and_a_python_are_taken_in_any_order() {
        let asked = Asked {
            folder: "mnist".into(),
            python: Python::at("venv/bin/python"),
        };
        for words in [
            ["--pictures", "mnist", "--python", "venv/bin/python"],
            ["--python", "venv/bin/python", "--pictures", "mnist"],
        ] {
            assert_eq!(parse(&words).expect("all that there is"), asked);
        }
        for (words, part) in [
            (&["--pictures"][..], "the folder of MNIST's files"),
            (&["--pictures", "mnist", "--python"], "takes a path"),
            (&["--pictures", "mnist", "--group"], "not \"--group\""),
        ] {
            let error = parse(words).expect_err("it does not fit").to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
