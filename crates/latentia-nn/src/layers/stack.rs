//! Layers built one after another.

use crate::Shape;
use crate::invalid_spec::InvalidSpec;
use crate::layer::Layer;

/// Layers so far, and the shape of a row behind them.
#[derive(Debug)]
pub struct LayerStack {
    pub(super) shape: Shape,
    pub(super) layers: Vec<Box<dyn Layer>>,
    /// Height and width that feature maps are to have behind the next layer, one of its [`super::LayerKind::sizes`]; nothing
    /// where they are what it says by itself.
    pub(super) sizes: Option<[usize; 2]>,
}

impl LayerStack {
    /// No layers yet, for rows of shape `input`.
    pub fn new(input: Shape) -> Self {
        Self {
            shape: input,
            layers: Vec::new(),
            sizes: None,
        }
    }

    /// Shape of a row behind the layers.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Adds a layer to those before.
    pub fn add(&mut self, layer: impl Layer + 'static) {
        self.shape = layer.output();
        self.layers.push(Box::new(layer));
    }

    /// The layers, first to last.
    pub fn into_layers(self) -> Vec<Box<dyn Layer>> {
        self.layers
    }

    /// The feature maps `[channels, height, width]` that the next layer is given.
    ///
    /// # Errors
    /// When it is given a flat row.
    pub fn feature_maps(&self) -> Result<[usize; 3], InvalidSpec> {
        self.shape.as_feature_maps().ok_or_else(|| {
            let seen = format!("gets rows of {} elements", self.shape);
            let valid = "it works on feature maps: put a `reshape` with [channels, height, width] before it, or give examples of a height and a width";
            (seen, valid.into())
        })
    }
}

/// A refusal.
pub(super) fn refuse<T>(seen: String, valid: impl Into<String>) -> Result<T, InvalidSpec> {
    Err((seen, valid.into()))
}

/// Refuses a count of zero.
pub(super) fn positive(what: &str, count: usize) -> Result<(), InvalidSpec> {
    match count {
        0 => refuse(format!("has {what} 0"), "it needs at least 1"),
        _ => Ok(()),
    }
}

/// Refuses a share that is not one less than the whole.
pub(super) fn share(what: &str, share: f32) -> Result<(), InvalidSpec> {
    match (0.0..1.0).contains(&share) {
        true => Ok(()),
        false => refuse(
            format!("has {what} {share}"),
            "it must be at least 0 and less than 1",
        ),
    }
}

/// Feature maps of more elements than can be counted in 31 bits.
pub(super) fn too_large([channels, height, width]: [usize; 3]) -> InvalidSpec {
    (
        format!("makes {channels} feature maps of {height}x{width}"),
        "fewer than 2³¹ elements are possible: use fewer channels or a larger stride".into(),
    )
}
