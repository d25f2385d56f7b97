//! The program as its users meet it: the real binary, each test in a folder of its own.

mod anomalies;
mod bad_config;
mod bad_input;
mod bad_output;
mod compress;
mod data;
mod download;
mod explain;
mod follow;
mod formats;
mod generate;
mod harness;
mod interrupt;
mod picture_cases;
mod picture_names;
mod picture_sizes;
mod pictures;
mod reference;
mod same_bits;
mod series;
mod streams;
mod table_cases;
mod table_rows;
mod tables;
mod train;
mod use_model;
