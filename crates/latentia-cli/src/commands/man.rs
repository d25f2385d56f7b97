//! `latentia man`

use std::fs;

use anyhow::Context;
use clap::CommandFactory;

use crate::args::{Args, ManArgs};

pub(super) fn run(args: &ManArgs) -> anyhow::Result<()> {
    let folder = &args.folder;
    let written =
        fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Args::command(), folder));
    written.with_context(|| format!("cannot write to `{}`", folder.display()))
}
