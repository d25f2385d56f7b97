//! What is said of wrong data: each message once.

use std::fs;

use latentia_data::{DataError, Dataset, Locations, load};
use tempfile::TempDir;

use crate::{gzip, idx, load_file, nowhere, npy};

#[track_caller]
fn check(name: &str, content: &[u8], expected: &str) {
    let error = load_file(name, content).unwrap_err();
    assert_eq!(error, format!("`{name}`: {expected}"));
}

#[test]
fn of_idx() {
    check("a.idx", b"", "IDX header: found 0 bytes, expected 4 bytes");
    check(
        "a.idx",
        b"PK\x03\x04",
        "first two bytes: found 0x50 0x4b, expected 0x00 0x00, as in an IDX file",
    );
    check(
        "a.idx",
        &[0, 0, 0x0d, 1],
        "type of the values (byte 2): found 0x0d (32-bit floats), expected 0x08 (unsigned bytes)",
    );
    check(
        "a.idx",
        &[0, 0, 0x08, 0],
        "number of dimensions (byte 3): found 0, expected 1 or more",
    );
    check(
        "a.idx",
        &[0, 0, 0x08, 2, 0, 0],
        "dimensions in the IDX header: found 2 bytes, expected 8 bytes",
    );
    check(
        "a.idx",
        &idx(&[0, 28], &[]),
        "dimensions: found [0, 28], expected one example or more, each of one value or more",
    );
    check(
        "a.idx",
        &idx(&[u32::MAX, u32::MAX, 2], &[]),
        "dimensions: found [4294967295, 4294967295, 2], expected fewer than 2^64 values",
    );
    check(
        "a.idx",
        &idx(&[2, 3], &[0; 5]),
        "length after the header: found 5 bytes, expected 6 bytes (dimensions [2, 3])",
    );
    check(
        "a.idx",
        &idx(&[2, 3], &[0; 9]),
        "length after the header: found more, expected 6 bytes (dimensions [2, 3])",
    );
    let packed = gzip(&idx(&[2, 3], &[0; 6]));
    let error = load_file("a.idx.gz", &packed[..packed.len() - 3]).unwrap_err();
    assert!(
        error.starts_with("`a.idx.gz`: compressed data: found "),
        "{error}"
    );
    assert!(error.ends_with(", expected an intact gzip file"), "{error}");
}

#[test]
fn of_npy() {
    let plain = |descr: &str, shape: &str, body: &[u8]| {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        npy(&header, body)
    };
    check(
        "a.npy",
        b"\x93NUMPX\x01\x00",
        "first six bytes: found [93, 4e, 55, 4d, 50, 58], expected [93, 4e, 55, 4d, 50, 59], as in an NPY file",
    );
    check(
        "a.npy",
        b"\x93NUMPY\x04\x00",
        "version of the NPY format: found 4.0, expected 1.0, 2.0 or 3.0",
    );
    check(
        "a.npy",
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
        "length of the NPY header: found 4294967295, expected 65535 at most",
    );
    check(
        "a.npy",
        b"\x93NUMPY\x01\x00\x76\x00{",
        "text of the NPY header: found 1 byte, expected 118 bytes",
    );
    check(
        "a.npy",
        &npy("{'descr' '<f4'}", &[]),
        "text of the NPY header: found `'<f4'}`, expected `:`",
    );
    check(
        "a.npy",
        &npy("{'descr': '<f4'", &[]),
        "text of the NPY header: found its end, expected `}`",
    );
    check(
        "a.npy",
        &npy("{'colour': 1}", &[]),
        "key in the NPY header: found `colour`, expected `descr`, `fortran_order` or `shape`",
    );
    check(
        "a.npy",
        &npy("{'descr': '<f4', 'shape': (1, 1)}", &[]),
        "keys in the NPY header: found no `fortran_order`, expected `descr`, `fortran_order` and `shape`",
    );
    check(
        "a.npy",
        &plain("[('a', '<f4')]", "(1, 1)", &[]),
        "dtype: found a type with named fields, expected one type for all columns: convert it with \
         `numpy.lib.recfunctions.structured_to_unstructured(array, 'float32')`",
    );
    for descr in ["<c8", "<U4", "<M8[s]", "|f4", "f4", "<f16", "", "é4"] {
        check(
            "a.npy",
            &plain(&format!("'{descr}'"), "(1, 1)", &[]),
            &format!(
                "dtype: found `{descr}`, expected integers, floats or booleans, such as `<i8`, `<f4` or `|b1`; convert it with \
                 `.astype('float32')`"
            ),
        );
    }
    check(
        "a.npy",
        &plain("'|O'", "(1, 1)", &[]),
        "dtype: found `|O`, expected numbers, not Python objects: save them by `numpy.save('x.npy', array.astype('float32'))`, or \
         where some are None, by `numpy.savetxt('x.csv', array.astype(float), delimiter=',')`",
    );
    check(
        "a.npy",
        &plain("'<f4'", "(1, 1)", &f32::NAN.to_le_bytes()),
        "row 0, column 0 (from 0): found NaN, expected a finite number; a table with gaps is read from CSV",
    );
    check(
        "a.npy",
        &plain("'<f4'", "(3,)", &[]),
        "shape in the header: found [3], expected two dimensions or more, the first of which counts the examples; \
         reshape it to 2-D",
    );
    check(
        "a.npy",
        &plain("'<f4'", "(0, 3)", &[]),
        "shape in the header: found [0, 3], expected one example or more, each of one value or more",
    );
    check(
        "a.npy",
        &plain("'<f8'", "(4294967296, 4294967295)", &[]),
        "shape in the header: found [4294967296, 4294967295], expected fewer than 2^64 bytes",
    );
    check(
        "a.npy",
        &plain("'<f8'", "(2, 3)", &[0; 40]),
        "length after the header: found 40 bytes, expected 48 bytes (shape [2, 3] of `<f8`)",
    );
    let mut body = [0.0_f64; 6].map(f64::to_le_bytes);
    body[4] = 1e300_f64.to_le_bytes();
    check(
        "a.npy",
        &plain("'<f8'", "(2, 3)", body.as_flattened()),
        "row 1, column 1 (from 0): found inf, expected a finite number within the range of f32",
    );
}

#[test]
fn of_csv() {
    check(
        "a.csv",
        b"\n",
        "rows: found nothing, expected one row of values or more",
    );
    check(
        "a.csv",
        b"a,b\n",
        "rows: found only a header, expected one row of values or more",
    );
    check(
        "a.csv",
        b"1,2\n\n3,4,5\n",
        "line 3: found 3 fields, expected 2 fields, as in the first row",
    );
    check(
        "a.csv",
        b"age,height\n1,2\n3,tall\n",
        "line 3, column `height`: found `tall`, expected a number",
    );
    check(
        "a.csv",
        b"1,2\r\n3,tall\r\n",
        "line 2, column 2: found `tall`, expected a number",
    );
    check(
        "a.csv",
        b"1,2\ninf,1\n",
        "line 2, column 1: found `inf`, expected a finite number within the range of f32",
    );
    check(
        "a.csv",
        b"a\n?\n\n",
        "columns: found none to learn from in `a` (ignored), expected numbers or categories, or fields that are parted otherwise",
    );
    check(
        "a.csv",
        b"1\n1e99\n",
        "line 2, column 1: found `1e99`, expected a finite number within the range of f32",
    );
    check(
        "a.csv",
        format!("1\n\x1b{}\n", "x".repeat(50)).as_bytes(),
        &format!(
            "line 2, column 1: found `\\u{{1b}}{}...`, expected a number",
            "x".repeat(39)
        ),
    );
}

#[test]
fn of_names_and_paths() {
    #[track_caller]
    fn check(data: &str, locations: &Locations, expected: &str) {
        assert_eq!(load(data, locations).unwrap_err().to_string(), expected);
    }
    let nowhere = nowhere();
    check(
        "minst",
        &nowhere,
        "no data set or file is called `minst`; did you mean `mnist`?",
    );
    check(
        "faces",
        &nowhere,
        "no data set or file is called `faces`; known sets are `mnist-mini`, `mnist`, `fashion-mnist`, `cifar10`, `random`, `shapes`",
    );
    check("codes.npy", &nowhere, "no such file: `codes.npy`");
    check("./mnist", &nowhere, "no such file: `./mnist`");
    check(
        "mnist",
        &Locations {
            folders: vec!["/nowhere".into(), "/neither/here".into()],
        },
        "`mnist` is in none of `/nowhere`, `/neither/here`",
    );

    let unreadable = DataError::Read {
        path: "codes.npy".into(),
        source: std::io::ErrorKind::PermissionDenied.into(),
    };
    assert_eq!(
        unreadable.to_string(),
        "cannot read `codes.npy`: permission denied"
    );

    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let parquet = if cfg!(feature = "parquet") {
        ["Parquet, ", "`.parquet`, "]
    } else {
        [""; 2]
    };
    let expected = format!(
        "an NPY, NPZ, {}CSV, IDX, CIFAR-10 or picture file (`.npy`, `.npz`, {}`.csv`, `.tsv`, `.idx`, `.idx.gz`, `.bin`, `.png`, `.jpg`, `.webp`, `.bmp`, `.tif`, `.gif`) \
         or a folder of pictures",
        parquet[0], parquet[1]
    );
    let path = format!("{path}/notes.rtf");
    fs::write(&path, "\u{1} note").unwrap();
    check(
        &path,
        &nowhere,
        &format!(
            "`{path}`: kind of file: found first bytes [01, 20, 6e, 6f, 74, 65], expected {expected}"
        ),
    );
    fs::write(&path, "a note").unwrap();
    check(
        &path,
        &nowhere,
        &format!(
            "`{path}`: kind of file: found text, expected a table of text under a name that ends in `.csv`, `.tsv` or `.txt`, with `.gz` or without, or through a \
             pipe, as `-`"
        ),
    );
    fs::write(&path, "{\\rtf1 a note").unwrap();
    check(
        &path,
        &nowhere,
        &format!(
            "`{path}`: kind of file: found a text document, expected a table: save it as `CSV UTF-8`"
        ),
    );
}

#[test]
fn of_values() {
    #[track_caller]
    fn check(dataset: Result<Dataset, DataError>, expected: &str) {
        assert_eq!(dataset.unwrap_err().to_string(), expected);
    }
    check(
        Dataset::from_bytes("a", vec![2, 0], vec![1]),
        "`a`: shape of an example: found [2, 0], expected one dimension or more, each of size 1 or more",
    );
    check(
        Dataset::from_bytes("a", vec![], vec![1]),
        "`a`: shape of an example: found [], expected one dimension or more, each of size 1 or more",
    );
    check(
        Dataset::from_bytes("a", vec![2, 2], vec![1; 6]),
        "`a`: values: found 6, expected one example or more, each of 4 values (shape [2, 2])",
    );
    check(
        Dataset::from_floats("a", vec![2], vec![]),
        "`a`: values: found 0, expected one example or more, each of 2 values (shape [2])",
    );
    check(
        Dataset::from_floats("a", vec![2], vec![1.0, 2.0, 3.0, f32::NAN]),
        "`a`: row 1, column 1 (from 0): found NaN, expected a finite number; a table with gaps is read from CSV",
    );
    check(
        Dataset::from_bytes("a", vec![1], vec![1, 2])
            .unwrap()
            .with_labels(vec![0; 3]),
        "`a`: labels: found 3, expected 2, one for each example",
    );
}
