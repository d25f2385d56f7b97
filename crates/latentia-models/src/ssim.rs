//! Structural similarity of two pictures.

/// Side of the window, in pixels.
const WINDOW: usize = 11;

/// Standard deviation of the window, in pixels.
const SIGMA: f64 = 1.5;

/// Height and width, when examples of this shape are grey pictures large enough for the window.
pub(crate) fn grey_shape(shape: &[usize]) -> Option<(usize, usize)> {
    match *shape {
        [height, width] | [height, width, 1] if height >= WINDOW && width >= WINDOW => {
            Some((height, width))
        }
        _ => None,
    }
}

/// Mean structural similarity of two grey pictures with values in `[0, 1]`, from -1 to 1.
///
/// `(2 μa μb + c₁)(2 σab + c₂) / ((μa² + μb² + c₁)(σa² + σb² + c₂))`, with means, variances and covariance in a Gaussian
/// window of 11 x 11 pixels, deviation 1.5, `c₁ = 0.01²`, `c₂ = 0.03²`, averaged over all windows inside the picture
/// (Wang et al. 2004).
pub fn ssim(a: &[f32], b: &[f32], (height, width): (usize, usize)) -> f64 {
    let mean = |f: &dyn Fn(f64, f64) -> f64| {
        let values: Vec<f64> = a
            .iter()
            .zip(b)
            .map(|(&a, &b)| f(a.into(), b.into()))
            .collect();
        blur(&values, height, width)
    };
    let (ma, mb) = (mean(&|a, _| a), mean(&|_, b| b));
    let (aa, bb, ab) = (
        mean(&|a, _| a * a),
        mean(&|_, b| b * b),
        mean(&|a, b| a * b),
    );
    let (c1, c2) = (0.01f64.powi(2), 0.03f64.powi(2));
    let sum: f64 = (0..ma.len())
        .map(|i| {
            let (ma, mb) = (ma[i], mb[i]);
            let (va, vb, cov) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
            (2.0 * ma * mb + c1) * (2.0 * cov + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
        })
        .sum();
    sum / ma.len() as f64
}

/// Weighted means over every window inside the picture.
fn blur(x: &[f64], height: usize, width: usize) -> Vec<f64> {
    let mut kernel = [0.0; WINDOW];
    for (i, k) in kernel.iter_mut().enumerate() {
        let distance = i as f64 - (WINDOW / 2) as f64;
        *k = (-0.5 * (distance / SIGMA).powi(2)).exp();
    }
    let total: f64 = kernel.iter().sum();
    let (rows, cols) = (height - WINDOW + 1, width - WINDOW + 1);
    let weigh = |at: &dyn Fn(usize) -> f64| -> f64 {
        kernel
            .iter()
            .enumerate()
            .map(|(i, k)| k * at(i))
            .sum::<f64>()
            / total
    };
    let mut across = Vec::with_capacity(height * cols);
    for r in 0..height {
        across.extend((0..cols).map(|c| weigh(&|i| x[r * width + c + i])));
    }
    let down = |r: usize, c: usize| weigh(&|i| across[(r + i) * cols + c]);
    (0..rows)
        .flat_map(|r| (0..cols).map(move |c| (r, c)))
        .map(|(r, c)| down(r, c))
        .collect()
}

#[cfg(test)]
mod tests {
    use latentia_testing::numbers;

    use super::*;

    #[test]
    fn a_picture_is_wholly_similar_to_itself_alone() {
        let a: Vec<f32> = numbers(1, 400).iter().map(|x| 0.5 + 0.5 * x).collect();
        let b: Vec<f32> = numbers(2, 400).iter().map(|x| 0.5 + 0.5 * x).collect();
        let inverse: Vec<f32> = a.iter().map(|x| 1.0 - x).collect();
        assert!((ssim(&a, &a, (20, 20)) - 1.0).abs() < 1e-12);
        assert!(ssim(&a, &b, (20, 20)).abs() < 0.2);
        assert!(ssim(&a, &inverse, (20, 20)) < -0.9);
    }

    #[test]
    fn flat_pictures_follow_the_formula() {
        // no variance: (2 a b + c1) / (a² + b² + c1)
        let expected = (2.0 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4);
        let obtained = ssim(&[0.2; 143], &[0.6; 143], (11, 13));
        assert!((obtained - expected).abs() < 1e-6, "{obtained} {expected}");
    }
}
