//! Losses that are a multiple of another.

use latentia_tensor::{MatrixMut, MatrixRef};

/// A loss of each row with its gradient, as the kernels of `latentia_tensor::loss` compute them.
pub(super) type Kernel = fn(MatrixRef<'_>, MatrixRef<'_>, f32, &mut [f64], Option<MatrixMut<'_>>);

/// `factor` times the loss of `kernel`, plus a constant.
pub(super) fn scaled(
    kernel: Kernel,
    factor: f64,
    constant: f64,
) -> impl Fn(MatrixRef<'_>, MatrixRef<'_>, f32, &mut [f64], Option<MatrixMut<'_>>) {
    move |outputs, targets, scale, losses, gradient| {
        let scale = (f64::from(scale) * factor) as f32;
        kernel(outputs, targets, scale, losses, gradient);
        for loss in losses {
            *loss = factor * *loss + constant;
        }
    }
}
