//! The network of an autoregressive prior.

use latentia_nn::layers::{Embedding, Mask, MaskedDense, PositionWise};
use latentia_nn::{Activation, Chain, ChainError, Initializer, Layer};
use latentia_tensor::loss::Columns;
use latentia_tensor::{Accumulate, ElementKind, Matrix, Noise, add_bias_map, matmul_nn};

/// Elements of an index's vector.
const EMBEDDING: usize = 16;

/// Features of all positions that are aimed at, and the fewest and the most of each: multiples of 8.
const UNITS: usize = 1568;
const FEATURES: [usize; 2] = [8, 64];

/// Indices of a code times vectors of the codebook, at most: the logits of a code.
pub(super) const MOST_LOGITS: usize = 1 << 18;

/// Multiplications of the masked layers for a code, which its reach keeps it near at most.
const MOST_MULTIPLICATIONS: usize = 1 << 22;

/// How large a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    /// Indices of a code.
    pub(super) positions: usize,
    /// Vectors of the codebook.
    pub(super) vectors: usize,
    /// Features at a position.
    pub(super) features: usize,
    /// Positions that a masked layer sees at most.
    pub(super) reach: usize,
}

impl Sizes {
    /// What suits codes of so many indices.
    pub(super) fn of(positions: usize, vectors: usize) -> Self {
        let [fewest, most] = FEATURES;
        let features = (UNITS / positions.max(1) / 8 * 8).clamp(fewest, most);
        let of_pair = features * (EMBEDDING + features);
        let reach = MOST_MULTIPLICATIONS / (positions.max(1) * of_pair);
        Self {
            positions,
            vectors,
            features,
            reach: reach.clamp(1, positions.max(1)),
        }
    }

    /// Whether a network of these sizes, which a file has, is no larger than any that is fitted.
    pub(super) fn are_valid(self) -> bool {
        let [fewest, most] = FEATURES;
        let of_pair = self.features * (EMBEDDING + self.features);
        (fewest..=most).contains(&self.features)
            && (1..=self.positions).contains(&self.reach)
            && self.positions.saturating_mul(self.reach)
                <= (MOST_MULTIPLICATIONS / of_pair).max(self.positions)
            && self.positions.saturating_mul(self.vectors) <= MOST_LOGITS
    }
}

/// Each index becomes a vector; two masked layers make features at each position of the vectors before it; a layer that all positions
/// share makes logits of these: a masked autoencoder for distribution estimation (MADE, Germain et al. 2015).
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) sizes: Sizes,
    masked: [MaskedDense; 2],
    chain: Chain,
}

impl Network {
    pub(super) fn new(sizes: Sizes, seed: u64) -> Result<Self, ChainError> {
        let Sizes {
            positions,
            vectors,
            features,
            reach,
        } = sizes;
        // Not a ReLU: features of the first position depend on biases alone, which begin at zero, where it has no gradient.
        let masked = |inputs, mask| {
            let (sizes, mask) = ([inputs, features], (mask, reach));
            MaskedDense::new(positions, sizes, mask, Activation::LeakyRelu)
        };
        let masked = [
            masked(EMBEDDING, Mask::Before),
            masked(features, Mask::UpTo),
        ];
        let logits = PositionWise::new(
            positions,
            [features, vectors],
            Activation::Linear,
            Initializer::Glorot,
        );
        let layers: Vec<Box<dyn Layer>> = vec![
            Box::new(Embedding::new(positions, vectors, EMBEDDING)),
            Box::new(masked[0].clone()),
            Box::new(masked[1].clone()),
            Box::new(logits),
        ];
        Ok(Self {
            sizes,
            masked,
            chain: Chain::new(layers, seed)?,
        })
    }

    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(super) fn chain_mut(&mut self) -> &mut Chain {
        &mut self.chain
    }

    /// The distribution of the indices of a code, given the logits.
    pub(super) fn likelihood(&self) -> Columns {
        Columns::new(vec![self.index(); self.sizes.positions], false)
    }

    fn index(&self) -> ElementKind {
        ElementKind::Category {
            levels: self.sizes.vectors,
        }
    }

    /// Draws codes, one index after another: `indices` `[rows, positions]`, of which row `r` takes the noise of row `first + r`.
    pub(super) fn draw(&self, noise: Noise, first: u32, indices: &mut [u32]) {
        let Sizes {
            positions,
            vectors,
            features,
            ..
        } = self.sizes;
        let rows = indices.len() / positions;
        let [table, before, behind, output] =
            [0, 1, 2, 3].map(|layer| self.chain.parameters_of(layer));
        let (table, weight) = (&table[0].value, &output[0].value);
        let mut embedded = Matrix::zeros(rows, positions * EMBEDDING);
        let [mut own, mut next] = [(); 2].map(|()| Matrix::zeros(rows, positions * features));
        let (mut logits, mut drawn) = (Matrix::zeros(rows, vectors), Matrix::zeros(rows, 1));
        let index = Columns::new(vec![self.index()], false);
        for position in 0..positions {
            self.masked[0].forward_at(position, before, embedded.view(), &mut own);
            self.masked[1].forward_at(position, behind, own.view(), &mut next);
            let x = next.view();
            let x = x.columns(position * features..(position + 1) * features);
            matmul_nn(logits.view_mut(), Accumulate::Replace, x, weight.view());
            add_bias_map(logits.view_mut(), output[1].value.as_slice(), |z| z);
            index.sample(
                logits.view(),
                noise.at_step(position as u32),
                first,
                drawn.view_mut(),
            );
            let vector = position * EMBEDDING..(position + 1) * EMBEDDING;
            for (row, &drawn) in drawn.as_slice().iter().enumerate() {
                indices[row * positions + position] = drawn as u32;
                let mut embedded = embedded.view_mut();
                let to = &mut embedded.row_mut(row)[vector.clone()];
                to.copy_from_slice(table.row(drawn as usize));
            }
        }
    }
}
