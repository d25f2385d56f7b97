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
}
