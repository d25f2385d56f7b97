//! The promises of the kernels on feature maps: the results of slow f64 loops, for any window that fits.

use latentia_tensor::{Convolution, Matrix, Pooling, Upsampling, Window, transpose};
use latentia_testing::{assert_close, numbers, reference, wide};

fn reference_of(window: Window) -> reference::Window {
    reference::Window {
        kernel: window.kernel,
        stride: window.stride,
        dilation: window.dilation,
        padding: window.padding.map(|padding| padding[0]),
    }
}

/// Sizes, channels and windows that meet every path: odd, uneven, wider than the map's padding allows.
fn windows() -> Vec<([usize; 2], Window)> {
    let mut all = Vec::new();
    for size in [[1, 1], [4, 7], [5, 5], [9, 6], [28, 28], [3, 70]] {
        for kernel in [[1, 1], [3, 3], [2, 4], [5, 1]] {
            for stride in [[1, 1], [2, 2], [3, 1], [1, 2], [2, 5]] {
                for dilation in [[1, 1], [2, 2], [1, 3]] {
                    for padding in [
                        [[0, 0], [0, 0]],
                        [[1, 1], [1, 1]],
                        [[0, 1], [2, 0]],
                        [[2, 2], [3, 3]],
                    ] {
                        let window = Window {
                            kernel,
                            stride,
                            dilation,
                            padding,
                        };
                        all.push((size, window));
                    }
                }
            }
        }
    }
    all
}

#[test]
fn convolutions_match_f64_for_every_window_that_fits() {
    let mut met = 0;
    for (index, (size, window)) in windows().into_iter().enumerate() {
        let [inputs, outputs] = [[1, 1], [1, 9], [3, 1], [2, 5], [7, 12]][index % 5];
        let rows = [1, 3][index % 2];
        let input = [inputs, size[0], size[1]];
        let Some(convolution) = Convolution::new(input, outputs, window) else {
            assert!(window.places(size).is_none());
            continue;
        };
        met += 1;
        let [_, down, across] = convolution.output();
        let (map, places) = (size[0] * size[1], down * across);
        let x = Matrix::from_vec(rows, inputs * map, numbers(1, rows * inputs * map));
        let dy = Matrix::from_vec(rows, outputs * places, numbers(2, rows * outputs * places));
        let [weight_rows, weight_cols] = convolution.weight();
        let weight = numbers(3, weight_rows * weight_cols);
        let (bias, back_bias) = (numbers(4, outputs), numbers(5, inputs));
        let mut workspace = vec![f32::MAX; convolution.workspace()];
        let mut y = Matrix::from_vec(
            rows,
            outputs * places,
            vec![f32::NAN; rows * outputs * places],
        );
        let mut dx = Matrix::from_vec(rows, inputs * map, vec![f32::NAN; rows * inputs * map]);
        let mut dw = vec![f32::NAN; weight.len()];
        convolution.forward(x.view(), &weight, &bias, y.view_mut(), &mut workspace);
        workspace.fill(f32::MAX);
        convolution.input_gradient(
            dy.view(),
            &weight,
            &back_bias,
            dx.view_mut(),
            &mut workspace,
        );
        workspace.fill(f32::MAX);
        convolution.weight_gradient(x.view(), dy.view(), &mut dw, &mut workspace);

        let (slow, w) = (reference_of(window), wide(&weight));
        let mut expected_dw = vec![0.0; weight.len()];
        for row in 0..rows {
            let (wide_x, wide_dy) = (wide(x.row(row)), wide(dy.row(row)));
            let mut expected =
                reference::convolution(&wide_x, size, &w, outputs, [down, across], slow);
            for (y, bias) in expected.chunks_mut(places).zip(&bias) {
                y.iter_mut().for_each(|y| *y += f64::from(*bias));
            }
            assert_close(y.row(row), &expected, 3e-6);
            let mut expected =
                reference::transposed_convolution(&wide_dy, [down, across], &w, inputs, size, slow);
            for (x, bias) in expected.chunks_mut(map).zip(&back_bias) {
                x.iter_mut().for_each(|x| *x += f64::from(*bias));
            }
            assert_close(dx.row(row), &expected, 3e-6);
            let kernel = window.kernel[0] * window.kernel[1];
            for o in 0..outputs {
                for c in 0..inputs {
                    slow.each(size, [down, across], |position, place, at| {
                        expected_dw[(o * inputs + c) * kernel + at] +=
                            wide_x[c * map + position] * wide_dy[o * places + place];
                    });
                }
            }
        }
        assert_close(&dw, &expected_dw, 1e-5);
    }
    assert!(met > 900, "{met} windows fitted");
}

#[test]
fn poolings_match_plain_loops_for_every_window_that_fits() {
    for (index, (size, window)) in windows().into_iter().enumerate() {
        let channels = 1 + index % 3;
        let Some(pooling) = Pooling::new([channels, size[0], size[1]], window) else {
            continue;
        };
        let [_, down, across] = pooling.output();
        let (map, places) = (size[0] * size[1], down * across);
        let x = Matrix::from_vec(2, channels * map, numbers(1, 2 * channels * map));
        let dy = Matrix::from_vec(2, channels * places, numbers(2, 2 * channels * places));
        let mut y = dy.clone();
        let mut which = dy.clone();
        let [mut mean, mut dx, mut dx_of_mean] = [dy.clone(), x.clone(), x.clone()];
        pooling.max(x.view(), y.view_mut(), which.view_mut());
        pooling.max_gradient(which.view(), dy.view(), dx.view_mut());
        pooling.average(x.view(), mean.view_mut());
        pooling.average_gradient(dy.view(), dx_of_mean.view_mut());

        let slow = reference_of(window);
        for c in 0..2 * channels {
            let (x, dy) = (
                &x.as_slice()[c * map..][..map],
                &dy.as_slice()[c * places..][..places],
            );
            let mut met = vec![Vec::new(); places];
            slow.each(size, [down, across], |position, place, _| {
                met[place].push(position)
            });
            let (mut largest, mut means) = (Vec::new(), Vec::new());
            let (mut gradient, mut gradient_of_mean) = (vec![0.0; map], vec![0.0; map]);
            for (met, &dy) in met.iter().zip(dy) {
                let mut at = met[0];
                for &position in met {
                    if x[position] > x[at] {
                        at = position;
                    }
                    gradient_of_mean[position] += f64::from(dy) / met.len() as f64;
                }
                largest.push(f64::from(x[at]));
                gradient[at] += f64::from(dy);
                let sum: f64 = met.iter().map(|&p| f64::from(x[p])).sum();
                means.push(sum / met.len() as f64);
            }
            assert_close(&y.as_slice()[c * places..][..places], &largest, 0.0);
            assert_close(&mean.as_slice()[c * places..][..places], &means, 1e-6);
            assert_close(&dx.as_slice()[c * map..][..map], &gradient, 1e-6);
            assert_close(
                &dx_of_mean.as_slice()[c * map..][..map],
                &gradient_of_mean,
                1e-6,
            );
        }
    }
}

#[test]
fn of_equal_numbers_the_first_is_the_largest_and_a_nan_always() {
    for window in [Window::square(2, 2), Window::square(2, 1)] {
        let pooling = Pooling::new([1, 2, 2], window).expect("it fits");
        let pooled = |x: [f32; 4]| {
            let (mut y, mut which) = (Matrix::zeros(1, 1), Matrix::zeros(1, 1));
            let x = Matrix::from_vec(1, 4, x.into());
            pooling.max(x.view(), y.view_mut(), which.view_mut());
            (y.as_slice()[0], which.as_slice()[0])
        };
        assert_eq!(pooled([1.0, 3.0, 3.0, 2.0]), (3.0, 1.0));
        assert_eq!(pooled([-1.0; 4]), (-1.0, 0.0));
        assert!(pooled([1.0, f32::NAN, 3.0, 2.0]).0.is_nan());
    }
}

#[test]
fn upsampling_repeats_and_its_gradient_sums() {
    for (factor, cut) in [
        ([2, 2], [0, 0]),
        ([1, 3], [0, 0]),
        ([3, 2], [0, 0]),
        ([1, 1], [0, 0]),
        ([2, 2], [1, 1]),
        ([2, 3], [0, 2]),
        ([4, 5], [3, 3]),
        ([5, 2], [4, 1]),
    ] {
        for [height, width] in [[3, 5], [1, 4], [2, 1]] {
            let output = [height * factor[0] - cut[0], width * factor[1] - cut[1]];
            let upsampling = Upsampling::new([height, width], factor, output).expect("it fits");
            let maps = 2;
            let x = numbers(1, maps * height * width);
            let mut y = vec![f32::NAN; maps * output[0] * output[1]];
            upsampling.forward(&x, &mut y);
            let dy = numbers(2, y.len());
            let mut dx = vec![f32::NAN; x.len()];
            upsampling.gradient(&dy, &mut dx);
            let mut sums = vec![0.0; x.len()];
            for (at, (y, dy)) in y.iter().zip(&dy).enumerate() {
                let [map, place] = [at / (output[0] * output[1]), at % (output[0] * output[1])];
                let [row, column] = [place / output[1], place % output[1]];
                let from =
                    (row + cut[0] / 2) / factor[0] * width + (column + cut[1] / 2) / factor[1];
                let from = map * height * width + from;
                assert_eq!(*y, x[from], "{factor:?} {cut:?}");
                sums[from] += f64::from(*dy);
            }
            assert_close(&dx, &sums, 1e-6);
        }
    }
}

#[test]
fn an_upsampling_is_cut_by_less_than_a_block() {
    for (output, fits) in [
        ([5, 10], true),
        ([6, 12], true),
        ([4, 12], false),
        ([6, 9], false),
        ([6, 13], false),
    ] {
        let upsampling = Upsampling::new([3, 4], [2, 3], output);
        assert_eq!(upsampling.is_some(), fits, "{output:?}");
    }
}

#[test]
fn a_transpose_twice_is_nothing() {
    for [rows, cols] in [[1, 1], [3, 5], [16, 7], [1, 9], [4, 0]] {
        let x = numbers(1, rows * cols);
        let (mut y, mut z) = (x.clone(), x.clone());
        transpose(&x, rows, cols, &mut y);
        for i in 0..rows * cols {
            assert_eq!(y[i % cols * rows + i / cols], x[i]);
        }
        transpose(&y, cols, rows, &mut z);
        assert_eq!(x, z);
    }
}
