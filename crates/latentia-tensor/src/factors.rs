//! What examples were made of.

/// The ground-truth factors of variation of a set of examples: what a generated picture shows, where, and how it lies. A factor has
/// finitely many values, numbered from 0.
///
/// ```
/// use latentia_tensor::Factors;
///
/// // Three pictures: two of shape 0, at places 0 and 1, and one of shape 1 at place 1.
/// let factors = Factors::new(["shape", "x"].map(String::from).to_vec(), vec![0, 0, 0, 1, 1, 1]);
/// assert_eq!((factors.examples(), factors.names()), (3, &["shape".to_string(), "x".to_string()][..]));
/// assert_eq!(factors.of(1), [0, 1]);
/// assert_eq!(factors.column(1).collect::<Vec<_>>(), [0, 1, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factors {
    names: Vec<String>,
    values: Vec<u32>,
}

impl Factors {
    /// Factors of these names, and their values: `[examples, names.len()]`, row by row.
    ///
    /// # Panics
    /// When there is no name, or `values` does not hold one value a name for each example.
    pub fn new(names: Vec<String>, values: Vec<u32>) -> Self {
        assert!(!names.is_empty(), "a factor has a name");
        assert!(
            values.len().is_multiple_of(names.len()),
            "{} values of {} factors: a value each for every example",
            values.len(),
            names.len()
        );
        Self { names, values }
    }

    /// What the factors are called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.values.len() / self.names.len()
    }

    /// The values of example `index`, one a factor.
    ///
    /// # Panics
    /// When the index is out of range.
    pub fn of(&self, index: usize) -> &[u32] {
        let factors = self.names.len();
        &self.values[index * factors..][..factors]
    }

    /// The values of one factor, example by example.
    pub fn column(&self, factor: usize) -> impl Iterator<Item = u32> {
        let rows = self.values.chunks_exact(self.names.len());
        rows.map(move |row| row[factor])
    }

    /// Those of the examples `rows`, in this order.
    ///
    /// # Panics
    /// When a row is out of range.
    #[must_use]
    pub fn choose(&self, rows: &[u32]) -> Self {
        let values = rows.iter().flat_map(|&row| self.of(row as usize));
        Self {
            names: self.names.clone(),
            values: values.copied().collect(),
        }
    }
}
