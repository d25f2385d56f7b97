//! A part of a specification that is invalid.

/// What is wrong with a part, and what would be valid.
pub type InvalidSpec = (String, String);

/// A refusal, unless `holds`.
pub(crate) fn require(
    holds: bool,
    seen: impl FnOnce() -> String,
    valid: &str,
) -> Result<(), InvalidSpec> {
    match holds {
        true => Ok(()),
        false => Err((seen(), valid.into())),
    }
}
