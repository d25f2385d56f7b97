//! `cargo xtask docs`: the reference of the specification, from the JSON Schema that the program prints.

mod command;
mod keys;
mod page;
mod section;
mod words;

pub use command::run;
