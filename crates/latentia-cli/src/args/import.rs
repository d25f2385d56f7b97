//! Arguments of `import`.

use std::path::PathBuf;

use clap::Args as Group;
use latentia_tensor::Axes;

use super::values::{Dimensions, axes, dimensions};

/// Arguments of `import`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia import weights.safetensors --config my.toml --shape 28x28 -o model.safetensors
  latentia import weights.safetensors --config my.toml --shape 784 --names names.toml -o model.safetensors

In Python: safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\"). Modules are matched to the layers of the specification by \
order and shape: each layer takes the first module that is left and has its shapes, where `enc…` comes first and `dec…` last. Where that does not \
tell them apart, --names names a TOML file:
  \"encoder.0\" = \"fc1\"
  \"code.0\" = [\"fc_mu\", \"fc_logvar\"]
Linear layers are transposed. What fits nothing is named, with its shape.")]
pub struct ImportArgs {
    /// A PyTorch state dict as a safetensors file
    pub weights: PathBuf,
    /// What the model is made of: a file in the format of a preset
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Dimensions of an example, such as 784, 28x28 or 3x32x32
    #[arg(long, value_parser = dimensions)]
    pub shape: Dimensions,
    /// What the dimensions are: nhw, nhwc, nchw or ntf [default: what their sizes show]
    #[arg(long, value_parser = axes)]
    pub axes: Option<Axes>,
    /// Modules by layers, for those that order and shape do not tell
    #[arg(long, value_name = "FILE")]
    pub names: Option<PathBuf>,
    /// Where to write the model
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
