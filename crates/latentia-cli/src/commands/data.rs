//! `latentia data`

use latentia_data::{CATALOGUE, Locations, NamedSet};
use serde_json::json;

use super::info;
use crate::args::{DataCommand, FetchArgs, ListArgs};
use crate::fetch::{FetchOptions, Outcome, fetch};
use crate::inputs::Loader;
use crate::terminal::{UsageError, print, suggestion, tell};

pub(super) fn run(command: &DataCommand) -> anyhow::Result<()> {
    match command {
        DataCommand::List(args) => list(args),
        DataCommand::Info(args) => {
            let loader = Loader::new(&args.reading).with_examples(args.examples);
            info::run(args, &loader.with_columns(&args.columns)?)
        }
        DataCommand::Fetch(args) => fetch_set(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let locations = Locations::new(args.data_dir.as_deref());
    let folder = |set: &NamedSet| {
        let files = locations.find(set)?;
        Some(files.first()?.parent()?.display().to_string())
    };
    let sets = CATALOGUE.iter();
    if args.json {
        let sets = sets.map(|set| {
            json!({
                "name": set.name,
                "summary": set.summary,
                "licence": set.licence,
                "is_built_in": set.is_built_in(),
                "folder": folder(set),
            })
        });
        let all = json!({ "sets": sets.collect::<Vec<_>>() });
        return print(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    }
    let lines = sets.map(|set| {
        let location = match folder(set) {
            _ if set.is_built_in() => "built in".to_string(),
            Some(folder) => folder,
            None => format!("not here; `latentia data fetch {}` brings it", set.name),
        };
        format!(
            "{:<16}{}\n{:16}licence {}; {location}\n",
            set.name, set.summary, "", set.licence
        )
    });
    print(&lines.collect::<String>())
}

fn fetch_set(args: &FetchArgs) -> anyhow::Result<()> {
    let Some(set) = NamedSet::find(&args.name) else {
        let names: Vec<&str> = CATALOGUE.iter().map(|set| set.name).collect();
        return Err(UsageError(format!(
            "no data set is called `{}`; {}",
            args.name,
            suggestion(&args.name, &names)
        ))
        .into());
    };
    if set.is_built_in() {
        tell(&format!(
            "`{}` is built in: there is nothing to fetch",
            set.name
        ));
        return Ok(());
    }
    let folders = Locations::new(None).folders;
    let Some(folder) = args.to.as_deref().or(folders.first().map(|f| f.as_path())) else {
        return Err(UsageError("no folder to put it in; name one with --to".into()).into());
    };
    let folder = folder.join(set.name);
    let options = FetchOptions {
        from: args.from.as_deref(),
        ..FetchOptions::default()
    };
    let mirror = args
        .mirror
        .as_deref()
        .map(|mirror| match mirror.ends_with('/') {
            true => mirror.to_owned(),
            false => format!("{mirror}/"),
        });
    let mirror = mirror.as_deref().map(|mirror| [mirror]);
    let mirrors = mirror.as_ref().map_or(set.mirrors, |mirror| mirror);
    let outcomes = fetch(set.files, mirrors, &folder, &options, &mut |_, _, _| {})?;
    for (file, outcome) in set.files.iter().zip(outcomes) {
        let what = match outcome {
            Outcome::AlreadyThere => "already there".to_string(),
            Outcome::Copied => "copied".to_string(),
            Outcome::Downloaded { mirror, .. } => format!("downloaded from {mirror}"),
        };
        tell(&format!("{}: {what}", file.name));
    }
    tell(&format!(
        "`{}` is in {} (licence {})",
        set.name,
        folder.display(),
        set.licence
    ));
    Ok(())
}
