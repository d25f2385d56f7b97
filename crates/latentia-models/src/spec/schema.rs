//! The JSON Schema of an experiment, by which editors complete and check TOML.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::Value;

use crate::Preset;

impl Preset {
    /// The JSON Schema, draft 2020-12, of an experiment: every key with its meaning, range, default and an example.
    ///
    /// What depends on the data or on other keys is checked by [`ModelSpec::build`](crate::ModelSpec::build) alone.
    pub fn schema() -> String {
        let settings = SchemaSettings::draft2020_12().with_transform(InToml);
        let mut schema = settings.into_generator().into_root_schema_for::<Self>();
        schema.insert("title".into(), "An experiment of Latentia".into());
        // Text and numbers alone: it can be written.
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    }
}

/// Fits a schema to TOML, which has no `null`, and to readers.
#[derive(Clone, Copy)]
struct InToml;

impl Transform for InToml {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        // A size in memory is no matter of who writes a number.
        schema.remove("format");
        without_null(schema);
        if let Some(default) = schema.get_mut("default") {
            shorten(default);
        }
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = plain(text);
        }
    }
}

/// A key that may be left out has no value `null`.
fn without_null(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(kind @ Value::Array(_)) = schema.get_mut("type") {
        let first = kind[0].take();
        *kind = first;
    }
    let Some(Value::Array(any)) = schema.get_mut("anyOf") else {
        return;
    };
    any.retain(|one| one["type"] != "null");
    if let [Value::Object(one)] = any.as_mut_slice() {
        let one = std::mem::take(one);
        schema.remove("anyOf");
        let object = schema.ensure_object();
        one.into_iter().for_each(|(key, value)| {
            object.entry(key).or_insert(value);
        });
    }
}

/// The shortest digits of numbers that are known to the precision of `f32`.
fn shorten(value: &mut Value) {
    match value {
        Value::Object(map) => map.values_mut().for_each(shorten),
        Value::Array(list) => list.iter_mut().for_each(shorten),
        _ => {
            let single = value.as_f64().filter(|_| value.is_f64()).map(|x| x as f32);
            let Some(single) = single.filter(|&x| Some(f64::from(x)) == value.as_f64()) else {
                return;
            };
            if let Ok(short) = single.to_string().parse::<f64>() {
                *value = short.into();
            }
        }
    }
}

/// A doc comment without line breaks within paragraphs, links to items of the crate, and a program at its end.
fn plain(text: &str) -> String {
    let text = text.split("\n\n```").next().unwrap_or(text);
    let paragraphs: Vec<String> = text.split("\n\n").map(|p| p.replace('\n', " ")).collect();
    let text = paragraphs.join("\n\n");
    text.replace("[`", "`").replace("`]", "`")
}
