//! Examples in memory.

use latentia_data::Dataset;
use latentia_tensor::{Matrix, Rows, Subset};

use crate::values;

#[test]
fn rows_are_read_by_index_and_unscaled() {
    let bytes = Dataset::from_bytes("b", vec![2], vec![0, 1, 2, 3, 254, 255]).unwrap();
    let floats =
        Dataset::from_floats("f", vec![2], vec![0.0, 1.0, 2.0, 3.0, 254.0, 255.0]).unwrap();
    for set in [&bytes, &floats] {
        let mut out = Matrix::zeros(3, 2);
        set.read(&[2, 0, 2], out.view_mut()).unwrap();
        assert_eq!(out.as_slice(), [254.0, 255.0, 0.0, 1.0, 254.0, 255.0]);
        assert_eq!(set.range(), (0.0, 255.0));
    }
}

#[test]
fn a_subset_reads_through() {
    let source =
        Dataset::from_floats("f", vec![2], (0..2_000).map(|value| value as f32).collect()).unwrap();
    // More rows than are translated at a time.
    let backwards = Subset::new(&source, (0..1_000).rev().collect());
    assert_eq!((backwards.rows(), backwards.cols()), (1_000, 2));
    let expected: Vec<f32> = (0..1_000)
        .rev()
        .flat_map(|row| [2.0 * row as f32, 2.0 * row as f32 + 1.0])
        .collect();
    assert_eq!(values(&backwards), expected);

    let few = Subset::new(&backwards, vec![0, 999]);
    assert_eq!(values(&few), [1998.0, 1999.0, 0.0, 1.0]);
    assert_eq!(Subset::new(&source, vec![]).rows(), 0);
    assert_eq!(values(&Subset::all(&few)), values(&few));
    assert_eq!(Subset::all(&few).indices(), [0, 1]);
}

#[test]
#[should_panic(expected = "index out of range: 2 of 2 rows")]
fn a_subset_has_only_rows_of_its_source() {
    let source = Dataset::from_bytes("b", vec![1], vec![1, 2]).unwrap();
    let _ = Subset::new(&source, vec![0, 2]);
}

#[test]
fn the_fingerprint_is_that_of_the_content() {
    let of = |shape: &[usize], values: &[u8]| {
        Dataset::from_bytes("a", shape.to_vec(), values.to_vec())
            .unwrap()
            .fingerprint()
            .unwrap()
    };
    let original = of(&[2], &[1, 2, 3, 4]);
    // hashlib.sha256(b'u8' + struct.pack('<3Q', 1, 2, 2) + bytes([1, 2, 3, 4]))
    assert_eq!(
        original,
        "228641471426578ba1629a84bef9271d20d159c78494b85cf67ed6c8358b113f"
    );

    let renamed = Dataset::from_bytes("b", vec![2], vec![1, 2, 3, 4]).unwrap();
    assert_eq!(renamed.fingerprint().unwrap(), original);
    assert_eq!(
        renamed
            .with_labels(vec![0, 1])
            .unwrap()
            .fingerprint()
            .unwrap(),
        original
    );

    let floats = Dataset::from_floats("a", vec![2], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let others = [
        of(&[2], &[1, 2, 3, 5]),
        of(&[2], &[1, 2, 3, 4, 5, 6]),
        of(&[1], &[1, 2, 3, 4]),
        of(&[4], &[1, 2, 3, 4]),
        of(&[1, 2], &[1, 2, 3, 4]),
        of(&[2, 1], &[1, 2, 3, 4]),
        floats.fingerprint().unwrap(),
    ];
    for (at, other) in others.iter().enumerate() {
        assert_ne!(*other, original, "{at}");
        assert!(!others[..at].contains(other), "{at}");
    }
}
