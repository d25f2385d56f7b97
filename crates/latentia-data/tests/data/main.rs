//! Data sets through the public border of the crate.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop there"
)]

mod album;
mod cifar;
mod csv;
mod dataset;
mod extra_column;
mod idx;
mod messages;
mod npy;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod parts;
mod picture_files;
mod pictures;
mod random_tables;
mod refused_pictures;
mod row_reader;
mod series;
mod sets;
mod stored;
mod table;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use latentia_data::{DataError, Dataset, Locations, load};
use latentia_tensor::{Matrix, Rows};
use tempfile::TempDir;

/// Loads a file of that name and content; the error names the file alone, without its folder.
fn load_file(name: &str, content: &[u8]) -> Result<Dataset, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let loaded = load(path.to_str().unwrap(), &nowhere());
    let without_folder = |error: DataError| {
        let folder = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
        error.to_string().replace(&folder, "")
    };
    let source = loaded.map_err(without_folder)?;
    assert!(source.test.is_none());
    Ok(source.train)
}

#[test]
fn what_the_fuzzer_begins_with_does_no_harm() {
    for (target, name) in [
        ("csv", "a.csv"),
        ("idx", "a.idx"),
        ("npy", "a.npy"),
        ("npz", "a.npz"),
        ("parquet", "a.parquet"),
        ("pictures", "album/a.png"),
    ] {
        let seeds: Vec<_> = fs::read_dir(Path::new("../../fuzz/seeds").join(target))
            .unwrap()
            .collect();
        assert!(!seeds.is_empty(), "{target}");
        for seed in seeds {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(seed.unwrap().path(), &path).unwrap();
            let data = if target == "pictures" {
                path.parent().unwrap()
            } else {
                &path
            };
            let _ = load(data.to_str().unwrap(), &nowhere());
        }
    }
}

/// Locations that hold no set.
fn nowhere() -> Locations {
    Locations {
        folders: vec![PathBuf::from("/nowhere")],
    }
}

/// All values, row after row.
fn values(rows: &dyn Rows) -> Vec<f32> {
    let indices: Vec<u32> = (0..rows.rows() as u32).collect();
    let mut out = Matrix::zeros(rows.rows(), rows.cols());
    rows.read(&indices, out.view_mut()).unwrap();
    out.into_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX file of unsigned bytes.
fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 0x08, sizes.len() as u8];
    file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    file.extend(values);
    file
}

/// An NPY file of version 1.0 with this dictionary.
fn npy(dictionary: &str, body: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((dictionary.len() as u16).to_le_bytes());
    file.extend(dictionary.as_bytes());
    file.extend(body);
    file
}
