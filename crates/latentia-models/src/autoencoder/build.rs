//! From a specification to a model.

use latentia_nn::terms::Perturb;
use latentia_nn::{Chain, Condition, Corrupt, Layer, LayerSpec, Permute, Shape, Widths};

use super::sections::Sections;
use crate::spec::no_encoder;
use crate::{Autoencoder, Code, ConditionSpec, ModelError, ModelSpec, Scaling};

/// The most numbers that a model learns: a slip of the keyboard should not end in a lack of memory.
const MAX_PARAMETERS: usize = 1 << 30;

impl ModelSpec {
    /// Builds a model for examples of shape `shape`, with parameters drawn from `seed`.
    ///
    /// Past this point nothing can mismatch.
    ///
    /// # Errors
    /// When parts do not fit each other; the part, its value and what would be valid are named.
    pub fn build(&self, shape: &[usize], seed: u64) -> Result<Autoencoder, ModelError> {
        let inputs = shape
            .iter()
            .try_fold(1, |inputs: usize, &n| inputs.checked_mul(n));
        // No example of that many numbers fits into memory: none can be had.
        let Some(inputs) = inputs.filter(|&n| n > 0) else {
            return Err(ModelError::NoExamples {
                purpose: "build a model for",
            });
        };
        if !self.encoder.iter().any(LayerSpec::has_width) {
            return Err(no_encoder());
        }
        if !self.decoder.iter().any(LayerSpec::has_width) {
            return Err(ModelError::Part {
                part: "decoder",
                seen: "has no layer that learns a weight".into(),
                valid: "it needs at least one, the last without `units` or `channels`".into(),
            });
        }
        self.check_parts()?;
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        if let Some(corruption) = self.corruption {
            layers.push(Box::new(Corrupt::new(inputs, corruption)));
        }
        if self.objective.contractive > 0.0 {
            layers.push(Box::new(Perturb::new(inputs)));
        }

        let encoder = layers.len();
        let picture = Picture::of(shape);
        let mut row = self.condition(Shape::Flat(inputs), &mut layers);
        if self.encoder.iter().any(LayerSpec::needs_planes)
            && let Some(Picture { planes, last }) = picture
            && row == Shape::Flat(inputs)
        {
            row = Shape::Planes(planes);
            if last {
                layers.push(Box::new(Permute::channels_first(planes)));
            }
        }
        let widths = Widths {
            last: inputs,
            others: inputs,
        };
        let mut row = part("encoder", &self.encoder, row, widths, &mut layers)?;
        let quantised = matches!(self.code, Code::VectorQuantised { .. });
        let places = match row {
            Shape::Planes(planes) if quantised => Some(planes),
            _ => None,
        };
        if let Some(planes) = places {
            // The vectors that are replaced are those of all channels at a place.
            layers.push(Box::new(Permute::channels_last(planes, 1)));
        }

        let code = layers.len();
        if let Some((seen, valid)) = self.code.problem(row) {
            let part = "code";
            return Err(ModelError::Part { part, seen, valid });
        }
        let samples = self.objective.importance_samples;
        let own = self.code.build(row.numbers(), samples);
        if let Some(last) = own.last().filter(|last| last.outputs() != row.numbers()) {
            row = last.shape();
        }
        layers.extend(own);

        let decoder = layers.len();
        if let Some(planes) = places {
            layers.push(Box::new(Permute::channels_first(planes)));
        }
        let row = self.condition(row, &mut layers);
        let last = self.likelihood.last_layer(inputs);
        let wanted = match &last {
            Some(last) => last.inputs(),
            None => self.likelihood.outputs(inputs),
        };
        let widths = Widths {
            last: wanted,
            others: inputs,
        };
        let row = part("decoder", &self.decoder, row, widths, &mut layers)?;
        let outputs = row.numbers();
        if outputs != wanted {
            let valid = match wanted == inputs {
                true => format!("an example has {inputs}"),
                false => format!(
                    "`{}` takes {wanted} for the {inputs} of an example",
                    self.likelihood.name()
                ),
            };
            let seen = match row {
                Shape::Flat(outputs) => format!("ends with {outputs} numbers"),
                Shape::Planes(_) => format!("ends with {row}, {outputs} numbers"),
            };
            return Err(ModelError::Part {
                part: "decoder",
                seen,
                valid: format!("{valid}; leave out `units` or `channels` of its last layer"),
            });
        }
        if let (Shape::Planes(_), Some(Picture { planes, last: true })) = (row, picture) {
            layers.push(Box::new(Permute::channels_last(planes, wanted / inputs)));
        }
        layers.extend(last);
        self.check_likelihood()?;
        check_size(&layers)?;
        Ok(Autoencoder {
            spec: self.clone(),
            shape: shape.to_vec(),
            scaling: Scaling::identity(),
            sections: Sections {
                encoder: encoder..code,
                code: code..decoder,
                decoder: decoder..layers.len(),
            },
            chain: Chain::new(layers, seed),
        })
    }

    /// Adds the layer that tells of the class, where the model is told it, and gives back the shape of a row behind it.
    fn condition(&self, row: Shape, layers: &mut Vec<Box<dyn Layer>>) -> Shape {
        let Some(ConditionSpec { classes }) = self.condition else {
            return row;
        };
        let layer = Condition::new(row.numbers(), classes);
        let row = layer.shape();
        layers.push(Box::new(layer));
        row
    }
}

/// Examples that are planes.
#[derive(Clone, Copy, Debug)]
struct Picture {
    /// `[channels, height, width]`
    planes: [usize; 3],
    /// Whether the channels come last, as files of pictures have them.
    last: bool,
}

impl Picture {
    /// What examples of shape `shape` are: `[height, width]`, or with up to 4 channels behind, or else with channels before.
    fn of(shape: &[usize]) -> Option<Self> {
        let (planes, last) = match *shape {
            [height, width] => ([1, height, width], false),
            [height, width, channels @ 1..=4] => ([channels, height, width], channels > 1),
            [channels, height, width] => ([channels, height, width], false),
            _ => return None,
        };
        Some(Self { planes, last })
    }
}

/// Adds the layers of one part, for rows of shape `row`, and gives back the shape behind them.
fn part(
    part: &'static str,
    specs: &[LayerSpec],
    row: Shape,
    widths: Widths,
    layers: &mut Vec<Box<dyn Layer>>,
) -> Result<Shape, ModelError> {
    let built = LayerSpec::build(specs, row, widths);
    let (built, row) = built.map_err(|source| ModelError::Layer { part, source })?;
    layers.extend(built);
    Ok(row)
}

fn check_size(layers: &[Box<dyn Layer>]) -> Result<(), ModelError> {
    let parameters = layers
        .iter()
        .flat_map(|layer| layer.parameters())
        .map(|p| p.rows.saturating_mul(p.cols))
        .fold(0, usize::saturating_add);
    if parameters <= MAX_PARAMETERS {
        return Ok(());
    }
    let widths: Vec<String> = layers.iter().map(|l| l.outputs().to_string()).collect();
    Err(ModelError::Part {
        part: "model",
        seen: format!(
            "has {parameters} parameters, in layers of {} numbers",
            widths.join(", ")
        ),
        valid: format!("at most {MAX_PARAMETERS} are possible; use smaller layers"),
    })
}
