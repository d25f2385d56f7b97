//! `latentia data`

use std::path::Path;

use latentia_data::{CATALOGUE, Dataset, Locations, NamedSet, load};
use latentia_tensor::Rows;

use crate::args::{DataCommand, FetchArgs};
use crate::fetch::{FetchOptions, Outcome, fetch};
use crate::table::{count, number, table};
use crate::usage::suggestion;
use crate::{UsageError, print, tell};

pub(super) fn run(
    command: &DataCommand,
    locations: &Locations,
    data_dir: Option<&Path>,
) -> anyhow::Result<()> {
    match command {
        DataCommand::List => list(locations),
        DataCommand::Info { data } => info(data, locations),
        DataCommand::Fetch(args) => bring(args, locations, data_dir),
    }
}

fn list(locations: &Locations) -> anyhow::Result<()> {
    let mut text = String::new();
    for set in CATALOGUE {
        let place = match locations.find(set) {
            _ if set.is_built_in() => "built in".to_string(),
            Some(files) => files
                .first()
                .and_then(|file| file.parent())
                .map_or_else(String::new, |folder| folder.display().to_string()),
            None => format!("not here; `latentia data fetch {}` brings it", set.name),
        };
        text.push_str(&format!(
            "{:<16}{}\n{:16}licence {}; {place}\n",
            set.name, set.summary, "", set.licence
        ));
    }
    print(&text)
}

fn info(data: &str, locations: &Locations) -> anyhow::Result<()> {
    let source = load(data, locations)?;
    let head = [
        "part", "examples", "shape", "values", "least", "greatest", "labels",
    ]
    .map(String::from)
    .to_vec();
    let row = |part: &str, set: &Dataset| {
        let (low, high) = set.range();
        let shape: Vec<String> = set.shape().iter().map(usize::to_string).collect();
        vec![
            part.to_string(),
            count(set.rows()),
            shape.join("x"),
            if set.is_bytes() { "bytes" } else { "floats" }.into(),
            number(low.into()),
            number(high.into()),
            set.labels().map_or("no", |_| "yes").into(),
        ]
    };
    let mut rows = vec![
        head,
        row(
            if source.test.is_some() {
                "train"
            } else {
                "all"
            },
            &source.train,
        ),
    ];
    rows.extend(source.test.iter().map(|test| row("test", test)));
    print(&format!(
        "{}sha-256 {}\n",
        table(&rows),
        source.train.fingerprint()
    ))
}

fn bring(args: &FetchArgs, locations: &Locations, data_dir: Option<&Path>) -> anyhow::Result<()> {
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
    let Some(folder) = args
        .to
        .as_deref()
        .or(data_dir)
        .or(locations.folders.first().map(|f| f.as_path()))
    else {
        return Err(UsageError("no folder to put it in; name one with --to".into()).into());
    };
    let folder = folder.join(set.name);
    let options = FetchOptions {
        from: args.from.as_deref(),
        ..FetchOptions::default()
    };
    let outcomes = fetch(set.files, set.mirrors, &folder, &options, &mut |_, _, _| {})?;
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
