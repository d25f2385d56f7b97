//! Where examples come from.

use std::io;

use crate::{Matrix, MatrixMut, MatrixRef};

/// A source of examples of equal width that are read by index.
///
/// This is all that training and inference know of data: a matrix in memory or a view of one, bytes that become floats when they are
/// read, or files on a disk.
///
/// ```
/// use latentia_tensor::{Matrix, MatrixMut, Rows};
///
/// /// Sine waves of 16 values, the frequency of example `i` being `i`: none of them is kept.
/// struct Waves(usize);
///
/// impl Rows for Waves {
///     fn rows(&self) -> usize {
///         self.0
///     }
///     fn cols(&self) -> usize {
///         16
///     }
///     fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> std::io::Result<()> {
///         for (row, &index) in out.iter_rows_mut().zip(indices) {
///             for (x, at) in row.iter_mut().zip(0u8..) {
///                 *x = (std::f32::consts::TAU * index as f32 * f32::from(at) / 16.0).sin();
///             }
///         }
///         Ok(())
///     }
/// }
///
/// let waves = Waves(1_000_000);
/// let mut batch = Matrix::zeros(2, waves.cols());
/// waves.read(&[0, 1], batch.view_mut())?;
/// assert_eq!((batch.row(0)[4], batch.row(1)[4]), (0.0, 1.0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Rows: Sync {
    /// Number of examples.
    fn rows(&self) -> usize;

    /// Values in an example.
    fn cols(&self) -> usize;

    /// The value that stands for one: 255 where examples are bytes, else 1.
    fn full_scale(&self) -> f32 {
        1.0
    }

    /// The class of example `index`, where examples have classes.
    fn label(&self, _index: u32) -> Option<u32> {
        None
    }

    /// Writes example `indices[i]` into row `i` of `out`, shape `[indices.len(), self.cols()]`.
    ///
    /// # Errors
    /// When the source cannot be read.
    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()>;

    /// Whether examples are to be reconstructed as others than themselves: noisy pictures as clean ones.
    fn has_targets(&self) -> bool {
        false
    }

    /// Writes what example `indices[i]` is to be reconstructed as into row `i` of `out`: itself, unless the source
    /// [has targets](Self::has_targets).
    ///
    /// # Errors
    /// As [`Self::read`].
    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.read(indices, out)
    }
}

/// What examples are to be reconstructed as, in their place.
pub struct Targets<'a>(pub &'a dyn Rows);

impl Rows for Targets<'_> {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn cols(&self) -> usize {
        self.0.cols()
    }

    fn full_scale(&self) -> f32 {
        self.0.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.0.label(index)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.0.read_targets(indices, out)
    }
}

impl Rows for Matrix {
    fn rows(&self) -> usize {
        self.rows()
    }

    fn cols(&self) -> usize {
        self.cols()
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.view().read(indices, out)
    }
}

impl Rows for MatrixRef<'_> {
    fn rows(&self) -> usize {
        self.rows()
    }

    fn cols(&self) -> usize {
        self.cols()
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            row.copy_from_slice(self.row(index as usize));
        }
        Ok(())
    }
}
