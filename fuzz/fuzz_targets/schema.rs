//! Schemas of tables in TOML, a line of dashes behind them and a table that is read by them: refused in words, or a model that
//! encodes its rows, and rows that are written.
#![no_main]

use latentia_data::{TableOptions, TableWriter};
use latentia_fuzz::table;
use latentia_models::Preset;
use latentia_tensor::{ElementKind, Matrix, Rows, Schema};
use libfuzzer_sys::fuzz_target;

/// Elements of an example once they are one-hot, of models that a thousand a minute can be made of.
const WIDTH: usize = 64;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (schema, rows) = text.split_once("\n---\n").unwrap_or((text, ""));
    let Ok(schema) = toml::from_str::<Schema>(schema) else {
        return;
    };
    let written = toml::to_string(&schema).expect("plain data");
    let again: Schema = toml::from_str(&written).expect("our own text");
    assert_eq!(again.check(), schema.check());
    if schema.check().is_err() {
        return;
    }
    assert_eq!(again, schema);
    let elements = schema.elements();
    let columns = TableOptions {
        schema: Some(schema.clone()),
        ..TableOptions::default()
    };
    let loaded = table("a.csv", rows.as_bytes(), &columns, usize::MAX);
    let width: usize = elements.iter().map(|element| element.width()).sum();
    if width > WIDTH {
        return;
    }
    let preset = Preset::named("table").expect("it comes along");
    let Ok(mut model) = preset.model.build_table(&schema, 1) else {
        return;
    };
    let Some(loaded) = loaded else { return };
    assert_eq!(loaded.cols(), elements.len());
    let mut values = Matrix::zeros(1, loaded.cols());
    let mut writer = TableWriter::new(Vec::new(), &schema, &[]).expect("memory takes it");
    for row in 0..loaded.rows().min(20) {
        loaded
            .read(&[row as u32], values.view_mut())
            .expect("it is there");
        let row = values.clone().into_vec();
        for (element, &value) in elements.iter().zip(&row) {
            let is_level = value.is_nan() || element.level(value).is_some();
            assert!(is_level || *element == ElementKind::Number);
        }
        writer.write([], &row).expect("memory takes it");
    }
    writer.finish().expect("memory takes it");
    let _ = model.encode(&loaded);
});
