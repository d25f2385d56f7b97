//! Columns against slow formulas in f64.

use std::f64::consts::PI;

use latentia_testing::{assert_close, assert_gradient, numbers, reference, wide};

use super::super::{gaussian_learned_scale, squared_error};
use super::*;
use crate::Matrix;

const NUMBER: ElementKind = ElementKind::Number;
const BOOLEAN: ElementKind = ElementKind::Boolean;

fn category(levels: usize) -> ElementKind {
    ElementKind::Category { levels }
}

/// Tables that have each kind alone, many of one, and one beside the other.
fn tables() -> [Vec<ElementKind>; 7] {
    [
        vec![NUMBER],
        vec![BOOLEAN],
        vec![category(3)],
        vec![category(1), category(2)],
        vec![NUMBER, category(4), NUMBER, BOOLEAN, category(40), NUMBER],
        [vec![NUMBER; 37], vec![BOOLEAN; 35], vec![NUMBER; 2]].concat(),
        vec![NUMBER; 70],
    ]
}

/// Targets of `rows` rows; each third element or so is missing, or a level that there is not.
fn targets(kinds: &[ElementKind], rows: usize, gaps: bool) -> Vec<f32> {
    let x = numbers(2, rows * kinds.len());
    let target = |(i, x): (usize, f32)| {
        let level = |levels: usize| (0.5 * (x + 1.0) * levels as f32).floor();
        let value = match kinds[i % kinds.len()] {
            ElementKind::Number => return 3.0 * x,
            ElementKind::Boolean => level(2),
            ElementKind::Category { levels } => level(levels),
        };
        match i % 11 {
            3 if gaps => -1.0,
            7 if gaps => 1e9,
            _ => value,
        }
    };
    let mut t: Vec<f32> = x.into_iter().enumerate().map(target).collect();
    if gaps {
        t.iter_mut().step_by(4).for_each(|t| *t = f32::NAN);
    }
    t
}

/// The parts of the loss of a row of outputs `o` and targets `t`.
fn parts(kinds: &[ElementKind], learned_scale: bool, o: &[f64], t: &[f64]) -> Vec<f64> {
    let width = kinds.iter().map(|kind| kind.width()).sum();
    let (mut rest, scales) = o.split_at(width);
    let mut scales = scales.iter();
    let part = |(kind, &t): (&ElementKind, &f64)| {
        let own;
        (own, rest) = rest.split_at(kind.width());
        match kind {
            ElementKind::Number => {
                let bounded = |s: &f64| (s + 6.0).exp().ln_1p() - 6.0;
                let s = match learned_scale {
                    true => scales.next().map(bounded).expect("a scale"),
                    false => 0.0,
                };
                match t.is_nan() {
                    true => 0.0,
                    false => 0.5 * ((own[0] - t) / s.exp()).powi(2) + s + 0.5 * (2.0 * PI).ln(),
                }
            }
            ElementKind::Boolean if t == 1.0 => -reference::sigmoid(own[0]).ln(),
            ElementKind::Boolean if t == 0.0 => -reference::sigmoid(-own[0]).ln(),
            ElementKind::Category { levels } if (0..*levels).any(|level| t == level as f64) => {
                own.iter().map(|o| o.exp()).sum::<f64>().ln() - own[t as usize]
            }
            ElementKind::Boolean | ElementKind::Category { .. } => 0.0,
        }
    };
    kinds.iter().zip(t).map(part).collect()
}

/// What `columns` makes of outputs `o` and targets `t`: losses, and their gradient.
fn compute(columns: &Columns, o: &Matrix, t: &Matrix, scale: f32) -> (Vec<f64>, Matrix) {
    let unset = vec![f32::NAN; o.as_slice().len()];
    let mut gradient = Matrix::from_vec(o.rows(), o.cols(), unset);
    let (mut losses, mut alone) = (vec![f64::NAN; o.rows()], vec![f64::NAN; o.rows()]);
    let out = Some(gradient.view_mut());
    columns.compute(o.view(), t.view(), scale, &mut losses, out);
    columns.compute(o.view(), t.view(), scale, &mut alone, None);
    // Bits, for a NaN is not equal to itself.
    let bits = |losses: &[f64]| losses.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&losses), bits(&alone));
    (losses, gradient)
}

/// Outputs of `rows` rows of `n` elements.
fn outputs(columns: &Columns, rows: usize, n: usize, scale: f32) -> Matrix {
    let width = columns.outputs(n);
    let o = numbers(1, rows * width).into_iter().map(|x| scale * x);
    Matrix::from_vec(rows, width, o.collect())
}

#[test]
fn losses_parts_and_gradients_match_f64() {
    let rows = 3;
    let both = [false, true];
    let cases = both
        .into_iter()
        .flat_map(|learned| both.map(|gaps| (learned, gaps)));
    for (kinds, (learned, gaps)) in tables()
        .into_iter()
        .flat_map(|kinds| cases.clone().map(move |case| (kinds.clone(), case)))
    {
        let n = kinds.len();
        let columns = Columns::new(kinds.clone(), learned);
        let o = outputs(&columns, rows, n, 4.0);
        let t = Matrix::from_vec(rows, n, targets(&kinds, rows, gaps));
        let (losses, gradient) = compute(&columns, &o, &t, 0.25);
        let mut own = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
        columns.column_losses(o.view(), t.view(), own.view_mut());
        for (row, loss) in losses.into_iter().enumerate() {
            let (o, t) = (wide(o.row(row)), wide(t.row(row)));
            let expected = parts(&kinds, learned, &o, &t);
            assert_close(own.row(row), &expected, 2e-6);
            let (sum, size) = expected.iter().fold((0.0, 0.0), |(sum, size), part: &f64| {
                (sum + part, size + part.abs())
            });
            assert!((loss - sum).abs() <= 2e-6 * size, "{kinds:?}: {loss} {sum}");
            let sum: f64 = own.row(row).iter().map(|&part| f64::from(part)).sum();
            assert!((loss - sum).abs() <= 2e-6 * size, "{kinds:?}: {loss} {sum}");
            let value = |o: &[f64]| 0.25 * parts(&kinds, learned, o, &t).iter().sum::<f64>();
            assert_gradient(gradient.row(row), &o, 60, 5e-6, value);
        }
    }
}

#[test]
fn what_is_missing_has_no_loss_and_no_gradient() {
    let kinds = vec![NUMBER, BOOLEAN, category(3)];
    let absurd = [f32::NAN, -1.0, 3.0, 1e9, f32::INFINITY, f32::NEG_INFINITY];
    for (learned, t) in [false, true]
        .into_iter()
        .flat_map(|l| absurd.map(|t| (l, t)))
    {
        let columns = Columns::new(kinds.clone(), learned);
        let o = outputs(&columns, 1, 3, 2.0);
        let t = Matrix::from_vec(1, 3, vec![f32::NAN, t, t]);
        let (losses, gradient) = compute(&columns, &o, &t, 1.0);
        assert_eq!(losses, [0.0]);
        assert!(
            gradient.as_slice().iter().all(|&g| g == 0.0),
            "{gradient:?}"
        );
    }
}

#[test]
fn numbers_need_not_be_counted_and_are_gaussian() {
    let (rows, n) = (2, 40);
    for learned in [false, true] {
        let columns = Columns::of_numbers(learned);
        let counted = Columns::new(vec![NUMBER; n], learned);
        assert_eq!(columns.outputs(n), counted.outputs(n));
        assert_eq!(columns.ranges(n), counted.ranges(n));
        let o = outputs(&columns, rows, n, 2.0);
        for gaps in [false, true] {
            let t = Matrix::from_vec(rows, n, targets(counted.kinds(), rows, gaps));
            let result = compute(&columns, &o, &t, 0.5);
            assert_eq!(result, compute(&counted, &o, &t, 0.5));
            let mut expected = vec![f64::NAN; rows];
            match (learned, gaps) {
                (true, false) => {
                    gaussian_learned_scale(o.view(), t.view(), 0.5, &mut expected, None);
                    assert_eq!(result.0, expected);
                }
                (false, false) => {
                    squared_error(o.view(), t.view(), 0.5, &mut expected, None);
                    for (loss, squares) in result.0.iter().zip(expected) {
                        let expected = 0.5 * squares + 0.5 * n as f64 * (2.0 * PI).ln();
                        assert!(
                            (loss - expected).abs() < 1e-6 * expected,
                            "{loss} {expected}"
                        );
                    }
                }
                (_, true) => {}
            }
        }
        let (mut mean, mut other) = (Matrix::zeros(rows, n), Matrix::zeros(rows, n));
        columns.sample(o.view(), Noise::new(1, 2), 3, mean.view_mut());
        counted.sample(o.view(), Noise::new(1, 2), 3, other.view_mut());
        assert_eq!(mean, other);
        columns.mean(o.view(), mean.view_mut());
        columns.expected(o.view(), other.view_mut());
        assert_eq!(mean, other);
        assert_eq!(mean.view().span()[..n], o.row(0)[..n]);
    }
}

#[test]
fn logits_of_any_size_have_a_loss_that_is_exact_and_finite() {
    let columns = Columns::new(vec![category(3), BOOLEAN], false);
    let check = |o: [f32; 4], t: [f32; 2], expected: [f64; 2]| {
        let o = Matrix::from_vec(1, 4, o.to_vec());
        let t = Matrix::from_vec(1, 2, t.to_vec());
        let (losses, gradient) = compute(&columns, &o, &t, 1.0);
        assert!(
            gradient.as_slice().iter().all(|g| g.is_finite()),
            "{gradient:?}"
        );
        let sum = expected.iter().sum::<f64>();
        assert!(
            (losses[0] - sum).abs() <= 2e-6 * sum,
            "{losses:?} {expected:?}"
        );
    };
    // -ln p of what is all but certain, and of what is all but impossible.
    let small = (-20f64).exp();
    check([20.0, 0.0, 0.0, 20.0], [0.0, 1.0], [2.0 * small, small]);
    check([0.0, 300.0, 0.0, -300.0], [2.0, 1.0], [300.0, 300.0]);
    let most = f64::from(f32::MAX);
    check(
        [f32::MAX, f32::MIN, 0.0, f32::MAX],
        [1.0, 0.0],
        [2.0 * most, most],
    );
    // A NaN must show, not vanish.
    for at in 0..4 {
        let mut o = Matrix::zeros(1, 4);
        o.as_mut_slice()[at] = f32::NAN;
        assert!(compute(&columns, &o, &Matrix::zeros(1, 2), 1.0).0[0].is_nan());
    }
}

#[test]
fn encoded_elements_are_in_their_places() {
    let kinds = vec![category(3), NUMBER, BOOLEAN, category(2)];
    let columns = Columns::new(kinds, true);
    assert_eq!((columns.encoded_width(4), columns.outputs(4)), (7, 8));
    assert_eq!(columns.ranges(4), [0..3, 3..4, 4..5, 5..7]);
    let nan = f32::NAN;
    let t = Matrix::from_vec(2, 4, vec![2.0, 0.5, 1.0, 0.0, nan, nan, nan, 2.0]);
    let mut encoded = Matrix::zeros(2, 7);
    columns.one_hot(t.view(), encoded.view_mut());
    assert_eq!(encoded.row(0), [0.0, 0.0, 1.0, 0.5, 1.0, 1.0, 0.0]);
    assert!(encoded.row(1).iter().all(|x| x.is_nan()));

    let o = vec![1.0, 3.0, 3.0, -0.7, 0.4, 500.0, 0.0, -1.0];
    let o = Matrix::from_vec(1, 8, o);
    let mut expected = Matrix::from_vec(1, 7, vec![nan; 7]);
    columns.expected(o.view(), expected.view_mut());
    let p = expected.row(0);
    assert_eq!([p[3], p[5], p[6]], [-0.7, 1.0, 0.0]);
    assert_close(&p[4..5], &[reference::sigmoid(f64::from(0.4f32))], 1e-6);
    let sum = 1f64.exp() + 2.0 * 3f64.exp();
    let softmax = [1f64, 3.0, 3.0].map(|o| o.exp() / sum);
    assert_close(&p[..3], &softmax, 1e-6);
    // The likelier value, of equal ones the first.
    let mut mean = Matrix::from_vec(1, 4, vec![nan; 4]);
    columns.mean(o.view(), mean.view_mut());
    assert_eq!(mean.row(0), [1.0, -0.7, 1.0, 0.0]);
    columns.mean(Matrix::zeros(1, 8).view(), mean.view_mut());
    assert_eq!(mean.row(0), [0.0; 4]);
}

#[test]
fn draws_have_the_shares_and_moments_of_their_distribution() {
    let rows = 40_000;
    let columns = Columns::new(vec![category(3), NUMBER, BOOLEAN, NUMBER], true);
    let row = [0.5f32, -1.0, 1.5, 2.0, -0.8, -3.0, -1.0, 0.5];
    let o = Matrix::from_vec(rows, 8, row.repeat(rows));
    let mut out = Matrix::from_vec(rows, 4, vec![f32::NAN; rows * 4]);
    columns.sample(o.view(), Noise::new(1, 2), 5, out.view_mut());
    // A row's draws do not depend on the others.
    let mut last = Matrix::zeros(1, 4);
    columns.sample(o.top(1), Noise::new(1, 2), 4 + rows as u32, last.view_mut());
    assert_eq!(last.row(0), out.row(rows - 1));
    let mut expected = Matrix::zeros(1, 6);
    columns.expected(o.top(1), expected.view_mut());
    let mean =
        |f: &dyn Fn(&[f32]) -> f64| (0..rows).map(|r| f(out.row(r))).sum::<f64>() / rows as f64;
    let near = |seen: f64, expected: f64, deviation: f64| {
        let error = 4.0 * deviation / (rows as f64).sqrt();
        assert!((seen - expected).abs() < error, "{seen} {expected}");
    };
    let shares = (0..3u8).map(|level| (0, f32::from(level), usize::from(level)));
    for (element, value, at) in shares.chain([(2, 1.0, 4)]) {
        let p = f64::from(expected.row(0)[at]);
        let seen = mean(&|row| f64::from(u8::from(row[element] == value)));
        near(seen, p, (p * (1.0 - p)).sqrt());
    }
    for (element, middle, s) in [(1, 2.0, -1.0f64), (3, -3.0, 0.5)] {
        let sigma = ((s + 6.0).exp().ln_1p() - 6.0).exp();
        near(mean(&|row| row[element].into()), middle, sigma);
        let square = |row: &[f32]| (f64::from(row[element]) - middle).powi(2);
        near(mean(&square), sigma * sigma, 2f64.sqrt() * sigma * sigma);
    }
}
