//! Where a chain is cut.

use std::ops::Range;

/// Which layers of the chain are whose. What lies before the encoder corrupts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sections {
    /// From an example to what the code is made of.
    pub encoder: Range<usize>,
    /// The layers that make the code; none for a deterministic code, which is the encoder's output.
    pub code: Range<usize>,
    /// From the code to the output, with the likelihood's own layer.
    pub decoder: Range<usize>,
}

impl Sections {
    /// The part that layer `layer` belongs to, and its number there.
    pub fn place(&self, layer: usize) -> (&'static str, usize) {
        let parts = [
            ("decoder", self.decoder.start),
            ("code", self.code.start),
            ("encoder", self.encoder.start),
            ("corruption", 0),
        ];
        let own = parts.into_iter().find(|(_, start)| layer >= *start);
        own.map_or(("corruption", layer), |(part, start)| (part, layer - start))
    }
}
