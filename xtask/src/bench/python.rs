//! The Python that runs the scripts of `benches/peers/detect`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::workspace::root;

/// A Python.
#[derive(Debug, PartialEq)]
pub struct Python {
    path: PathBuf,
}

impl Default for Python {
    fn default() -> Self {
        Self::at("python3")
    }
}

impl Python {
    /// The one at a path, or of this name.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Refuses it where it lacks one of these packages, each with its version and the module that it shows as.
    pub fn check_packages(&self, packages: &[(&str, &str)]) -> anyhow::Result<()> {
        let modules: Vec<&str> = packages.iter().map(|(_, module)| *module).collect();
        let mut find = Command::new(&self.path);
        let program = "import importlib.util, sys\n\
             print(*(name for name in sys.argv[1:] if not importlib.util.find_spec(name)))";
        let found = find.args(["-c", program]).args(&modules).output();
        let found = found.with_context(|| self.failed())?;
        let missing = String::from_utf8(found.stdout)?;
        ensure!(
            found.status.success() && missing.trim().is_empty(),
            "`{}` lacks {}; it takes `pip install {}`",
            self.path.display(),
            missing.trim(),
            packages
                .iter()
                .map(|(name, _)| *name)
                .collect::<Vec<_>>()
                .join(" ")
        );
        Ok(())
    }

    /// Runs a script on a folder to its end; what it says goes where ours does.
    pub fn run(&self, script: &str, folder: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        eprintln!("{script}");
        let status = self.command(script, folder, arguments)?.status();
        let status = status.with_context(|| self.failed())?;
        ensure!(status.success(), "`{script}` failed with {status}");
        Ok(())
    }

    /// What a script prints.
    pub fn output(
        &self,
        script: &str,
        folder: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<String> {
        eprintln!("{script}");
        let output = self.command(script, folder, arguments)?.output();
        let output = output.with_context(|| self.failed())?;
        ensure!(
            output.status.success(),
            "`{script}` failed with {}",
            output.status
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    fn command(&self, script: &str, folder: &Path, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(&self.path);
        command.arg(root()?.join("benches/peers/detect").join(script));
        command.arg(folder).args(arguments);
        command.env("OMP_NUM_THREADS", "1").stderr(Stdio::inherit());
        Ok(command)
    }

    fn failed(&self) -> String {
        format!("could not run `{}`", self.path.display())
    }
}
