//! Arguments of `completions` and `man`.

use std::path::PathBuf;

use clap::Args as Group;
use clap_complete::Shell;

/// Arguments of `completions`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  latentia completions bash > ~/.local/share/bash-completion/completions/latentia
  latentia completions zsh > ~/.zfunc/_latentia        in a folder of $fpath
  latentia completions fish > ~/.config/fish/completions/latentia.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Group)]
pub struct ManArgs {
    /// Where to write
    pub folder: PathBuf,
}
