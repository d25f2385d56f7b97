//! What was seen in a column.

/// What was seen in a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Rows without a value.
    pub missing: u64,
    /// The smallest and the largest number, or day since 1970; of numbers and dates.
    pub range: Option<(f64, f64)>,
    /// The first value that is there, as it is written.
    pub example: String,
    /// Values whose level the schema does not have; they count as missing too.
    pub unseen: u64,
}
