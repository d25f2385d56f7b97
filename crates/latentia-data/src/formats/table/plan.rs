//! How the columns of a table are to be read.

use latentia_tensor::Column;

/// How one column of a table is to be read.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// Its field in a row; none of a column that the table does not have and that is not learned from.
    pub(super) field: Option<usize>,
    pub(super) column: Column,
    /// Whether its kind is said, and not guessed.
    pub(super) kind_is_said: bool,
    /// Whether its levels are said: others are unseen.
    pub(super) levels_are_said: bool,
}

/// How the columns of a table are to be read, those that are learned from in the order of an example's elements.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Whether names come from the table.
    pub(super) header: bool,
    pub(super) columns: Vec<Planned>,
    /// Names of the columns of the table, a field each.
    pub(super) names: Vec<String>,
    /// The field of the column whose texts are kept apart.
    pub(super) extra: Option<usize>,
    /// What there is to say of how columns were matched.
    pub(super) notes: Vec<String>,
}
