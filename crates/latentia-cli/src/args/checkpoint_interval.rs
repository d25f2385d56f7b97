//! When checkpoints are written.

use std::str::FromStr;
use std::time::Duration;

/// When a checkpoint is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointInterval {
    /// At the end of an epoch, if the last time is a second ago.
    Epoch,
    /// After so many batches.
    Batches(u64),
    /// After the first batch that ends so long after the last time.
    Time(Duration),
}

impl FromStr for CheckpointInterval {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse().ok().filter(|&number: &u64| number > 0);
        let every = match text.strip_suffix('s') {
            Some(seconds) => {
                number(seconds).map(|seconds| Self::Time(Duration::from_secs(seconds)))
            }
            None => number(text).map(Self::Batches),
        };
        every.ok_or("it must be a number of batches such as 100, or of seconds such as 30s")
    }
}
