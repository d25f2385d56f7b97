//! The content of a named file, plain or packed: its names, and the check of its digest.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};

use anyhow::{Context, ensure};
use flate2::read::MultiGzDecoder;
use latentia_data::NamedFile;
use sha2::{Digest, Sha256};

/// Bytes read at once.
pub(super) const CHUNK: usize = 1 << 16;

/// The names that a file may have in a folder: as mirrors hold it, and unpacked.
pub(super) fn names(wanted: &NamedFile) -> [String; 2] {
    [format!("{}.gz", wanted.name), wanted.name.to_owned()]
}

/// Checks the content of `file`, which may be packed.
pub(super) fn check(mut file: &File, wanted: &NamedFile) -> anyhow::Result<()> {
    file.rewind()?;
    let mut packed = BufReader::with_capacity(CHUNK, file);
    // Not by the name: some servers unpack on the way.
    let gzip = !wanted.compressed && packed.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let content: &mut dyn Read = match gzip {
        true => &mut MultiGzDecoder::new(packed),
        false => &mut packed,
    };

    let mut content = content.take(wanted.bytes.saturating_add(1));
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match content.read(&mut chunk).context("it does not unpack")? {
            0 => break,
            read => hash.update(&chunk[..read]),
        }
    }
    ensure!(
        content.limit() > 0,
        "its content is larger than {} bytes",
        wanted.bytes
    );
    let sha256 = hex::encode(hash.finalize());
    ensure!(
        sha256 == wanted.sha256,
        "the sha-256 of its content is {sha256}, expected {}",
        wanted.sha256
    );
    Ok(())
}
