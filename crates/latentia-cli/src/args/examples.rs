//! How data becomes examples: pictures, the axes of arrays, windows of series.

use clap::Args as Group;
use latentia_tensor::{Axes, Background, Fit};

use super::values::{axes, background, fit, size, whole};

/// How data becomes examples.
#[derive(Clone, Copy, Debug, Group)]
pub struct ExampleArgs {
    /// Size of examples from pictures, which are resized, as in 64 or 48x64 [default: theirs, if it is one of at most 256 a side, else 64]
    #[arg(long, value_name = "N|HxW", allow_negative_numbers = true, value_parser = size)]
    pub image_size: Option<(usize, usize)>,
    /// Make pictures grey
    #[arg(long, alias = "gray")]
    pub grey: bool,
    /// What is done to pictures of another aspect ratio than the examples': they are cut around their centre, or stretched
    #[arg(long, value_name = "HOW", default_value = "crop", value_parser = fit)]
    pub image_fit: Fit,
    /// What lies behind transparent pixels: black, white or checker [default: black or white, on whichever there is more contrast]
    #[arg(long, value_name = "WHAT", value_parser = background)]
    pub background: Option<Background>,
    /// Take the folders within a folder for no classes
    #[arg(long)]
    pub no_classes: bool,
    /// What the dimensions of an array of examples are, where sizes do not tell: nhw, nhwc or nchw of pictures, ntf (time, features)
    /// of series
    #[arg(long, value_name = "AXES", value_parser = axes)]
    pub axes: Option<Axes>,
    /// Cut a series, a table or an array with a row a time step, into windows of so many steps
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub window: Option<usize>,
    /// Steps from the start of one window to that of the next [default: an eighth of a window]
    #[arg(long, value_name = "N", requires = "window", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub stride: Option<usize>,
}
