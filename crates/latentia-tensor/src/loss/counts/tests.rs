use latentia_testing::{SIZES, assert_close, assert_gradient, numbers, wide};

use super::*;
use crate::{Matrix, Noise};

/// `ln Γ(x + a) - ln Γ(a)` for a whole `x`.
fn rising(a: f64, x: f64) -> f64 {
    (0..x as i64).map(|i| (a + i as f64).ln()).sum()
}

fn poisson(mean: f64, x: f64, _: [f64; 2]) -> f64 {
    mean - x * mean.ln() + rising(1.0, x)
}

fn negative_binomial(mean: f64, x: f64, [s, _]: [f64; 2]) -> f64 {
    let theta = (12.0 * (s / 12.0).tanh()).exp();
    let none = theta * (theta / (theta + mean)).ln();
    rising(1.0, x) - rising(theta, x) - none - x * (mean / (theta + mean)).ln()
}

fn zero_inflated(mean: f64, x: f64, [z, s]: [f64; 2]) -> f64 {
    let p = 1.0 / (1.0 + (-z).exp());
    let other = (1.0 - p) * (-negative_binomial(mean, x, [s, 0.0])).exp();
    -(other + if x == 0.0 { p } else { 0.0 }).ln()
}

/// The loss of a row: the means are the library's share of a softmax.
fn row<D: CountDistribution>(
    reference: fn(f64, f64, [f64; 2]) -> f64,
    o: &[f64],
    x: &[f32],
) -> f64 {
    let n = x.len();
    let library: f64 = wide(x).iter().sum();
    let all: f64 = o[..n].iter().map(|o| o.exp()).sum();
    let each = (0..n).map(|i| {
        let own = |at: usize| {
            if at <= D::PARAMETERS {
                o[at * n + i]
            } else {
                0.0
            }
        };
        reference(library * o[i].exp() / all, x[i].into(), [own(1), own(2)])
    });
    if library > 0.0 { each.sum() } else { 0.0 }
}

/// Counts of which most are small and some large; the third row has none.
fn counts(rows: usize, n: usize) -> Vec<f32> {
    let mut x = numbers(2, rows * n);
    for (i, x) in x.iter_mut().enumerate() {
        *x = (4.0 * (1.0 + *x).powi(4)).floor() * f32::from(i / n.max(1) != 2);
    }
    x
}

fn check<D: CountDistribution>(reference: fn(f64, f64, [f64; 2]) -> f64) {
    for &n in &SIZES[1..] {
        let (rows, width) = (3, outputs::<D>(n));
        let o: Vec<f32> = numbers(1, rows * width).iter().map(|x| 4.0 * x).collect();
        let x = counts(rows, n);
        let (p, t) = (MatrixRef::new(&o, rows, width), MatrixRef::new(&x, rows, n));
        let mut gradient = Matrix::from_vec(rows, width, vec![f32::NAN; rows * width]);
        let (mut losses, mut alone) = ([f64::NAN; 3], [f64::NAN; 3]);
        loss::<D>(p, t, 0.25, &mut losses, Some(gradient.view_mut()));
        loss::<D>(p, t, 0.25, &mut alone, None);
        assert_eq!(losses, alone);
        let mut elements = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
        element_losses::<D>(p, t, elements.view_mut());
        for (r, obtained) in losses.iter().enumerate() {
            let (o, x) = (wide(p.row(r)), t.row(r));
            let expected = row::<D>(reference, &o, x);
            assert!(
                (obtained - expected).abs() < 1e-8 * expected.abs().max(1.0),
                "{n}: {obtained} {expected}"
            );
            let sum: f64 = wide(elements.row(r)).iter().sum();
            assert_close(&[sum as f32], &[expected], 1e-6);
            assert_gradient(gradient.row(r), &o, 24, 3e-6, |o| {
                0.25 * row::<D>(reference, o, x)
            });
        }
    }
}

#[test]
fn losses_and_gradients_match_f64() {
    check::<Poisson>(poisson);
    check::<NegativeBinomial>(negative_binomial);
    check::<ZeroInflated>(zero_inflated);
}

/// Masses, their mean and their variance, for a mean that the library gives.
fn moments<D: CountDistribution>(mean: f64, parameters: [f32; 2]) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for x in 0..20_000 {
        let x = f64::from(x);
        let p = (-D::loss(mean.ln(), x, parameters).0).exp();
        for (sum, power) in sums.iter_mut().zip([1.0, x, x * x]) {
            *sum += p * power;
        }
    }
    [sums[0], sums[1], sums[2] - sums[1] * sums[1]]
}

fn check_moments<D: CountDistribution>(parameters: &[[f32; 2]]) {
    for &own in parameters {
        for mean in [0.02, 0.7, 6.0, 150.0] {
            let [masses, expected, variance] = moments::<D>(mean, own);
            assert!((masses - 1.0).abs() < 1e-8, "{own:?}, {mean}: {masses}");
            let given = D::mean(mean, own);
            assert!((given / expected - 1.0).abs() < 1e-6, "{given} {expected}");
            let (n, mut rng) = (40_000, Noise::new(1, 2).row(3));
            let draws: Vec<f64> = (0..n).map(|_| D::draw(mean, own, &mut rng)).collect();
            assert!(draws.iter().all(|x| x.fract() == 0.0 && *x >= 0.0));
            let n = f64::from(n);
            let drawn = draws.iter().sum::<f64>() / n;
            // Four standard errors of the mean.
            let error = 4.0 * (variance / n).sqrt();
            assert!((drawn - expected).abs() < error, "{own:?}, {mean}: {drawn}");
            let spread = draws.iter().map(|x| (x - drawn).powi(2)).sum::<f64>() / n;
            assert!(
                (spread / variance - 1.0).abs() < 0.2,
                "{own:?}, {mean}: {spread} {variance}"
            );
        }
    }
}

#[test]
fn masses_add_up_to_one_and_draws_have_their_moments() {
    check_moments::<Poisson>(&[[0.0; 2]]);
    check_moments::<NegativeBinomial>(&[[0.0; 2], [2.5, 0.0], [20.0, 0.0]]);
    check_moments::<ZeroInflated>(&[[0.5, 0.0], [-2.0, 1.5]]);
}

/// Outputs of one row: equal logits, the same parameters for each element, and the statistics.
fn outputs_of<D: CountDistribution>(n: usize, parameters: [f32; 2], library: [f32; 2]) -> Vec<f32> {
    let mut outputs = vec![0.5; n];
    for own in &parameters[..D::PARAMETERS] {
        outputs.extend(vec![*own; n]);
    }
    outputs.extend(library);
    outputs
}

fn check_libraries<D: CountDistribution>(parameters: [f32; 2]) {
    let n = 500;
    let o = outputs_of::<D>(n, parameters, [6.0, 0.3]);
    let one = |library: f64| D::mean(library / n as f64, parameters);
    let o = MatrixRef::new(&o, 1, o.len());
    let mut mean = Matrix::zeros(1, n);
    means::<D>(o, mean.view_mut());
    assert_close(mean.as_slice(), &vec![one(6.0f64.exp()); n], 1e-6);
    let example = Matrix::from_vec(1, n, vec![3.0; n]);
    means_of::<D>(o, example.view(), mean.view_mut());
    assert_close(mean.as_slice(), &vec![one(3.0 * n as f64); n], 1e-6);

    // A library of its own for each row: the mean of a log-normal distribution.
    let (mut sum, mut out) = (0.0, vec![f32::NAN; n]);
    for row in 0..2000 {
        draw::<D>(o.row(0), Noise::new(4, 5), row, &mut out);
        sum += wide(&out).iter().sum::<f64>() / 2000.0;
    }
    let expected = n as f64 * one((6.0f64 + 0.045).exp());
    assert!((sum / expected - 1.0).abs() < 0.04, "{sum} {expected}");
}

#[test]
fn means_and_draws_have_the_library_of_an_example_or_that_of_the_statistics() {
    check_libraries::<Poisson>([0.0; 2]);
    check_libraries::<NegativeBinomial>([1.0, 0.0]);
    check_libraries::<ZeroInflated>([0.5, 1.0]);
}

fn check_extremes<D: CountDistribution>() {
    let ends = [f32::MIN, -30.0, 0.0, 30.0, f32::MAX];
    for a in ends {
        for b in ends {
            let mut o = vec![a, 0.0];
            for _ in 0..D::PARAMETERS {
                o.extend([b, a]);
            }
            o.extend([0.0; 2]);
            for x in [[0.0, 0.0], [0.0, 1.0], [LARGEST, 3.0]] {
                let (mut gradient, mut loss_of) = (vec![f32::NAN; o.len()], [f64::NAN]);
                let width = o.len();
                let p = MatrixRef::new(&o, 1, width);
                let own = MatrixMut::new(&mut gradient, 1, width);
                loss::<D>(p, MatrixRef::new(&x, 1, 2), 1.0, &mut loss_of, Some(own));
                assert!(
                    loss_of[0].is_finite() && loss_of[0] > -1e-6,
                    "{o:?} {x:?} {loss_of:?}"
                );
                assert!(
                    gradient.iter().all(|x| x.is_finite()),
                    "{o:?} {x:?} {gradient:?}"
                );
            }
        }
    }
}

#[test]
fn losses_are_finite_for_every_finite_output() {
    check_extremes::<Poisson>();
    check_extremes::<NegativeBinomial>();
    check_extremes::<ZeroInflated>();
}
