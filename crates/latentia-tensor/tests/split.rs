//! Rows held back for validation.

use latentia_tensor::split;
use proptest::prelude::*;

#[test]
fn the_same_seed_gives_the_same_rows() {
    // Held fast: a resumed run must see the same rows, whatever version of `rand` it was built with.
    assert_eq!(
        split(10, 0.3, 42),
        (vec![1, 3, 4, 5, 6, 7, 9], vec![0, 2, 8])
    );
    assert_ne!(split(1_000, 0.1, 1), split(1_000, 0.1, 2));
}

#[test]
fn sizes_are_rounded_and_leave_rows_on_both_sides() {
    #[track_caller]
    fn check(rows: usize, validation: f64, expected: (usize, usize)) {
        let (training, held_back) = split(rows, validation, 7);
        assert_eq!(
            (training.len(), held_back.len()),
            expected,
            "{rows} rows, {validation}"
        );
    }
    check(60_000, 0.1, (54_000, 6_000));
    check(10, 0.25, (7, 3));
    check(10, 0.01, (9, 1));
    check(10, 1.0, (1, 9));
    check(10, f64::INFINITY, (1, 9));
    check(2, 0.9, (1, 1));
    check(1, 0.5, (1, 0));
    check(0, 0.5, (0, 0));
    check(10, 0.0, (10, 0));
    check(10, -1.0, (10, 0));
    check(10, f64::NAN, (10, 0));
}

proptest! {
    #[test]
    fn every_row_lies_on_one_side(rows in 0..500_usize, validation in 0.0..1.0, seed in any::<u64>()) {
        let (training, held_back) = split(rows, validation, seed);
        prop_assert!(training.is_sorted() && held_back.is_sorted());
        let mut all = [training, held_back].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..rows as u32).collect::<Vec<_>>());
    }
}
