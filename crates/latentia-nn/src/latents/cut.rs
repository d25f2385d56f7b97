//! Where a row is cut into the vectors or variables of a code.

use crate::Shape;
use crate::invalid_spec::{InvalidSpec, require};

/// Refuses a row that `parts`, of `size` elements each, do not fill; of feature maps its channels, for parts do not reach over positions.
///
/// # Errors
/// What is cut, into what, and what would be valid.
pub(super) fn check_cut(
    row: Shape,
    size: usize,
    parts: impl Fn() -> String,
) -> Result<(), InvalidSpec> {
    let (width, cut) = match row {
        Shape::Flat(width) => (width, format!("{width} elements")),
        Shape::FeatureMaps { channels, .. } => {
            (channels, format!("the {channels} channels of {row}"))
        }
    };
    require(
        size > 0 && width.is_multiple_of(size),
        || format!("cuts {cut} into {}", parts()),
        "the width of the encoder's output, or its channels, must be a multiple of it",
    )
}
