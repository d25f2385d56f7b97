//! What is wrong with a part of a specification.

/// What is wrong with a part, and what would be valid.
pub type Misfit = (String, String);

/// A refusal, unless `holds`.
pub(crate) fn require(
    holds: bool,
    seen: impl FnOnce() -> String,
    valid: &str,
) -> Result<(), Misfit> {
    match holds {
        true => Ok(()),
        false => Err((seen(), valid.into())),
    }
}
