//! `latentia completions`

use clap::CommandFactory;

use crate::args::{Args, CompletionsArgs};
use crate::terminal::print;

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "latentia", &mut script);
    print(&String::from_utf8(script)?)
}
