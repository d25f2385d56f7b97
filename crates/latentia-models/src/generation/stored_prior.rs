//! An autoregressive prior as tensors of a model file.

use safetensors::Dtype;

use super::autoregressive::{Autoregressive, vectors_of};
use super::autoregressive_network::{Network, Sizes};
use crate::{Autoencoder, ModelError, StoredTensor};

/// What the names of the tensors begin with.
const PREFIX: &str = "prior.";

/// Positions, vectors, features and reach.
const SIZES: &str = "sizes";

/// Bits an index, of codes that were held out.
const BITS: &str = "bits-per-index";

impl Autoregressive {
    /// What a model file keeps beside the weights, under names that begin with `prior.`.
    pub fn tensors(&self) -> Vec<StoredTensor> {
        let sizes = self.network.sizes;
        let sizes = [sizes.positions, sizes.vectors, sizes.features, sizes.reach];
        let sizes = sizes.iter().flat_map(|&size| (size as u32).to_le_bytes());
        let mut tensors = vec![stored(SIZES, Dtype::U32, vec![4], sizes.collect())];
        if let Some(bits) = self.bits_per_index {
            let bytes = bits.to_le_bytes().to_vec();
            tensors.push(stored(BITS, Dtype::F64, vec![1], bytes));
        }
        let parameters = self.network.chain().parameters();
        for (name, parameter) in names(&self.network).iter().zip(parameters) {
            let value = &parameter.value;
            let bytes = value.as_slice().iter().flat_map(|x| x.to_le_bytes());
            let shape = vec![value.rows(), value.cols()];
            tensors.push(stored(name, Dtype::F32, shape, bytes.collect()));
        }
        tensors
    }

    /// Whether a tensor of a model file is one of [`Self::tensors`].
    pub fn owns(tensor: &StoredTensor) -> bool {
        tensor.name.starts_with(PREFIX)
    }

    /// The prior among the tensors that were kept with `model`, or none.
    ///
    /// # Errors
    /// When there is one that is damaged or of another model.
    pub fn of(model: &Autoencoder, tensors: &[StoredTensor]) -> Result<Option<Self>, ModelError> {
        if !tensors.iter().any(Self::owns) {
            return Ok(None);
        }
        let prior = Self::read(model, tensors);
        prior.map(Some).ok_or_else(|| ModelError::Part {
            part: "prior",
            seen: "of the code is damaged, or of another model".into(),
            valid: "another has to be fitted".into(),
        })
    }

    fn read(model: &Autoencoder, tensors: &[StoredTensor]) -> Option<Self> {
        let get = |name: &str, dtype: Dtype| -> Option<&[u8]> {
            let own = |tensor: &&StoredTensor| tensor.name.strip_prefix(PREFIX) == Some(name);
            let tensor = tensors.iter().find(own)?;
            (tensor.dtype == dtype).then_some(&tensor.bytes[..])
        };
        let sizes = get(SIZES, Dtype::U32)?.as_chunks().0;
        let sizes: Vec<usize> = sizes
            .iter()
            .map(|x| u32::from_le_bytes(*x) as usize)
            .collect();
        let &[positions, vectors, features, reach] = &sizes[..] else {
            return None;
        };
        let sizes = Sizes {
            positions,
            vectors,
            features,
            reach,
        };
        // Before anything is made of that size.
        let is_of_model = vectors_of(model).is_ok_and(|own| own == vectors)
            && sizes.are_valid()
            && model
                .decode_indices(&vec![0; positions])
                .is_ok_and(|codes| codes.rows() == 1);
        if !is_of_model {
            return None;
        }
        let mut network = Network::new(sizes, 0).ok()?;
        let names = names(&network);
        for (name, parameter) in names.iter().zip(network.chain_mut().parameters_mut()) {
            let values = parameter.value.as_mut_slice();
            let (elements, rest) = get(name, Dtype::F32)?.as_chunks();
            if elements.len() != values.len() || !rest.is_empty() {
                return None;
            }
            for (value, bytes) in values.iter_mut().zip(elements) {
                *value = f32::from_le_bytes(*bytes);
            }
            if !values.iter().all(|x| x.is_finite()) {
                return None;
            }
        }
        let has_bits = tensors
            .iter()
            .any(|own| own.name == format!("{PREFIX}{BITS}"));
        let bits = || Some(f64::from_le_bytes(get(BITS, Dtype::F64)?.try_into().ok()?));
        let bits_per_index = match has_bits {
            true => Some(bits().filter(|bits| bits.is_finite())?),
            false => None,
        };
        Some(Self {
            network,
            bits_per_index,
        })
    }
}

/// Names of the parameters, in the order of the chain: `1.weight`.
fn names(network: &Network) -> Vec<String> {
    let chain = network.chain();
    let layers = 0..chain.layers().len();
    let of_layer = |layer| {
        let parameters = chain.parameters_of(layer).iter();
        parameters.map(move |parameter| format!("{layer}.{}", parameter.name))
    };
    layers.flat_map(of_layer).collect()
}

fn stored(name: &str, dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> StoredTensor {
    StoredTensor {
        name: format!("{PREFIX}{name}"),
        dtype,
        shape,
        bytes,
    }
}
