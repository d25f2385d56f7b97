//! The vectors of a vector-quantised code.

use latentia_tensor::Matrix;

use super::model::Autoencoder;
use crate::Code;

impl Autoencoder {
    /// The codebook, where codes are vector-quantised: `[vectors, dimension]`.
    pub fn codebook(&self) -> Option<&Matrix> {
        let code = self.chain.owned(self.sections.code.end.checked_sub(1)?);
        match self.spec.code {
            Code::VectorQuantised { .. } => Some(&self.chain.parameters()[code.start].value),
            _ => None,
        }
    }

    /// Which vectors of the codebook a code is made of: the numbers of the first that equal its parts, or 0 for a part that
    /// is no vector of the codebook. Empty for other codes.
    pub fn choices(&self, code: &[f32]) -> Vec<u32> {
        let Some(codebook) = self.codebook() else {
            return Vec::new();
        };
        let vectors = || codebook.view().iter_rows().zip(0..);
        let choice = |part: &[f32]| vectors().find(|(vector, _)| *vector == part);
        code.chunks(codebook.cols())
            .map(|part| choice(part).map_or(0, |(_, number)| number))
            .collect()
    }
}
