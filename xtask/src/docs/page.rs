//! The page.

use anyhow::ensure;
use serde_json::Value;

use super::keys::{key_table, value_table};
use super::section::{Section, list, sections, tag};
use super::words::anchor;

const HEAD: &str = include_str!("head.md");
const WHOLE: &str = include_str!("whole.toml");

/// The reference, as Markdown.
///
/// # Errors
/// When the schema is not that of an experiment.
pub fn page(root: &Value) -> anyhow::Result<String> {
    let sections = sections(root);
    ensure!(
        !sections.is_empty(),
        "the schema has no keys that refer to definitions"
    );
    let mut contents = String::new();
    let mut body = format!("## The file\n\n{}", key_table(root, &sections, root));
    for section in &sections {
        let heading = section.heading();
        let (hashes, indent) = match section.is_table {
            true => ("##", ""),
            false => ("###", "  "),
        };
        contents.push_str(&format!("{indent}- [{heading}](#{})", anchor(&heading)));
        body.push_str(&format!("{hashes} {heading}\n\n"));
        let description = section.schema["description"].as_str().unwrap_or_default();
        body.push_str(&format!("{description}\n\n"));
        body.push_str(&key_table(root, &sections, section.schema));
        let kinds: Vec<&Value> = list(section.schema, "oneOf").collect();
        if kinds.first().is_some_and(|kind| kind["type"] == "string") {
            body.push_str(&value_table(section.schema));
        } else {
            let kinds = kinds
                .iter()
                .map(|kind| add_kind(root, &sections, section, kind, &mut body));
            let links: Vec<String> = kinds.collect();
            if !links.is_empty() {
                contents.push_str(&format!(": {}", links.join(", ")));
            }
        }
        contents.push('\n');
    }
    let fence = format!("```toml\n{WHOLE}```\n");
    Ok(format!(
        "{HEAD}\n## Contents\n\n- [A whole file](#a-whole-file)\n- [The file](#the-file)\n{contents}\n\
         ## A whole file\n\n{fence}\n{}\n",
        body.trim_end()
    ))
}

/// Adds one kind of a list, and returns a link to it.
fn add_kind(
    root: &Value,
    sections: &[Section<'_>],
    section: &Section<'_>,
    kind: &Value,
    body: &mut String,
) -> String {
    let (chooses, name) = tag(kind).unwrap_or_default();
    // Codes and corruptions have kinds of one name.
    let of = match chooses {
        "kind" => section.keys[0],
        other => other,
    };
    let heading = format!("{of} `{name}`");
    let description = kind["description"].as_str().unwrap_or_default();
    body.push_str(&format!("#### {heading}\n\n{description}\n\n"));
    body.push_str(&key_table(root, sections, kind));
    format!("[`{name}`](#{})", anchor(&heading))
}
