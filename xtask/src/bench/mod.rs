//! `cargo xtask bench`: how fast the kernels are, how fast the program is, and how fast others are.

mod command;
mod layers;
mod machine;
mod peak;
mod peers;
mod train;
mod workload;

pub use command::run;
