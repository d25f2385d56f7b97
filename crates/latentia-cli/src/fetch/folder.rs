//! A file taken from a folder.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, bail};
use latentia_data::NamedFile;

use super::content::names;
use super::outcome::Outcome;
use super::partial_file::{PartialFile, Progress};

/// Copies a file from one folder to another, if it is the right one.
pub(super) fn copy(
    wanted: &NamedFile,
    from: &Path,
    folder: &Path,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Outcome> {
    let [packed, plain] = names(wanted);
    let Some((name, file)) = [&packed, &plain]
        .into_iter()
        .find_map(|name| Some((name, File::open(from.join(name)).ok()?)))
    else {
        bail!(
            "`{}` has no file `{packed}` or `{plain}` that can be read",
            from.display()
        )
    };
    let part = PartialFile::open(wanted, folder)?;
    part.clear()
        .and_then(|()| part.receive(file, 0, None, progress))
        .and_then(|()| part.check())
        .with_context(|| format!("could not take `{}`", from.join(name).display()))
        .or_else(|error| part.clear().and(part.leave()).and(Err(error)))?;
    part.finish(folder, name)?;
    Ok(Outcome::Copied)
}
