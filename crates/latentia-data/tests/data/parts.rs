//! Arrays in several files.

use std::fs;

use latentia_data::{DataError, Dataset, LoadOptions, load_with};
use latentia_tensor::{Matrix, Rows, Windows};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::{nowhere, npy};

fn array(rows: usize, cols: usize, floats: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {cols})}}");
    let body: Vec<u8> = floats.iter().flat_map(|x| x.to_le_bytes()).collect();
    npy(&header, &body)
}

fn load(folder: &TempDir, name: &str, options: &LoadOptions) -> Result<Dataset, String> {
    let path = folder.path().join(name);
    let source = load_with(path.to_str().unwrap(), &nowhere(), options);
    let without_folder = |error: DataError| {
        let folder = format!("{}{}", folder.path().display(), std::path::MAIN_SEPARATOR);
        error.to_string().replace(&folder, "")
    };
    source.map(|source| source.train).map_err(without_folder)
}

fn read(dataset: &Dataset, rows: &[u32]) -> Vec<f32> {
    let mut out = Matrix::zeros(rows.len(), dataset.cols());
    dataset.read(rows, out.view_mut()).unwrap();
    out.as_slice().to_vec()
}

proptest! {
    #[test]
    fn parts_are_the_array_that_they_were_cut_from(
        (cols, floats, cut) in (1..=4_usize, 2..=40_usize).prop_flat_map(|(cols, rows)| {
            let floats = prop::collection::vec(-1e30_f32..1e30, cols * rows);
            (Just(cols), floats, 1..rows)
        }),
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        memory in 0..100_usize,
    ) {
        let rows = floats.len() / cols;
        let folder = TempDir::new().unwrap();
        let write = |name: &str, content: Vec<u8>| fs::write(folder.path().join(name), content).unwrap();
        write("whole.npy", array(rows, cols, &floats));
        let (first, second) = floats.split_at(cut * cols);
        write("part-0.npy", array(cut, cols, first));
        write("part-1.npy", array(rows - cut, cols, second));
        let options = LoadOptions { memory, ..LoadOptions::default() };
        let [whole, parts] = ["whole.npy", "part-?.npy"].map(|name| load(&folder, name, &options).unwrap());
        prop_assert_eq!(parts.fingerprint().unwrap(), whole.fingerprint().unwrap());
        prop_assert_eq!((parts.rows(), parts.range()), (rows, whole.range()));
        let order: Vec<u32> = order.iter().map(|place| place.index(rows) as u32).collect();
        prop_assert_eq!(read(&parts, &order), read(&whole, &order));
        let chosen = parts.choose(&order);
        prop_assert_eq!(read(&chosen, &[0]), read(&whole, &order[..1]));
        // A series goes on in the next file.
        let windows = Windows { length: rows, stride: 1, schema: None };
        let options = LoadOptions { windows: Some(windows), memory, ..LoadOptions::default() };
        prop_assert_eq!(read(&load(&folder, "part-*.npy", &options).unwrap(), &[0]), floats);
    }
}

#[test]
fn files_that_are_no_parts_of_one_array_are_refused() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("a-0.npy", &array(1, 2, &[1.0, 2.0]));
    write("a-1.npy", &array(2, 1, &[1.0, 2.0]));
    write("b-0.npy", &array(1, 2, &[1.0, 2.0]));
    write("b-1.csv", b"x,y\n1,2\n");
    write("c-[0].npy", &array(1, 2, &[1.0, 2.0]));
    let refused = |name: &str| load(&folder, name, &LoadOptions::default()).unwrap_err();
    assert_eq!(
        refused("a-*.npy"),
        "`a-1.npy`: examples: found 1 floats, expected 2 floats, as `a-0.npy` has"
    );
    assert_eq!(
        refused("b-*"),
        "`b-1.csv`: kind of file: found a table or a picture, expected an array, as the files of a pattern are taken for parts of one; \
         tables go into one file, pictures into a folder"
    );
    assert_eq!(
        refused("d-*.npy"),
        "`d-*.npy`: files: found none of such a name, expected one or more"
    );
    // A file of that very name is itself.
    let own = load(&folder, "c-[0].npy", &LoadOptions::default()).unwrap();
    assert_eq!(own.rows(), 1);
    let parts = load(&folder, "[bc]-*.npy", &LoadOptions::default()).unwrap();
    assert_eq!(parts.rows(), 2);
    let note = parts.notes()[0].replace(&folder.path().display().to_string(), "");
    assert_eq!(
        note,
        "2 files one after another, `/b-0.npy` to `/c-[0].npy`: 2 examples"
    );
}
