//! What people and shells read: data and messages, tables, bars, exit codes.
//!
//! - [`print`](print()), [`tell`], [`warn`]: data to stdout, messages to stderr; [`say_little`]: where the user wants few of them;
//!   [`fall_silent`], [`complain`]: where another process speaks
//! - [`Ended`], [`UsageError`]: how a command ends; `describe`: an error in one line
//! - [`table`](table()), [`number`], [`count`], [`counted`]: text in columns
//! - [`bar`](bar()), [`StageBar`], [`waiting`]: progress

mod bar;
mod ending;
mod message;
mod quantity;
mod streams;
mod table;
mod usage_error;

pub use bar::{StageBar, bar, waiting};
pub use ending::{Ended, INTERRUPTED};
pub(crate) use message::{describe, shell_word};
pub use quantity::{count, counted, duration, number};
pub use streams::{complain, fall_silent, print, say_little, say_little_here, tell, warn};
pub use table::table;
pub use usage_error::UsageError;
pub(crate) use usage_error::suggestion;
