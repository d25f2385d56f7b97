//! Corruption of examples, for denoising.

use std::fmt::{Display, Formatter, Result as Written};

use latentia_tensor::{MatrixMut, MatrixRef, Noise, Picture};
use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Layer, Memory, Mode, Parameter, Pass, Trace,
};

/// How examples are corrupted in training, before the encoder sees them; the target stays clean (Vincent et al. 2010).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Corruption {
    /// `x + σ ε` with `ε ~ N(0, 1)`. Example: `{ kind = "gaussian", deviation = 0.2 }`
    Gaussian {
        /// Standard deviation `σ`, on the scale that the model sees. Example: `deviation = 0.2`
        #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
        deviation: f32,
    },
    /// Elements set to 0. Example: `{ kind = "masking", rate = 0.3 }`
    Masking {
        /// Probability of each element. Example: `rate = 0.3`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
    /// Elements set to 0 or 1, each half the time. Example: `{ kind = "salt-and-pepper", rate = 0.1 }`
    SaltAndPepper {
        /// Probability of each element. Example: `rate = 0.3`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
    /// Elements hidden as missing cells of a table are: a model that restores them fills gaps (denoising: Vincent et al. 2008; imputation:
    /// MIDAS, Lall and Robinson 2022). Example: `{ kind = "hide", rate = 0.2 }`
    Hide {
        /// Probability of each element. Example: `rate = 0.2`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
    /// Squares of a picture set to 0, all channels of them, or stretches of a series; of other rows stretches of elements (masked autoencoder:
    /// He et al. 2022, arXiv 2111.06377). Example: `{ kind = "patches", size = 4, rate = 0.75 }`
    Patches {
        /// Pixels of a side, or steps: an example is cut into patches from its first pixel on, the last of a row or column being smaller where it must.
        /// Example: `size = 4`
        #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
        size: usize,
        /// Share of an example's patches, of each example as many, rounded. Example: `rate = 0.75`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
}

impl Display for Corruption {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        match self {
            Self::Gaussian { deviation } => write!(f, "gaussian noise {deviation}"),
            Self::Masking { rate } => write!(f, "masking {rate}"),
            Self::SaltAndPepper { rate } => write!(f, "salt and pepper {rate}"),
            Self::Hide { rate } => write!(f, "hide {rate}"),
            Self::Patches { size, rate } => write!(f, "patches of {size}, {rate}"),
        }
    }
}

impl Corruption {
    /// Whether its values make sense: a rate in `[0, 1]`, a deviation that is finite and not negative, a size of at least 1.
    pub fn is_valid(self) -> bool {
        match self {
            Self::Gaussian { deviation } => deviation.is_finite() && deviation >= 0.0,
            Self::Masking { rate } | Self::SaltAndPepper { rate } | Self::Hide { rate } => {
                (0.0..=1.0).contains(&rate)
            }
            Self::Patches { size, rate } => size > 0 && (0.0..=1.0).contains(&rate),
        }
    }

    /// Whether it makes elements NaN, which [`super::OneHot`] alone may be given.
    pub fn hides(self) -> bool {
        matches!(self, Self::Hide { .. })
    }
}

/// What corrupts rows, and a layer that does so in training and hands its input on otherwise. It must stand before every layer that learns.
///
/// ```
/// use latentia_nn::Corruption;
/// use latentia_nn::layers::Corrupt;
/// use latentia_tensor::{Noise, Picture};
///
/// // Half of the four patches of a picture.
/// let patches = Corruption::Patches { size: 2, rate: 0.5 };
/// let corrupt = Corrupt::new(16, patches).of_picture(Picture::of(&[4, 4]));
/// let (mut picture, mut workspace) = (vec![1.0; 16], vec![0.0; corrupt.workspace()]);
/// corrupt.apply(Noise::new(1, 1), 0, &mut picture, &mut workspace);
/// assert_eq!(picture.iter().sum::<f32>(), 8.0);
/// // The workspace says which elements were replaced.
/// assert!(picture.iter().zip(&workspace).all(|(x, hidden)| x + hidden == 1.0));
/// ```
#[derive(Clone, Debug)]
pub struct Corrupt {
    width: usize,
    corruption: Corruption,
    picture: Picture,
    records: bool,
}

impl Corrupt {
    /// Corrupts rows of `width` elements, which are no pictures.
    pub fn new(width: usize, corruption: Corruption) -> Self {
        let picture = Picture {
            height: 1,
            width,
            channels: 1,
            channels_last: false,
        };
        Self {
            width,
            corruption,
            picture,
            records: false,
        }
    }

    /// The same of rows that are pictures, where they are some.
    #[must_use]
    pub fn of_picture(self, picture: Option<Picture>) -> Self {
        Self {
            picture: picture.unwrap_or(self.picture),
            ..self
        }
    }

    /// The same, which [saves what it hides](Abilities::saves_hidden), where `records` holds.
    #[must_use]
    pub fn recording(self, records: bool) -> Self {
        Self { records, ..self }
    }

    /// What is done to rows.
    pub fn corruption(&self) -> Corruption {
        self.corruption
    }

    /// Whether it replaces elements of every row, or may: by a value that does not depend on them.
    pub fn replaces(&self) -> bool {
        match self.corruption {
            Corruption::Gaussian { .. } => false,
            Corruption::Masking { rate }
            | Corruption::SaltAndPepper { rate }
            | Corruption::Hide { rate } => rate > 0.0,
            Corruption::Patches { size, rate } => hidden_of(self.patches(size), rate) > 0,
        }
    }

    /// Elements of the workspace that [`Self::apply`] needs.
    pub fn workspace(&self) -> usize {
        match self.corruption {
            Corruption::Patches { size, .. } => self.width + self.patches(size),
            _ => self.width,
        }
    }

    /// Corrupts one row. `workspace` is overwritten; where elements are replaced rather than changed, its first ones, as many as `x` has, are then 1 for
    /// each that was, and else 0.
    pub fn apply(&self, noise: Noise, row: u32, x: &mut [f32], workspace: &mut [f32]) {
        let (marks, draws) = workspace.split_at_mut(x.len());
        match self.corruption {
            Corruption::Gaussian { deviation } => {
                noise.normal(row, marks);
                for (x, epsilon) in x.iter_mut().zip(marks) {
                    *x += deviation * *epsilon;
                }
            }
            Corruption::Masking { rate } => replace(noise, row, x, marks, [rate, 0.0]),
            Corruption::Hide { rate } => replace(noise, row, x, marks, [rate, f32::NAN]),
            Corruption::SaltAndPepper { rate } => {
                noise.uniform(row, marks);
                for (x, u) in x.iter_mut().zip(marks) {
                    let extreme = if *u < 0.5 * rate { 0.0 } else { 1.0 };
                    let is_replaced = *u < rate;
                    *x = if is_replaced { extreme } else { *x };
                    *u = f32::from(is_replaced);
                }
            }
            Corruption::Patches { size, rate } => {
                let draws = &mut draws[..self.patches(size)];
                noise.uniform(row, draws);
                choose(draws, hidden_of(draws.len(), rate));
                self.mark_patches(size, draws, marks);
                for (x, mark) in x.iter_mut().zip(marks) {
                    *x = if *mark == 1.0 { 0.0 } else { *x };
                }
            }
        }
    }

    /// How many patches of `size` pixels a side an example is cut into.
    fn patches(&self, size: usize) -> usize {
        self.picture.height.div_ceil(size) * self.picture.width.div_ceil(size)
    }

    /// Gives each element the mark of its patch.
    fn mark_patches(&self, size: usize, of_patches: &[f32], marks: &mut [f32]) {
        let Picture { height, width, .. } = self.picture;
        let beside = self.picture.elements_beside();
        for (pixel, marks) in marks.chunks_mut(beside).enumerate() {
            let (y, x) = (pixel / width % height, pixel % width);
            marks.fill(of_patches[y / size * width.div_ceil(size) + x / size]);
        }
    }
}

/// Sets elements to `value` with probability `rate`, and leaves in `marks` which.
fn replace(noise: Noise, row: u32, x: &mut [f32], marks: &mut [f32], [rate, value]: [f32; 2]) {
    noise.uniform(row, marks);
    for (x, u) in x.iter_mut().zip(marks) {
        let is_replaced = *u < rate;
        *x = if is_replaced { value } else { *x };
        *u = f32::from(is_replaced);
    }
}

/// How many of `count` patches the share `rate` is.
fn hidden_of(count: usize, rate: f32) -> usize {
    (f64::from(rate) * count as f64).round() as usize
}

/// Makes of uniform draws a 1 for `wanted` of them, of which every choice is as likely, and 0 for the others (selection sampling, algorithm S of
/// Knuth, volume 2, 3.4.2).
fn choose(draws: &mut [f32], wanted: usize) {
    let (mut wanted, mut left) = (wanted, draws.len());
    for draw in draws {
        let is_chosen = f64::from(*draw) * (left as f64) < wanted as f64;
        *draw = f32::from(is_chosen);
        wanted -= usize::from(is_chosen);
        left -= 1;
    }
}

impl Layer for Corrupt {
    fn name(&self) -> String {
        self.corruption.to_string()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            without_gradient: true,
            saves_hidden: self.records,
            ..Abilities::default()
        }
    }

    fn memory(&self) -> Memory {
        Memory {
            saved: if self.records { self.width } else { 0 },
            workspace: self.workspace(),
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        mut memory: ForwardMemory<'_>,
    ) {
        y.as_mut_slice().copy_from_slice(x.span());
        if !matches!(pass.mode, Mode::Train | Mode::Corrupted) {
            memory.saved.as_mut_slice().fill(0.0);
            return;
        }
        let workspace = &mut memory.workspace[..self.workspace()];
        for (at, y) in y.iter_rows_mut().enumerate() {
            self.apply(pass.noise, pass.first_row + at as u32, y, workspace);
            if self.records {
                let marks = &workspace[..self.width];
                memory.saved.row_mut(at).copy_from_slice(marks);
            }
        }
    }

    /// Its place is before everything that learns, where nobody asks for a gradient.
    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        assert!(dx.is_none(), "corruption stands behind a layer that learns");
    }

    fn describe(
        &self,
        _graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        Ok(inputs[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrupted(corruption: Corruption) -> Vec<f32> {
        let corrupt = Corrupt::new(20_000, corruption);
        let mut x = vec![0.5; 20_000];
        let mut workspace = vec![f32::NAN; corrupt.workspace()];
        corrupt.apply(Noise::new(1, 1), 0, &mut x, &mut workspace);
        if corrupt.replaces() {
            let is_replaced = |(x, mark): (&f32, &f32)| f32::from(*x != 0.5) == *mark;
            assert!(x.iter().zip(&workspace).all(is_replaced), "{corruption}");
        }
        x
    }

    fn share(x: &[f32], value: f32) -> f32 {
        x.iter().filter(|&&x| x == value).count() as f32 / x.len() as f32
    }

    #[test]
    fn each_kind_corrupts_its_share() {
        let masked = corrupted(Corruption::Masking { rate: 0.3 });
        assert!((share(&masked, 0.0) - 0.3).abs() < 0.01);
        assert!((share(&masked, 0.5) - 0.7).abs() < 0.01);
        let salted = corrupted(Corruption::SaltAndPepper { rate: 0.3 });
        assert!((share(&salted, 0.0) - 0.15).abs() < 0.01);
        assert!((share(&salted, 1.0) - 0.15).abs() < 0.01);
        let hidden = corrupted(Corruption::Hide { rate: 0.3 });
        let missing = hidden.iter().filter(|x| x.is_nan()).count() as f32;
        assert!((missing / hidden.len() as f32 - 0.3).abs() < 0.01);
        assert!((share(&hidden, 0.5) - 0.7).abs() < 0.01);
        let noisy = corrupted(Corruption::Gaussian { deviation: 0.2 });
        let n = noisy.len() as f32;
        let variance = noisy.iter().map(|x| (x - 0.5) * (x - 0.5)).sum::<f32>() / n;
        assert!((variance.sqrt() - 0.2).abs() < 0.005, "{variance}");
    }

    /// The patches of a picture that are hidden, a row of text each, of the first channel.
    fn hidden(shape: &[usize], size: usize, rate: f32, row: u32) -> Vec<f32> {
        let width = shape.iter().product();
        let picture = Picture::of(shape);
        let corrupt = Corrupt::new(width, Corruption::Patches { size, rate }).of_picture(picture);
        let mut x = vec![1.0; width];
        let mut workspace = vec![f32::NAN; corrupt.workspace()];
        corrupt.apply(Noise::new(3, 1), row, &mut x, &mut workspace);
        assert!(x.iter().zip(&workspace).all(|(x, mark)| x + mark == 1.0));
        workspace.truncate(width);
        workspace
    }

    #[test]
    fn patches_are_squares_of_all_channels() {
        for row in 0..20 {
            // 5 x 7 pixels are 3 x 4 patches, of which the last are narrower.
            let channels_last = hidden(&[5, 7, 3], 2, 0.5, row);
            let channels_first = hidden(&[3, 5, 7], 2, 0.5, row);
            let mut patches = [[0.0; 2]; 12];
            for (pixel, channels) in channels_last.chunks(3).enumerate() {
                assert_eq!(channels, [channels[0]; 3]);
                let marks = channels_first.chunks(35).map(|channel| channel[pixel]);
                assert!(marks.into_iter().all(|mark| mark == channels[0]));
                let patch = &mut patches[pixel / 7 / 2 * 4 + pixel % 7 / 2];
                patch[0] += channels[0];
                patch[1] += 1.0;
            }
            assert!(
                patches
                    .iter()
                    .all(|[sum, count]| [0.0, *count].contains(sum))
            );
            assert_eq!(patches.iter().filter(|[sum, _]| *sum > 0.0).count(), 6);
        }
        // Stretches of a series, with all its features, and of what is no picture.
        let series = hidden(&[40, 2], 5, 0.25, 0);
        assert_eq!(series.iter().sum::<f32>(), 20.0);
        assert!(series.chunks(10).all(|own| own == [own[0]; 10]));
        let row = hidden(&[12], 3, 0.5, 0);
        assert!(row.chunks(3).all(|own| own == [own[0]; 3]));
    }

    #[test]
    fn every_choice_of_patches_is_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..6000 {
            let marks = hidden(&[2, 2], 1, 0.5, row);
            let choice: Vec<bool> = marks.iter().map(|&mark| mark == 1.0).collect();
            *counts.entry(choice).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 each, with a deviation of 29.
        assert!(
            counts.values().all(|count| (870..1130).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn rates_that_hide_nothing_are_known() {
        let replaces = |corruption| Corrupt::new(9, corruption).replaces();
        let patches = |size, rate| replaces(Corruption::Patches { size, rate });
        assert!(patches(3, 0.2) && !patches(3, 0.1) && !patches(20, 0.4));
        assert!(
            replaces(Corruption::Hide { rate: 0.1 })
                && !replaces(Corruption::Masking { rate: 0.0 })
        );
        assert!(!replaces(Corruption::Gaussian { deviation: 1.0 }));
        assert!(!Corruption::Patches { size: 0, rate: 0.5 }.is_valid());
    }
}
