//! Multi-scale structural similarity of pictures (Wang, Simoncelli and Bovik 2003), mixed with the absolute error (Zhao et al. 2017).
//!
//! Of two channels `x` and `y` with values in `[0, 1]`, at scale `j` of `M`, each of which halves the one before by means of 2 x 2 pixels:
//!
//! ```text
//! l  = (2 μx μy + c₁) / (μx² + μy² + c₁)        luminance
//! cs = (2 σxy + c₂) / (σx² + σy² + c₂)          contrast and structure
//! MS-SSIM(x, y) = mean(l cs)_M^w_M · Π_{j < M} mean(cs)_j^w_j
//! ```
//!
//! with means, variances and the covariance in a Gaussian window of 11 x 11 pixels, deviation 1.5, `c₁ = 0.01²`, `c₂ = 0.03²`, and means over all
//! windows inside the picture. There are up to 5 scales, those whose sides are not shorter than the window: 1 from 11 pixels on, 2 from 22
//! (MNIST, CIFAR), 3 from 44, 4 from 88, 5 from 176. `w` are the exponents of Wang et al. over their sum where scales are fewer. Of a picture whose
//! shorter side has less than 11 pixels the window is as wide as the odd number below them; an odd row or column is left out of the next scale.
//!
//! A mean below [`LEAST_MEAN`], as of structures that are opposite, counts as that and has no gradient: a power of a negative number is none,
//! and one near 0 has a gradient without bound. pytorch-msssim and TensorFlow cut at 0.
//!
//! The loss of a picture is `0.84 (1 - MS-SSIM) + 0.16 |x - y|`, both means over channels, the latter over pixels too: in `[0, 1]`, 0 for equal
//! pictures alone. Zhao et al. weigh the absolute error of a patch about its centre by the coarsest Gaussian; over all patches of a picture that is its
//! mean, but for a border, which the windows hardly see. Their scales are five deviations of one window instead of halved pictures.

mod channels;
mod maps;
mod scales;
#[cfg(test)]
mod tests;

use crate::dispatch::vectorized;
use crate::math::sigmoid;
use crate::reduction::sum_pairs;
use crate::{MatrixMut, MatrixRef, Picture};
use channels::Channels;
use scales::Scales;

pub use scales::LEAST_MEAN;

/// Share of the dissimilarity in the loss, the rest is that of the absolute error (Zhao et al. 2017).
pub const SHARE: f64 = 0.84;

/// The shortest side that a picture may have.
pub const LEAST_SIDE: usize = 3;

/// The loss of pictures by the logits of their values: `0.84 (1 - MS-SSIM(x, σ(o))) + 0.16 |x - σ(o)|`; see the [module](self).
///
/// `workspace` is for any use and keeps its memory from call to call.
///
/// ```
/// use latentia_tensor::loss::ms_ssim;
/// use latentia_tensor::{MatrixRef, Picture};
///
/// let picture = Picture::of(&[8, 9]).expect("height and width");
/// let target: Vec<f32> = (0..72).map(|i| (i % 7) as f32 / 6.0).collect();
/// let certain: Vec<f32> = target.iter().map(|x| 100.0 * (x - 0.5)).collect();
/// let grey = [0.0; 72];
/// let loss = |logits: &[f32]| {
///     let [logits, target] = [logits, &target].map(|x| MatrixRef::new(x, 1, 72));
///     let mut losses = [0.0];
///     ms_ssim::ms_ssim(picture, logits, target, 0.0, &mut losses, None, &mut Vec::new());
///     losses[0]
/// };
/// assert!(loss(&grey) > 0.8 && loss(&certain) < 0.2);
/// ```
///
/// # Panics
/// When rows are no such pictures, or a side is shorter than [`LEAST_SIDE`].
pub fn ms_ssim(
    picture: Picture,
    logits: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    scale: f32,
    losses: &mut [f64],
    mut gradient: Option<MatrixMut<'_>>,
    workspace: &mut Vec<f32>,
) {
    let comparison = Comparison::new(picture);
    let memory = comparison.memory(workspace);
    for (row, loss) in losses.iter_mut().enumerate() {
        let gradient = gradient.as_mut().map(|gradient| gradient.row_mut(row));
        let (logits, target) = (logits.row(row), targets.row(row));
        *loss = vectorized(
            #[inline(always)]
            || comparison.loss(logits, target, scale, gradient, memory),
        );
    }
}

/// What each element adds to the loss of its picture, `[rows, n]`.
///
/// What the windows of a scale lack, `1 - cs` or `1 - l cs`, is spread over their pixels by the window's weights, those of the scales are weighted by their
/// exponents, and the sum over a channel is brought to `1 - MS-SSIM`.
///
/// # Panics
/// As [`ms_ssim`].
pub fn element_losses(
    picture: Picture,
    logits: MatrixRef<'_>,
    targets: MatrixRef<'_>,
    mut out: MatrixMut<'_>,
) {
    let comparison = Comparison::new(picture);
    let mut workspace = Vec::new();
    let memory = comparison.memory(&mut workspace);
    for (row, out) in out.iter_rows_mut().enumerate() {
        let (logits, target) = (logits.row(row), targets.row(row));
        vectorized(
            #[inline(always)]
            || comparison.elements(logits, target, out, memory),
        );
    }
}

/// How pictures of one shape are compared.
struct Comparison {
    picture: Picture,
    scales: Scales,
    /// Elements of a picture.
    elements: usize,
}

impl Comparison {
    fn new(picture: Picture) -> Self {
        let [channels, height, width] = picture.feature_maps();
        assert!(
            height.min(width) >= LEAST_SIDE,
            "{height} x {width} pixels are too few to compare"
        );
        Self {
            picture,
            scales: Scales::new(height, width),
            elements: channels * height * width,
        }
    }

    /// Memory for the values of a picture and for one channel.
    fn memory<'a>(&self, workspace: &'a mut Vec<f32>) -> &'a mut [f32] {
        let size = self.elements + Channels::memory(&self.scales);
        if workspace.len() < size {
            workspace.resize(size, 0.0);
        }
        &mut workspace[..size]
    }

    /// Where the elements of a channel begin in a row, and how far they lie apart.
    fn place(&self, channel: usize) -> (usize, usize) {
        let pixels = self.elements / self.picture.channels;
        match self.picture.elements_beside() {
            1 => (channel * pixels, 1),
            beside => (channel, beside),
        }
    }

    /// Writes `σ(o)`; returns the mean absolute error.
    #[inline(always)]
    fn absolute_error(&self, logits: &[f32], target: &[f32], values: &mut [f32]) -> f64 {
        assert_eq!(
            (logits.len(), target.len()),
            (self.elements, self.elements),
            "elements of a picture"
        );
        let sum = sum_pairs(
            logits,
            target,
            Some(values),
            #[inline(always)]
            |o, x| {
                let y = sigmoid(o);
                ((x - y).abs(), y)
            },
        );
        sum / self.elements as f64
    }

    #[inline(always)]
    fn loss(
        &self,
        logits: &[f32],
        target: &[f32],
        scale: f32,
        mut gradient: Option<&mut [f32]>,
        memory: &mut [f32],
    ) -> f64 {
        let (values, memory) = memory.split_at_mut(self.elements);
        let error = self.absolute_error(logits, target, values);
        let mut both = Channels::new(&self.scales, memory);
        let channels = self.picture.channels as f64;
        let (share, rest) = (SHARE / channels, (1.0 - SHARE) / self.elements as f64);
        let rest = (f64::from(scale) * rest) as f32;
        let mut lacking = 0.0;
        for channel in 0..self.picture.channels {
            let (first, stride) = self.place(channel);
            both.load(&target[first..], &values[first..], stride);
            let similarity = both.compare(gradient.is_some());
            lacking += 1.0 - similarity;
            let Some(gradient) = &mut gradient else {
                continue;
            };
            let of_values = both.gradient(-share * f64::from(scale) * similarity);
            let (gradient, values) = (&mut gradient[first..], &values[first..]);
            let (target, steps) = (&target[first..], (0..).step_by(stride));
            for (&own, at) in of_values.iter().zip(steps) {
                let (x, y) = (target[at], values[at]);
                let sign = f32::from(y > x) - f32::from(y < x);
                gradient[at] = (own + rest * sign) * (y * (1.0 - y));
            }
        }
        share * lacking + (1.0 - SHARE) * error
    }

    #[inline(always)]
    fn elements(&self, logits: &[f32], target: &[f32], out: &mut [f32], memory: &mut [f32]) {
        let (values, memory) = memory.split_at_mut(self.elements);
        self.absolute_error(logits, target, values);
        let mut both = Channels::new(&self.scales, memory);
        let share = SHARE / self.picture.channels as f64;
        let rest = ((1.0 - SHARE) / self.elements as f64) as f32;
        for channel in 0..self.picture.channels {
            let (first, stride) = self.place(channel);
            both.load(&target[first..], &values[first..], stride);
            let lacking = 1.0 - both.compare(false);
            let spread = both.spread(share * lacking);
            for (&own, at) in spread.iter().zip((first..).step_by(stride)) {
                out[at] = own + rest * (target[at] - values[at]).abs();
            }
        }
    }
}
