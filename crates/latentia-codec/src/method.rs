//! Ways to compress.

/// How examples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The code in cells of `step` finest ones: what comes back are reconstructions. See [`crate::Quantiser`].
    Lossy {
        /// 1 at least.
        step: u16,
    },
    /// Every byte, at the cost of the model's `-ELBO`, with a Gaussian code and a likelihood of bytes.
    BitsBack,
    /// Every byte: the lossy reconstruction, and what it errs by.
    Residual {
        /// 1 at least.
        step: u16,
    },
}

impl Method {
    /// The coarsest step of the code.
    pub const MOST_STEP: u16 = 1000;

    /// Lossy at a quality of 1 to 100: at 100 the finest cells, at 50 cells ten times as wide, which add a tenth to the
    /// error of a reconstruction.
    pub fn from_quality(quality: u8) -> Self {
        let step = 10f64.powf((100.0 - f64::from(quality)) / 50.0).round();
        Self::Lossy { step: step as u16 }
    }

    /// Whether every byte comes back.
    pub fn is_lossless(self) -> bool {
        !matches!(self, Self::Lossy { .. })
    }
}
