//! Classes of examples.

use numpy::PyReadonlyArray1;

use crate::error::{Error, Failure};

/// Classes of examples, where they have some.
pub type Labels<'py> = Option<PyReadonlyArray1<'py, u32>>;

/// The class of each of `rows` examples.
///
/// # Errors
/// When there are more or fewer.
pub fn of(labels: &Labels<'_>, rows: usize) -> Result<Option<Vec<u32>>, Failure> {
    let Some(labels) = labels else {
        return Ok(None);
    };
    let labels: Vec<u32> = labels.as_array().to_vec();
    match labels.len() == rows {
        true => Ok(Some(labels)),
        false => {
            let text = format!("there are {} labels for {rows} examples", labels.len());
            Err(Error::new_err(text).into())
        }
    }
}
