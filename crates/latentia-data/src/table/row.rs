//! One row of a table.

/// One row of a table, as a file of such rows would have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableRow {
    /// An element for each column that is learned from, in the schema's order; NaN where it is missing.
    pub elements: Vec<f32>,
    /// What names it, where a column does and [`TableOptions::carry`](crate::TableOptions::carry) asks for it.
    pub id: Option<String>,
    /// Its class, where a column has one that the schema knows.
    pub label: Option<u32>,
}
