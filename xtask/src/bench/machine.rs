//! The machine that was measured.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::peak::cores;
use crate::workspace::root;

/// What is needed to interpret the measurements.
pub struct Machine {
    cores: usize,
    processor: String,
    rustc: String,
    revision: String,
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        let processor = fs::read_to_string("/proc/cpuinfo").ok();
        let processor = processor.and_then(|text| parse_processor(&text).map(String::from));
        let git = root().ok().and_then(|root| {
            let describe = [
                "describe",
                "--always",
                "--dirty",
                "--abbrev=12",
                "--exclude=*",
            ];
            first_line(Command::new("git").current_dir(root).args(describe))
        });
        let unknown = || String::from("unknown");
        Self {
            cores: cores(),
            processor: processor.unwrap_or_else(unknown),
            rustc: first_line(Command::new("rustc").arg("--version")).unwrap_or_else(unknown),
            revision: git.unwrap_or_else(unknown),
        }
    }

    /// As a JSON object.
    pub fn json(&self) -> Value {
        json!({
            "cores": self.cores,
            "processor": self.processor,
            "rustc": self.rustc,
            "revision": self.revision,
        })
    }

    /// As a line.
    pub fn line(&self) -> String {
        let Self {
            cores,
            processor,
            rustc,
            revision,
        } = self;
        format!("{cores} cores of {processor}, {rustc}, revision {revision}")
    }
}

/// Average number of processes running or waiting over the last minute; Linux only.
pub fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The first `model name` of `/proc/cpuinfo`.
fn parse_processor(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::parse_processor;

    #[test]
    fn the_processor_has_a_name() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\n\nmodel name\t: other\n";
        assert_eq!(parse_processor(text), Some("AMD EPYC"));
        assert_eq!(parse_processor("Hardware\t: BCM2835\n"), None);
    }
}
