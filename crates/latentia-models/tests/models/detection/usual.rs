//! What is strange about a row, and what is not.

use latentia_models::Detector;
use latentia_tensor::Matrix;

use super::{fitted, mixed, of_numbers, of_table, points};

/// A detector of the table [`mixed`], and rows of it without gaps.
fn of_mixed() -> (Detector, Matrix) {
    let ((schema, training), (_, held_out)) = (mixed(1, 400), mixed(2, 200));
    let detector = fitted(&of_table(&schema, &training), &training, &held_out);
    let whole: Vec<usize> = (0..200)
        .filter(|&row| held_out.row(row).iter().all(|x| !x.is_nan()))
        .collect();
    (detector, super::only(&held_out, whole))
}

/// The median share of the calibrating scores that those of `rows` are above, with another value in one of their columns.
fn with(detector: &Detector, rows: &Matrix, column: usize, x: impl Fn(f32) -> f32) -> f64 {
    let mut rows = rows.clone();
    for row in rows.as_mut_slice().chunks_mut(5) {
        row[column] = x(row[column]);
    }
    let scores = detector.score(&rows).expect("rows that fit");
    let mut shares: Vec<f64> = scores
        .iter()
        .map(|&score| detector.calibration().share_below(score))
        .collect();
    shares.sort_by(f64::total_cmp);
    shares[shares.len() / 2]
}

#[test]
fn a_gap_is_strange_where_there_never_was_one_and_not_where_there_often_is() {
    let (detector, rows) = of_mixed();
    let usual = with(&detector, &rows, 0, |x| x);
    assert!((0.3..0.7).contains(&usual), "{usual}");
    // The second column is missing in a third of the rows.
    let gap = with(&detector, &rows, 1, |_| f32::NAN);
    assert!(
        (usual - 0.3..usual + 0.3).contains(&gap),
        "{usual} without, {gap} with"
    );
    for column in [0, 2, 3, 4] {
        let gap = with(&detector, &rows, column, |_| f32::NAN);
        assert!(
            gap > usual + 0.3,
            "column {column}: {usual} without, {gap} with"
        );
    }
}

#[test]
fn a_rare_level_is_stranger_than_a_frequent_one() {
    let (detector, rows) = of_mixed();
    // Of the four levels the first has 55% of the rows, the second 25%, the third 18%, the last 2%.
    let [first, second, third, last] =
        [0.0, 1.0, 2.0, 3.0].map(|level| with(&detector, &rows, 4, |_| level));
    assert!(
        first < second && second < third && third < last,
        "{first}, {second}, {third}, {last}"
    );
    assert!(last > 0.95, "{last}");
    // Three quarters are `no`.
    let [no, yes] = [0.0, 1.0].map(|level| with(&detector, &rows, 3, |_| level));
    assert!(no < yes, "{no}, {yes}");
}

#[test]
fn another_value_where_all_were_the_same_is_strange() {
    let (detector, rows) = of_mixed();
    let usual = with(&detector, &rows, 2, |x| x);
    for other in [6.0, 7.5, -7.0, 0.0, 7e6] {
        let strange = with(&detector, &rows, 2, |_| other);
        assert!(
            strange > usual + 0.2 && strange > 0.9,
            "{other}: {usual}, {strange}"
        );
    }
}

#[test]
fn a_number_is_the_stranger_the_farther_it_is_from_all_others() {
    let (detector, rows) = of_mixed();
    let away = |by: f32| with(&detector, &rows, 0, |_| 20.0 + by);
    for side in [1.0, -1.0] {
        let shares = [0.0, 5.0, 10.0, 40.0].map(|by| away(side * by));
        assert!(shares.is_sorted() && shares[3] == 1.0, "{shares:?}");
    }
}

#[test]
fn scores_do_not_depend_on_the_units_of_a_column() {
    let (training, rows) = (points(1, 200, 3), points(2, 100, 3));
    let scaled = |rows: &Matrix, by: f32| {
        let values = rows.as_slice().iter().map(|x| x * by).collect();
        Matrix::from_vec(rows.rows(), 3, values)
    };
    let scores = |by: f32| {
        let (training, rows) = (scaled(&training, by), scaled(&rows, by));
        fitted(&of_numbers(&training), &training, &rows)
            .score(&rows)
            .expect("rows that fit")
    };
    // Powers of two, so that no value is rounded: micrometres, nanometres, kilometres.
    let usual = scores(1.0);
    for power in [-20, -30, -40, 10, 40] {
        let other = scores(2f32.powi(power));
        for (x, y) in usual.iter().zip(&other) {
            assert!(
                (x - y).abs() < 1e-4 * x.abs().max(1.0),
                "units of 2^{power}: {x}, {y}"
            );
        }
    }
}

#[test]
fn a_plain_detector_scores_by_the_loss_and_holds_it_against_nothing() {
    let (training, rows) = (points(1, 60, 4), points(2, 30, 4));
    let model = of_numbers(&training);
    let plain = Detector::plain(&model);
    assert_eq!(
        plain.score(&rows).expect("rows that fit"),
        model.score(&rows).expect("rows that fit")
    );
    assert!(plain.is_plain() && plain.calibration().scores().is_empty());
    assert_eq!((plain.members(), plain.references()), (1, 0));
    let explanations = plain.explain(&rows).expect("rows that fit");
    assert_eq!(explanations.len(), 30);
}
