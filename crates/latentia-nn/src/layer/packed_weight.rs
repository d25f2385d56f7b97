//! A weight laid out for products.

use latentia_tensor::{Matrix, MatrixRef, PackedMatrix, PackedPiece};

/// A weight `W` laid out for the products of a step.
#[derive(Clone, Debug)]
pub struct PackedWeight {
    /// For `x · W`, where that is not as fast with the matrix as it is.
    pub forward: Option<PackedMatrix>,
    /// Its transpose, for `dy · Wᵀ`, where that is computed.
    pub backward: Option<PackedMatrix>,
}

impl PackedWeight {
    /// The memory for that of `weight`; `goes_back` says whether gradients are multiplied by it.
    pub(crate) fn new(weight: &Matrix, goes_back: bool) -> Self {
        let (rows, cols) = (weight.rows(), weight.cols());
        let pays = PackedMatrix::pays(rows, cols);
        Self {
            forward: pays.then(|| PackedMatrix::zeros(rows, cols)),
            backward: goes_back.then(|| PackedMatrix::zeros(cols, rows)),
        }
    }

    /// The pieces in which `weight` is laid out, each of which has work of its own.
    pub(crate) fn pieces<'a>(
        &'a mut self,
        weight: &'a Matrix,
    ) -> impl DoubleEndedIterator<Item = Piece<'a>> {
        let forward = self.forward.iter_mut().flat_map(PackedMatrix::pieces);
        let backward = self.backward.iter_mut().flat_map(PackedMatrix::pieces);
        let forward = forward.map(|to| Piece::Of(weight.view(), to));
        forward.chain(backward.map(|to| Piece::OfTranspose(weight.view(), to)))
    }
}

/// A piece of a weight that is being laid out.
pub(crate) enum Piece<'a> {
    Of(MatrixRef<'a>, PackedPiece<'a>),
    OfTranspose(MatrixRef<'a>, PackedPiece<'a>),
}

impl Piece<'_> {
    /// Lays it out.
    pub(crate) fn pack(self) {
        match self {
            Self::Of(weight, to) => to.pack(weight),
            Self::OfTranspose(weight, to) => to.pack_transposed(weight),
        }
    }
}
