//! How pictures become examples.

use clap::Args as Group;

use super::values::size;

/// How pictures become examples.
#[derive(Clone, Copy, Debug, Group)]
pub struct PictureArgs {
    /// Size of examples from a folder of pictures, which are cut around their centre and resized, as in 64 or 48x64 [default: theirs, if it is one of at most 256 a side, else 64]
    #[arg(long, value_name = "N|HxW", allow_negative_numbers = true, value_parser = size)]
    pub image_size: Option<(usize, usize)>,
    /// Make the pictures of a folder grey
    #[arg(long, alias = "gray")]
    pub grey: bool,
}
