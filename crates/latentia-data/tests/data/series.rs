//! Tables with a row a time step.

use latentia_data::{LoadOptions, TableOptions, load_with};
use latentia_tensor::Windows;
use tempfile::TempDir;

use crate::nowhere;

/// What is said of a table of `times` and numbers, cut into windows of four rows, whose column `at` says them where `is_said`.
fn said(times: impl IntoIterator<Item = String>, is_said: bool) -> Result<Vec<String>, String> {
    let rows = times.into_iter().enumerate();
    let rows = rows.map(|(row, time)| format!("{time},{}.5\n", row % 7));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, format!("at,x\n{}", rows.collect::<String>())).unwrap();
    let windows = Windows {
        length: 4,
        stride: 1,
        schema: None,
    };
    let table = TableOptions {
        id: is_said.then(|| "at".into()),
        ..TableOptions::default()
    };
    let options = LoadOptions {
        windows: Some(windows),
        table,
        ..LoadOptions::default()
    };
    let loaded = load_with(path.to_str().unwrap(), &nowhere(), &options);
    let loaded =
        loaded.map_err(|error| error.to_string().replace(path.to_str().unwrap(), "a.csv"))?;
    Ok(loaded.train.notes().to_vec())
}

/// Hours from midnight on.
fn hours(hours: impl IntoIterator<Item = u32>) -> impl Iterator<Item = String> {
    let mut hours = hours.into_iter();
    std::iter::from_fn(move || {
        let hour = hours.next()?;
        Some(format!(
            "2024-05-{:02}T{:02}:00:00",
            1 + hour / 24,
            hour % 24
        ))
    })
}

#[test]
fn of_regular_times_nothing_is_said() {
    let none = Ok(Vec::new());
    assert_eq!(said(hours(0..300), true), none);
    assert_eq!(said((0..300).map(|i| (10 * i).to_string()), true), none);
    // Months are no more than months.
    let months = (0..48).map(|i| format!("{}-{:02}-01", 2020 + i / 12, 1 + i % 12));
    assert_eq!(said(months, true), none);
    // Names are no times.
    assert_eq!(said((0..300).rev().map(|i| format!("row {i}")), true), none);
}

#[test]
fn a_gap_is_told_with_the_row_behind_it() {
    let expected = "2 of 249 steps of `at` are longer than 1 h, the longest 2.125 days, to line 202: windows go across them";
    let gap = hours((0..100).chain(103..203).chain(253..303));
    assert_eq!(said(gap, true), Ok(vec![expected.into()]));
    let numbers = (0..50)
        .chain(60..100)
        .map(|i| format!("{}", 0.1 * f64::from(i)));
    let expected =
        "a step of `at` is of 1.1 where others are of 0.1, to line 52: windows go across it";
    assert_eq!(said(numbers, true), Ok(vec![expected.into()]));
}

#[test]
fn rows_in_no_order_of_their_times_are_refused() {
    let shuffled = said(hours((0..300).map(|i| i * 7 % 300)), true).unwrap_err();
    let expected = "`a.csv`: line 45, column `at`: found a time before that of the row above, expected the rows of a series in the order of \
                    their times (6 such in all)";
    assert_eq!(shuffled, expected);
    // Numbers may be names.
    let numbers = said((0..300).map(|i| (i * 7 % 300).to_string()), true).unwrap();
    assert_eq!(
        numbers,
        ["`at` goes back in 6 rows, first in line 45: windows are of rows as they stand"]
    );
}

#[test]
fn a_clock_that_is_set_back_is_told() {
    let notes = said(hours((0..150).chain(149..300)), true).unwrap();
    assert_eq!(notes, ["`at` is that of the row above in 1 row"]);
    let notes = said(hours((0..150).chain(148..300)), true).unwrap();
    assert_eq!(
        notes,
        ["`at` goes back in 1 row, first in line 152: windows are of rows as they stand"]
    );
}

#[test]
fn what_is_no_time_is_told() {
    let notes = said(hours(0..300).chain(["soon".into()]), true).unwrap();
    assert_eq!(
        notes,
        ["`at` is no time in line 302, as it is before: its order and gaps are not looked at"]
    );
}

#[test]
fn dates_of_a_series_that_are_learned_from_are_told() {
    let hint = "`at` looks like the time of a row: it is learned from like the others until it is said to be that";
    let notes = said(hours((0..300).rev()), false).unwrap();
    assert_eq!(
        notes,
        [
            "dates: `at` as `%Y-%m-%dT%H:%M:%S`",
            hint,
            "`at` goes back in 299 rows, first in line 3: windows are of rows as they stand",
        ]
    );
}
