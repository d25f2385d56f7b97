//! A model as a module of PyTorch, with its state dict.

use std::path::Path;

use latentia_nn::graph::{Graph, Operation, Sliding, Type};
use latentia_nn::{Mode, Shape};
use safetensors::tensor::TensorView;

use super::tensor_file::{floats, invalid};
use super::torch::Wanted;
use crate::{Autoencoder, ModelError, Scaling, StoredTensor};

/// A model as PyTorch has it.
pub struct TorchModule {
    /// The state dict, the bytes of a safetensors file.
    pub weights: Vec<u8>,
    /// A program that defines the module and reads its weights from a file with the name that was given.
    pub program: String,
}

/// Modules of one part.
#[derive(Default)]
struct Sequence {
    modules: Vec<String>,
}

impl Sequence {
    /// Makes rows of shape `shape` those of `wanted`.
    fn bring(&mut self, shape: &mut Shape, wanted: Shape) {
        if *shape == wanted {
            return;
        }
        if shape.as_feature_maps().is_some() {
            self.modules.push("nn.Flatten()".into());
        }
        if let Some([channels, height, width]) = wanted.as_feature_maps() {
            let module = format!("nn.Unflatten(1, ({channels}, {height}, {width}))");
            self.modules.push(module);
        }
        *shape = wanted;
    }
}

impl Autoencoder {
    /// The model as a module of PyTorch whose `encoder` and `decoder` are an `nn.Sequential` each, of dense layers, convolutions, pooling,
    /// batch normalisation and activations; `file` is where the program reads the weights. What comes out are reconstructions. A Gaussian
    /// code is an `nn.Linear` whose outputs are means and what log-variances follow from: the means in evaluation, samples in training. Constants
    /// of the preprocessing, but for quantiles, are the buffers `shift` and `divisor`.
    ///
    /// # Errors
    /// Names the part that has no counterpart in `torch.nn`.
    pub fn torch_module(&self, file: &Path) -> Result<TorchModule, ModelError> {
        let refuse = |part: String| Err(ModelError::NotInTorch { part });
        let Scaling {
            shift,
            divisor,
            quantiles,
        } = &self.scaling;
        if quantiles.is_some() {
            return refuse("preprocessing by quantiles".into());
        }
        let is_scaled = self.scaling != Scaling::identity();
        let is_gaussian = self.latent.name() == "gaussian";
        let flow = (self.latent.distribution()).and_then(|own| own.posterior_flow());
        if let Some(flow) = flow {
            return refuse(format!("a posterior of kind `{}`", flow.name()));
        }
        let mut code = None;
        let mut parts = [Sequence::default(), Sequence::default()];
        let mut tensors = Vec::new();
        let mut shape = Shape::Flat(self.width());
        for (number, layer) in self.chain.layers().iter().enumerate() {
            let (name, place) = self.sections.place(number);
            let own = match name {
                "corruption" => continue,
                "encoder" => 0,
                "decoder" => 1,
                "code" if is_gaussian && place == 0 => 0,
                "code" if is_gaussian => {
                    shape = layer.output();
                    continue;
                }
                _ => return refuse(format!("the code `{}`", self.latent.name())),
            };
            let sequence = &mut parts[own];
            let parameters = self.chain.parameters_of(number);
            let Some([module, after]) = self.module(number, &mut shape, sequence) else {
                return refuse(self.layer_label(number));
            };
            for parameter in parameters {
                let layer_name = format!("{name}.{place}");
                let wanted = Wanted::new(layer_name, parameter, layer.abilities().filter);
                let values = wanted.torch_values(parameter.value.as_slice());
                let tensor = match name {
                    "code" => format!("code.{}", wanted.torch),
                    _ => format!("{name}.{}.{}", sequence.modules.len(), wanted.torch),
                };
                tensors.push(floats(tensor, wanted.shape, &values));
            }
            if name == "code" {
                code = Some(module);
                continue;
            }
            let modules = [module, after].into_iter();
            sequence
                .modules
                .extend(modules.filter(|own| !own.is_empty()));
        }
        parts[1].bring(&mut shape, Shape::Flat(self.width()));
        parts[1].modules.extend(self.mean_module()?);
        if is_scaled {
            let constants = [("shift", shift), ("divisor", divisor)];
            let constants = constants.map(|(name, own)| floats(name.into(), vec![own.len()], own));
            tensors.extend(constants);
        }
        let program = Program {
            parts: &parts,
            code: code.as_deref(),
            constants: is_scaled.then_some([shift.len(), divisor.len()]),
            file: &file.display().to_string(),
        };
        Ok(TorchModule {
            weights: state_dict(file, &tensors)?,
            program: program.text(&self.shape.to_string()),
        })
    }

    /// The module that makes means of the decoder's outputs, where these are none already.
    fn mean_module(&self) -> Result<Option<String>, ModelError> {
        let mut graph = Graph::default();
        let outputs = graph.input("outputs", &[self.width()], Type::F32);
        let mean = self
            .likelihood
            .describe_mean(&mut graph, outputs, self.width());
        match graph.nodes() {
            [] if mean.is_ok() => Ok(None),
            [node] if mean.is_ok() && node.operation == Operation::Sigmoid => {
                Ok(Some("nn.Sigmoid()".into()))
            }
            _ => Err(ModelError::NotInTorch {
                part: format!("the likelihood `{}`", self.likelihood.name()),
            }),
        }
    }

    /// The module of a layer and that of its activation, empty where there is none; brings rows into the shape that it takes.
    fn module(
        &self,
        number: usize,
        shape: &mut Shape,
        sequence: &mut Sequence,
    ) -> Option<[String; 2]> {
        let layer = &*self.chain.layers()[number];
        let abilities = layer.abilities();
        let one_row = (abilities.samples).is_none_or(|own| own.samples(Mode::Eval) == 1);
        let is_plain = abilities.skip_connection.is_none() && one_row;
        let mut graph = Graph::default();
        let x = graph.input("x", &[shape.elements()], Type::F32);
        layer
            .describe(&mut graph, self.chain.parameters_of(number), &[x])
            .ok()
            .filter(|_| is_plain)?;
        let mut nodes = graph.nodes().iter().map(|node| &node.operation);
        let operation = nodes.find(|own| !matches!(own, Operation::Reshape(_)));
        let name = layer.name();
        let activation = activation(name.rsplit(' ').next().unwrap_or_default());
        let Some(operation) = operation else {
            // Dropout, and what is there in training alone.
            return Some([String::new(), String::new()]);
        };
        let module = match operation {
            Operation::Gemm => {
                sequence.bring(shape, Shape::Flat(layer.inputs()));
                format!("nn.Linear({}, {})", layer.inputs(), layer.outputs())
            }
            Operation::BatchNormalization { .. } => {
                sequence.bring(shape, layer.output());
                match layer.output() {
                    Shape::Flat(channels) => format!("nn.BatchNorm1d({channels})"),
                    Shape::FeatureMaps { channels, .. } => format!("nn.BatchNorm2d({channels})"),
                }
            }
            Operation::Conv(own)
            | Operation::ConvTranspose(own)
            | Operation::MaxPool(own)
            | Operation::AveragePool(own) => {
                let mut nodes = graph.nodes().iter();
                let node = nodes.find(|node| node.operation == *operation)?;
                let input: [usize; 3] = graph.shape(node.inputs[0]).try_into().ok()?;
                sequence.bring(shape, Shape::feature_maps(input));
                sliding(operation, *own, input, layer.output().as_feature_maps()?)?
            }
            // An activation by itself takes rows of any shape.
            _ => return (!name.contains(' ')).then_some([activation?, String::new()]),
        };
        *shape = layer.output();
        let activation = match operation {
            Operation::MaxPool(_) | Operation::AveragePool(_) => String::new(),
            _ => activation?,
        };
        Some([module, activation])
    }
}

/// A module with a window, from feature maps `input` to `output`; none where there is no such.
fn sliding(
    operation: &Operation,
    Sliding { window, .. }: Sliding,
    input: [usize; 3],
    output: [usize; 3],
) -> Option<String> {
    let pair = |[down, across]: [usize; 2]| format!("({down}, {across})");
    let is_even = window.padding.iter().all(|[before, after]| before == after);
    let padding = window.padding.map(|[before, _]| before);
    if !is_even {
        return None;
    }
    let (kernel, stride) = (pair(window.kernel), pair(window.stride));
    let channels = format!("{}, {}", input[0], output[0]);
    let moved = format!("{kernel}, stride={stride}, padding={}", pair(padding));
    let dilation = pair(window.dilation);
    match operation {
        Operation::Conv(_) => Some(format!(
            "nn.Conv2d({channels}, {moved}, dilation={dilation})"
        )),
        Operation::ConvTranspose(_) => {
            let mut added = [0; 2];
            for axis in 0..2 {
                let reach = (input[axis + 1] - 1) * window.stride[axis]
                    + window.dilation[axis] * (window.kernel[axis] - 1)
                    + 1;
                added[axis] = (output[axis + 1] + 2 * padding[axis]).checked_sub(reach)?;
            }
            let added = pair(added);
            Some(format!(
                "nn.ConvTranspose2d({channels}, {moved}, output_padding={added}, dilation={dilation})"
            ))
        }
        Operation::MaxPool(_) => Some(format!("nn.MaxPool2d({moved})")),
        Operation::AveragePool(_) => {
            Some(format!("nn.AvgPool2d({moved}, count_include_pad=False)"))
        }
        _ => None,
    }
}

/// The module of an activation, empty of none.
fn activation(name: &str) -> Option<String> {
    let module = match name {
        "linear" => "",
        "relu" => "nn.ReLU()",
        "leaky-relu" => "nn.LeakyReLU()",
        "elu" => "nn.ELU()",
        "gelu" => "nn.GELU()",
        "silu" => "nn.SiLU()",
        "tanh" => "nn.Tanh()",
        "sigmoid" => "nn.Sigmoid()",
        "softplus" => "nn.Softplus()",
        _ => return None,
    };
    Some(module.into())
}

fn state_dict(file: &Path, tensors: &[StoredTensor]) -> Result<Vec<u8>, ModelError> {
    let views = tensors.iter().map(|own| {
        let view = TensorView::new(own.dtype, own.shape.clone(), &own.bytes)?;
        Ok((&own.name, view))
    });
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
    let bytes = views.and_then(|views| safetensors::serialize(views, None));
    bytes.map_err(|error| invalid(file, error.to_string()))
}

/// What a program is made of.
struct Program<'a> {
    parts: &'a [Sequence; 2],
    /// The module of a Gaussian code.
    code: Option<&'a str>,
    /// How many values `shift` and `divisor` have.
    constants: Option<[usize; 2]>,
    file: &'a str,
}

impl Program<'_> {
    fn text(&self, shape: &str) -> String {
        let torch = match self.code.is_some() || self.constants.is_some() {
            true => "import torch\n",
            false => "",
        };
        let rows = match self.constants {
            Some(_) => "(x.flatten(1) - self.shift) / self.divisor",
            None => "x.flatten(1)",
        };
        let code = match self.code {
            Some(_) => format!(
                "mean, s = self.code(self.encoder({rows})).chunk(2, 1)\n        \
                 # In evaluation a code is its mean; a log-variance is bounded.\n        \
                 return mean + torch.exp(15 * torch.tanh(s / 30)) * torch.randn_like(s) if self.training else mean"
            ),
            None => format!("return self.encoder({rows})"),
        };
        let inverse = match self.constants {
            Some(_) => " * self.divisor + self.shift",
            None => "",
        };
        format!(
            "{torch}from safetensors.torch import load_file\nfrom torch import nn\n\n\nclass Autoencoder(nn.Module):\n    \
             def __init__(self):\n        super().__init__()\n{}\n    \
             def encode(self, x):  # examples of {shape}, as the model takes them: pixels from 0 to 1\n        {code}\n\n    \
             def decode(self, codes):\n        return self.decoder(codes){inverse}\n\n    \
             def forward(self, x):\n        return self.decode(self.encode(x)).reshape(x.shape)\n\n\n\
             model = Autoencoder()\nmodel.load_state_dict(load_file({:?}))\nmodel.eval()\n",
            self.members(),
            self.file,
        )
    }

    /// The lines that make modules and buffers.
    fn members(&self) -> String {
        let part = |name: &str, own: &Sequence| {
            let modules = own.modules.iter();
            let modules: String = modules
                .map(|module| format!("            {module},\n"))
                .collect();
            format!("        self.{name} = nn.Sequential(\n{modules}        )\n")
        };
        let [encoder, decoder] = self.parts;
        let mut lines = part("encoder", encoder);
        if let Some(module) = self.code {
            lines += &format!("        self.code = {module}\n");
        }
        lines += &part("decoder", decoder);
        let names = ["shift", "divisor"].into_iter();
        for (name, size) in names.zip(self.constants.into_iter().flatten()) {
            let buffer = format!("        self.register_buffer({name:?}, torch.ones({size}))\n");
            lines += &buffer;
        }
        lines
    }
}
