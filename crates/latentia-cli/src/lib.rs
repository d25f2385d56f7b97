//! The program `latentia`: arguments, progress, tables, pictures, exit codes.
//!
//! It knows no mathematics: it turns arguments into calls of the other crates, and their results into text and files.
//! Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 could not, 2 wrong usage, 130 interrupted.
//!
//! - [`args`]: what can be asked for; [`commands`]: one file for each command
//! - [`inputs`]: what a user means by DATA and MODEL; [`outputs`]: NPY, CSV; [`figures`]: PNG, SVG
//! - [`training`]: a run as it goes, and its folder; [`fetch`]: downloads
//! - [`measures`]: a model's measures beside PCA's
//! - [`baselines`]: a compressed file beside other formats
//! - [`report`]: a model as a page in which its decoder runs
//! - [`terminal`]: messages, tables, bars, exit codes

#![forbid(unsafe_code)]

pub mod args;
pub mod baselines;
pub mod commands;
pub mod fetch;
pub mod figures;
pub mod inputs;
pub mod measures;
pub mod outputs;
pub mod processes;
mod program;
pub mod report;
pub mod terminal;
pub mod training;

pub use program::main;
