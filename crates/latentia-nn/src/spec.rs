//! Layers as plain data.

use std::fmt::Display;

use latentia_tensor::Window;
use serde::{Deserialize, Serialize};

use crate::{
    Activate, Activation, BatchNorm, Conv, Dense, Dropout, GroupNorm, Initializer, Layer, Pool,
    Pooled, Shape, Upsample,
};

/// A layer as a user writes it. A new layer is a file of its own and a variant here.
///
/// Layers that work on planes take `[channels, height, width]` and give planes; the others take and give rows of numbers, into
/// which planes turn by themselves, channel after channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "layer",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum LayerSpec {
    /// See [`Dense`].
    Dense {
        /// Numbers in a row of the output; left out, as many as an example has, or as the likelihood asks for at the end of
        /// a decoder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        units: Option<usize>,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
        /// The first values of the weight.
        #[serde(default)]
        initializer: Initializer,
    },
    /// A convolution, see [`Conv`].
    Conv {
        /// Planes of the output; left out, as many as make the numbers that an example has, or that the likelihood asks for at
        /// the end of a decoder.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channels: Option<usize>,
        /// Numbers in the window.
        kernel: Size,
        /// How far the window moves.
        #[serde(default = "one")]
        stride: Size,
        /// Zeros around a plane; `same` gives `⌈size / stride⌉` places.
        #[serde(default)]
        padding: Padding,
        /// Distance of the window's numbers.
        #[serde(default = "one")]
        dilation: Size,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
        /// The first values of the weight.
        #[serde(default)]
        initializer: Initializer,
    },
    /// A transposed convolution, see [`Conv`].
    TransposedConv {
        /// As of `conv`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channels: Option<usize>,
        /// Numbers in the window.
        kernel: Size,
        /// How far the window moves over the output.
        #[serde(default = "one")]
        stride: Size,
        /// Numbers that are cut off around a plane; `same` gives `size · stride` places.
        #[serde(default)]
        padding: Padding,
        /// Numbers that are added below and right of what the window reaches, less than `stride`.
        #[serde(default, skip_serializing_if = "is_zero")]
        output_padding: usize,
        /// Distance of the window's numbers.
        #[serde(default = "one")]
        dilation: Size,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
        /// The first values of the weight.
        #[serde(default)]
        initializer: Initializer,
    },
    /// The largest number of each window, see [`Pool`].
    MaxPool {
        /// Numbers in the window.
        size: Size,
        /// How far the window moves; left out, by its size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<Size>,
        /// Places around a plane that count for nothing; by itself none.
        #[serde(default = "valid")]
        padding: Padding,
    },
    /// The mean of each window, see [`Pool`].
    AveragePool {
        /// Numbers in the window.
        size: Size,
        /// How far the window moves; left out, by its size.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stride: Option<Size>,
        /// Places around a plane that count for nothing; by itself none.
        #[serde(default = "valid")]
        padding: Padding,
    },
    /// See [`Upsample`].
    Upsample {
        /// Copies of each number, down and across.
        factor: Size,
    },
    /// See [`BatchNorm`].
    BatchNorm {
        /// Share of the moving means that stays at a step.
        #[serde(default = "momentum")]
        momentum: f32,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
    },
    /// [`GroupNorm`] with one group.
    LayerNorm {
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
    },
    /// See [`GroupNorm`].
    GroupNorm {
        /// Groups of channels.
        groups: usize,
        /// The function applied to the output.
        #[serde(default)]
        activation: Activation,
    },
    /// Layers whose input is added to their output, see [`Activate::residual`].
    Residual {
        /// The layers, from a shape to the same shape.
        layers: Vec<LayerSpec>,
        /// The function applied to the sum.
        #[serde(default)]
        activation: Activation,
    },
    /// See [`Activate`].
    Activation {
        /// The function.
        activation: Activation,
    },
    /// See [`Dropout`].
    Dropout {
        /// Probability that a number is set to zero.
        rate: f32,
    },
    /// Takes a row of numbers for planes.
    Reshape {
        /// `[channels, height, width]`.
        shape: [usize; 3],
    },
    /// Takes planes for a row of numbers.
    Flatten,
}

/// Numbers down and across: one number for both, or `[down, across]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Size {
    /// The same both ways.
    Square(usize),
    /// Down and across.
    Both([usize; 2]),
}

impl From<Size> for [usize; 2] {
    fn from(size: Size) -> Self {
        match size {
            Size::Square(size) => [size; 2],
            Size::Both(sizes) => sizes,
        }
    }
}

/// What is around a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Padding {
    /// So many numbers on each side.
    Numbers(Size),
    /// By a word.
    Named(NamedPadding),
}

/// Paddings with a name, as Keras has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

fn one() -> Size {
    Size::Square(1)
}

fn valid() -> Padding {
    Padding::Named(NamedPadding::Valid)
}

fn momentum() -> f32 {
    0.9
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Why a chain cannot be built: a layer and what it was given do not fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("layer {layer} ({name}) {seen}; {valid}")]
pub struct SpecError {
    /// Number of the layer in its part, from 0.
    pub layer: usize,
    /// What kind of layer it is.
    pub name: &'static str,
    /// What it has or was given.
    pub seen: String,
    /// What would be valid.
    pub valid: String,
}

/// How wide layers are that do not say it.
#[derive(Clone, Copy, Debug)]
pub struct Widths {
    /// Numbers of the last of them.
    pub last: usize,
    /// Numbers of those before.
    pub others: usize,
}

/// What is wrong with a layer and what would be valid.
type Misfit = (String, String);

impl LayerSpec {
    /// Builds the layers of one part of a model, for rows of shape `input`, and gives back the shape of a row behind them too.
    ///
    /// # Errors
    /// When a layer's numbers are out of range, or it does not fit what comes before; the first such layer is named.
    pub fn build(
        specs: &[Self],
        input: Shape,
        widths: Widths,
    ) -> Result<(Vec<Box<dyn Layer>>, Shape), SpecError> {
        let mut parts = Parts {
            shape: input,
            layers: Vec::with_capacity(specs.len()),
        };
        let last = specs.iter().rposition(Self::has_width);
        for (layer, spec) in specs.iter().enumerate() {
            let width = match Some(layer) == last {
                true => widths.last,
                false => widths.others,
            };
            let misfit = |(seen, valid)| SpecError {
                layer,
                name: spec.name(),
                seen,
                valid,
            };
            spec.add_to(&mut parts, width).map_err(misfit)?;
        }
        Ok((parts.layers, parts.shape))
    }

    /// Its name in a specification.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Dense { .. } => "dense",
            Self::Conv { .. } => "conv",
            Self::TransposedConv { .. } => "transposed-conv",
            Self::MaxPool { .. } => "max-pool",
            Self::AveragePool { .. } => "average-pool",
            Self::Upsample { .. } => "upsample",
            Self::BatchNorm { .. } => "batch-norm",
            Self::LayerNorm { .. } => "layer-norm",
            Self::GroupNorm { .. } => "group-norm",
            Self::Residual { .. } => "residual",
            Self::Activation { .. } => "activation",
            Self::Dropout { .. } => "dropout",
            Self::Reshape { .. } => "reshape",
            Self::Flatten => "flatten",
        }
    }

    /// Whether it is a dense layer.
    pub fn is_dense(&self) -> bool {
        matches!(self, Self::Dense { .. })
    }

    /// Whether it learns a weight, and says how wide its output is.
    pub fn has_width(&self) -> bool {
        matches!(
            self,
            Self::Dense { .. } | Self::Conv { .. } | Self::TransposedConv { .. }
        )
    }

    /// Whether it works on planes.
    pub fn needs_planes(&self) -> bool {
        match self {
            Self::Conv { .. }
            | Self::TransposedConv { .. }
            | Self::MaxPool { .. }
            | Self::AveragePool { .. }
            | Self::Upsample { .. } => true,
            Self::Residual { layers, .. } => layers.iter().any(Self::needs_planes),
            _ => false,
        }
    }

    /// Sets how wide the output is: units, or channels.
    pub fn set_width(&mut self, width: usize) {
        match self {
            Self::Dense { units, .. } => *units = Some(width),
            Self::Conv { channels, .. } | Self::TransposedConv { channels, .. } => {
                *channels = Some(width);
            }
            _ => {}
        }
    }

    /// The function applied to the layer's output.
    pub fn activation(&self) -> Activation {
        match self {
            Self::Dense { activation, .. }
            | Self::Conv { activation, .. }
            | Self::TransposedConv { activation, .. }
            | Self::BatchNorm { activation, .. }
            | Self::LayerNorm { activation }
            | Self::GroupNorm { activation, .. }
            | Self::Residual { activation, .. }
            | Self::Activation { activation } => *activation,
            _ => Activation::Linear,
        }
    }

    /// Adds the layer to those before; one without a width of its own has `width` numbers.
    fn add_to(&self, parts: &mut Parts, width: usize) -> Result<(), Misfit> {
        match *self {
            Self::Dense {
                units,
                activation,
                initializer,
            } => {
                let units = units.unwrap_or(width);
                positive("units", units)?;
                let inputs = parts.shape.numbers();
                parts.add(Dense::new(inputs, units, activation, initializer));
            }
            Self::Dropout { rate } if !(0.0..1.0).contains(&rate) => {
                let valid = "it must be at least 0 and less than 1";
                return wrong(format!("has rate {rate}"), valid);
            }
            Self::Dropout { rate } => parts.add_like(|shape| Dropout::new(shape, rate)),
            Self::Conv {
                channels,
                kernel,
                stride,
                padding,
                dilation,
                activation,
                initializer,
            } => {
                let input = parts.planes()?;
                let window = window(kernel, stride, dilation, padding, &input)?;
                let [down, across] = fitting(&window, &input)?;
                let channels = channels_of(channels, width, [down, across])?;
                let conv = Conv::new(input, channels, window, activation, initializer);
                parts.add(conv.ok_or_else(|| too_large([channels, down, across]))?);
            }
            Self::TransposedConv {
                channels,
                kernel,
                stride,
                padding,
                output_padding,
                dilation,
                activation,
                initializer,
            } => {
                let input = parts.planes()?;
                let open = window(kernel, stride, dilation, valid(), &input)?;
                let (window, size) = transposed(open, padding, output_padding, &input)?;
                let channels = channels_of(channels, width, size)?;
                let output = [channels, size[0], size[1]];
                let conv = Conv::transposed(input, output, window, activation, initializer);
                parts.add(conv.ok_or_else(|| too_large(output))?);
            }
            Self::MaxPool {
                size,
                stride,
                padding,
            } => parts.pool(size, stride, padding, Pooled::Max)?,
            Self::AveragePool {
                size,
                stride,
                padding,
            } => parts.pool(size, stride, padding, Pooled::Average)?,
            Self::Upsample { factor } => {
                let input = parts.planes()?;
                let factor = factor.into();
                let factors: [usize; 2] = factor;
                factors
                    .into_iter()
                    .try_for_each(|n| positive("factor", n))?;
                let layer = Upsample::new(input, factor);
                if layer.outputs() >= 1 << 31 {
                    return Err(too_large([input[0], input[1], input[2]]));
                }
                parts.add(layer);
            }
            Self::BatchNorm { momentum, .. } if !(0.0..1.0).contains(&momentum) => {
                let valid = "it must be at least 0 and less than 1";
                return wrong(format!("has momentum {momentum}"), valid);
            }
            Self::BatchNorm {
                momentum,
                activation,
            } => parts.add_like(|shape| BatchNorm::new(shape, momentum, activation)),
            Self::LayerNorm { activation } => {
                parts.add_like(|shape| GroupNorm::new(shape, 1, activation));
            }
            Self::GroupNorm { groups, activation } => {
                let [channels, _] = parts.shape.channels();
                if groups == 0 || !channels.is_multiple_of(groups) {
                    let valid = format!("`groups` must divide the {channels} channels it gets");
                    return wrong(format!("has {groups} groups"), valid);
                }
                parts.add_like(|shape| GroupNorm::new(shape, groups, activation));
            }
            Self::Residual {
                ref layers,
                activation,
            } => parts.residual(layers, activation, width)?,
            Self::Activation { activation } => {
                parts.add_like(|shape| Activate::new(shape, activation));
            }
            Self::Reshape { shape } => {
                let (planes, numbers) = (Shape::Planes(shape), parts.shape.numbers());
                if planes.numbers() != numbers {
                    let seen = format!("takes {} for {planes}", parts.shape);
                    let valid = format!("{planes} has {} numbers", planes.numbers());
                    return wrong(seen, valid);
                }
                parts.shape = planes;
            }
            Self::Flatten => parts.shape = Shape::Flat(parts.shape.numbers()),
        }
        Ok(())
    }
}

/// Layers so far, and the shape of a row behind them.
struct Parts {
    shape: Shape,
    layers: Vec<Box<dyn Layer>>,
}

impl Parts {
    fn add(&mut self, layer: impl Layer + 'static) {
        self.shape = layer.shape();
        self.layers.push(Box::new(layer));
    }

    /// Adds a layer that keeps the shape.
    fn add_like<L: Layer + 'static>(&mut self, layer: impl FnOnce(Shape) -> L) {
        self.layers.push(Box::new(layer(self.shape)));
    }

    /// The planes that a layer is given.
    fn planes(&self) -> Result<[usize; 3], Misfit> {
        match self.shape {
            Shape::Planes(planes) => Ok(planes),
            Shape::Flat(numbers) => {
                let valid = "it works on planes: put a `reshape` with [channels, height, width] before it, or give examples of a height and a width";
                wrong(format!("gets rows of {numbers} numbers"), valid)
            }
        }
    }

    fn pool(
        &mut self,
        size: Size,
        stride: Option<Size>,
        padding: Padding,
        pooled: Pooled,
    ) -> Result<(), Misfit> {
        let input = self.planes()?;
        let window = window(size, stride.unwrap_or(size), one(), padding, &input)?;
        fitting(&window, &input)?;
        let Some(pool) = Pool::new(input, window, pooled) else {
            let seen = format!("has a padding as wide as its window, {}", by(window.kernel));
            return wrong(
                seen,
                "the padding must be narrower: a mean of nothing is none",
            );
        };
        self.add(pool);
        Ok(())
    }

    fn residual(
        &mut self,
        specs: &[LayerSpec],
        activation: Activation,
        width: usize,
    ) -> Result<(), Misfit> {
        let (shape, first) = (self.shape, self.layers.len());
        for (number, spec) in specs.iter().enumerate() {
            spec.add_to(self, width).map_err(|(seen, valid)| {
                let inner = format!("has a layer {number} ({}) that {seen}", spec.name());
                (inner, valid)
            })?;
        }
        let layers = self.layers.len() - first;
        if layers == 0 {
            return wrong(
                "has no layers".into(),
                "it adds its input to what they make of it",
            );
        }
        if self.shape != shape {
            let seen = format!("goes from {shape} to {}", self.shape);
            return wrong(
                seen,
                "its layers must end with the shape that they begin with",
            );
        }
        self.add_like(|shape| Activate::residual(shape, activation, layers));
        Ok(())
    }
}

fn wrong<T>(seen: String, valid: impl Into<String>) -> Result<T, Misfit> {
    Err((seen, valid.into()))
}

fn positive(what: &str, number: usize) -> Result<(), Misfit> {
    match number {
        0 => wrong(format!("has {what} 0"), "it needs at least 1"),
        _ => Ok(()),
    }
}

fn by([down, across]: [impl Display; 2]) -> String {
    format!("{down}x{across}")
}

fn too_large([channels, height, width]: [usize; 3]) -> Misfit {
    (
        format!("makes {channels} planes of {height}x{width}"),
        "fewer than 2³¹ numbers are possible: use fewer channels or a larger stride".into(),
    )
}

/// The window of a layer that is given planes `input`.
fn window(
    kernel: Size,
    stride: Size,
    dilation: Size,
    padding: Padding,
    input: &[usize; 3],
) -> Result<Window, Misfit> {
    let mut window = Window {
        kernel: kernel.into(),
        stride: stride.into(),
        dilation: dilation.into(),
        padding: [[0; 2]; 2],
    };
    for (what, numbers) in [
        ("kernel", window.kernel),
        ("stride", window.stride),
        ("dilation", window.dilation),
    ] {
        numbers.into_iter().try_for_each(|n| positive(what, n))?;
    }
    let extent = window.extent();
    window.padding = [0, 1].map(|axis| match padding {
        Padding::Named(NamedPadding::Valid) => [0; 2],
        Padding::Numbers(numbers) => [<[usize; 2]>::from(numbers)[axis]; 2],
        Padding::Named(NamedPadding::Same) => {
            let size = input[axis + 1];
            let places = size.div_ceil(window.stride[axis]);
            let reached = places.saturating_sub(1) * window.stride[axis];
            let missing = reached.saturating_add(extent[axis]).saturating_sub(size);
            [missing / 2, missing - missing / 2]
        }
    });
    Ok(window)
}

/// The places of a window on planes that it fits.
fn fitting(window: &Window, input: &[usize; 3]) -> Result<[usize; 2], Misfit> {
    let [_, height, width] = *input;
    window.places([height, width]).map_or_else(
        || {
            let [[above, below], [left, right]] = window.padding;
            let room = [
                height.saturating_add(above).saturating_add(below),
                width.saturating_add(left).saturating_add(right),
            ];
            let seen = format!("has a window of {}", by(window.extent()));
            let valid = format!(
                "it gets {}, {} with the padding: use a smaller kernel, or padding `same`",
                Shape::Planes(*input),
                by(room)
            );
            wrong(seen, valid)
        },
        Ok,
    )
}

/// The window of a transposed convolution, and the size of a plane of its output.
fn transposed(
    mut window: Window,
    padding: Padding,
    output_padding: usize,
    input: &[usize; 3],
) -> Result<(Window, [usize; 2]), Misfit> {
    let extent = window.extent();
    let mut size = [0; 2];
    for axis in 0..2 {
        let (places, stride) = (input[axis + 1], window.stride[axis]);
        if output_padding >= stride && output_padding > 0 {
            let valid = format!("it must be less than the stride, {stride}");
            return wrong(format!("has output-padding {output_padding}"), valid);
        }
        let reached = (places - 1)
            .saturating_mul(stride)
            .saturating_add(extent[axis]);
        let cut = match padding {
            Padding::Named(NamedPadding::Valid) => [0; 2],
            Padding::Numbers(numbers) => [<[usize; 2]>::from(numbers)[axis]; 2],
            Padding::Named(NamedPadding::Same) => {
                let missing = extent[axis].saturating_sub(stride);
                [missing / 2, missing - missing / 2]
            }
        };
        let same = padding == Padding::Named(NamedPadding::Same);
        let added = match same {
            // Where the window is smaller than the stride, its places do not reach the whole of it.
            true => stride.saturating_sub(extent[axis]),
            false => output_padding,
        };
        let whole = reached.saturating_add(added);
        size[axis] = whole.saturating_sub(cut[0].saturating_add(cut[1]));
        if size[axis] == 0 {
            let seen = format!("cuts {} off {whole} numbers", cut[0].saturating_add(cut[1]));
            return wrong(seen, "something must be left: use a smaller padding");
        }
        window.padding[axis] = cut;
    }
    if padding == Padding::Named(NamedPadding::Same) && output_padding > 0 {
        let valid = "padding `same` makes the size alone: leave it out";
        return wrong(format!("has output-padding {output_padding}"), valid);
    }
    Ok((window, size))
}

/// How many planes of `size` there are: as the layer says, or as many as make `width` numbers.
fn channels_of(channels: Option<usize>, width: usize, size: [usize; 2]) -> Result<usize, Misfit> {
    if let Some(channels) = channels {
        return positive("channels", channels).map(|()| channels);
    }
    let plane = size[0].saturating_mul(size[1]);
    match plane > 0 && width >= plane && width.is_multiple_of(plane) {
        true => Ok(width / plane),
        false => wrong(
            format!("ends with planes of {}", by(size)),
            format!("{width} numbers are wanted here, which is no multiple of {plane}"),
        ),
    }
}
