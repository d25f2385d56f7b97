//! How training examples that are pictures are changed.

use serde::{Deserialize, Serialize};

use crate::ModelError;
use latentia_tensor::ExampleShape;

/// How training examples that are pictures are changed, anew in each epoch. What is learned is to reconstruct the changed
/// picture; validation examples stay as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct AugmentationSpec {
    /// Whether left and right are exchanged in half of the pictures. Example: `flip = true`
    pub flip: bool,
    /// The most pixels that a picture is moved by, each way, less than its height and width; the pixels at its edge are
    /// repeated. Example: `shift = 2`
    pub shift: usize,
    /// The largest share of height and width that is cut off; the rest is enlarged to the full size, bilinearly.
    /// Example: `crop = 0.1`
    #[cfg_attr(feature = "schema", schemars(range(min = 0), extend("exclusiveMaximum" = 1)))]
    pub crop: f32,
}

impl AugmentationSpec {
    /// Refuses values out of range, and examples of a shape that is no picture's.
    pub(crate) fn check(&self, shape: &ExampleShape) -> Result<(), ModelError> {
        let refuse = |name, seen: String, valid| Err(ModelError::Option { name, seen, valid });
        let Some(picture) = shape.picture() else {
            let valid = "for pictures, of shape [height, width], [height, width, channels] or [channels, height, width]";
            return refuse(
                "augmentation",
                format!("for examples of shape {:?}", &shape[..]),
                valid,
            );
        };
        if self.shift >= picture.height.min(picture.width) {
            let valid = "less than the height and the width of the pictures";
            return refuse("shift", self.shift.to_string(), valid);
        }
        self.check_crop()
    }

    /// Refuses a share that is none.
    pub(crate) fn check_crop(&self) -> Result<(), ModelError> {
        match (0.0..1.0).contains(&self.crop) {
            true => Ok(()),
            false => Err(ModelError::Option {
                name: "crop",
                seen: self.crop.to_string(),
                valid: "at least 0 and less than 1",
            }),
        }
    }
}
