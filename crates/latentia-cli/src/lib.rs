//! The program `latentia`: arguments, progress, tables, pictures, exit codes.
//!
//! It knows no mathematics: it turns arguments into calls of the other crates, and their results into text and files.
//! Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 could not, 2 wrong usage, 130 interrupted.
//!
//! - [`args`]: what can be asked for; [`commands`]: one file for each command
//! - [`examples`]: what a user means by DATA; [`model`], [`config`]: by MODEL and by a configuration
//! - [`evaluation`], [`probes`]: a model's measures beside PCA's
//! - [`picture`], [`output`]: PNG, NPY and CSV
//! - [`report`], [`rivals`]: a compressed file beside other formats
//! - [`progress`]: a run as it goes; [`run_folder`]: its files; [`fetch`]: downloads
//! - [`terminal`]: messages, tables, bars, exit codes

#![forbid(unsafe_code)]

pub mod args;
pub mod commands;
pub mod condition;
pub mod config;
pub mod evaluation;
pub mod examples;
pub mod fetch;
pub mod model;
pub mod output;
pub mod picture;
pub mod probes;
mod program;
pub mod progress;
pub mod report;
pub mod rivals;
pub mod run_folder;
pub mod terminal;

pub use program::main;
