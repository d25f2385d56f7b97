//! The dense layers of a model file, and the floating-point operations that they need.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;

/// Far longer than any header of ours.
const LONGEST_HEADER: u64 = 100_000_000;

/// Dense layers in the order of the chain: `[inputs, outputs]` of each.
#[derive(Debug, PartialEq)]
pub struct Layers(Vec<[u64; 2]>);

impl Layers {
    /// Reads the shapes of the weights from the header of a safetensors file.
    pub fn read(model: &Path) -> anyhow::Result<Self> {
        let header = read_header(model)
            .with_context(|| format!("could not read the header of `{}`", model.display()))?;
        Self::parse(&header)
    }

    fn parse(header: &Value) -> anyhow::Result<Self> {
        let tensors = header.as_object().context("the header is no object")?;
        let mut weights = Vec::new();
        for (name, tensor) in tensors {
            // `encoder.0.weight`: the section, the layer's number there, the parameter.
            let parts: Vec<&str> = name.split('.').collect();
            let [section, number, "weight"] = parts[..] else {
                continue;
            };
            let section = ["encoder", "code", "decoder"]
                .iter()
                .position(|known| *known == section)
                .with_context(|| format!("`{name}` is in no section of a model"))?;
            let number: usize = number.parse()?;
            let shape: [u64; 2] = serde_json::from_value(tensor["shape"].clone())
                .with_context(|| format!("`{name}` has no two dimensions"))?;
            weights.push(((section, number), shape));
        }
        ensure!(!weights.is_empty(), "the model has no dense layer");
        weights.sort_unstable();
        Ok(Self(weights.into_iter().map(|(_, shape)| shape).collect()))
    }

    /// Floating-point operations of a training step for one example, two for a multiply-add: matrix products of dense layers only.
    ///
    /// `2·inputs·outputs` forward, the same for the gradient of the weight, and the same for the gradient of the input,
    /// which the first layer does not need.
    pub fn training_flops(&self) -> u64 {
        let product = |[inputs, outputs]: [u64; 2]| 2 * inputs * outputs;
        let all: u64 = self.0.iter().copied().map(product).sum();
        3 * all - self.0.first().copied().map_or(0, product)
    }
}

/// The widths: `784-256-784`.
impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for [inputs, _] in &self.0 {
            write!(f, "{inputs}-")?;
        }
        self.0
            .last()
            .map_or(Ok(()), |[_, outputs]| write!(f, "{outputs}"))
    }
}

/// The JSON at the beginning of a safetensors file, after its length in 8 bytes.
fn read_header(path: &Path) -> anyhow::Result<Value> {
    let mut file = File::open(path)?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    ensure!(length <= LONGEST_HEADER, "a header of {length} bytes");
    Ok(serde_json::from_reader(file.take(length))?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vae() -> Value {
        json!({
            "__metadata__": { "latentia": "{}" },
            "code.0.bias": { "shape": [40] },
            "code.0.weight": { "shape": [400, 40] },
            "decoder.0.weight": { "shape": [20, 400] },
            "decoder.1.weight": { "shape": [400, 784] },
            "encoder.0.weight": { "shape": [784, 400] },
        })
    }

    #[test]
    fn layers_come_in_the_order_of_the_chain() {
        let layers = Layers::parse(&vae()).expect("a model");
        assert_eq!(layers.to_string(), "784-400-20-400-784");
        let many: serde_json::Map<String, Value> = (0..11)
            .map(|i| {
                (
                    format!("encoder.{i}.weight"),
                    json!({ "shape": [i + 1, i + 2] }),
                )
            })
            .collect();
        let layers = Layers::parse(&many.into()).expect("a model");
        assert_eq!(layers.to_string(), "1-2-3-4-5-6-7-8-9-10-11-12");
    }

    #[test]
    fn the_first_layer_needs_no_gradient_of_its_input() {
        let mnist = Layers(vec![[784, 256], [256, 784]]);
        assert_eq!(mnist.training_flops(), 2 * 784 * 256 * 5);
        let vae = Layers::parse(&vae()).expect("a model");
        let forward = 2 * (784 * 400 + 400 * 40 + 20 * 400 + 400 * 784);
        assert_eq!(vae.training_flops(), 3 * forward - 2 * 784 * 400);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        for header in [
            json!([]),
            json!({}),
            json!({ "head.0.weight": { "shape": [1, 2] } }),
            json!({ "encoder.0.weight": { "shape": [1] } }),
        ] {
            assert!(Layers::parse(&header).is_err(), "{header}");
        }
    }
}
