//! Layers built one after another.

use std::fmt::Display;

use latentia_tensor::Window;

use super::size::{NamedPadding, Padding, Size};
use super::spec::{LayerSpec, valid};
use crate::{
    Activate, Activation, BatchNorm, Conv, Dense, Dropout, GroupNorm, Layer, Pool, Pooled, Shape,
    Upsample,
};

/// What is wrong with a layer and what would be valid.
pub(super) type Misfit = (String, String);

/// Layers so far, and the shape of a row behind them.
pub(super) struct Parts {
    pub(super) shape: Shape,
    pub(super) layers: Vec<Box<dyn Layer>>,
}

impl Parts {
    /// Adds a layer to those before; one without a width of its own has `width` numbers.
    pub(super) fn add_spec(&mut self, spec: &LayerSpec, width: usize) -> Result<(), Misfit> {
        match *spec {
            LayerSpec::Dense {
                units,
                activation,
                initializer,
            } => {
                let units = units.unwrap_or(width);
                positive("units", units)?;
                let inputs = self.shape.numbers();
                self.add(Dense::new(inputs, units, activation, initializer));
            }
            LayerSpec::Dropout { rate } if !(0.0..1.0).contains(&rate) => {
                let valid = "it must be at least 0 and less than 1";
                return wrong(format!("has rate {rate}"), valid);
            }
            LayerSpec::Dropout { rate } => self.add_like(|shape| Dropout::new(shape, rate)),
            LayerSpec::Conv {
                channels,
                kernel,
                stride,
                padding,
                dilation,
                activation,
                initializer,
            } => {
                let input = self.planes()?;
                let window = window(kernel, stride, dilation, padding, &input)?;
                let [down, across] = fitting(&window, &input)?;
                let channels = channels_of(channels, width, [down, across])?;
                let conv = Conv::new(input, channels, window, activation, initializer);
                self.add(conv.ok_or_else(|| too_large([channels, down, across]))?);
            }
            LayerSpec::TransposedConv {
                channels,
                kernel,
                stride,
                padding,
                output_padding,
                dilation,
                activation,
                initializer,
            } => {
                let input = self.planes()?;
                let open = window(kernel, stride, dilation, valid(), &input)?;
                let (window, size) = transposed(open, padding, output_padding, &input)?;
                let channels = channels_of(channels, width, size)?;
                let output = [channels, size[0], size[1]];
                let conv = Conv::transposed(input, output, window, activation, initializer);
                self.add(conv.ok_or_else(|| too_large(output))?);
            }
            LayerSpec::MaxPool {
                size,
                stride,
                padding,
            } => self.pool(size, stride, padding, Pooled::Max)?,
            LayerSpec::AveragePool {
                size,
                stride,
                padding,
            } => self.pool(size, stride, padding, Pooled::Average)?,
            LayerSpec::Upsample { factor } => {
                let input = self.planes()?;
                let factor = factor.into();
                let factors: [usize; 2] = factor;
                factors
                    .into_iter()
                    .try_for_each(|n| positive("factor", n))?;
                let layer = Upsample::new(input, factor);
                if layer.outputs() >= 1 << 31 {
                    return Err(too_large([input[0], input[1], input[2]]));
                }
                self.add(layer);
            }
            LayerSpec::BatchNorm { momentum, .. } if !(0.0..1.0).contains(&momentum) => {
                let valid = "it must be at least 0 and less than 1";
                return wrong(format!("has momentum {momentum}"), valid);
            }
            LayerSpec::BatchNorm {
                momentum,
                activation,
            } => self.add_like(|shape| BatchNorm::new(shape, momentum, activation)),
            LayerSpec::LayerNorm { activation } => {
                self.add_like(|shape| GroupNorm::new(shape, 1, activation));
            }
            LayerSpec::GroupNorm { groups, activation } => {
                let [channels, _] = self.shape.channels();
                if groups == 0 || !channels.is_multiple_of(groups) {
                    let valid = format!("`groups` must divide the {channels} channels it gets");
                    return wrong(format!("has {groups} groups"), valid);
                }
                self.add_like(|shape| GroupNorm::new(shape, groups, activation));
            }
            LayerSpec::Residual {
                ref layers,
                activation,
            } => self.residual(layers, activation, width)?,
            LayerSpec::Activation { activation } => {
                self.add_like(|shape| Activate::new(shape, activation));
            }
            LayerSpec::Reshape { shape } => {
                let (planes, numbers) = (Shape::Planes(shape), self.shape.numbers());
                if planes.numbers() != numbers {
                    let seen = format!("takes {} for {planes}", self.shape);
                    let valid = format!("{planes} has {} numbers", planes.numbers());
                    return wrong(seen, valid);
                }
                self.shape = planes;
            }
            LayerSpec::Flatten => self.shape = Shape::Flat(self.shape.numbers()),
        }
        Ok(())
    }

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
        let window = window(
            size,
            stride.unwrap_or(size),
            Size::Square(1),
            padding,
            &input,
        )?;
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
            self.add_spec(spec, width).map_err(|(seen, valid)| {
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
