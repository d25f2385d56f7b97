//! `cargo xtask bench`: the speed of the kernels, of the program, and of other libraries.

mod command;
mod detect;
mod layers;
mod machine;
mod peak;
mod peers;
mod pictures;
mod processes;
mod python;
mod report;
mod scaling;
mod train;
mod workload;

pub use command::run;
