//! IDX files.

use latentia_tensor::Rows;
use proptest::prelude::*;

use crate::{gzip, idx, load_file, values};

/// One to three dimensions of one to five, and as many values.
fn arrays() -> impl Strategy<Value = (Vec<u32>, Vec<u8>)> {
    prop::collection::vec(1..=5_u32, 1..=3).prop_flat_map(|sizes| {
        let count = sizes.iter().product::<u32>() as usize;
        (Just(sizes), prop::collection::vec(any::<u8>(), count))
    })
}

#[test]
fn a_file_of_one_dimension_holds_single_values() {
    let loaded = load_file("labels-idx1-ubyte", &idx(&[3], &[5, 0, 4])).unwrap();
    assert_eq!((loaded.rows(), &loaded.shape()[..]), (3, [1].as_slice()));
    assert_eq!(loaded.range(), (0.0, 5.0));
}

#[test]
fn the_format_follows_from_the_name_or_the_first_bytes() {
    let plain = idx(&[2, 2], &[1, 2, 3, 4]);
    let gzip = gzip(&plain);
    for name in [
        "a.idx",
        "a.idx.gz",
        "a-idx2-ubyte",
        "a-idx2-ubyte.gz",
        "a.gz",
        "A.IDX",
        "a",
    ] {
        for content in [&plain, &gzip] {
            assert_eq!(
                values(&load_file(name, content).unwrap()),
                [1.0, 2.0, 3.0, 4.0],
                "{name}"
            );
        }
    }
}

// A parser that believed these would ask for exabytes.
#[test]
fn claims_are_not_believed() {
    let claims = [
        vec![u32::MAX],
        vec![u32::MAX, u32::MAX],
        vec![u32::MAX, u32::MAX, u32::MAX],
        vec![u32::MAX; 255],
    ];
    for sizes in claims {
        let file = idx(&sizes, &[7; 100]);
        load_file("a.idx", &file).unwrap_err();
        load_file("a.idx.gz", &gzip(&file)).unwrap_err();
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read((sizes, bytes) in arrays()) {
        let file = idx(&sizes, &bytes);
        let expected: Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();
        for file in [gzip(&file), file] {
            let loaded = load_file("a.idx", &file).unwrap();
            prop_assert!(loaded.is_bytes());
            prop_assert_eq!(loaded.rows(), sizes[0] as usize);
            prop_assert_eq!(&values(&loaded), &expected);
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = load_file("a.idx", &bytes);
        let _ = load_file("a", &bytes);
        let _ = load_file("a.gz", &[b"\x1f\x8b\x08", bytes.as_slice()].concat());
        let _ = load_file("a.idx.gz", &gzip(&bytes));
    }

    #[test]
    fn a_header_holds_only_for_as_many_values(
        sizes in prop::collection::vec(0..5_u32, 0..4),
        bytes in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        let claim = sizes.iter().product::<u32>() as usize;
        let fits = !sizes.is_empty() && claim > 0 && claim == bytes.len();
        prop_assert_eq!(load_file("a.idx", &idx(&sizes, &bytes)).is_ok(), fits);
    }

    #[test]
    fn a_cut_or_longer_file_is_refused(
        (sizes, bytes) in arrays(),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let plain = idx(&sizes, &bytes);
        for file in [gzip(&plain), plain] {
            load_file("a.idx", &file[..cut.index(file.len())]).unwrap_err();
            load_file("a.idx", &[file.as_slice(), &tail].concat()).unwrap_err();
        }
    }

    // A plain file has no checksum: other values are as good.
    #[test]
    fn a_flipped_bit_is_noticed_or_does_not_matter(
        (sizes, bytes) in arrays(),
        at in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let mut plain = idx(&sizes, &bytes);
        let mut packed = gzip(&plain);
        let original = load_file("a.idx", &plain).unwrap();
        *at.get_mut(&mut packed) ^= 1_u8 << bit;
        if let Ok(loaded) = load_file("a.idx", &packed) {
            prop_assert_eq!(loaded.fingerprint().unwrap(), original.fingerprint().unwrap());
        }
        *at.get_mut(&mut plain) ^= 1_u8 << bit;
        if let Ok(loaded) = load_file("a.idx", &plain) {
            prop_assert_eq!(loaded.rows() * loaded.cols(), bytes.len());
        }
    }
}
