//! Pictures changed a little each time they are learned from, so that a model learns what does not change.

use std::cell::RefCell;
use std::io;

use latentia_tensor::{ExampleShape, MatrixMut, Noise, Rows, Targets};

use crate::{AugmentationSpec, Picture, stream};

/// Examples as they are changed in one epoch: a function of seed, epoch and the number of the example.
pub(crate) struct Augmented<'a> {
    examples: &'a dyn Rows,
    /// Absent where nothing is changed.
    change: Option<(AugmentationSpec, Picture)>,
    noise: Noise,
}

impl<'a> Augmented<'a> {
    /// `examples` of shape `shape`, changed by `spec` in epoch `epoch`, if there is one and it suits the shape.
    pub(crate) fn new(
        examples: &'a dyn Rows,
        spec: Option<AugmentationSpec>,
        shape: &ExampleShape,
        seed: u64,
        epoch: u32,
    ) -> Self {
        Self {
            examples,
            change: spec.zip(shape.picture()),
            noise: Noise::new(seed, stream::AUGMENT).at_step(epoch),
        }
    }
}

/// Where the values of a line of pixels come from: `(1 - part) · low + part · high`.
#[derive(Clone, Copy, Debug, Default)]
struct Tap {
    low: usize,
    high: usize,
    part: f32,
}

impl Tap {
    /// For pixel `to` of `size`, where the part of length `scale · size` from `start` fills the line and is then moved by
    /// `shift` pixels.
    fn new(to: usize, size: usize, shift: isize, start: f32, scale: f32) -> Self {
        let last = size - 1;
        let moved = to.saturating_add_signed(-shift).min(last);
        // Centres of pixels lie at halves.
        let from = start + (moved as f32 + 0.5) * scale - 0.5;
        let from = from.clamp(0.0, last as f32);
        let low = from as usize;
        Self {
            low,
            high: (low + 1).min(last),
            part: from - low as f32,
        }
    }
}

/// What a change needs beside the picture: kept by each thread, so that a step allocates nothing.
#[derive(Default)]
struct Workspace {
    original: Vec<f32>,
    columns: Vec<Tap>,
}

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

impl Workspace {
    /// Changes a picture in place, by draws uniform in `[0, 1)`; `whole` values stay whole. Where channels follow each other,
    /// each is changed alike.
    fn change(
        &mut self,
        spec: AugmentationSpec,
        picture: Picture,
        uniform: [f32; 6],
        whole: bool,
        elements: &mut [f32],
    ) {
        let size = picture.height * picture.width * picture.elements_beside();
        for elements in elements.chunks_exact_mut(size) {
            self.change_channels(spec, picture, uniform, whole, elements);
        }
    }

    /// Changes the channels that lie beside each other.
    fn change_channels(
        &mut self,
        spec: AugmentationSpec,
        picture: Picture,
        uniform: [f32; 6],
        whole: bool,
        elements: &mut [f32],
    ) {
        let Picture { height, width, .. } = picture;
        let channels = picture.elements_beside();
        let [flip, down, right, cut, top, left] = uniform;
        let flip = spec.flip && flip < 0.5;
        let shift = |u: f32| {
            let places = 2 * spec.shift + 1;
            ((u * places as f32) as usize).min(places - 1) as isize - spec.shift as isize
        };
        let (down, right) = (shift(down), shift(right));
        let cut = cut * spec.crop;
        let scale = 1.0 - cut;
        let start = |u: f32, side: usize| u * cut * side as f32;
        let (top, left) = (start(top, height), start(left, width));

        self.original.clear();
        self.original.extend_from_slice(elements);
        self.columns.clear();
        self.columns.extend((0..width).map(|x| {
            let x = if flip { width - 1 - x } else { x };
            Tap::new(x, width, right, left, scale)
        }));
        let line = width * channels;
        for (y, to) in elements.chunks_exact_mut(line).enumerate() {
            let rows = Tap::new(y, height, down, top, scale);
            let low = &self.original[rows.low * line..][..line];
            let high = &self.original[rows.high * line..][..line];
            for (to, columns) in to.chunks_exact_mut(channels).zip(&self.columns) {
                let (a, b) = (columns.low * channels, columns.high * channels);
                for (channel, to) in to.iter_mut().enumerate() {
                    let across =
                        |row: &[f32]| mix(row[a + channel], row[b + channel], columns.part);
                    let x = mix(across(low), across(high), rows.part);
                    *to = if whole { x.round() } else { x };
                }
            }
        }
    }
}

/// `a` where `part` is 0, exactly, and never outside of `a` and `b`.
fn mix(a: f32, b: f32, part: f32) -> f32 {
    let x = a + part * (b - a);
    x.clamp(a.min(b), a.max(b))
}

impl Augmented<'_> {
    /// Reads examples, or their targets, of `examples`.
    fn read_from(
        &self,
        examples: &dyn Rows,
        indices: &[u32],
        mut out: MatrixMut<'_>,
    ) -> io::Result<()> {
        examples.read(indices, out.reborrow())?;
        let Some((spec, picture)) = self.change else {
            return Ok(());
        };
        // Bytes stay bytes: a likelihood of 8-bit values takes nothing else.
        let whole = examples.full_scale() == 255.0;
        WORKSPACE.with_borrow_mut(|workspace| {
            for (row, &index) in out.iter_rows_mut().zip(indices) {
                let mut uniform = [0.0; 6];
                self.noise.uniform(index, &mut uniform);
                workspace.change(spec, picture, uniform, whole, row);
            }
        });
        Ok(())
    }
}

impl Rows for Augmented<'_> {
    fn rows(&self) -> usize {
        self.examples.rows()
    }

    fn cols(&self) -> usize {
        self.examples.cols()
    }

    fn full_scale(&self) -> f32 {
        self.examples.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.examples.label(index)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read_from(self.examples, indices, out)
    }

    fn has_targets(&self) -> bool {
        self.examples.has_targets()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read_from(&Targets(self.examples), indices, out)
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;
    use latentia_testing::numbers;

    use super::*;

    const SIZE: Picture = Picture {
        height: 5,
        width: 7,
        channels: 3,
        channels_last: true,
    };

    fn picture() -> Vec<f32> {
        numbers(3, SIZE.height * SIZE.width * SIZE.channels)
    }

    fn pixel(picture: &[f32], y: usize, x: usize) -> [f32; 3] {
        let at = (y * SIZE.width + x) * SIZE.channels;
        [0, 1, 2].map(|channel| picture[at + channel])
    }

    fn changed(spec: AugmentationSpec, uniform: [f32; 6]) -> Vec<f32> {
        let mut picture = picture();
        Workspace::default().change(spec, SIZE, uniform, false, &mut picture);
        picture
    }

    #[test]
    fn a_flip_exchanges_left_and_right() {
        let spec = AugmentationSpec {
            flip: true,
            ..AugmentationSpec::default()
        };
        let (original, flipped) = (picture(), changed(spec, [0.49, 0.0, 0.0, 0.0, 0.0, 0.0]));
        for y in 0..SIZE.height {
            for x in 0..SIZE.width {
                let mirrored = pixel(&original, y, SIZE.width - 1 - x);
                assert_eq!(pixel(&flipped, y, x), mirrored);
            }
        }
        assert_eq!(changed(spec, [0.5; 6]), original);
        let off = AugmentationSpec::default();
        assert_eq!(changed(off, [0.0; 6]), original);
    }

    #[test]
    fn channels_that_follow_each_other_are_changed_as_those_beside_each_other() {
        let spec = AugmentationSpec {
            flip: true,
            shift: 2,
            crop: 0.4,
        };
        let uniform = [0.2, 0.1, 0.7, 0.9, 0.3, 0.6];
        let expected = changed(spec, uniform);
        let planes = |picture: &[f32]| -> Vec<f32> {
            let channel = |channel| picture.iter().skip(channel).step_by(3).copied();
            (0..3).flat_map(channel).collect()
        };
        let mut first = planes(&picture());
        let shape = Picture::of(&[3, 5, 7]).expect("a picture");
        Workspace::default().change(spec, shape, uniform, false, &mut first);
        assert_eq!(first, planes(&expected));
    }

    #[test]
    fn a_shift_repeats_the_edge() {
        let spec = AugmentationSpec {
            shift: 2,
            ..AugmentationSpec::default()
        };
        let original = picture();
        for (place, by) in (-2isize..=2).enumerate() {
            let u = (place as f32 + 0.5) / 5.0;
            let moved = changed(spec, [0.9, u, 1.0 - u, 0.0, 0.0, 0.0]);
            for y in 0..SIZE.height {
                for x in 0..SIZE.width {
                    let from_y = (y as isize - by).clamp(0, 4) as usize;
                    let from_x = (x as isize + by).clamp(0, 6) as usize;
                    let expected = pixel(&original, from_y, from_x);
                    assert_eq!(pixel(&moved, y, x), expected, "by {by}");
                }
            }
        }
    }

    #[test]
    fn a_crop_is_the_part_enlarged() {
        let spec = AugmentationSpec {
            crop: 0.6,
            ..AugmentationSpec::default()
        };
        let original = picture();
        // in f64, from the definition: a weight of 1 - distance for each pixel nearer than 1
        let reference = |[_, _, _, cut, top, left]: [f32; 6], y: usize, x: usize| {
            let cut = 0.6 * f64::from(cut);
            let place = |to: usize, side: usize, u: f32| {
                let from = f64::from(u) * cut * side as f64 + (to as f64 + 0.5) * (1.0 - cut) - 0.5;
                from.clamp(0.0, side as f64 - 1.0)
            };
            let (at_y, at_x) = (place(y, SIZE.height, top), place(x, SIZE.width, left));
            let mut sum = [0.0; 3];
            for y in 0..SIZE.height {
                for x in 0..SIZE.width {
                    let near = |a: f64, b: usize| (1.0 - (a - b as f64).abs()).max(0.0);
                    let weight = near(at_y, y) * near(at_x, x);
                    for (sum, value) in sum.iter_mut().zip(pixel(&original, y, x)) {
                        *sum += weight * f64::from(value);
                    }
                }
            }
            sum
        };
        for uniform in numbers(8, 60).as_chunks::<6>().0 {
            let uniform = uniform.map(|x| 0.5 + 0.499 * x);
            let cropped = changed(spec, uniform);
            for y in 0..SIZE.height {
                for x in 0..SIZE.width {
                    let pairs = pixel(&cropped, y, x).into_iter();
                    for (obtained, expected) in pairs.zip(reference(uniform, y, x)) {
                        let error = (f64::from(obtained) - expected).abs();
                        assert!(error < 1e-5, "{obtained} {expected}");
                    }
                }
            }
        }
    }

    /// Rows of bytes.
    struct Bytes(Matrix);

    impl Rows for Bytes {
        fn rows(&self) -> usize {
            self.0.rows()
        }

        fn cols(&self) -> usize {
            self.0.cols()
        }

        fn full_scale(&self) -> f32 {
            255.0
        }

        fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
            self.0.read(indices, out)
        }
    }

    #[test]
    fn an_example_is_changed_alike_in_any_batch_and_anew_in_each_epoch() {
        let bytes = numbers(1, 40 * 36)
            .iter()
            .map(|x| (127.0 + 127.0 * x).round())
            .collect();
        let bytes = Bytes(Matrix::from_vec(40, 36, bytes));
        let spec = AugmentationSpec {
            flip: true,
            shift: 1,
            crop: 0.3,
        };
        let read = |seed, epoch, indices: &[u32]| {
            let mut out = Matrix::zeros(indices.len(), 36);
            Augmented::new(&bytes, Some(spec), &(&[6, 6]).into(), seed, epoch)
                .read(indices, out.view_mut())
                .expect("in memory");
            out
        };
        let all: Vec<u32> = (0..40).collect();
        let first = read(1, 1, &all);
        assert_eq!(read(1, 1, &[7, 39, 0]).row(1), first.row(39));
        for (seed, epoch) in [(1, 2), (2, 1)] {
            let other = read(seed, epoch, &all);
            let alike = (0..40)
                .filter(|&row| other.row(row) == first.row(row))
                .count();
            assert!(alike < 3, "{alike}");
        }
        assert!(
            first
                .as_slice()
                .iter()
                .all(|x| *x == x.round() && (0.0..=255.0).contains(x))
        );
    }

    /// Rows that are to become their negatives.
    struct Negatives(Matrix);

    impl Rows for Negatives {
        fn rows(&self) -> usize {
            self.0.rows()
        }

        fn cols(&self) -> usize {
            self.0.cols()
        }

        fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
            self.0.read(indices, out)
        }

        fn has_targets(&self) -> bool {
            true
        }

        fn read_targets(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
            self.0.read(indices, out.reborrow())?;
            latentia_tensor::map_in_place(out.as_mut_slice(), |x| -x);
            Ok(())
        }
    }

    #[test]
    fn a_target_is_changed_as_its_example() {
        let pairs = Negatives(Matrix::from_vec(20, 36, numbers(2, 20 * 36)));
        let spec = AugmentationSpec {
            flip: true,
            shift: 2,
            crop: 0.3,
        };
        let changed = Augmented::new(&pairs, Some(spec), &(&[6, 6]).into(), 1, 1);
        let indices: Vec<u32> = (0..20).collect();
        let mut both = [Matrix::zeros(20, 36), Matrix::zeros(20, 36)];
        changed
            .read(&indices, both[0].view_mut())
            .expect("in memory");
        changed
            .read_targets(&indices, both[1].view_mut())
            .expect("in memory");
        assert_ne!(both[0], pairs.0);
        let [x, y] = both.map(Matrix::into_vec);
        assert!(x.iter().zip(y).all(|(x, y)| *x == -y));
    }
}
