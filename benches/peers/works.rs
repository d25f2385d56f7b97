//! What the peers in Rust have in common: the works but for their losses, MNIST, and what is told of a run.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

/// A work, by what the arguments ask for.
pub struct Work<Loss> {
    pub name: String,
    pub loss: Loss,
    /// Inputs and outputs of each layer.
    pub shapes: &'static [(usize, usize)],
    pub batch: usize,
    /// Of Adam.
    pub epsilon: f64,
    pub epochs: usize,
    folder: PathBuf,
}

/// The work that the arguments ask for, `WORK FOLDER [--epochs N]`, by the losses of a library: cross-entropy, squared error, negative ELBO.
pub fn asked_for<Loss>(
    program: &str,
    [bce, mse, elbo]: [Loss; 3],
) -> Result<Work<Loss>, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (name, folder, epochs) = match arguments[..] {
        [name, folder] => (name, folder, 7),
        [name, folder, "--epochs", epochs] => (name, folder, epochs.parse()?),
        _ => ("", "", 0),
    };
    let (loss, shapes, batch, epsilon): (_, &[_], _, _) = match name {
        "mnist" => (bce, &[(784, 256), (256, 784)], 256, 1e-7),
        "compression" => (
            mse,
            &[(784, 64), (64, 32), (32, 32), (32, 64), (64, 784)],
            256,
            1e-7,
        ),
        "vae-20" => (
            elbo,
            &[(784, 400), (400, 40), (20, 400), (400, 784)],
            128,
            1e-8,
        ),
        "tiny" => (mse, &[(10, 5), (5, 5), (5, 5), (5, 10)], 1, 1e-7),
        _ => {
            let usage =
                format!("usage: {program} mnist|compression|vae-20|tiny FOLDER [--epochs N]");
            return Err(usage.into());
        }
    };
    Ok(Work {
        name: name.into(),
        loss,
        shapes,
        batch,
        epsilon,
        epochs,
        folder: folder.into(),
    })
}

impl<Loss> Work<Loss> {
    /// The training images of MNIST, values in `[0, 1]`; none of `tiny`, whose examples are random.
    pub fn pixels(&self) -> Result<Option<Vec<f32>>, Box<dyn Error>> {
        match self.name == "tiny" {
            true => Ok(None),
            false => read(&self.folder).map(Some),
        }
    }
}

fn read(folder: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(folder.join("train-images-idx3-ubyte.gz"))?)
        .read_to_end(&mut bytes)?;
    let pixels = bytes[16..].iter();
    Ok(pixels.map(|&pixel| f32::from(pixel) / 255.0).collect())
}

/// What to print of a run of `library`: what its epochs and its memory took, and its mean loss over the last epoch.
pub fn report(library: &str, seconds: &[f64], loss: f64) -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    let peak = peak.trim().trim_end_matches(" kB").parse::<u64>()? * 1024;
    Ok(format!(
        r#"{{"version": "{library}", "epoch_seconds": {seconds:?}, "train_loss": {loss:?}, "peak_bytes": {peak}}}"#
    ))
}
