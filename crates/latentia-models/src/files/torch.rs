//! Weights of PyTorch: a state dict as `safetensors.torch.save_file` writes it.

use std::collections::BTreeMap;

use latentia_nn::{Parameter, ParameterRole};
use latentia_tensor::from_half;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Deserialize;

use crate::{Autoencoder, ModelError};

/// How many problems are told at once.
const MOST_PROBLEMS: usize = 8;

/// What a buffer of batch normalisation is called that has no counterpart.
const COUNTER: &str = "num_batches_tracked";

/// Which modules of a state dict a layer's parameters come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum TorchSource {
    /// One module, or one tensor.
    One(String),
    /// Several, whose outputs are one after another.
    Several(Vec<String>),
}

impl TorchSource {
    fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// Sources by the name of a layer, `encoder.0`, or of a parameter, `encoder.0.weight`.
pub type TorchNames = BTreeMap<String, TorchSource>;

/// A tensor of a state dict.
#[derive(Clone)]
struct Tensor {
    name: String,
    shape: Vec<usize>,
    values: Vec<f32>,
    used: bool,
}

/// A parameter of a model as PyTorch has it.
pub(super) struct Wanted {
    layer: String,
    name: String,
    /// Its name in a module.
    pub(super) torch: String,
    pub(super) shape: Vec<usize>,
    /// Whether rows are columns there.
    transposed: bool,
    /// Whether a module may lack it.
    optional: bool,
    source: Option<Vec<String>>,
}

impl Wanted {
    /// `filter` is `[channels, height, width]` of a convolution.
    pub(super) fn new(layer: String, parameter: &Parameter, filter: Option<[usize; 3]>) -> Self {
        let (rows, cols) = (parameter.value.rows(), parameter.value.cols());
        let is_weight = parameter.role == ParameterRole::Weight;
        let shape = match filter {
            Some([channels, height, width]) if is_weight => vec![rows, channels, height, width],
            _ if is_weight => vec![cols, rows],
            _ if rows == 1 => vec![cols],
            _ => vec![rows, cols],
        };
        let torch = match parameter.name {
            "gamma" | "codebook" => "weight".into(),
            "beta" => "bias".into(),
            "running-variance" => "running_var".into(),
            other => other.replace('-', "_"),
        };
        Self {
            name: format!("{layer}.{}", parameter.name),
            layer,
            torch,
            shape,
            transposed: is_weight && filter.is_none(),
            // Layers without a bias, and what only training reads.
            optional: parameter.role == ParameterRole::Bias || parameter.name == "usage",
            source: None,
        }
    }

    /// Whether a tensor has its shape; a window of height 1 may go unsaid.
    fn fits(&self, shape: &[usize]) -> bool {
        let one_dimension = match self.shape[..] {
            [outputs, inputs, 1, width] => Some([outputs, inputs, width]),
            _ => None,
        };
        self.shape == shape || one_dimension.is_some_and(|own| own == *shape)
    }

    /// Its values, row by row, from those in PyTorch's layout.
    fn values(&self, torch: Vec<f32>) -> Vec<f32> {
        match self.shape[..] {
            [rows, cols] if self.transposed => transposed(&torch, [rows, cols]),
            _ => torch,
        }
    }

    /// Its values in PyTorch's layout, from those row by row.
    pub(super) fn torch_values(&self, values: &[f32]) -> Vec<f32> {
        match self.shape[..] {
            [rows, cols] if self.transposed => transposed(values, [cols, rows]),
            _ => values.to_vec(),
        }
    }
}

/// Column by column of a matrix `[rows, cols]`.
fn transposed(values: &[f32], [rows, cols]: [usize; 2]) -> Vec<f32> {
    let column = |col| (0..rows).map(move |row| values[row * cols + col]);
    (0..cols).flat_map(column).collect()
}

impl Autoencoder {
    /// Sets all parameters to those of a PyTorch state dict, the bytes of a safetensors file. Returns the name of each parameter with
    /// those of the tensors that it has its values from; none where a layer without a bias has left it 0.
    ///
    /// Layers in `names` have their values from the modules there. The others are matched by order and shape: each has those of the first
    /// module that is left and has its shapes, where modules are ordered by their names: `enc…` first, `dec…` last, numbers as numbers.
    /// A `Linear` has its weight `[outputs, inputs]` and is transposed; convolutions and normalisations have the layout that they have here.
    /// Elements are of `F16`, `BF16`, `F32` or `F64`, and become f32.
    ///
    /// # Errors
    /// Names what is missing, left over, of another shape or type, or not finite; then no parameter has changed.
    pub fn import_torch(
        &mut self,
        bytes: &[u8],
        names: &TorchNames,
    ) -> Result<Vec<(String, Vec<String>)>, ModelError> {
        let mut tensors = read(bytes)?;
        let mut wanted = self.wanted();
        let mut problems = name_sources(&mut wanted, &mut tensors, names);
        match_modules(&mut wanted, &mut tensors);
        let missing = wanted.iter().filter(|own| own.source.is_none());
        problems.extend(missing.map(|own| format!("`{}` {:?} has no source", own.name, own.shape)));
        let left = tensors.iter().filter(|own| !own.used);
        problems.extend(left.map(|own| format!("`{}` {:?} is left over", own.name, own.shape)));
        let values: Vec<_> = wanted
            .iter()
            .map(|own| gather(own, &tensors).unwrap_or_default())
            .collect();
        refuse(problems)?;
        for ((own, values), parameter) in
            (wanted.iter().zip(values)).zip(self.chain.parameters_mut())
        {
            let target = parameter.value.as_mut_slice();
            match own.source.as_deref() {
                None | Some([]) => target.fill(0.0),
                Some(_) => target.copy_from_slice(&values),
            }
        }
        self.is_fitted = true;
        let sources = wanted.into_iter();
        Ok(sources
            .map(|own| (own.name, own.source.unwrap_or_default()))
            .collect())
    }

    /// All parameters, in the chain's order.
    fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (number, layer) in self.chain.layers().iter().enumerate() {
            let (part, place) = self.sections.place(number);
            let filter = layer.abilities().filter;
            let own = self.chain.parameters_of(number).iter();
            wanted.extend(own.map(|own| Wanted::new(format!("{part}.{place}"), own, filter)));
        }
        wanted
    }
}

fn refuse(mut problems: Vec<String>) -> Result<(), ModelError> {
    if problems.is_empty() {
        return Ok(());
    }
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    problems.truncate(MOST_PROBLEMS);
    if more > 0 {
        problems.push(format!("and {more} more"));
    }
    Err(ModelError::Import { problems })
}

/// The tensors of a file, in the order of modules.
fn read(bytes: &[u8]) -> Result<Vec<Tensor>, ModelError> {
    let file = SafeTensors::deserialize(bytes);
    let file = file.map_err(|error| ModelError::Import {
        problems: vec![format!("they are no safetensors file: {error}")],
    })?;
    let (mut tensors, mut problems) = (Vec::new(), Vec::new());
    for (name, view) in file.iter().filter(|(name, _)| !name.ends_with(COUNTER)) {
        match floats(&view) {
            Ok(values) => tensors.push(Tensor {
                name: name.into(),
                shape: view.shape().to_vec(),
                values,
                used: false,
            }),
            Err(problem) => problems.push(format!("`{name}` {problem}")),
        }
    }
    problems.sort_unstable();
    refuse(problems)?;
    tensors.sort_by_cached_key(|tensor| order(&tensor.name));
    Ok(tensors)
}

fn floats(view: &TensorView<'_>) -> Result<Vec<f32>, String> {
    let data = view.data();
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => (data.as_chunks().0.iter())
            .map(|x| f32::from_le_bytes(*x))
            .collect(),
        Dtype::F64 => (data.as_chunks().0.iter())
            .map(|x| f64::from_le_bytes(*x) as f32)
            .collect(),
        Dtype::F16 => (data.as_chunks().0.iter())
            .map(|x| from_half(u16::from_le_bytes(*x)))
            .collect(),
        // The upper half of an f32.
        Dtype::BF16 => (data.as_chunks().0.iter())
            .map(|x| f32::from_bits(u32::from(u16::from_le_bytes(*x)) << 16))
            .collect(),
        other => return Err(format!("is {other:?}; F16, BF16, F32 and F64 are read")),
    };
    match values.iter().all(|x| x.is_finite()) {
        true => Ok(values),
        false => Err("has a value that is not finite".into()),
    }
}

/// A part of a name; numbers are compared as such.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(usize, String),
    Text(String),
}

/// The module of a tensor, and its name there.
fn module(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// What tensors are ordered by: encoders first, decoders last, numbers as numbers.
fn order(name: &str) -> (u8, Vec<Piece>, String) {
    let (module, own) = module(name);
    let begins = |with: &str| name.split('.').any(|part| part.starts_with(with));
    let rank = match (begins("enc"), begins("dec")) {
        (true, _) => 0,
        (_, true) => 2,
        _ => 1,
    };
    let bytes = module.as_bytes();
    let pieces = bytes.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    let pieces = pieces.map(|piece| {
        let text = String::from_utf8_lossy(piece).into_owned();
        match piece[0].is_ascii_digit() {
            true => Piece::Number(text.trim_start_matches('0').len(), text),
            false => Piece::Text(text),
        }
    });
    (rank, pieces.collect(), own.into())
}

/// Gives parameters the sources that `names` says; returns what is wrong with them.
fn name_sources(wanted: &mut [Wanted], tensors: &mut [Tensor], names: &TorchNames) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, source) in names {
        let mut is_known = false;
        for own in wanted.iter_mut() {
            let sources: Vec<String> = match (own.name == *key, own.layer == *key) {
                (true, _) => source.names().to_vec(),
                (_, true) => (source.names().iter())
                    .map(|module| format!("{module}.{}", own.torch))
                    .collect(),
                _ => continue,
            };
            is_known = true;
            let lacks = |name: &String| !tensors.iter().any(|tensor| tensor.name == *name);
            own.source = Some(match sources.iter().find(|name| lacks(name)) {
                Some(_) if own.optional && sources.iter().all(lacks) => Vec::new(),
                Some(name) => {
                    problems.push(format!("`{key}` names `{name}`, which there is not"));
                    Vec::new()
                }
                None => sources,
            });
            for tensor in tensors.iter_mut() {
                tensor.used |= own.source.iter().flatten().any(|name| *name == tensor.name);
            }
            if let Err(problem) = gather(own, tensors) {
                problems.push(problem);
            }
        }
        if !is_known {
            problems.push(format!("`{key}` is no layer or parameter of the model"));
        }
    }
    problems
}

/// The values of a parameter from its sources, one after another.
fn gather(own: &Wanted, tensors: &[Tensor]) -> Result<Vec<f32>, String> {
    let (mut shape, mut values): (Option<Vec<usize>>, _) = (None, Vec::new());
    let sources = own.source.iter().flatten();
    for tensor in sources.filter_map(|name| tensors.iter().find(|tensor| tensor.name == *name)) {
        let refusal = || {
            format!(
                "`{}` takes {:?}, `{}` has {:?}",
                own.name, own.shape, tensor.name, tensor.shape
            )
        };
        match shape.as_deref_mut() {
            None => shape = Some(tensor.shape.clone()),
            Some([outputs, inner @ ..]) if tensor.shape.get(1..) == Some(inner) => {
                *outputs += tensor.shape[0];
            }
            Some(_) => return Err(refusal()),
        }
        values.extend_from_slice(&tensor.values);
    }
    let shape = shape.unwrap_or_default();
    match own.source.as_deref() {
        None | Some([]) => Ok(values),
        Some(_) if own.fits(&shape) => Ok(own.values(values)),
        Some(names) => Err(format!(
            "`{}` takes {:?}, `{}` has {shape:?}",
            own.name,
            own.shape,
            names.join("`, `")
        )),
    }
}

/// Gives each layer without a source the first module that is left and has its shapes.
fn match_modules(wanted: &mut [Wanted], tensors: &mut [Tensor]) {
    for layer in wanted.chunk_by_mut(|a, b| a.layer == b.layer) {
        if layer.iter().any(|own| own.source.is_some()) {
            continue;
        }
        let fits = |tensors: &[Tensor]| {
            let has = |own: &Wanted| {
                let mut named = tensors
                    .iter()
                    .map(|tensor| (module(&tensor.name).1, tensor));
                let named = named.find(|(name, _)| *name == own.torch);
                named.map_or(own.optional, |(_, tensor)| own.fits(&tensor.shape))
            };
            let is_known =
                |tensor: &Tensor| layer.iter().any(|own| own.torch == module(&tensor.name).1);
            !tensors.iter().any(|tensor| tensor.used)
                && layer.iter().all(has)
                && tensors.iter().all(is_known)
        };
        let mut modules = tensors.chunk_by_mut(|a, b| module(&a.name).0 == module(&b.name).0);
        let Some(found) = modules.find(|tensors| fits(tensors)) else {
            continue;
        };
        for own in layer {
            let source = found
                .iter()
                .find(|tensor| module(&tensor.name).1 == own.torch);
            own.source = Some(
                source
                    .map(|tensor| tensor.name.clone())
                    .into_iter()
                    .collect(),
            );
        }
        for tensor in found {
            tensor.used = true;
        }
    }
}
