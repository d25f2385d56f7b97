//! What a user names: DATA, MODEL, the classes of codes, and known anomalies.

mod anomalies;
mod held_out;
mod labels;
mod loader;
mod model;
mod names;
mod schema;

pub use anomalies::{AnomalySource, KnownAnomalies};
pub use labels::{class_of, classes_above, label_column, with_labels};
pub(crate) use loader::no_parts;
pub use loader::{Examples, Loader, split_part};
pub use model::{check_fit, open};
pub use names::{caption, class_name, title};
pub use schema::{elements_in_words, read_schema, write_schema};
