//! What is known of a table beside its values, and how it is written.

mod carried;
mod dates;
mod missing;
mod profile;
mod row;
mod writer;

pub use carried::Carried;
pub use missing::is_missing;
pub use profile::Profile;
pub use row::TableRow;
pub use writer::{TableWriter, cell};

#[cfg(feature = "parquet")]
pub(crate) use dates::text as date_text;
pub(crate) use dates::{days, format_of};
pub(crate) use missing::{Marks, is_usual_mark};

use latentia_tensor::Schema;

/// What is known of a table beside its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What its columns are.
    pub schema: Schema,
    /// What was seen in each of them.
    pub profiles: Vec<Profile>,
    /// The texts of ids and labels, where [`TableOptions::carry`](crate::TableOptions::carry) asked for them.
    pub carried: Vec<Carried>,
    /// The texts of the column that [`TableOptions::extra`](crate::TableOptions::extra) asked for, where the table has it.
    pub extra: Option<Carried>,
    /// Names of all columns of the file, each different, in its order; numbers from 1 where it has none.
    pub names: Vec<String>,
}
