//! What is in a table.

/// A cell of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Missing,
    /// A number of any type as f64, which rounds integers beyond 2^53. It may be a NaN.
    Number(f64),
    Bool(bool),
    /// Days since 1970, with the time as their fraction.
    Date(f64),
    Text(&'a str),
}
