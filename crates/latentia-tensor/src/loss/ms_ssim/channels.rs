//! Two channels, compared at all scales.

use super::maps::{add_doubled, differentiate, halve, weigh};
use super::scales::{LEAST_MEAN, MOST, Scales};

/// What is blurred: `s = x + y - 1`, `d = x - y`, `s²`, `d²`.
const MAPS: usize = 4;

/// Two channels of one size, and the memory to compare them.
pub(super) struct Channels<'a> {
    scales: &'a Scales,
    /// `s` of all scales, from the finest.
    sums: &'a mut [f32],
    /// `d` of all scales.
    differences: &'a mut [f32],
    /// Of all scales: derivatives of the sums over windows by `y`; or what windows lack, spread over their pixels.
    pixels: &'a mut [f32],
    /// A square of each pixel; or a map whose windows are spread both ways.
    squares: &'a mut [f32],
    /// A map blurred along columns.
    columns: &'a mut [f32],
    /// Each map blurred both ways, behind as many zeros as a window is wider than a pixel.
    blurred: &'a mut [f32],
    /// A map whose windows are spread along rows, between as many rows of zeros.
    rows: &'a mut [f32],
    /// The mean over windows at each scale.
    means: [f64; MOST],
}

impl<'a> Channels<'a> {
    /// Elements of all but the first three.
    fn sizes(scales: &Scales) -> [usize; 4] {
        let [height, width] = scales.sides()[0];
        let reach = scales.window().len() - 1;
        let inside = (height - reach) * width;
        [
            height * width,
            inside,
            MAPS * (reach + inside),
            (height + reach) * width,
        ]
    }

    /// How much memory it takes.
    pub(super) fn memory(scales: &Scales) -> usize {
        3 * scales.pixels() + Self::sizes(scales).iter().sum::<usize>()
    }

    pub(super) fn new(scales: &'a Scales, memory: &'a mut [f32]) -> Self {
        let pixels = scales.pixels();
        let [squares, columns, blurred, rows] = Self::sizes(scales);
        let mut rest = memory;
        let mut take = |size| {
            let (own, others) = std::mem::take(&mut rest).split_at_mut(size);
            rest = others;
            own
        };
        Self {
            scales,
            sums: take(pixels),
            differences: take(pixels),
            pixels: take(pixels),
            squares: take(squares),
            columns: take(columns),
            blurred: take(blurred),
            rows: take(rows),
            means: [0.0; MOST],
        }
    }

    /// The channels whose elements lie `stride` apart, and their smaller scales.
    #[inline(always)]
    pub(super) fn load(&mut self, x: &[f32], y: &[f32], stride: usize) {
        let [height, width] = self.scales.sides()[0];
        let n = height * width;
        let (sums, differences) = (&mut self.sums[..n], &mut self.differences[..n]);
        match stride {
            1 => {
                let (x, y) = (&x[..n], &y[..n]);
                for i in 0..n {
                    sums[i] = x[i] + y[i] - 1.0;
                    differences[i] = x[i] - y[i];
                }
            }
            _ => {
                for i in 0..n {
                    let (x, y) = (x[i * stride], y[i * stride]);
                    sums[i] = x + y - 1.0;
                    differences[i] = x - y;
                }
            }
        }
        let mut first = 0;
        for &sides in &self.scales.sides()[..self.scales.sides().len() - 1] {
            let next = first + sides[0] * sides[1];
            for map in [&mut *self.sums, &mut *self.differences] {
                let (own, smaller) = map.split_at_mut(next);
                halve(smaller, &own[first..], sides);
            }
            first = next;
        }
    }

    /// MS-SSIM of the channels. With `learns`, what [`Self::gradient`] needs is left, else what [`Self::spread`] does.
    #[inline(always)]
    pub(super) fn compare(&mut self, learns: bool) -> f64 {
        let count = self.scales.sides().len();
        let mut first = 0;
        for j in 0..count {
            let pixels = first..first + self.scales.sides()[j].iter().product::<usize>();
            self.blur(j, pixels.start);
            self.means[j] = self.differentiate(j);
            match learns {
                true => self.collect_derivatives(j, pixels.start),
                false => self.collect_lacking(j, pixels.start),
            }
            first = pixels.end;
        }
        self.scales.product(&self.means)
    }

    /// Means of all maps in the windows of scale `j`, whose pixels begin at `first`.
    #[inline(always)]
    fn blur(&mut self, j: usize, first: usize) {
        let [height, width] = self.scales.sides()[j];
        let (n, window) = (height * width, self.scales.window());
        let reach = window.len() - 1;
        let inside = (height - reach) * width;
        let (sums, differences) = (&self.sums[first..][..n], &self.differences[first..][..n]);
        for (at, map) in self
            .blurred
            .chunks_exact_mut(reach + inside)
            .take(MAPS)
            .enumerate()
        {
            let squares = &mut self.squares[..n];
            let x: &[f32] = match at {
                0 => sums,
                1 => differences,
                _ => {
                    let x = if at == 2 { sums } else { differences };
                    squares.iter_mut().zip(x).for_each(|(s, x)| *s = x * x);
                    squares
                }
            };
            let columns = &mut self.columns[..inside];
            weigh(columns, window, x, width);
            let (zeros, map) = map.split_at_mut(reach);
            zeros.fill(0.0);
            weigh(&mut map[..inside - reach], window, columns, 1);
        }
    }

    /// Turns means in windows into derivatives and what windows lack; returns the mean of the similarity over them.
    #[inline(always)]
    fn differentiate(&mut self, j: usize) -> f64 {
        let [height, width] = self.scales.sides()[j];
        let reach = self.scales.window().len() - 1;
        let (inside, cols) = ((height - reach) * width, width - reach);
        let is_last = j + 1 == self.scales.sides().len();
        let mut maps = self.blurred.chunks_exact_mut(reach + inside);
        let mut maps = [(); MAPS].map(|()| &mut maps.next().expect("four maps")[reach..]);
        let mut lacking = 0.0;
        for row in 0..height - reach {
            let own = maps.each_mut().map(|map| &mut map[row * width..][..width]);
            let own = own.map(|own| {
                let (windows, beyond) = own.split_at_mut(cols);
                beyond.fill(0.0);
                windows
            });
            let [a, b, ss, dd] = own;
            match is_last {
                true => differentiate([a, b, ss, &mut *dd], true),
                false => differentiate([a, b, ss, &mut *dd], false),
            }
            lacking += dd.iter().map(|&own| f64::from(own)).sum::<f64>();
        }
        1.0 - lacking / self.scales.windows(j) as f64
    }

    /// Spreads map `at` of scale `j` over the pixels of its windows, by their weights, into `squares`.
    #[inline(always)]
    fn spread_windows(&mut self, j: usize, at: usize) {
        let [height, width] = self.scales.sides()[j];
        let window = self.scales.window();
        let reach = window.len() - 1;
        let inside = (height - reach) * width;
        let map = &self.blurred[at * (reach + inside)..][..reach + inside];
        let rows = &mut self.rows[..(height + reach) * width];
        let beyond = reach * width;
        rows[..beyond].fill(0.0);
        rows[beyond + inside..].fill(0.0);
        // The window is symmetric: what a pixel takes from windows is weighed as what a window takes from pixels.
        weigh(&mut rows[beyond..][..inside], window, map, 1);
        weigh(&mut self.squares[..height * width], window, rows, width);
    }

    /// Derivatives of the sum over the windows of scale `j` by each of its pixels of `y`.
    #[inline(always)]
    fn collect_derivatives(&mut self, j: usize, first: usize) {
        let n = self.scales.sides()[j].iter().product::<usize>();
        for at in 0..3 {
            self.spread_windows(j, at);
            let (own, spread) = (&mut self.pixels[first..][..n], &self.squares[..n]);
            match at {
                0 => own.copy_from_slice(spread),
                1 => {
                    let sums = &self.sums[first..][..n];
                    for i in 0..n {
                        own[i] += 2.0 * sums[i] * spread[i];
                    }
                }
                _ => {
                    let differences = &self.differences[first..][..n];
                    for i in 0..n {
                        own[i] -= 2.0 * differences[i] * spread[i];
                    }
                }
            }
        }
    }

    /// What the windows of scale `j` lack, at their pixels.
    #[inline(always)]
    fn collect_lacking(&mut self, j: usize, first: usize) {
        let n = self.scales.sides()[j].iter().product::<usize>();
        self.spread_windows(j, MAPS - 1);
        self.pixels[first..][..n].copy_from_slice(&self.squares[..n]);
    }

    /// The derivative by `y` of `factor · ln MS-SSIM`, behind [`Self::compare`].
    #[inline(always)]
    pub(super) fn gradient(&mut self, factor: f64) -> &[f32] {
        let (scales, means) = (self.scales, self.means);
        self.join(|j| {
            let windows = scales.windows(j) as f64;
            match means[j] > LEAST_MEAN {
                true => (factor * scales.exponents()[j] / (means[j] * windows)) as f32,
                false => 0.0,
            }
        })
    }

    /// `sum` spread over the pixels by what the windows around them lack at all scales, behind [`Self::compare`].
    #[inline(always)]
    pub(super) fn spread(&mut self, sum: f64) -> &[f32] {
        let (scales, means) = (self.scales, self.means);
        let parts = scales.exponents().iter().zip(means);
        let all: f64 = parts.map(|(exponent, mean)| exponent * (1.0 - mean)).sum();
        let factor = if all > 0.0 { sum / all } else { 0.0 };
        self.join(|j| (factor * scales.exponents()[j] / scales.windows(j) as f64) as f32)
    }

    /// Adds what the pixels of all scales have, weighed by `factor`, at those of the finest.
    #[inline(always)]
    fn join(&mut self, factor: impl Fn(usize) -> f32) -> &[f32] {
        let sides = self.scales.sides();
        let mut end = self.scales.pixels();
        for (j, &own) in sides.iter().enumerate().rev() {
            let n = own[0] * own[1];
            let (finer, coarser) = self.pixels.split_at_mut(end);
            let pixels = &mut finer[end - n..];
            let none = [0, own[1]];
            let half = if j + 1 == sides.len() { none } else { own };
            add_doubled(pixels, factor(j), coarser, half);
            end -= n;
        }
        &self.pixels[..sides[0][0] * sides[0][1]]
    }
}
