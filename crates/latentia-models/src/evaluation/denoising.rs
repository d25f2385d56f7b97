//! How well corrupted examples are restored.

use std::io;

use latentia_nn::layers::Corrupt;
use latentia_nn::{BLOCK_ROWS, Corruption};
use latentia_tensor::{Matrix, MatrixMut, Noise, Rows, loss};
use serde::Serialize;

use super::pca::Pca;
use crate::autoencoder::inference::fold_blocks;
use crate::stream;
use crate::{Autoencoder, ModelError, Scaled};

/// Squared errors, means over all elements, of examples that were corrupted and restored; both against the clean ones, which are their
/// targets where they have some.
///
/// ```
/// use latentia_models::{Denoising, ModelSpec, TrainingSpec};
/// use latentia_nn::Corruption;
/// use latentia_tensor::Matrix;
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     corruption = { kind = "gaussian", deviation = 0.5 }
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let mut model = spec.build(&[8], 42)?;
/// // Eight measurements of one quantity.
/// let examples = Matrix::from_vec(100, 8, (0..800).map(|i| (i / 8) as f32 / 50.0 - 1.0).collect());
/// let training = TrainingSpec { batch_size: 10, learning_rate: 0.01, ..TrainingSpec::default() };
/// model.fit(&examples, &training, 42)?;
///
/// let noise = Corruption::Gaussian { deviation: 0.5 };
/// let denoising = Denoising::measure(&model, &examples, noise, 1, None)?;
/// assert!(denoising.denoised_mse < 0.3 * denoising.noisy_mse);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Denoising {
    /// Number of examples.
    pub examples: usize,
    /// Of the corrupted examples.
    pub noisy_mse: f64,
    /// Of what the model makes of them.
    pub denoised_mse: f64,
    /// Of what PCA makes of them that learned from clean examples, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pca_mse: Option<f64>,
}

/// Examples in the model's scale, corrupted when they are read: example `i` always alike.
struct Corrupted<'a> {
    clean: Scaled<'a>,
    corrupt: Option<Corrupt>,
    noise: Noise,
}

impl Rows for Corrupted<'_> {
    fn rows(&self) -> usize {
        self.clean.rows()
    }

    fn cols(&self) -> usize {
        self.clean.cols()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.clean.label(index)
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        self.clean.read(indices, out.reborrow())?;
        let Some(corrupt) = &self.corrupt else {
            return Ok(());
        };
        let mut workspace = vec![0.0; corrupt.workspace()];
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            corrupt.apply(self.noise, index, row, &mut workspace);
        }
        Ok(())
    }

    /// Corrupted examples are to be restored.
    fn has_targets(&self) -> bool {
        true
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.clean.read_targets(indices, out)
    }
}

impl Denoising {
    /// Corrupts `examples` by `corruption`, the same way for the same `seed`, or takes them as they are where there is none, and measures
    /// what `model` restores, in bounded memory; beside it `pca`, whose components are of examples in the model's scale.
    ///
    /// # Errors
    /// When there are no examples, or they do not fit the model or cannot be read.
    pub fn measure(
        model: &Autoencoder,
        examples: &dyn Rows,
        corruption: impl Into<Option<Corruption>>,
        seed: u64,
        pca: Option<&Pca>,
    ) -> Result<Self, ModelError> {
        let rows = examples.rows();
        if rows == 0 {
            return Err(ModelError::NoExamples { purpose: "denoise" });
        }
        let corrupted = model.corrupted(examples, corruption.into(), seed)?;
        let buffer = || Matrix::zeros(BLOCK_ROWS.min(rows), model.width());
        let start = || (Ok(()), [0.0; 2], [buffer(), buffer()]);
        let slots = fold_blocks(
            model.chain(),
            model.whole(),
            &corrupted,
            start,
            |(result, sums, [clean, restored]), first, block| {
                let n = block.input().rows();
                let indices: Vec<u32> = (first..first + n).map(|row| row as u32).collect();
                if let Err(error) = corrupted.clean.read_targets(&indices, clean.top_mut(n)) {
                    *result = Err(error);
                    return;
                }
                let (outputs, inputs) = (block.output(), block.input());
                let likelihood = model.likelihood();
                likelihood.mean_of(outputs, inputs, restored.top_mut(n));
                let mut losses = [0.0; BLOCK_ROWS];
                for (sum, images) in sums.iter_mut().zip([block.input(), restored.top(n)]) {
                    loss::squared_error(images, clean.top(n), 0.0, &mut losses[..n], None);
                    *sum += losses[..n].iter().sum::<f64>();
                }
            },
        )?;
        let mut totals = [0.0; 2];
        for (result, sums, _) in slots {
            result?;
            totals[0] += sums[0];
            totals[1] += sums[1];
        }
        let elements = (rows * model.width()) as f64;
        Ok(Self {
            examples: rows,
            noisy_mse: totals[0] / elements,
            denoised_mse: totals[1] / elements,
            pca_mse: pca.map(|pca| pca.mse(&corrupted)).transpose()?,
        })
    }
}

impl Autoencoder {
    fn corrupted<'a>(
        &'a self,
        examples: &'a dyn Rows,
        corruption: Option<Corruption>,
        seed: u64,
    ) -> Result<Corrupted<'a>, ModelError> {
        let picture = self.shape.picture();
        let corrupt = corruption.map(|own| Corrupt::new(self.width(), own).of_picture(picture));
        Ok(Corrupted {
            clean: self.scaled(examples)?,
            corrupt,
            noise: Noise::new(seed, stream::CORRUPT),
        })
    }

    /// All of `examples` corrupted as in [`Denoising::measure`], and what the model restores, both in the data's own scale:
    /// `[rows, width]` each.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn denoise(
        &self,
        examples: &dyn Rows,
        corruption: impl Into<Option<Corruption>>,
        seed: u64,
    ) -> Result<(Matrix, Matrix), ModelError> {
        let corrupted = self.corrupted(examples, corruption.into(), seed)?;
        let indices: Vec<u32> = (0..examples.rows() as u32).collect();
        let mut noisy = Matrix::zeros(indices.len(), self.width());
        corrupted.read(&indices, noisy.view_mut())?;
        let restored = self.means(self.whole(), &corrupted)?;
        Ok((self.unscaled(noisy), self.unscaled(restored)))
    }
}

#[cfg(test)]
mod tests {
    use latentia_nn::ParameterRole;

    use super::*;
    use crate::ModelSpec;

    #[test]
    fn a_model_that_hands_its_input_on_restores_nothing() {
        let spec = "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 4 }]\ndecoder = [{ layer = 'dense' }]";
        let spec: ModelSpec = toml::from_str(spec).expect("a specification");
        let mut model = spec.build(&[4], 1).expect("parts that fit");
        for parameter in model.chain.parameters_mut() {
            let cols = parameter.value.cols();
            for (i, w) in parameter.value.as_mut_slice().iter_mut().enumerate() {
                *w = f32::from(parameter.role == ParameterRole::Weight && i / cols == i % cols);
            }
        }
        let ones = Matrix::from_vec(1000, 4, vec![1.0; 4000]);
        let masking = Corruption::Masking { rate: 0.3 };
        // As many components as dimensions hand their input on too.
        let any = Matrix::from_vec(50, 4, latentia_testing::numbers(1, 200));
        let pca = Pca::learn(&any, 4).expect("in memory");
        let measured = Denoising::measure(&model, &ones, masking, 1, Some(&pca));
        let measured = measured.expect("in memory");
        let by_pca = measured.pca_mse.expect("asked for");
        assert!((measured.noisy_mse - by_pca).abs() < 1e-6, "{measured:?}");
        assert!((measured.noisy_mse - 0.3).abs() < 0.03, "{measured:?}");
        assert!(
            (measured.noisy_mse - measured.denoised_mse).abs() < 1e-9,
            "{measured:?}"
        );
        let (noisy, restored) = model.denoise(&ones, masking, 1).expect("in memory");
        assert_eq!(noisy, restored);
        let zeros = noisy.as_slice().iter().filter(|&&x| x == 0.0).count();
        assert!((zeros as f64 / 4000.0 - measured.noisy_mse).abs() < 1e-9);
    }
}
