//! The sections of the page: a definition of the schema each, in the order in which keys lead to them.

use serde_json::{Map, Value};

/// A definition that has a section of its own.
#[derive(Debug)]
pub struct Section<'a> {
    /// Its name in the schema.
    pub name: &'a str,
    /// The definition.
    pub schema: &'a Value,
    /// The keys whose values it describes.
    pub keys: Vec<&'a str>,
    /// Whether it is a table of the file, such as `[model]`.
    pub is_table: bool,
}

impl Section<'_> {
    /// Its heading, without what makes it one.
    pub fn heading(&self) -> String {
        match self.is_table {
            true => format!("`[{}]`", self.keys.join(".")),
            false => format!("`{}`", self.keys.join("`, `")),
        }
    }
}

/// The keys of a table: those that must be there in their order, then those with a default, then the others, each by name.
pub fn keys(schema: &Value) -> Vec<(&str, &Value)> {
    let required: Vec<&str> = list(schema, "required").filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut keys: Vec<(&str, &Value)> = properties
        .map(|(name, schema)| (name.as_str(), schema))
        .filter(|(_, schema)| schema["const"].is_null())
        .collect();
    let place = |name: &str| required.iter().position(|other| *other == name);
    keys.sort_by_key(|(name, schema)| match schema.get("default") {
        _ if place(name).is_some() => (0, place(name)),
        Some(_) => (1, None),
        None => (2, None),
    });
    keys
}

/// The name of a kind, and the key by which it is chosen.
pub fn tag(schema: &Value) -> Option<(&str, &str)> {
    let mut properties = schema["properties"].as_object()?.iter();
    properties.find_map(|(key, value)| Some((key.as_str(), value["const"].as_str()?)))
}

/// What is listed under `key`.
pub fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    schema[key].as_array().into_iter().flatten()
}

/// The name of the definition that a schema refers to.
pub fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// All sections that keys of the file lead to.
pub fn sections(root: &Value) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let Some(definitions) = root["$defs"].as_object() else {
        return sections;
    };
    for (key, schema) in keys(root) {
        follow(definitions, (key, schema), true, &mut sections);
    }
    sections
}

/// Adds the sections that a key's value leads to.
fn follow<'a>(
    definitions: &'a Map<String, Value>,
    (key, schema): (&'a str, &'a Value),
    is_table: bool,
    sections: &mut Vec<Section<'a>>,
) {
    let found = reference(schema).and_then(|name| definitions.get_key_value(name));
    if let Some((name, schema)) = found {
        if let Some(known) = sections.iter_mut().find(|section| section.name == name) {
            // A table of the file is called by its own key alone.
            if !known.is_table && !known.keys.contains(&key) {
                known.keys.push(key);
            }
            return;
        }
        // Alternatives that are no kinds stand in the cell of the key.
        if schema["anyOf"].is_null() {
            let keys = vec![key];
            sections.push(Section {
                name,
                schema,
                keys,
                is_table,
            });
        }
        let itself = std::iter::once(schema);
        for (inner, schema) in itself.chain(list(schema, "oneOf")).flat_map(keys) {
            follow(definitions, (inner, schema), false, sections);
        }
        return list(schema, "anyOf")
            .for_each(|one| follow(definitions, (key, one), false, sections));
    }
    follow_items(definitions, (key, &schema["items"]), sections);
}

fn follow_items<'a>(
    definitions: &'a Map<String, Value>,
    (key, items): (&'a str, &'a Value),
    sections: &mut Vec<Section<'a>>,
) {
    if !items.is_null() {
        follow(definitions, (key, items), false, sections);
    }
}
