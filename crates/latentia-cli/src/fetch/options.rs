//! How to fetch.

use std::path::Path;
use std::time::Duration;

/// How to fetch.
#[derive(Clone, Copy, Debug)]
pub struct FetchOptions<'a> {
    /// Take the files from this folder instead of the network.
    pub from: Option<&'a Path>,
    /// Longest wait for a name to be resolved, and for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the next bytes.
    pub read_timeout: Duration,
}

impl Default for FetchOptions<'_> {
    fn default() -> Self {
        Self {
            from: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
        }
    }
}
