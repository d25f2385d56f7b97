//! Examples as a model sees them.

use std::io;

use latentia_tensor::{MatrixMut, Noise, Rows, Targets};

use super::scaling::Scaling;
use crate::{Preprocessing, stream};

/// Examples as a model sees them.
pub struct Scaled<'a> {
    examples: &'a dyn Rows,
    scaling: &'a Scaling,
    /// Where values are drawn as 0 or 1, the noise that draws them.
    binarise: Option<Noise>,
}

impl<'a> Scaled<'a> {
    /// `examples`, scaled when they are read.
    pub fn new(examples: &'a dyn Rows, scaling: &'a Scaling) -> Self {
        Self {
            examples,
            scaling,
            binarise: None,
        }
    }

    /// The same, drawn as 0 or 1 where `preprocessing` says so: draw `draw`.
    pub(crate) fn drawn(self, preprocessing: Preprocessing, draw: u32) -> Self {
        // Examples look the same to every model: the draw does not depend on a seed.
        let noise = Noise::new(0, stream::BINARISE).at_step(draw);
        Self {
            binarise: preprocessing.binarises().then_some(noise),
            ..self
        }
    }
}

/// A hash of the content of a row, by FNV-1a: an example is drawn alike wherever it is met.
fn fingerprint(row: &[f32]) -> u32 {
    row.iter().fold(0x811c_9dc5, |hash, x| {
        (hash ^ x.to_bits()).wrapping_mul(0x0100_0193)
    })
}

impl Scaled<'_> {
    /// Reads examples, or their targets, of `examples`.
    fn read_from(
        &self,
        examples: &dyn Rows,
        indices: &[u32],
        mut out: MatrixMut<'_>,
    ) -> io::Result<()> {
        examples.read(indices, out.reborrow())?;
        self.scaling.apply(out.reborrow(), examples.full_scale());
        if let Some(noise) = self.binarise {
            for row in out.iter_rows_mut() {
                noise.bernoulli(fingerprint(row), row);
            }
        }
        Ok(())
    }
}

impl Rows for Scaled<'_> {
    fn rows(&self) -> usize {
        self.examples.rows()
    }

    fn cols(&self) -> usize {
        self.examples.cols()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.examples.label(index)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read_from(self.examples, indices, out)
    }

    fn has_targets(&self) -> bool {
        self.examples.has_targets()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read_from(&Targets(self.examples), indices, out)
    }
}

#[cfg(test)]
mod tests {
    use latentia_tensor::Matrix;

    use super::*;

    #[test]
    fn an_example_is_drawn_alike_wherever_it_is_met_and_anew_in_each_epoch() {
        let grey: Vec<f32> = latentia_testing::numbers(1, 2000)
            .iter()
            .map(|x| 0.5 + 0.5 * x)
            .collect();
        let examples = Matrix::from_vec(2, 1000, grey.clone());
        let scaling = Scaling::identity();
        let read = |preprocessing: Preprocessing, epoch, indices: &[u32]| {
            let mut out = Matrix::zeros(indices.len(), 1000);
            Scaled::new(&examples, &scaling)
                .drawn(preprocessing, preprocessing.draw(epoch))
                .read(indices, out.view_mut())
                .expect("in memory");
            out
        };
        let (fixed, fresh) = (Preprocessing::BinariseStatic, Preprocessing::BinariseFresh);
        let first = read(fixed, 1, &[0, 1]);
        assert!(first.as_slice().iter().all(|&x| x == 0.0 || x == 1.0));
        let pairs = first.as_slice().iter().zip(&grey);
        let error = pairs.map(|(drawn, p)| drawn - p).sum::<f32>() / 2000.0;
        assert!(error.abs() < 0.03, "{error}");
        assert_eq!(read(fixed, 2, &[1]).row(0), first.row(1));
        assert_ne!(read(fresh, 1, &[0]), read(fresh, 2, &[0]));
        assert_eq!(read(fresh, 2, &[1, 0]).row(1), read(fresh, 2, &[0]).row(0));
    }
}
