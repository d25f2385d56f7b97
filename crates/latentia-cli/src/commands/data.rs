//! `latentia data`

use std::path::Path;

use latentia_data::{CATALOGUE, Dataset, Locations, NamedSet, Pictures};
use latentia_tensor::Rows;

use crate::args::{DataCommand, FetchArgs};
use crate::fetch::{FetchOptions, Outcome, fetch};
use crate::inputs::{Loader, no_parts, split_part};
use crate::terminal::{UsageError, count, counted, number, print, suggestion, table, tell};

pub(super) fn run(
    command: &DataCommand,
    loader: &Loader,
    data_dir: Option<&Path>,
) -> anyhow::Result<()> {
    match command {
        DataCommand::List => list(&loader.locations),
        DataCommand::Info { data, pictures } => info(data, &loader.with_pictures(*pictures)),
        DataCommand::Fetch(args) => fetch_set(args, &loader.locations, data_dir),
    }
}

fn list(locations: &Locations) -> anyhow::Result<()> {
    let mut text = String::new();
    for set in CATALOGUE {
        let location = match locations.find(set) {
            _ if set.is_built_in() => "built in".to_string(),
            Some(files) => files
                .first()
                .and_then(|file| file.parent())
                .map_or_else(String::new, |folder| folder.display().to_string()),
            None => format!("not here; `latentia data fetch {}` brings it", set.name),
        };
        text.push_str(&format!(
            "{:<16}{}\n{:16}licence {}; {location}\n",
            set.name, set.summary, "", set.licence
        ));
    }
    print(&text)
}

fn info(data: &str, loader: &Loader) -> anyhow::Result<()> {
    let (name, wanted) = split_part(data);
    let source = loader.load(name)?;
    if let (Some(part), None) = (wanted, &source.test) {
        return Err(no_parts(name, part).into());
    }
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
    let first = match source.test {
        Some(_) => "train",
        None => "all",
    };
    let parts = [(first, Some(&source.train)), ("test", source.test.as_ref())];
    let mut rows = vec![head];
    let mut digests = String::new();
    for (part, set) in parts {
        if let Some(set) = set
            && wanted.is_none_or(|wanted| wanted == part)
        {
            rows.push(row(part, set));
            digests.push_str(&format!("sha-256 {} ({part})\n", set.fingerprint()?));
        }
    }
    let pictures = source.train.pictures().map_or_else(String::new, folder);
    print(&format!("{}{digests}{pictures}", table(&rows)))
}

/// What there is to say of a folder of pictures.
fn folder(pictures: &Pictures) -> String {
    let mut text = String::new();
    if !pictures.classes().is_empty() {
        let names = pictures.classes().join(", ");
        let number = count(pictures.classes().len());
        text.push_str(&format!("classes ({number}): {names}\n"));
    }
    let others = [
        (pictures.refused().len(), "left out: cannot be read"),
        (pictures.ignored(), "ignored: no picture by its name"),
    ];
    for (number, why) in others {
        if number > 0 {
            text.push_str(&format!("{} {why}\n", counted(number, "file")));
        }
    }
    text
}

fn fetch_set(
    args: &FetchArgs,
    locations: &Locations,
    data_dir: Option<&Path>,
) -> anyhow::Result<()> {
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
