//! Windows over feature maps, as a user writes them.

use std::fmt::Display;

use latentia_tensor::Window;
use serde::{Deserialize, Serialize};

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

/// Paddings with a name, as Keras has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum NamedPadding {
    /// As much as makes the size depend on the stride alone; where it is odd, the larger half lies below and right.
    Same,
    /// None.
    Valid,
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

/// The window of a layer that is given feature maps `input`.
pub(super) fn window(
    kernel: Size,
    stride: Size,
    dilation: Size,
    padding: Padding,
    input: &[usize; 3],
) -> Result<Window, InvalidSpec> {
    let mut window = Window {
        kernel: kernel.into(),
        stride: stride.into(),
        dilation: dilation.into(),
        padding: [[0; 2]; 2],
    };
    for (what, sizes) in [
        ("kernel", window.kernel),
        ("stride", window.stride),
        ("dilation", window.dilation),
    ] {
        sizes.into_iter().try_for_each(|n| positive(what, n))?;
    }
    let extent = window.extent();
    window.padding = [0, 1].map(|axis| match padding {
        Padding::Named(NamedPadding::Valid) => [0; 2],
        Padding::Elements(elements) => [<[usize; 2]>::from(elements)[axis]; 2],
        Padding::Named(NamedPadding::Same) => {
            let size = input[axis + 1];
            let positions = size.div_ceil(window.stride[axis]);
            let covered = positions.saturating_sub(1) * window.stride[axis];
            let missing = covered.saturating_add(extent[axis]).saturating_sub(size);
            [missing / 2, missing - missing / 2]
        }
    });
    Ok(window)
}

/// The positions of a window on feature maps that it fits.
pub(super) fn fitting(window: &Window, input: &[usize; 3]) -> Result<[usize; 2], InvalidSpec> {
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

/// The window of a transposed convolution, and the size of a feature map of its output.
pub(super) fn transposed(
    mut window: Window,
    padding: Padding,
    output_padding: usize,
    input: &[usize; 3],
) -> Result<(Window, [usize; 2]), InvalidSpec> {
    let extent = window.extent();
    let mut size = [0; 2];
    for axis in 0..2 {
        let (positions, stride) = (input[axis + 1], window.stride[axis]);
        if output_padding >= stride && output_padding > 0 {
            let valid = format!("it must be less than the stride, {stride}");
            return refuse(format!("has output-padding {output_padding}"), valid);
        }
        let covered = (positions - 1)
            .saturating_mul(stride)
            .saturating_add(extent[axis]);
        let cut = match padding {
            Padding::Named(NamedPadding::Valid) => [0; 2],
            Padding::Elements(elements) => [<[usize; 2]>::from(elements)[axis]; 2],
            Padding::Named(NamedPadding::Same) => {
                let missing = extent[axis].saturating_sub(stride);
                [missing / 2, missing - missing / 2]
            }
        };
        let same = padding == Padding::Named(NamedPadding::Same);
        let added = match same {
            // Where the window is smaller than the stride, its positions do not cover the whole of it.
            true => stride.saturating_sub(extent[axis]),
            false => output_padding,
        };
        let whole = covered.saturating_add(added);
        size[axis] = whole.saturating_sub(cut[0].saturating_add(cut[1]));
        if size[axis] == 0 {
            let cut = cut[0].saturating_add(cut[1]);
            let seen = format!("cuts {cut} off {whole} elements");
            return refuse(seen, "something must be left: use a smaller padding");
        }
        window.padding[axis] = cut;
    }
    if padding == Padding::Named(NamedPadding::Same) && output_padding > 0 {
        let valid = "padding `same` makes the size alone: leave it out";
        return refuse(format!("has output-padding {output_padding}"), valid);
    }
    Ok((window, size))
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
