//! Tables of keys and of values.

use serde_json::{Map, Value};

use super::section::{Section, keys, list, reference};
use super::words::{anchor, cell, range, split_example, toml};

/// The table of a schema's keys; nothing where it has none.
pub fn key_table(root: &Value, sections: &[Section<'_>], schema: &Value) -> String {
    let rows: Vec<String> = keys(schema)
        .into_iter()
        .map(|(name, key)| {
            let description = key["description"].as_str().unwrap_or_default();
            let (meaning, example) = split_example(description);
            let is_required = list(schema, "required").any(|required| required == name);
            let default = match key.get("default") {
                Some(default) => format!("`{}`", toml(default)),
                None if is_required => "required".to_owned(),
                None => "none".to_owned(),
            };
            let kind = kind(root, sections, key, &Map::new());
            let example = example.map(|text| format!("`{text}`")).unwrap_or_default();
            let cells = [&format!("`{name}`"), meaning, &kind, &default, &example];
            format!("| {} |\n", cells.map(cell).join(" | "))
        })
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => format!(
            "| key | meaning | type and range | default | example |\n|---|---|---|---|---|\n{}\n",
            rows.concat()
        ),
    }
}

/// The table of values that are names.
pub fn value_table(schema: &Value) -> String {
    let mut table = String::from("| value | meaning |\n|---|---|\n");
    for value in list(schema, "oneOf") {
        let meaning = value["description"].as_str().unwrap_or_default();
        table.push_str(&format!("| `{}` | {} |\n", value["const"], cell(meaning)));
    }
    table + "\n"
}

/// What a value may be, in a few words; `outer` are bounds that hold for it beside its own.
fn kind(
    root: &Value,
    sections: &[Section<'_>],
    schema: &Value,
    outer: &Map<String, Value>,
) -> String {
    let mut bounds = schema.as_object().cloned().unwrap_or_default();
    bounds.retain(|key, _| key.ends_with("imum") || key == "items");
    bounds.extend(outer.clone());
    if let Some(name) = reference(schema) {
        return match sections.iter().find(|section| section.name == name) {
            Some(section) => link(section),
            None => kind(root, sections, &root["$defs"][name], &bounds),
        };
    }
    if !schema["anyOf"].is_null() {
        let mut kinds: Vec<String> = list(schema, "anyOf")
            .map(|one| kind(root, sections, one, &bounds))
            .collect();
        if let [one, several, ..] = kinds.as_mut_slice()
            && let Some(start) = several.strip_suffix(&format!(": {one}"))
        {
            *several = format!("{start} such");
        }
        return kinds.join(" or ");
    }
    let word = match schema["type"].as_str() {
        Some("array") => return array(root, sections, schema, &bounds),
        Some("boolean") => "`true` or `false`",
        Some("integer") => "whole number",
        Some("string") => "text",
        _ => "number",
    };
    match range(&bounds.into()) {
        range if range.is_empty() => word.to_owned(),
        range => format!("{word} {range}"),
    }
}

fn array(
    root: &Value,
    sections: &[Section<'_>],
    schema: &Value,
    bounds: &Map<String, Value>,
) -> String {
    let mut inner = bounds
        .get("items")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    inner.retain(|key, _| key.ends_with("imum"));
    let one = kind(root, sections, &schema["items"], &inner);
    match (schema["minItems"].as_u64(), schema["maxItems"].as_u64()) {
        (Some(least), Some(most)) if least == most => format!("list of {least}: {one}"),
        (Some(1), None) => format!("list, not empty, of: {one}"),
        _ => format!("list of: {one}"),
    }
}

/// A link to what describes the value.
fn link(section: &Section<'_>) -> String {
    let schema = section.schema;
    let word = match list(schema, "oneOf").next() {
        None => "table",
        Some(first) if first["type"] == "string" => "name",
        Some(_) => "kind",
    };
    format!("[{word}](#{})", anchor(&section.heading()))
}
