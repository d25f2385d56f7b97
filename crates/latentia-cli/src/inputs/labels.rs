//! The classes of codes, for a model that is conditioned on them.

use latentia_models::{Autoencoder, Labelled};
use latentia_tensor::Rows;

use crate::terminal::UsageError;

/// `codes` as `model` takes them: all of class `label`, or, where none is asked for, of each class in turn.
///
/// # Errors
/// A [`UsageError`] when the model knows no such class, or no classes.
pub fn with_labels<'a>(
    model: &Autoencoder,
    codes: &'a dyn Rows,
    label: Option<u8>,
) -> Result<Box<dyn Rows + 'a>, UsageError> {
    let classes = match (model.classes(), label) {
        (Some(classes), _) => classes,
        (None, None) => return Ok(Box::new(Labelled::new(codes, vec![0; codes.rows()]))),
        (None, Some(_)) => {
            return Err(UsageError(
                "`--label` goes with a model that is conditioned on classes, as of `--preset conditional-vae`".into(),
            ));
        }
    };
    if let Some(label) = label.filter(|&label| usize::from(label) >= classes) {
        let last = classes - 1;
        return Err(UsageError(format!(
            "`--label` is {label}; the model knows the classes from 0 to {last}"
        )));
    }
    let labels = (0..codes.rows()).map(|row| label.unwrap_or((row % classes) as u8));
    Ok(Box::new(Labelled::new(codes, labels.collect())))
}
