//! Values, ranges and names as a page has them.

use serde_json::Value;

/// A value as TOML.
pub fn toml(value: &Value) -> String {
    match value {
        Value::Object(map) => match map.get("kind") {
            // What else a default has are the defaults of its kind.
            Some(kind) => format!("{{ kind = {} }}", toml(kind)),
            None => "{}".to_owned(),
        },
        other => other.to_string(),
    }
}

/// The anchor of a heading, as GitHub makes it.
pub fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    let kept: String = heading.chars().filter(kept).collect();
    kept.to_lowercase().replace(' ', "-")
}

/// Text in a cell of a table.
pub fn cell(text: &str) -> String {
    text.replace("\n\n", " ").replace('|', "\\|")
}

/// What a description says, and the example at its end.
pub fn split_example(text: &str) -> (&str, Option<&str>) {
    match text.split_once(" Example: `") {
        Some((meaning, example)) => (meaning, example.strip_suffix('`')),
        None => (text, None),
    }
}

/// Bounds such as `≥ 0, < 1`.
pub fn range(schema: &Value) -> String {
    let bounds = [
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ];
    let bounds = bounds.iter().filter_map(|(key, sign)| {
        let bound = schema.get(key)?;
        Some(format!("{sign} {bound}"))
    });
    bounds.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_and_ranges_read_as_people_write_them() {
        assert_eq!(toml(&json!(1e-7)), "1e-7");
        assert_eq!(toml(&json!("same")), "\"same\"");
        assert_eq!(
            toml(&json!({ "beta1": 0.9, "kind": "adam" })),
            "{ kind = \"adam\" }"
        );
        assert_eq!(
            range(&json!({ "minimum": 0, "exclusiveMaximum": 1 })),
            "≥ 0, < 1"
        );
        assert_eq!(range(&json!({})), "");
        assert_eq!(
            anchor("`encoder`, `decoder`: `dense`"),
            "encoder-decoder-dense"
        );
        assert_eq!(split_example("A. Example: `a = 1`"), ("A.", Some("a = 1")));
        assert_eq!(split_example("A."), ("A.", None));
    }
}
