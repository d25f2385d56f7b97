//! What the tests of losses share.

use latentia_testing::{SIZES, assert_close, numbers};

use crate::{Matrix, MatrixMut, MatrixRef, Noise};

pub(super) type Loss = fn(MatrixRef<'_>, MatrixRef<'_>, f32, &mut [f64], Option<MatrixMut<'_>>);

/// Holds a loss with two predictions for each target, made from values in `[-1, 1)`, to its formula in f64.
pub(super) fn check_two(
    loss: Loss,
    reference: fn(f64, f64, f64) -> f64,
    first: fn(f32) -> f32,
    second: fn(f32) -> f32,
    target: fn(f32) -> f32,
) {
    for &n in &SIZES {
        let rows = 3;
        let p: Vec<f32> = numbers(1, rows * 2 * n)
            .iter()
            .enumerate()
            .map(|(i, &x)| if i % (2 * n) < n { first(x) } else { second(x) })
            .collect();
        let t: Vec<f32> = numbers(2, rows * n).into_iter().map(target).collect();
        let triple = |i: usize| {
            let (row, col) = (i / n, i % n);
            let at = 2 * n * row + col;
            [p[at], p[at + n], t[i]].map(f64::from)
        };
        let h = 1e-6;
        let mut derivatives = vec![0.0; rows * 2 * n];
        for i in 0..rows * n {
            let [a, b, t] = triple(i);
            let at = 2 * n * (i / n) + i % n;
            let derivative = |up: f64, down: f64| 0.25 * (up - down) / (2.0 * h);
            derivatives[at] = derivative(reference(a + h, b, t), reference(a - h, b, t));
            derivatives[at + n] = derivative(reference(a, b + h, t), reference(a, b - h, t));
        }

        let mut gradient = Matrix::from_vec(rows, 2 * n, vec![f32::NAN; rows * 2 * n]);
        let p = MatrixRef::new(&p, rows, 2 * n);
        let t = MatrixRef::new(&t, rows, n);
        let (mut losses, mut alone) = ([f64::NAN; 3], [f64::NAN; 3]);
        loss(p, t, 0.25, &mut losses, Some(gradient.view_mut()));
        loss(p, t, 0.25, &mut alone, None);
        assert_eq!(losses, alone);
        for (r, loss) in losses.into_iter().enumerate() {
            let terms = (r * n..(r + 1) * n).map(|i| {
                let [a, b, t] = triple(i);
                reference(a, b, t)
            });
            let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| {
                (sum + term, size + term.abs())
            });
            assert!(
                (loss - sum).abs() <= 2e-6 * size + 1e-6 * n as f64,
                "{n}: {loss} {sum}"
            );
        }
        assert_close(gradient.as_slice(), &derivatives, 3e-6);
    }
}

/// `P(0), …, P(255)` of a distribution over 8-bit values with outputs `pair`.
fn masses(loss: Loss, pair: [f32; 2]) -> Vec<f64> {
    let outputs = pair.repeat(256);
    let targets: Vec<f32> = (0..256).map(|v| v as f32 / 255.0).collect();
    let mut losses = vec![f64::NAN; 256];
    loss(
        MatrixRef::new(&outputs, 256, 2),
        MatrixRef::new(&targets, 256, 1),
        1.0,
        &mut losses,
        None,
    );
    losses.into_iter().map(|loss| (-loss).exp()).collect()
}

fn mean_of(masses: &[f64]) -> f64 {
    let terms = masses.iter().zip(0..);
    terms.map(|(p, v)| p * f64::from(v)).sum::<f64>() / 255.0
}

pub(super) fn check_masses(
    loss: Loss,
    mean: fn(MatrixRef<'_>, MatrixMut<'_>),
    parameters: &[[f32; 2]],
) {
    let n = parameters.len();
    let both = [0, 1].map(|i| parameters.iter().map(|pair| pair[i]).collect::<Vec<_>>());
    let outputs = both.concat();
    let mut means = Matrix::from_vec(1, n, vec![f32::NAN; n]);
    mean(MatrixRef::new(&outputs, 1, 2 * n), means.view_mut());
    for (&pair, &mean) in parameters.iter().zip(means.as_slice()) {
        let masses = masses(loss, pair);
        let sum: f64 = masses.iter().sum();
        assert!((sum - 1.0).abs() < 2e-6, "{pair:?}: {sum}");
        let expected = mean_of(&masses);
        assert!(
            (f64::from(mean) - expected).abs() < 2e-6,
            "{pair:?}: {mean} {expected}"
        );
    }
}

pub(super) fn check_moments(
    loss: Loss,
    draw: fn(&[f32], Noise, u32, &mut [f32]),
    parameters: &[[f32; 2]],
) {
    let n = 40_000;
    for &pair in parameters {
        let masses = masses(loss, pair);
        let outputs = pair.map(|x| vec![x; n]).concat();
        let mut drawn = vec![f32::NAN; n];
        draw(&outputs, Noise::new(1, 2), 3, &mut drawn);
        let count = n as f64;
        let mean = drawn.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let spread = |x: f64| (x - mean_of(&masses)).powi(2);
        let variance = drawn.iter().map(|&x| spread(x.into())).sum::<f64>() / count;
        let terms = masses.iter().zip(0..);
        let expected: f64 = terms.map(|(p, v)| p * spread(f64::from(v) / 255.0)).sum();
        // Four standard errors of the mean.
        let error = 4.0 * (expected / count).sqrt();
        assert!((mean - mean_of(&masses)).abs() < error, "{pair:?}: {mean}");
        assert!(
            (variance / expected - 1.0).abs() < 0.05,
            "{pair:?}: {variance} {expected}"
        );
        assert!(
            drawn
                .iter()
                .all(|x| (255.0 * x - (255.0 * x).round()).abs() < 1e-4)
        );
    }
}

/// Holds a loss to its formula in f64.
pub(super) fn check(loss: Loss, reference: fn(f64, f64) -> f64) {
    for &n in &SIZES {
        let rows = 3;
        let p: Vec<f32> = numbers(1, rows * n).iter().map(|x| 12.0 * x).collect();
        let t: Vec<f32> = numbers(2, rows * n).iter().map(|x| 0.5 + 0.5 * x).collect();
        let pair = |i: usize| (f64::from(p[i]), f64::from(t[i]));
        let row = |r: usize| -> f64 {
            (r * n..(r + 1) * n)
                .map(|i| reference(pair(i).0, pair(i).1))
                .sum()
        };
        let h = 1e-5;
        let derivatives: Vec<f64> = (0..rows * n)
            .map(|i| {
                let (p, t) = pair(i);
                0.25 * (reference(p + h, t) - reference(p - h, t)) / (2.0 * h)
            })
            .collect();

        let mut gradient = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
        let (p, t) = (MatrixRef::new(&p, rows, n), MatrixRef::new(&t, rows, n));
        let (mut losses, mut alone) = ([f64::NAN; 3], [f64::NAN; 3]);
        loss(p, t, 0.25, &mut losses, Some(gradient.view_mut()));
        loss(p, t, 0.25, &mut alone, None);
        assert_eq!(losses, alone);
        for (r, loss) in losses.into_iter().enumerate() {
            let expected = row(r);
            assert!(
                (loss - expected).abs() <= 2e-6 * expected.abs(),
                "{loss} {expected}"
            );
        }
        assert_close(gradient.as_slice(), &derivatives, 2e-6);
    }
}

/// Holds a loss to giving NaN for a prediction of NaN.
pub(super) fn check_nan(loss: Loss) {
    let (p, t) = ([0.0, f32::NAN], [0.0, 0.0]);
    let (p, t) = (MatrixRef::new(&p, 1, 2), MatrixRef::new(&t, 1, 2));
    let mut sum = [0.0];
    loss(p, t, 1.0, &mut sum, None);
    assert!(sum[0].is_nan());
}
