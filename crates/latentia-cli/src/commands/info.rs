//! `latentia data info`

use anyhow::bail;
use latentia_data::{Column, ColumnKind, Dataset, Pictures, Profile, Table, cell};
use latentia_tensor::Rows;
use serde_json::{Value, json};

use crate::args::InfoArgs;
use crate::inputs::{Loader, no_parts, split_part, write_schema};
use crate::terminal::{count, counted, number, print, table, tell};

/// Levels that are shown of a category.
const MOST_LEVELS: usize = 4;

/// Characters that are shown of a text.
const LONGEST: usize = 24;

pub(super) fn run(args: &InfoArgs, loader: &Loader) -> anyhow::Result<()> {
    let (name, wanted) = split_part(&args.data);
    let source = loader.load(name)?;
    if let (Some(part), None) = (wanted, &source.test) {
        return Err(no_parts(name, part).into());
    }
    let first = match source.test {
        Some(_) => "train",
        None => "all",
    };
    let parts = [(first, Some(&source.train)), ("test", source.test.as_ref())];
    let parts = parts
        .into_iter()
        .filter_map(|(part, set)| Some((part, set?)));
    let parts: Vec<(&str, &Dataset)> = parts
        .filter(|(part, _)| wanted.is_none_or(|wanted| wanted == *part))
        .collect();
    let columns = source.train.table();
    if args.json {
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&report(name, &parts)?)?
        ))?;
    } else {
        let pictures = source.train.pictures().map_or_else(String::new, folder);
        let columns = columns.map_or_else(String::new, |own| format!("\n{}", columns_table(own)));
        print(&format!("{}{pictures}{columns}", parts_table(&parts)?))?;
    }
    if let Some(path) = &args.schema_out {
        let Some(own) = columns else {
            bail!("`{name}` is no table with columns: it has no schema");
        };
        write_schema(path, &own.schema)?;
        tell(&format!(
            "wrote {}: {}",
            path.display(),
            counted(own.schema.columns.len(), "column")
        ));
    }
    Ok(())
}

/// The parts of a data set, a row each, and their digests.
fn parts_table(parts: &[(&str, &Dataset)]) -> anyhow::Result<String> {
    let head = [
        "part", "examples", "shape", "values", "min", "max", "labels",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    let mut digests = String::new();
    for (part, set) in parts {
        let (low, high) = set.range();
        let shape: Vec<String> = set.shape().iter().map(usize::to_string).collect();
        rows.push(vec![
            (*part).to_owned(),
            count(set.rows()),
            shape.join("x"),
            if set.is_bytes() { "bytes" } else { "floats" }.into(),
            number(low.into()),
            number(high.into()),
            set.labels().map_or("no", |_| "yes").into(),
        ]);
        digests.push_str(&format!("sha-256 {} ({part})\n", set.fingerprint()?));
    }
    Ok(format!("{}{digests}", table(&rows)))
}

/// The columns of a table, a row each.
fn columns_table(own: &Table) -> String {
    let head = ["column", "kind", "missing", "values", "example"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (column, profile) in own.schema.columns.iter().zip(&own.profiles) {
        rows.push(vec![
            shortened(&column.name),
            column.kind.name().into(),
            count(profile.missing as usize),
            values(column, profile),
            shortened(&profile.example),
        ]);
    }
    table(&rows)
}

/// The range of a column, or its levels.
fn values(column: &Column, profile: &Profile) -> String {
    let ends = profile.range.map(|(low, high)| {
        let text = |value: f64| {
            let own = cell(column, (value - column.offset) as f32);
            match column.kind != ColumnKind::Date && own.len() > LONGEST / 2 {
                true => number(value),
                false => own,
            }
        };
        format!("{} to {}", text(low), text(high))
    });
    let levels: Vec<String> = column.levels.iter().map(|level| shortened(level)).collect();
    match (ends, levels.len()) {
        (_, 1..=MOST_LEVELS) => levels.join(", "),
        (Some(ends), _) => ends,
        (None, 0) => String::new(),
        (None, many) => format!(
            "{}, … {} levels",
            levels[..MOST_LEVELS - 1].join(", "),
            count(many)
        ),
    }
}

/// The first characters of a text, without control characters.
fn shortened(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The same for a machine.
fn report(name: &str, parts: &[(&str, &Dataset)]) -> anyhow::Result<Value> {
    let mut described = Vec::new();
    for (part, set) in parts {
        let (low, high) = set.range();
        described.push(json!({
            "part": part,
            "examples": set.rows(),
            "shape": set.shape().to_vec(),
            "axes": set.shape().axes().name(),
            "values": if set.is_bytes() { "bytes" } else { "floats" },
            "min": low,
            "max": high,
            "labels": set.labels().is_some(),
            "sha256": set.fingerprint()?,
        }));
    }
    let first = parts.first().map(|(_, set)| *set);
    let mut report = json!({ "data": name, "parts": described });
    if let Some(set) = first {
        report["notes"] = json!(set.notes());
        if let Some(own) = set.table() {
            let columns = own.schema.columns.iter().zip(&own.profiles);
            report["header"] = json!(own.schema.header);
            report["columns"] = columns.map(column_report).collect();
        }
    }
    Ok(report)
}

fn column_report((column, profile): (&Column, &Profile)) -> Value {
    let mut report = json!({
        "name": column.name,
        "kind": column.kind,
        "missing": profile.missing,
        "example": profile.example,
    });
    if !column.levels.is_empty() {
        report["levels"] = json!(column.levels);
    }
    if let Some((low, high)) = profile.range {
        report["min"] = json!(low);
        report["max"] = json!(high);
    }
    if let Some(format) = &column.format {
        report["format"] = json!(format);
    }
    report
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
        (pictures.ignored().len(), "left out: no picture by its name"),
    ];
    for (number, why) in others {
        if number > 0 {
            text.push_str(&format!("{} {why}\n", counted(number, "file")));
        }
    }
    text
}
