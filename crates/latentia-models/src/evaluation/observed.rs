//! Who watches how far a measurement has come, and examples that tell of being read.

use std::io;

use latentia_tensor::{MatrixMut, Rows};

/// Someone who watches how far a measurement has come.
pub trait ProgressObserver: Sync {
    /// A stage of it begins, in which about so many examples will be read: 0 where that is not known.
    fn on_stage(&self, _stage: &str, _examples: u64) {}

    /// So many more were read, by whatever thread.
    fn on_examples(&self, _examples: usize) {}
}

impl ProgressObserver for () {}

/// Examples that tell an observer of being read.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use latentia_models::{Metrics, ModelSpec, ObservedRows, ProgressObserver};
/// use latentia_tensor::Matrix;
///
/// #[derive(Default)]
/// struct Counter(AtomicUsize);
///
/// impl ProgressObserver for Counter {
///     fn on_examples(&self, examples: usize) {
///         self.0.fetch_add(examples, Ordering::Relaxed);
///     }
/// }
///
/// let spec: ModelSpec = toml::from_str(r#"
///     likelihood = "mse"
///     encoder = [{ layer = "dense", units = 1 }]
///     decoder = [{ layer = "dense" }]
/// "#)?;
/// let (model, counter) = (spec.build(&[3], 42)?, Counter::default());
/// let points = Matrix::zeros(20, 3);
/// Metrics::measure(&model, &ObservedRows::new(&points, &counter))?;
/// assert_eq!(counter.0.into_inner(), 20);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ObservedRows<'a> {
    rows: &'a dyn Rows,
    observer: &'a dyn ProgressObserver,
}

impl<'a> ObservedRows<'a> {
    /// `rows`, of which `observer` is told.
    pub fn new(rows: &'a dyn Rows, observer: &'a dyn ProgressObserver) -> Self {
        Self { rows, observer }
    }
}

impl Rows for ObservedRows<'_> {
    fn rows(&self) -> usize {
        self.rows.rows()
    }

    fn cols(&self) -> usize {
        self.rows.cols()
    }

    fn full_scale(&self) -> f32 {
        self.rows.full_scale()
    }

    fn label(&self, index: u32) -> Option<u32> {
        self.rows.label(index)
    }

    fn read(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.rows.read(indices, out)?;
        self.observer.on_examples(indices.len());
        Ok(())
    }

    fn has_targets(&self) -> bool {
        self.rows.has_targets()
    }

    fn read_targets(&self, indices: &[u32], out: MatrixMut<'_>) -> io::Result<()> {
        self.rows.read_targets(indices, out)
    }
}
