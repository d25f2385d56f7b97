//! The files of a set, each from where it can be had.

use std::fs::File;
use std::path::Path;

use latentia_data::NamedFile;

use super::content::{check, names};
use super::download::{Client, download};
use super::folder::copy;
use super::options::FetchOptions;
use super::outcome::Outcome;
use super::partial_file::Progress;

/// Brings `files` into `folder`, which is created where it is missing; gives one outcome a file, in the same order.
///
/// A file already there with the right content is left alone, be it plain or with `.gz`; one with other content is
/// replaced. `mirrors` are addresses to which a file's name and `.gz` are added, tried in turn for each file.
///
/// # Errors
/// When a file can be had from nowhere: the message lists what was tried. Files brought before it stay.
pub fn fetch(
    files: &[NamedFile],
    mirrors: &[&str],
    folder: &Path,
    options: &FetchOptions<'_>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    fetch_by(
        &Client::new(options),
        files,
        mirrors,
        folder,
        options.from,
        progress,
    )
}

pub(super) fn fetch_by(
    client: &Client,
    files: &[NamedFile],
    mirrors: &[&str],
    folder: &Path,
    from: Option<&Path>,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    let fetch_one = |wanted: &NamedFile| {
        let is_right =
            |name| File::open(folder.join(name)).is_ok_and(|file| check(&file, wanted).is_ok());
        if names(wanted).into_iter().any(is_right) {
            return Ok(Outcome::AlreadyThere);
        }
        match from {
            Some(from) => copy(wanted, from, folder, progress),
            None => download(client, wanted, mirrors, folder, progress),
        }
    };
    files.iter().map(fetch_one).collect()
}
