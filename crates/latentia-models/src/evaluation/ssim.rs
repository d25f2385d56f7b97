//! Structural similarity of two pictures.

use latentia_tensor::vectorized;

use latentia_tensor::ExampleShape;

/// Side of the window, in pixels.
const WINDOW: usize = 11;

/// Standard deviation of the window, in pixels.
const SIGMA: f64 = 1.5;

/// Height and width, when examples of this shape are grey pictures large enough for the window.
pub(crate) fn grey_shape(shape: &ExampleShape) -> Option<(usize, usize)> {
    let grey = shape.picture().filter(|picture| picture.channels == 1)?;
    let size = (grey.height, grey.width);
    (size.0 >= WINDOW && size.1 >= WINDOW).then_some(size)
}

/// Mean structural similarity of two grey pictures with values in `[0, 1]`, from -1 to 1.
///
/// `(2 μa μb + c₁)(2 σab + c₂) / ((μa² + μb² + c₁)(σa² + σb² + c₂))`, with means, variances and covariance in a Gaussian
/// window of 11 x 11 pixels, deviation 1.5, `c₁ = 0.01²`, `c₂ = 0.03²`, averaged over all windows inside the picture
/// (Wang et al. 2004).
///
/// # Panics
/// When a side is shorter than 11 pixels, or a picture does not hold `height · width` pixels.
pub fn ssim(a: &[f32], b: &[f32], (height, width): (usize, usize)) -> f64 {
    Similarity::new((height, width)).mean(a, b)
}

/// What is blurred: `a`, `b`, `a²`, `b²`, `a b`.
const MAPS: usize = 5;

/// Buffers to compare pictures of one size.
#[derive(Debug)]
pub(crate) struct Similarity {
    height: usize,
    width: usize,
    window: [f64; WINDOW],
    /// One row of each map.
    rows: [Vec<f64>; MAPS],
    /// Each map blurred along its rows, `[height, width - 10]`.
    across: [Vec<f64>; MAPS],
    /// One row of each map, blurred both ways.
    blurred: [Vec<f64>; MAPS],
}

impl Similarity {
    /// Buffers for pictures at least as high and as wide as the window.
    pub(crate) fn new((height, width): (usize, usize)) -> Self {
        assert!(
            height >= WINDOW && width >= WINDOW,
            "{height} x {width} pixels hold no window of {WINDOW} x {WINDOW}"
        );
        let mut window = [0.0; WINDOW];
        for (i, weight) in window.iter_mut().enumerate() {
            let distance = i as f64 - (WINDOW / 2) as f64;
            *weight = (-0.5 * (distance / SIGMA).powi(2)).exp();
        }
        let total: f64 = window.iter().sum();
        let cols = width - WINDOW + 1;
        let maps = |size: usize| [(); MAPS].map(|()| vec![0.0; size]);
        Self {
            height,
            width,
            window: window.map(|weight| weight / total),
            rows: maps(width),
            across: maps(height * cols),
            blurred: maps(cols),
        }
    }

    /// See [`ssim`].
    pub(crate) fn mean(&mut self, a: &[f32], b: &[f32]) -> f64 {
        let size = self.height * self.width;
        assert_eq!((a.len(), b.len()), (size, size), "numbers in the pictures");
        vectorized(
            #[inline(always)]
            || self.mean_inlined(a, b),
        )
    }

    #[inline(always)]
    fn mean_inlined(&mut self, a: &[f32], b: &[f32]) -> f64 {
        let cols = self.width - WINDOW + 1;
        let pictures = a.chunks_exact(self.width).zip(b.chunks_exact(self.width));
        for (r, (a, b)) in pictures.enumerate() {
            let [ra, rb, raa, rbb, rab] = &mut self.rows;
            for i in 0..self.width {
                let (a, b) = (f64::from(a[i]), f64::from(b[i]));
                (ra[i], rb[i], raa[i], rbb[i], rab[i]) = (a, b, a * a, b * b, a * b);
            }
            for (row, across) in self.rows.iter().zip(&mut self.across) {
                let across = &mut across[r * cols..][..cols];
                weigh(across, &self.window, row, 1);
            }
        }
        let rows = self.height - WINDOW + 1;
        let mut sum = 0.0;
        for r in 0..rows {
            for (across, blurred) in self.across.iter().zip(&mut self.blurred) {
                weigh(blurred, &self.window, &across[r * cols..], cols);
            }
            let [ma, mb, aa, bb, ab] = &self.blurred;
            for c in 0..cols {
                sum += similarity(ma[c], mb[c], aa[c], bb[c], ab[c]);
            }
        }
        sum / (rows * cols) as f64
    }
}

/// Sums that grow side by side in registers.
const LANES: usize = 8;

/// `out[c] = Σ window[i] · x[i · step + c]`.
#[inline(always)]
fn weigh(out: &mut [f64], window: &[f64; WINDOW], x: &[f64], step: usize) {
    let (chunks, rest) = out.as_chunks_mut::<LANES>();
    let mut c = 0;
    for out in chunks {
        let mut sums = [0.0; LANES];
        for (i, weight) in window.iter().enumerate() {
            for (sum, x) in sums.iter_mut().zip(&x[i * step + c..][..LANES]) {
                *sum += weight * x;
            }
        }
        *out = sums;
        c += LANES;
    }
    for out in rest {
        let mut sum = 0.0;
        for (i, weight) in window.iter().enumerate() {
            sum += weight * x[i * step + c];
        }
        *out = sum;
        c += 1;
    }
}

/// Similarity in one window, from the means of `a`, `b`, `a²`, `b²` and `a b`.
#[inline(always)]
fn similarity(ma: f64, mb: f64, aa: f64, bb: f64, ab: f64) -> f64 {
    const C1: f64 = 0.01 * 0.01;
    const C2: f64 = 0.03 * 0.03;
    let (va, vb, cov) = (aa - ma * ma, bb - mb * mb, ab - ma * mb);
    (2.0 * ma * mb + C1) * (2.0 * cov + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2))
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
