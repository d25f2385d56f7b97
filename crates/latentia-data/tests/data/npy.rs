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
    assert_eq!(
        (&loaded.shape()[..], loaded.is_bytes()),
        ([3].as_slice(), false)
    );

    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }";
    let loaded = load_file("a.npy", &npy(header, &[0, 1, 2, 3, 4, 5])).unwrap();
    assert_eq!(values(&loaded), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(
        (&loaded.shape()[..], loaded.is_bytes()),
        ([2].as_slice(), true)
    );
}

#[test]
fn versions_two_and_three_have_a_longer_header() {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }";
    for version in [2, 3] {
        let file = npy_of_version(version, header, &[8, 9]);
        assert_eq!(values(&load_file("a", &file).unwrap()), [8.0, 9.0]);
    }
}

/// An NPY file of that version.
fn npy_of_version(version: u8, header: &str, body: &[u8]) -> Vec<u8> {
    let length = (header.len() as u32).to_le_bytes();
    let length = if version == 1 { &length[..2] } else { &length };
    let start = [b"\x93NUMPY", &[version, 0][..], length];
    [start.concat(), header.into(), body.into()].concat()
}

#[test]
fn headers_of_python_2_are_read() {
    for header in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 1L), }",
        "{'descr': u'<f4', u'fortran_order': False, u\"shape\": (2L, 1), }",
    ] {
        let body = [1.5_f32, -2.0].map(f32::to_le_bytes).concat();
        let loaded = load_file("a.npy", &npy(header, &body)).unwrap();
        assert_eq!((values(&loaded), loaded.cols()), (vec![1.5, -2.0], 1));
    }
    for shape in ["(2LL, 1)", "(L, 1)", "(2l, 1)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}");
        load_file("a.npy", &npy(&header, &[0; 8])).unwrap_err();
    }
}

/// The bytes of `value`, little-endian, as a type of NumPy; a half has the value's upper bits.
fn element(kind: &str, value: i64) -> (Vec<u8>, f32) {
    match kind {
        "b1" => (vec![value as u8], f32::from(value as u8 != 0)),
        "i1" => (vec![value as u8], (value as i8).into()),
        "u1" => (vec![value as u8], (value as u8).into()),
        "i2" => ((value as i16).to_le_bytes().into(), (value as i16).into()),
        "u2" => ((value as u16).to_le_bytes().into(), (value as u16).into()),
        "i4" => ((value as i32).to_le_bytes().into(), value as i32 as f32),
        "u4" => ((value as u32).to_le_bytes().into(), value as u32 as f32),
        "i8" => (value.to_le_bytes().into(), value as f32),
        "u8" => ((value as u64).to_le_bytes().into(), value as u64 as f32),
        // A half's fraction has ten bits: 1024 to 2047 are the whole numbers of one exponent.
        "f2" => {
            let fraction = value as u16 & 0x3ff;
            let bits = 25 << 10 | fraction;
            (bits.to_le_bytes().into(), 1024.0 + f32::from(fraction))
        }
        "f4" => ((value as f32).to_le_bytes().into(), value as f32),
        "f8" => ((value as f64).to_le_bytes().into(), value as f64 as f32),
        _ => unreachable!("{kind}"),
    }
}

const KINDS: [&str; 12] = [
    "b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8",
];

#[test]
fn whole_numbers_that_are_rounded_are_noted() {
    let notes = |kind: &str, value: i64| {
        let header = format!("{{'descr': '<{kind}', 'fortran_order': False, 'shape': (2, 1)}}");
        let body = [element(kind, value).0, element(kind, 7).0].concat();
        load_file("a.npy", &npy(&header, &body))
            .unwrap()
            .notes()
            .join("\n")
    };
    let said = |from: i64, to: f64| {
        format!(
            "1 whole number beyond 2^24 rounded to f32, {from} to {to} first: where small differences matter, subtract what is \
             common to all before saving"
        )
    };
    for kind in ["i4", "u4", "i8", "u8", "f8"] {
        for exact in [0, 1 << 24, (1 << 24) + 2, 1 << 30] {
            assert_eq!(notes(kind, exact), "", "{kind} {exact}");
        }
        let odd = (1 << 24) + 1;
        assert_eq!(notes(kind, odd), said(odd, 16_777_216.0), "{kind}");
    }
    assert_eq!(
        notes("i8", -1_700_000_001),
        said(-1_700_000_001, -1_700_000_000.0)
    );
    assert_eq!(notes("i8", i64::MAX), said(i64::MAX, 2_f64.powi(63)));
    // What f64 rounds itself was not counted.
    assert_eq!(notes("f8", i64::MAX - (1 << 12)), "");
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
            prop_assert_eq!(&loaded.shape()[..], &example[..]);
            prop_assert_eq!(&values(&loaded), expected);
        }
    }

    #[test]
    fn every_type_is_read_in_both_orders_of_bytes(
        shape in prop::collection::vec(1..=4_u64, 2..=3),
        wanted in prop::collection::vec(any::<i64>(), 64),
        is_fortran in any::<bool>(),
        version in 1..=3_u8,
    ) {
        let count = shape.iter().product::<u64>() as usize;
        let sizes: Vec<String> = shape.iter().map(u64::to_string).collect();
        for (kind, order) in KINDS.into_iter().flat_map(|kind| [(kind, '<'), (kind, '>')]) {
            let elements = wanted[..count].iter().map(|&value| element(kind, value));
            let (mut bytes, expected): (Vec<_>, Vec<_>) = elements.unzip();
            if order == '>' {
                bytes.iter_mut().for_each(|bytes| bytes.reverse());
            }
            let order_of_bytes = if kind.ends_with('1') { '|' } else { order };
            let places: Vec<usize> = (0..count).collect();
            let places = if is_fortran { first_fastest(&shape, &places) } else { places };
            let body: Vec<u8> = places.iter().flat_map(|&at| bytes[at].clone()).collect();
            let header = format!(
                "{{'descr': '{order_of_bytes}{kind}', 'fortran_order': {}, 'shape': ({})}}",
                if is_fortran { "True" } else { "False" },
                sizes.join(", ")
            );
            let loaded = load_file("a.npy", &npy_of_version(version, &header, &body)).unwrap();
            prop_assert_eq!(loaded.shape().len() + 1, shape.len());
            prop_assert_eq!(loaded.is_bytes(), kind == "u1");
            prop_assert_eq!(values(&loaded), expected, "{} {}", kind, order);
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
