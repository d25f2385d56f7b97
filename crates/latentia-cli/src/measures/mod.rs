//! A model's measures, beside PCA's: [`Evaluation`], as a table in `evaluation_table.rs`; [`Probes`]; [`psnr`](psnr()).

mod evaluation;
mod evaluation_table;
mod probes;
mod psnr;

pub use evaluation::Evaluation;
pub use probes::Probes;
pub use psnr::psnr;
