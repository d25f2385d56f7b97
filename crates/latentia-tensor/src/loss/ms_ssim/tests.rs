use latentia_testing::reference::sigmoid;
use latentia_testing::{assert_close, assert_gradient, numbers, wide};

use super::*;
use crate::{Axes, ExampleShape, Matrix, math};

/// The exponents of Wang et al. 2003.
const EXPONENTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];

fn picture(sizes: &[usize], axes: Axes) -> Picture {
    let shape = ExampleShape::new(sizes.to_vec(), axes).expect("as many dimensions");
    shape.picture().expect("a picture")
}

/// Grey, colour, channels first and last; smaller than the window, odd sides, up to three scales.
fn pictures() -> Vec<Picture> {
    vec![
        picture(&[3, 5], Axes::Nhw),
        picture(&[8, 8], Axes::Nhw),
        picture(&[11, 11], Axes::Nhw),
        picture(&[28, 28], Axes::Nhw),
        picture(&[32, 32, 3], Axes::Nhwc),
        picture(&[2, 23, 31], Axes::Nchw),
        picture(&[45, 53], Axes::Nhw),
    ]
}

/// What two channels of `[height, width]` lack of MS-SSIM 1, by its formula: sums over each window, both ways at once.
fn lacking(x: &[f64], y: &[f64], [height, width]: [usize; 2]) -> f64 {
    let side = height.min(width).min(11);
    let side = side - (side + 1) % 2;
    let weight = |i: usize| (-(i as f64 - (side / 2) as f64).powi(2) / (2.0 * 1.5 * 1.5)).exp();
    let total: f64 = (0..side).map(weight).sum::<f64>().powi(2);
    let count = (0..5)
        .filter(|&j| j == 0 || height.min(width) >> j >= 11)
        .count();
    let exponents: f64 = EXPONENTS[..count].iter().sum();
    let (mut x, mut y, mut sides) = (x.to_vec(), y.to_vec(), [height, width]);
    let mut product = 1.0;
    for (j, exponent) in EXPONENTS[..count].iter().enumerate() {
        let [height, width] = sides;
        let (mut sum, mut windows) = (0.0, 0.0);
        for top in 0..=height - side {
            for left in 0..=width - side {
                let mean = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                    let pixels = (0..side * side).map(|i| (i / side, i % side));
                    let own = pixels.map(|(r, c)| {
                        let at = (top + r) * width + left + c;
                        weight(r) * weight(c) / total * f(x[at], y[at])
                    });
                    own.sum()
                };
                let (mx, my) = (mean(&|x, _| x), mean(&|_, y| y));
                let vx = mean(&|x, _| (x - mx).powi(2));
                let vy = mean(&|_, y| (y - my).powi(2));
                let both = mean(&|x, y| (x - mx) * (y - my));
                let l = (2.0 * mx * my + 1e-4) / (mx * mx + my * my + 1e-4);
                let cs = (2.0 * both + 9e-4) / (vx + vy + 9e-4);
                sum += if j + 1 == count { l * cs } else { cs };
                windows += 1.0;
            }
        }
        product *= (sum / windows).max(LEAST_MEAN).powf(exponent / exponents);
        let half = [height / 2, width / 2];
        for map in [&mut x, &mut y] {
            let pixels = (0..half[0] * half[1]).map(|i| (2 * (i / half[1]), 2 * (i % half[1])));
            let means = pixels.map(|(r, c)| {
                let at = r * width + c;
                (map[at] + map[at + 1] + map[at + width] + map[at + width + 1]) / 4.0
            });
            *map = means.collect();
        }
        sides = half;
    }
    1.0 - product
}

/// The loss of a picture in f64.
fn reference(picture: Picture, o: &[f64], t: &[f64]) -> f64 {
    let [channels, height, width] = picture.feature_maps();
    let y: Vec<f64> = o.iter().map(|&o| sigmoid(o)).collect();
    let channel = |all: &[f64], channel: usize| -> Vec<f64> {
        let pixels = 0..height * width;
        match picture.channels_last {
            true => pixels.map(|i| all[i * channels + channel]).collect(),
            false => all[channel * height * width..][pixels].to_vec(),
        }
    };
    let each = (0..channels).map(|c| lacking(&channel(t, c), &channel(&y, c), [height, width]));
    let errors = t.iter().zip(&y).map(|(t, y)| (t - y).abs());
    0.84 * each.sum::<f64>() / channels as f64 + 0.16 * errors.sum::<f64>() / t.len() as f64
}

/// Logits and targets of two pictures that are somewhat alike, and two that are not.
fn examples(picture: Picture) -> [Matrix; 2] {
    let n = picture.feature_maps().iter().product::<usize>();
    let [t, noise] = [1, 2].map(|seed| numbers(seed, 4 * n));
    let logits = t
        .iter()
        .zip(&noise)
        .enumerate()
        .map(|(i, (t, noise))| match i < 2 * n {
            true => 2.0 * t + noise,
            false => 3.0 * noise + 0.5,
        });
    let targets = t.iter().map(|t| 0.5 + 0.5 * t);
    [logits.collect(), targets.collect()].map(|all| Matrix::from_vec(4, n, all))
}

fn losses(
    picture: Picture,
    logits: &Matrix,
    targets: &Matrix,
    scale: f32,
    workspace: &mut Vec<f32>,
) -> (Vec<f64>, Matrix) {
    let (rows, n) = (logits.rows(), logits.cols());
    let mut losses = vec![f64::NAN; rows];
    let mut gradient = Matrix::from_vec(rows, n, vec![f32::NAN; rows * n]);
    let (o, t) = (logits.view(), targets.view());
    let out = Some(gradient.view_mut());
    ms_ssim(picture, o, t, scale, &mut losses, out, workspace);
    (losses, gradient)
}

#[test]
fn losses_and_gradients_match_f64() {
    for picture in pictures() {
        let [logits, targets] = examples(picture);
        let n = logits.cols();
        // Of the order of 1.
        let scale = n as f32;
        let (losses, gradient) = losses(picture, &logits, &targets, scale, &mut Vec::new());
        for (row, loss) in losses.into_iter().enumerate() {
            let (o, t) = (wide(logits.row(row)), wide(targets.row(row)));
            let expected = reference(picture, &o, &t);
            assert!(
                (loss - expected).abs() < 1e-6,
                "{picture:?}: {loss} {expected}"
            );
            assert_gradient(gradient.row(row), &o, 12, 1e-5, |o| {
                n as f64 * reference(picture, o, &t)
            });
        }
    }
}

#[test]
fn the_gradient_changes_no_loss_and_a_used_workspace_nothing() {
    for picture in pictures() {
        let [logits, targets] = examples(picture);
        let mut workspace = Vec::new();
        let (first, gradient) = losses(picture, &logits, &targets, 0.5, &mut workspace);
        workspace.fill(f32::NAN);
        let again = losses(picture, &logits, &targets, 0.5, &mut workspace);
        assert_eq!(again, (first.clone(), gradient));
        workspace.fill(f32::NAN);
        let mut alone = vec![f64::NAN; 4];
        let (o, t) = (logits.view(), targets.view());
        ms_ssim(picture, o, t, 0.5, &mut alone, None, &mut workspace);
        assert_eq!(alone, first);
    }
}

#[test]
fn equal_pictures_lose_nothing_and_are_the_minimum() {
    for picture in pictures() {
        let [logits, mut targets] = examples(picture);
        let same = targets.as_mut_slice().iter_mut().zip(logits.as_slice());
        same.for_each(|(t, &o)| *t = math::sigmoid(o));
        let (losses, gradient) = losses(picture, &logits, &targets, 1.0, &mut Vec::new());
        assert_eq!(losses, [0.0; 4]);
        assert!(gradient.as_slice().iter().all(|&g| g == 0.0));
    }
}

#[test]
fn similarities_are_those_of_pytorch_msssim() {
    // pytorch-msssim 1.0.0 in f64, `ms_ssim(x, σ(o), data_range=1, win=…, weights=…)` with the window in f64 and, for fewer scales than 5, the exponents
    // over their sum; mean absolute errors by torch.
    for (sizes, similarity, error) in [
        (
            &[1, 28, 28],
            0.942_689_403_340_890_7,
            0.096_296_208_123_452_9,
        ),
        (
            &[3, 32, 32],
            0.945_304_359_131_049_4,
            0.097_095_409_929_379_16,
        ),
        (
            &[1, 64, 48],
            0.938_408_061_797_943_3,
            0.098_360_128_379_839_76,
        ),
        (
            &[3, 176, 192],
            0.948_778_195_633_535_6,
            0.096_970_144_557_284_87,
        ),
    ] {
        let [channels, height, width] = *sizes;
        let own = picture(sizes, Axes::Nchw);
        let (mut t, mut o) = (Vec::new(), Vec::new());
        for c in 0..channels {
            for (r, q) in (0..height).flat_map(|r| (0..width).map(move |q| (r, q))) {
                let level = ((3 * r + 5 * q + r * q / 7 + 11 * c) % 29) as f32;
                t.push(level / 28.0);
                o.push(level / 8.0 - 2.0 + ((r + 2 * q + 3 * c) % 5) as f32 / 4.0);
            }
        }
        let [o, t] = [o, t].map(|all| Matrix::from_vec(1, channels * height * width, all));
        let (losses, _) = losses(own, &o, &t, 1.0, &mut Vec::new());
        let expected = 0.84 * (1.0 - similarity) + 0.16 * error;
        assert!(
            (losses[0] - expected).abs() < 1e-6,
            "{sizes:?}: {losses:?} {expected}"
        );
    }
}

#[test]
fn opposite_structures_give_no_nan() {
    let own = picture(&[28, 28], Axes::Nhw);
    // Squares of 2 x 2 pixels, which the second scale still has.
    let square = |i: usize| (i % 28 / 2 + i / 56) % 2;
    let t: Vec<f32> = (0..784).map(|i| square(i) as f32).collect();
    let o: Vec<f32> = t.iter().map(|t| 10.0 - 20.0 * t).collect();
    let [o, t] = [o, t].map(|all| Matrix::from_vec(1, 784, all));
    let (losses, gradient) = losses(own, &o, &t, 784.0, &mut Vec::new());
    assert!(losses[0] > 0.99 && losses[0] <= 1.0, "{losses:?}");
    // What is left is that of the absolute error.
    let expected = (0..784).map(|i| {
        let y = sigmoid(f64::from(o.as_slice()[i]));
        0.16 * y * (1.0 - y) * if t.as_slice()[i] == 0.0 { 1.0 } else { -1.0 }
    });
    let expected: Vec<f64> = expected.collect();
    assert_close(gradient.as_slice(), &expected, 1e-6);
}

#[test]
fn a_nan_prediction_gives_a_nan_loss() {
    let own = picture(&[8, 9], Axes::Nhw);
    let [mut logits, targets] = examples(own);
    logits.as_mut_slice()[70] = f32::NAN;
    let (losses, _) = losses(own, &logits, &targets, 1.0, &mut Vec::new());
    assert!(losses[0].is_nan() && losses[1].is_finite());
}

#[test]
fn elements_add_up_to_the_loss_and_point_to_what_differs() {
    for picture in pictures() {
        let [logits, targets] = examples(picture);
        let (losses, _) = losses(picture, &logits, &targets, 1.0, &mut Vec::new());
        let mut elements = Matrix::zeros(4, logits.cols());
        element_losses(picture, logits.view(), targets.view(), elements.view_mut());
        for (row, loss) in losses.into_iter().enumerate() {
            let sum: f64 = wide(elements.row(row)).iter().sum();
            assert!((sum - loss).abs() < 2e-6, "{picture:?}: {sum} {loss}");
            assert!(elements.row(row).iter().all(|&x| x >= 0.0));
        }
    }
    let own = picture(&[28, 28], Axes::Nhw);
    let [mut logits, mut targets] = examples(own);
    let same = targets.as_mut_slice().iter_mut().zip(logits.as_slice());
    same.for_each(|(t, &o)| *t = math::sigmoid(o));
    let place = 10 * 28 + 20;
    logits.as_mut_slice()[place] += 3.0;
    let mut elements = Matrix::zeros(4, 784);
    element_losses(own, logits.view(), targets.view(), elements.view_mut());
    let most = (0..784).max_by(|&a, &b| elements.row(0)[a].total_cmp(&elements.row(0)[b]));
    let most = most.expect("pixels");
    let near = (most / 28)
        .abs_diff(place / 28)
        .max((most % 28).abs_diff(place % 28));
    assert!(near <= 5, "{most}");
    assert!(elements.row(1).iter().all(|&x| x == 0.0));
}
