//! Windows over feature maps, as a user writes them.

use std::fmt::Display;

use latentia_tensor::Window;
use serde::{Deserialize, Serialize};

use super::sizes::Sizes;
use super::stack::{positive, refuse};
use crate::Shape;
use crate::invalid_spec::InvalidSpec;

/// Sizes down and across: one number for both, or `[down, across]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Size {
    /// The same both ways.
    Square(usize),
    /// Down and across.
    Both([usize; 2]),
}

impl Size {
    /// A size of 1, where a specification leaves it out.
    pub(super) fn one() -> Self {
        Self::Square(1)
    }

    /// A size of 0, where a specification leaves it out.
    pub(super) fn zero() -> Self {
        Self::Square(0)
    }

    /// Whether it is 0 both ways.
    pub(super) fn is_zero(&self) -> bool {
        <[usize; 2]>::from(*self) == [0; 2]
    }

    /// A size along a series, whose height is 1.
    pub(super) fn along(length: usize) -> Self {
        Self::Both([1, length])
    }
}

impl From<Size> for [usize; 2] {
    fn from(size: Size) -> Self {
        match size {
            Size::Square(size) => [size; 2],
            Size::Both(sizes) => sizes,
        }
    }
}

/// What is around a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Padding {
    /// So many elements on each side.
    Elements(Size),
    /// By a word.
    Named(NamedPadding),
}

/// What is around a feature map of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Padding1d {
    /// So many elements on each side.
    Elements(usize),
    /// By a word.
    Named(NamedPadding),
}

impl Default for Padding1d {
    fn default() -> Self {
        Self::Named(NamedPadding::Same)
    }
}

impl Padding1d {
    /// No padding, where a specification leaves it out.
    pub(super) fn valid() -> Self {
        Self::Named(NamedPadding::Valid)
    }
}

impl From<Padding1d> for Padding {
    fn from(padding: Padding1d) -> Self {
        match padding {
            Padding1d::Elements(length) => Self::Elements(Size::Both([0, length])),
            Padding1d::Named(named) => Self::Named(named),
        }
    }
}

/// A length of 1, where a specification leaves it out.
pub(super) fn one() -> usize {
    1
}

/// Paddings with a name, `same` and `valid` as Keras has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NamedPadding {
    /// As much as makes the size depend on the stride alone; where it is odd, the larger half lies below and right.
    Same,
    /// None.
    Valid,
    /// None in an encoder; in a decoder as much, up to `same`, as brings it back to the height and width of an example.
    Fit,
}

impl NamedPadding {
    fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Valid => "valid",
            Self::Fit => "fit",
        }
    }
}

impl Default for Padding {
    fn default() -> Self {
        Self::Named(NamedPadding::Same)
    }
}

impl Padding {
    /// No padding, where a specification leaves it out.
    pub(super) fn valid() -> Self {
        Self::Named(NamedPadding::Valid)
    }
}

pub(super) fn by([down, across]: [impl Display; 2]) -> String {
    format!("{down}x{across}")
}

/// A window as a user writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowSpec {
    pub kernel: Size,
    pub stride: Size,
    pub dilation: Size,
    pub padding: Padding,
}

impl WindowSpec {
    /// `[kernel, stride, dilation]`.
    fn numbers(&self) -> [[usize; 2]; 3] {
        [self.kernel, self.stride, self.dilation].map(Into::into)
    }

    /// The window without its padding.
    fn unpadded(&self) -> Result<Window, InvalidSpec> {
        let [kernel, stride, dilation] = self.numbers();
        for (what, sizes) in [
            ("kernel", kernel),
            ("stride", stride),
            ("dilation", dilation),
        ] {
            sizes.into_iter().try_for_each(|n| positive(what, n))?;
        }
        Ok(Window {
            kernel,
            stride,
            dilation,
            padding: [[0; 2]; 2],
        })
    }

    /// The stride and the extent along an axis, nothing where there is no such window.
    fn along(&self, axis: usize) -> Option<[usize; 2]> {
        let window = self.unpadded().ok()?;
        Some([window.stride[axis], window.extent()[axis]])
    }

    /// Positions on feature maps of `size`.
    pub fn sizes(&self, axis: usize, size: usize) -> Sizes {
        let Some([stride, extent]) = self.along(axis) else {
            return Sizes::exactly(0);
        };
        let places = |padding: usize| {
            let padded = size.saturating_add(padding);
            padded
                .checked_sub(extent)
                .map_or(0, |room| room / stride + 1)
        };
        let same = size.div_ceil(stride);
        match self.padding {
            Padding::Named(NamedPadding::Same) => Sizes::exactly(same),
            Padding::Named(NamedPadding::Valid) => Sizes::exactly(places(0)),
            Padding::Named(NamedPadding::Fit) => {
                let least = places(0).max(1).min(same);
                Sizes {
                    least,
                    written: least,
                    most: same,
                }
            }
            Padding::Elements(elements) => {
                Sizes::exactly(places(<[usize; 2]>::from(elements)[axis].saturating_mul(2)))
            }
        }
    }

    /// The window on feature maps `input` and its positions, which are `sizes` where they are chosen.
    pub fn on(
        &self,
        input: &[usize; 3],
        sizes: Option<[usize; 2]>,
    ) -> Result<(Window, [usize; 2]), InvalidSpec> {
        let mut window = self.unpadded()?;
        let own = [0, 1].map(|axis| self.sizes(axis, input[axis + 1]).written);
        let positions = sizes.unwrap_or(own);
        window.padding = [0, 1].map(|axis| self.around(axis, input[axis + 1], positions[axis]));
        let positions = fitting(&window, input)?;
        Ok((window, positions))
    }

    /// Sizes of a transposed convolution's output, of whose window `positions` there are.
    pub fn transposed_sizes(&self, axis: usize, positions: usize, output_padding: Size) -> Sizes {
        let output_padding = <[usize; 2]>::from(output_padding)[axis];
        let (Some([stride, extent]), Some(gaps)) = (self.along(axis), positions.checked_sub(1))
        else {
            return Sizes::exactly(0);
        };
        let before = gaps.saturating_mul(stride);
        let covered = before.saturating_add(extent);
        let cut = match self.padding {
            Padding::Named(_) => 0,
            Padding::Elements(elements) => <[usize; 2]>::from(elements)[axis].saturating_mul(2),
        };
        let of = |added: usize| covered.saturating_add(added).saturating_sub(cut);
        let (least, written, most) = match self.padding {
            Padding::Named(NamedPadding::Same) => {
                let most = before.saturating_add(stride);
                (before.saturating_add(1), most, most)
            }
            Padding::Named(NamedPadding::Fit) => (before.saturating_add(1), of(0), of(stride - 1)),
            _ => (of(0), of(output_padding), of(stride - 1)),
        };
        Sizes {
            least,
            written,
            most,
        }
    }

    /// The window of a transposed convolution of feature maps `input`, and the sizes of its output, which are `sizes` where they are chosen.
    pub fn transposed(
        &self,
        output_padding: Size,
        input: &[usize; 3],
        sizes: Option<[usize; 2]>,
    ) -> Result<(Window, [usize; 2]), InvalidSpec> {
        let mut window = self.unpadded()?;
        let added = <[usize; 2]>::from(output_padding);
        for (added, stride) in added.into_iter().zip(window.stride) {
            if added >= stride && added > 0 {
                let valid = format!("it must be less than the stride, {stride}");
                return refuse(format!("has output-padding {added}"), valid);
            }
        }
        if let Padding::Named(named @ (NamedPadding::Same | NamedPadding::Fit)) = self.padding
            && let Some(added) = added.into_iter().find(|added| *added > 0)
        {
            let name = named.name();
            let valid = format!("padding `{name}` makes the size alone: leave it out");
            return refuse(format!("has output-padding {added}"), valid);
        }
        let own = [0, 1].map(|axis| self.transposed_sizes(axis, input[axis + 1], output_padding));
        let sizes = sizes.unwrap_or(own.map(|sizes| sizes.written));
        for axis in 0..2 {
            let padding = self.around(axis, sizes[axis], input[axis + 1]);
            if sizes[axis] == 0 {
                let cut = padding[0].saturating_add(padding[1]);
                let covered = (input[axis + 1] - 1).saturating_mul(window.stride[axis]);
                let whole = covered
                    .saturating_add(window.extent()[axis])
                    .saturating_add(added[axis]);
                let seen = format!("cuts {cut} off {whole} elements");
                return refuse(seen, "something must be left: use a smaller padding");
            }
            window.padding[axis] = padding;
        }
        Ok((window, sizes))
    }

    /// The padding with which the window has so many `positions` on feature maps of `size`.
    fn around(&self, axis: usize, size: usize, positions: usize) -> [usize; 2] {
        match (self.padding, self.along(axis)) {
            (Padding::Elements(elements), _) => [<[usize; 2]>::from(elements)[axis]; 2],
            (Padding::Named(NamedPadding::Same | NamedPadding::Fit), Some([stride, extent])) => {
                let covered = positions.saturating_sub(1).saturating_mul(stride);
                let missing = covered.saturating_add(extent).saturating_sub(size);
                [missing / 2, missing - missing / 2]
            }
            _ => [0; 2],
        }
    }
}

/// The positions of a window on feature maps that it fits.
fn fitting(window: &Window, input: &[usize; 3]) -> Result<[usize; 2], InvalidSpec> {
    let [_, height, width] = *input;
    window.places([height, width]).map_or_else(
        || {
            let [[above, below], [left, right]] = window.padding;
            let padded = [
                height.saturating_add(above).saturating_add(below),
                width.saturating_add(left).saturating_add(right),
            ];
            let seen = format!("has a window of {}", by(window.extent()));
            let valid = format!(
                "it gets {}, {} with the padding: use a smaller kernel, or padding `same`",
                Shape::feature_maps(*input),
                by(padded)
            );
            refuse(seen, valid)
        },
        Ok,
    )
}

/// How many feature maps of `size` there are: as the layer says, or as many as make `width` elements.
pub(super) fn channels_of(
    channels: Option<usize>,
    width: usize,
    size: [usize; 2],
) -> Result<usize, InvalidSpec> {
    if let Some(channels) = channels {
        return positive("channels", channels).map(|()| channels);
    }
    let map = size[0].saturating_mul(size[1]);
    match map > 0 && width >= map && width.is_multiple_of(map) {
        true => Ok(width / map),
        false => refuse(
            format!("ends with feature maps of {}", by(size)),
            format!("{width} elements are wanted here, which is no multiple of {map}"),
        ),
    }
}
