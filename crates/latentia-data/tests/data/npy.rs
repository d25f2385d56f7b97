//! NPY files; `npyz` writes those that are right.

use latentia_tensor::Rows;
use npyz::{Order, WriterBuilder};
use proptest::prelude::*;

use crate::{load_file, npy, values};

fn written<T: npyz::AutoSerialize + Copy>(shape: &[u64], order: Order, values: &[T]) -> Vec<u8> {
    let mut file = Vec::new();
    let options = npyz::WriteOptions::new()
        .default_dtype()
        .shape(shape)
        .order(order);
    let mut writer = options.writer(&mut file).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
    file
}

/// Two to four dimensions of one to four, and as many values.
fn arrays() -> impl Strategy<Value = (Vec<u64>, Vec<f32>)> {
    prop::collection::vec(1..=4_u64, 2..=4).prop_flat_map(|shape| {
        let count = shape.iter().product::<u64>() as usize;
        (Just(shape), prop::collection::vec(-1e30_f32..1e30, count))
    })
}

/// The values of an array in the order of a file whose first dimension is fastest.
fn first_fastest<T: Copy>(shape: &[u64], values: &[T]) -> Vec<T> {
    let mut out = values.to_vec();
    for (at, &value) in values.iter().enumerate() {
        let (mut rest, mut place) = (at as u64, 0);
        for (axis, &size) in shape.iter().enumerate().rev() {
            place += rest % size * shape[..axis].iter().product::<u64>();
            rest /= size;
        }
        out[place as usize] = value;
    }
    out
}

#[test]
fn files_of_numpy_are_read() {
    // numpy.save of numpy.arange(6, dtype='>f4').reshape(2, 3), and of its transpose as uint8.
    let header = "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }";
    let body: Vec<u8> = (0..6)
        .flat_map(|value| (value as f32).to_be_bytes())
        .collect();
    let padded = format!("{header}{}\n", " ".repeat(117 - header.len()));
    let loaded = load_file("a.npy", &npy(&padded, &body)).unwrap();
    assert_eq!(values(&loaded), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!((loaded.shape(), loaded.is_bytes()), ([3].as_slice(), false));

    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }";
    let loaded = load_file("a.npy", &npy(header, &[0, 1, 2, 3, 4, 5])).unwrap();
    assert_eq!(values(&loaded), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!((loaded.shape(), loaded.is_bytes()), ([2].as_slice(), true));
}

#[test]
fn versions_two_and_three_have_a_longer_header() {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }";
    for version in [2, 3] {
        let mut file = b"\x93NUMPY".to_vec();
        file.extend([version, 0]);
        file.extend((header.len() as u32).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend([8, 9]);
        assert_eq!(values(&load_file("a", &file).unwrap()), [8.0, 9.0]);
    }
}

// A parser that believed these would ask for exabytes, or multiply beyond 2^64.
#[test]
fn claims_are_not_believed() {
    for shape in [
        "(1099511627776, 8)",
        "(4294967296, 4294967296)",
        "(4294967296, 4294967296, 0)",
    ] {
        for order in ["True", "False"] {
            let header = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': {shape}}}");
            load_file("a.npy", &npy(&header, &[0; 64])).unwrap_err();
        }
    }
    load_file("a.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{").unwrap_err();
}

proptest! {
    #[test]
    fn what_is_written_is_read((shape, floats) in arrays()) {
        let doubles: Vec<f64> = floats.iter().map(|&value| value.into()).collect();
        let bytes: Vec<u8> = floats.iter().map(|&value| value.to_bits() as u8).collect();
        let from_bytes: Vec<f32> = bytes.iter().map(|&byte| byte.into()).collect();
        let example: Vec<usize> = shape[1..].iter().map(|&size| size as usize).collect();
        let files = [
            (written(&shape, Order::C, &floats), &floats),
            (written(&shape, Order::C, &doubles), &floats),
            (written(&shape, Order::C, &bytes), &from_bytes),
            (written(&shape, Order::Fortran, &first_fastest(&shape, &floats)), &floats),
            (written(&shape, Order::Fortran, &first_fastest(&shape, &doubles)), &floats),
            (written(&shape, Order::Fortran, &first_fastest(&shape, &bytes)), &from_bytes),
        ];
        for (file, expected) in files {
            let loaded = load_file("a.npy", &file).unwrap();
            prop_assert_eq!(loaded.rows() as u64, shape[0]);
            prop_assert_eq!(loaded.shape(), &example);
            prop_assert_eq!(&values(&loaded), expected);
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = load_file("a.npy", &bytes);
        let _ = load_file("a.npy", &[b"\x93NUMPY", bytes.as_slice()].concat());
        let _ = load_file("a.npy", &[b"\x93NUMPY\x01\x00", bytes.as_slice()].concat());
    }

    #[test]
    fn an_arbitrary_header_does_no_harm(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "{", "}", "(", ")", "[", ",", ":", " ", "'descr'", "'shape'", "'fortran_order'", "'<f4'", "\"|u1\"",
                "True", "False", "0", "2", "18446744073709551615", "99999999999999999999", "-1", "'", "\n",
            ]),
            0..30,
        ),
        body in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let _ = load_file("a.npy", &npy(&words.concat(), &body));
    }

    #[test]
    fn a_cut_or_longer_file_is_refused(
        (shape, floats) in arrays(),
        cut in any::<prop::sample::Index>(),
        tail in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let file = written(&shape, Order::C, &floats);
        load_file("a.npy", &file[..cut.index(file.len())]).unwrap_err();
        load_file("a.npy", &[file.as_slice(), &tail].concat()).unwrap_err();
    }

    #[test]
    fn a_flipped_bit_does_no_harm(
        (shape, floats) in arrays(),
        at in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let mut file = written(&shape, Order::C, &floats);
        *at.get_mut(&mut file) ^= 1_u8 << bit;
        if let Ok(loaded) = load_file("a.npy", &file) {
            prop_assert_eq!(loaded.rows() * loaded.cols(), floats.len());
        }
    }
}
