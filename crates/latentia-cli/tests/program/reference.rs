//! The reference of the specification, `docs/spec.md`, says what the program does.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::TestDir;

fn docs(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_schema_in_the_docs_is_that_of_the_types() {
    let dir = TestDir::new();
    let schema = dir.run("presets --schema").done().stdout;
    // Not `assert_eq`, which would print both.
    assert!(schema == docs("spec.schema.json"), "run `cargo xtask docs`");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    assert_eq!(schema["required"], serde_json::json!(["model"]));
    let help = dir.run("presets --help").done().stdout;
    assert!(help.contains("#:schema ./spec.schema.json"), "{help}");
    dir.refused("presets digits --schema", 2, &["cannot be used with"]);
}

#[test]
fn the_whole_file_of_the_reference_trains() {
    let page = docs("spec.md");
    let whole = page.split("```toml\n").nth(1);
    let whole = whole.and_then(|text| text.split("```").next());
    let whole = whole.expect("an example");
    let dir = TestDir::with([("my.toml", whole.as_bytes())]);
    let ran = dir.run("train --config my.toml --epochs 1 --json");
    assert_eq!(ran.done().json()["preset"], "my");
    // Every key that the reference lists for these tables.
    for table in ["[model]", "[training]"] {
        let (_, section) = page
            .split_once(&format!("## `{table}`"))
            .expect("a section");
        let section = section.split("\n#").next().expect("its table");
        let (_, own) = whole
            .split_once(&format!("\n{table}"))
            .expect("a table of the file");
        let own = own.split("\n[").next().expect("its keys");
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
        let keys: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        assert!(keys.len() >= 9, "{table}: {keys:?}");
        for key in keys {
            assert!(own.contains(&format!("\n{key} = ")), "{table}: {key}");
        }
    }
}
