//! One file for each command, and [`run`] above them.

mod compare;
mod completions;
mod compress;
mod data;
mod decode;
mod decompress;
mod denoise;
mod detect;
mod dispatch;
mod encode;
mod evaluate;
mod explain;
mod export;
mod follow;
mod import;
mod impute;
mod info;
mod inspect;
mod interpolate;
mod man;
mod presets;
mod reconstruct;
mod report;
mod sample;
mod sweep;
mod train;
mod traverse;

pub use dispatch::run;
