//! A fitted prior as tensors of a model file.

use latentia_tensor::Matrix;
use safetensors::Dtype;

use super::autoregressive::{Autoregressive, vectors_of};
use super::autoregressive_network::{Network, Sizes};
use super::component::Component;
use super::fitted_flow::FittedFlow;
use super::fitted_prior::FittedPrior;
use super::hypersphere::Hypersphere;
use super::mixture::Mixture;
use super::neighbours::CodeNeighbours;
use crate::{Autoencoder, ModelError, StoredTensor};

/// What the names of the tensors begin with.
const PREFIX: &str = "prior.";

/// The name of what holds the kind.
const KIND: &str = "kind";

/// The name of the bits an index of codes that were held out.
const BITS: &str = "bits-per-index";

impl FittedPrior {
    /// What a model file keeps beside the weights, under names that begin with `prior.`.
    pub fn tensors(&self) -> Vec<StoredTensor> {
        let kind = self.name().as_bytes();
        let mut tensors = vec![stored(KIND, Dtype::U8, vec![kind.len()], kind.to_vec())];
        tensors.extend(match self {
            Self::Mixture(prior) => of_mixture(prior),
            Self::Flow(prior) => of_flow(prior),
            Self::Neighbours(prior) => vec![
                matrix("codes", &prior.codes),
                integers("neighbours", &[prior.k]),
            ],
            Self::Hypersphere(prior) => vec![
                doubles("mean", vec![prior.mean.len()], &prior.mean),
                doubles("distances", vec![prior.distances.len()], &prior.distances),
            ],
            Self::Autoregressive(prior) => of_autoregressive(prior),
        });
        tensors
    }

    /// Whether a tensor of a model file is one of [`Self::tensors`].
    pub fn owns(tensor: &StoredTensor) -> bool {
        tensor.name.starts_with(PREFIX)
    }

    /// The prior among the tensors that were kept with `model`, or none.
    ///
    /// # Errors
    /// When there is one that is damaged, of another model, or of a kind that is not known.
    pub fn of(model: &Autoencoder, tensors: &[StoredTensor]) -> Result<Option<Self>, ModelError> {
        if !tensors.iter().any(Self::owns) {
            return Ok(None);
        }
        let prior = Self::read(model, &Stored(tensors));
        prior.map(Some).ok_or_else(|| ModelError::Part {
            part: "prior",
            seen: "of the code is damaged, or of another model".into(),
            valid: "another has to be fitted".into(),
        })
    }

    fn read(model: &Autoencoder, stored: &Stored<'_>) -> Option<Self> {
        let width = model.code_width();
        Some(match stored.get(KIND, Dtype::U8)? {
            b"mixture" => stored.mixture(width)?.into(),
            b"flow" => stored.flow(width)?.into(),
            b"knn" => {
                let codes = stored.floats("codes")?;
                let rows = codes.len().checked_div(width)?;
                let &[k] = &stored.integers("neighbours")?[..] else {
                    return None;
                };
                let fits = rows > 0
                    && rows * width == codes.len()
                    && stored.shape("codes")? == [rows, width];
                let codes = fits.then(|| Matrix::from_vec(rows, width, codes))?;
                CodeNeighbours::fit(&codes, k).ok()?.into()
            }
            b"hypersphere" => {
                let (mean, distances) = (stored.doubles("mean")?, stored.doubles("distances")?);
                let fits = mean.len() == width && !distances.is_empty();
                fits.then_some(Hypersphere { mean, distances })?.into()
            }
            b"autoregressive" => stored.autoregressive(model)?.into(),
            _ => return None,
        })
    }
}

fn of_mixture(prior: &Mixture) -> Vec<StoredTensor> {
    let (count, cols) = (prior.components.len(), prior.cols);
    let all = |of: &dyn Fn(&Component) -> Vec<f64>| -> Vec<f64> {
        prior.components.iter().flat_map(of).collect()
    };
    let weights = all(&|own| vec![own.weight]);
    let means = all(&|own| own.mean.clone());
    let factors = all(&|own| own.factor.clone());
    vec![
        doubles("weights", vec![count], &weights),
        doubles("means", vec![count, cols], &means),
        doubles("factors", vec![count, cols, cols], &factors),
    ]
}

fn of_flow(prior: &FittedFlow) -> Vec<StoredTensor> {
    let row = |name, values: &[f32]| floats(name, vec![values.len()], values);
    let moments = [row("mean", &prior.mean), row("deviation", &prior.deviation)];
    let parameters = prior.chain.parameters().iter();
    let parameters = parameters.map(|own| matrix(own.name, &own.value));
    moments.into_iter().chain(parameters).collect()
}

fn of_autoregressive(prior: &Autoregressive) -> Vec<StoredTensor> {
    let Sizes {
        positions,
        vectors,
        features,
        reach,
    } = prior.network.sizes;
    let mut tensors = vec![integers("sizes", &[positions, vectors, features, reach])];
    let bits = prior.bits_per_index.iter();
    tensors.extend(bits.map(|&bits| doubles(BITS, vec![1], &[bits])));
    let parameters = prior.network.chain().parameters();
    let all = names(&prior.network).into_iter().zip(parameters);
    tensors.extend(all.map(|(name, own)| matrix(&name, &own.value)));
    tensors
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

/// Tensors by name; what is not finite is not there.
struct Stored<'a>(&'a [StoredTensor]);

impl<'a> Stored<'a> {
    fn get(&self, name: &str, dtype: Dtype) -> Option<&'a [u8]> {
        let own = |tensor: &&StoredTensor| tensor.name.strip_prefix(PREFIX) == Some(name);
        let tensor = self.0.iter().find(own)?;
        (tensor.dtype == dtype).then_some(&tensor.bytes[..])
    }

    fn shape(&self, name: &str) -> Option<&'a [usize]> {
        let own = |tensor: &&StoredTensor| tensor.name.strip_prefix(PREFIX) == Some(name);
        self.0.iter().find(own).map(|tensor| &tensor.shape[..])
    }

    fn doubles(&self, name: &str) -> Option<Vec<f64>> {
        let (elements, rest) = self.get(name, Dtype::F64)?.as_chunks();
        let values: Vec<f64> = elements.iter().map(|x| f64::from_le_bytes(*x)).collect();
        (rest.is_empty() && values.iter().all(|x| x.is_finite())).then_some(values)
    }

    fn floats(&self, name: &str) -> Option<Vec<f32>> {
        let (elements, rest) = self.get(name, Dtype::F32)?.as_chunks();
        let values: Vec<f32> = elements.iter().map(|x| f32::from_le_bytes(*x)).collect();
        (rest.is_empty() && values.iter().all(|x| x.is_finite())).then_some(values)
    }

    fn integers(&self, name: &str) -> Option<Vec<usize>> {
        let (elements, rest) = self.get(name, Dtype::U32)?.as_chunks();
        let values = elements.iter().map(|x| u32::from_le_bytes(*x) as usize);
        rest.is_empty().then(|| values.collect())
    }

    /// Fills `values` with as many of a tensor; whether there are.
    fn fill(&self, name: &str, values: &mut [f32]) -> Option<()> {
        let stored = self.floats(name)?;
        (stored.len() == values.len()).then(|| values.copy_from_slice(&stored))
    }

    fn mixture(&self, cols: usize) -> Option<Mixture> {
        let weights = self.doubles("weights")?;
        let (means, factors) = (self.doubles("means")?, self.doubles("factors")?);
        let squares = cols.checked_mul(cols)?;
        let fits = cols > 0
            && weights.iter().any(|&weight| weight > 0.0)
            && weights.iter().all(|&weight| weight >= 0.0)
            && means.len() == weights.len().checked_mul(cols)?
            && factors.len() == weights.len().checked_mul(squares)?;
        if !fits {
            return None;
        }
        let constants = means.chunks(cols).zip(factors.chunks(squares));
        let components = weights.iter().zip(constants);
        let components = components.map(|(&weight, (mean, factor))| {
            Component::new(weight, mean.to_vec(), factor.to_vec())
        });
        Some(Mixture {
            components: components.collect(),
            cols,
        })
    }

    fn flow(&self, width: usize) -> Option<FittedFlow> {
        let (mean, deviation) = (self.floats("mean")?, self.floats("deviation")?);
        if width < 2 || mean.len() != width || deviation.len() != width {
            return None;
        }
        let mut flow = FittedFlow::new((mean, deviation), 0).ok()?;
        for parameter in flow.chain.parameters_mut() {
            self.fill(parameter.name, parameter.value.as_mut_slice())?;
        }
        Some(flow)
    }

    fn autoregressive(&self, model: &Autoencoder) -> Option<Autoregressive> {
        let &[positions, vectors, features, reach] = &self.integers("sizes")?[..] else {
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
            self.fill(name, parameter.value.as_mut_slice())?;
        }
        let has_bits = self
            .0
            .iter()
            .any(|own| own.name == format!("{PREFIX}{BITS}"));
        let bits_per_index = match has_bits {
            true => match self.doubles(BITS)?[..] {
                [bits] => Some(bits),
                _ => return None,
            },
            false => None,
        };
        Some(Autoregressive {
            network,
            bits_per_index,
        })
    }
}

fn matrix(name: &str, values: &Matrix) -> StoredTensor {
    floats(name, vec![values.rows(), values.cols()], values.as_slice())
}

fn floats(name: &str, shape: Vec<usize>, values: &[f32]) -> StoredTensor {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes());
    stored(name, Dtype::F32, shape, bytes.collect())
}

fn doubles(name: &str, shape: Vec<usize>, values: &[f64]) -> StoredTensor {
    let bytes = values.iter().flat_map(|x| x.to_le_bytes());
    stored(name, Dtype::F64, shape, bytes.collect())
}

fn integers(name: &str, values: &[usize]) -> StoredTensor {
    let bytes = values.iter().flat_map(|&x| (x as u32).to_le_bytes());
    stored(name, Dtype::U32, vec![values.len()], bytes.collect())
}

fn stored(name: &str, dtype: Dtype, shape: Vec<usize>, bytes: Vec<u8>) -> StoredTensor {
    StoredTensor {
        name: format!("{PREFIX}{name}"),
        dtype,
        shape,
        bytes,
    }
}
