//! What is compressed comes back, and nothing else passes for it.

mod case;
mod coding;
mod files;
