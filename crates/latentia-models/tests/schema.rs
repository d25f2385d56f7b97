//! The JSON Schema of an experiment says what the parser and the checks say.

use latentia_models::Preset;
use serde_json::{Map, Value, json};

/// Where a definition's keys stand in an experiment. A layer is put behind the first one of an encoder, or of a decoder that
/// has two.
const PLACES: [(&str, &[&str]); 17] = [
    ("", &[]),
    ("ModelSpec", &["model"]),
    ("TrainingSpec", &["training"]),
    ("DetectionSpec", &["detection"]),
    ("Expected", &["expected"]),
    ("ConditionSpec", &["model", "condition"]),
    ("Corruption", &["model", "corruption"]),
    ("LatentSpec", &["model", "code"]),
    ("PosteriorSpec", &["model", "code", "posterior"]),
    ("PriorSpec", &["model", "code", "prior"]),
    ("ObjectiveSpec", &["model", "objective"]),
    ("Covariance", &["model", "objective", "covariance"]),
    ("Discriminator", &["model", "objective", "discriminator"]),
    ("KlSparsity", &["model", "objective", "kl-sparsity"]),
    ("AugmentationSpec", &["training", "augmentation"]),
    ("Optimizer", &["training", "optimizer"]),
    ("Schedule", &["training", "schedule"]),
];

/// What keys are tried in, until one takes the key's example: a deterministic code of sigmoids, a Gaussian one, columns of a
/// table, a decoder with feature maps, a series, samples that are weighted by importance in groups, and examples that are masked.
const CONTEXTS: [&str; 7] = [
    r#"
    [model]
    likelihood = "mse"
    encoder = [{ layer = "conv", channels = 16, kernel = 3 }, { layer = "dense", units = 32, activation = "sigmoid" }]
    decoder = [{ layer = "dense" }]
    "#,
    r#"
    [model]
    likelihood = "bernoulli"
    encoder = [{ layer = "dense", units = 32 }]
    code = { kind = "gaussian", units = 4 }
    decoder = [{ layer = "dense" }]
    "#,
    r#"
    [model]
    likelihood = "columns"
    encoder = [{ layer = "dense", units = 32 }]
    decoder = [{ layer = "dense" }]
    "#,
    r#"
    [model]
    likelihood = "mse"
    encoder = [{ layer = "dense", units = 32 }]
    decoder = [{ layer = "dense" }, { layer = "conv", kernel = 3 }]
    "#,
    r#"
    [model]
    likelihood = "mse"
    encoder = [{ layer = "reshape", shape = [1, 1, 49] }, { layer = "dense", units = 32 }]
    decoder = [{ layer = "dense" }]
    "#,
    r#"
    [model]
    likelihood = "bernoulli"
    encoder = [{ layer = "dense", units = 32 }]
    code = { kind = "gaussian", units = 4 }
    objective = { importance-samples = 6, importance-groups = 2 }
    decoder = [{ layer = "dense" }]
    "#,
    r#"
    [model]
    likelihood = "mse"
    corruption = { kind = "masking", rate = 0.5 }
    encoder = [{ layer = "dense", units = 32 }]
    decoder = [{ layer = "dense" }]
    "#,
];

fn schema() -> Value {
    serde_json::from_str(&Preset::schema()).expect("JSON")
}

fn from_toml(text: &str) -> Value {
    let table: toml::Table = toml::from_str(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    serde_json::to_value(table).expect("plain data")
}

/// What a schema stands for: a definition where it names one.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => &root["$defs"][reference.trim_start_matches("#/$defs/")],
        None => schema,
    }
}

/// Whether `value` is valid by the keywords that the schema has.
fn is_valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let fits = |schema| is_valid(root, schema, value);
    let list = |key: &str| schema[key].as_array();
    let number = |key: &str| schema[key].as_f64().zip(value.as_f64());
    let length = |key: &str| {
        schema[key]
            .as_u64()
            .zip(value.as_array().map(|a| a.len() as u64))
    };
    let is_of_type = schema["type"].as_str().is_none_or(|kind| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("a type {other}"),
    });
    let properties = value.as_object().is_none_or(|map| {
        let closed = schema["additionalProperties"] == false;
        let known = |key: &str| schema["properties"].get(key);
        map.iter().all(|(key, value)| match known(key) {
            Some(schema) => is_valid(root, schema, value),
            None => !closed,
        }) && list("required").is_none_or(|all| {
            let mut names = all.iter().filter_map(Value::as_str);
            names.all(|name| map.contains_key(name))
        })
    });
    let items = value.as_array().filter(|_| !schema["items"].is_null());
    is_of_type
        && properties
        && (schema["$ref"].is_null() || fits(resolved(root, schema)))
        && schema.get("const").is_none_or(|only| only == value)
        && list("oneOf").is_none_or(|all| all.iter().filter(|one| fits(one)).count() == 1)
        && list("anyOf").is_none_or(|all| all.iter().any(fits))
        && number("minimum").is_none_or(|(bound, x)| x >= bound)
        && number("maximum").is_none_or(|(bound, x)| x <= bound)
        && number("exclusiveMinimum").is_none_or(|(bound, x)| x > bound)
        && number("exclusiveMaximum").is_none_or(|(bound, x)| x < bound)
        && length("minItems").is_none_or(|(bound, n)| n >= bound)
        && length("maxItems").is_none_or(|(bound, n)| n <= bound)
        && items.is_none_or(|all| all.iter().all(|one| is_valid(root, &schema["items"], one)))
}

/// What an experiment is, past parser and checks, for examples of 7x7.
fn accepted(experiment: &Value) -> Result<Preset, String> {
    let text = toml::to_string(experiment).map_err(|error| error.to_string())?;
    let preset = Preset::parse(&text).map_err(|error| error.to_string())?;
    preset.training.check().map_err(|error| error.to_string())?;
    preset
        .detection
        .check()
        .map_err(|error| error.to_string())?;
    let built = preset.model.build(&[7, 7], 1);
    built.map_err(|error| error.to_string())?;
    Ok(preset)
}

/// The example in a description.
fn example(schema: &Value) -> Option<&str> {
    let text = schema["description"].as_str()?;
    let (_, example) = text.split_once("Example: `")?;
    example.strip_suffix('`')
}

/// A key of a table, the table without it, and how an experiment is made of such a table.
struct Key<'a> {
    name: &'a str,
    schema: &'a Value,
    table: Map<String, Value>,
    put: Box<dyn Fn(Map<String, Value>) -> Value + 'a>,
    /// Where the table is.
    pointer: String,
}

impl Key<'_> {
    fn with(&self, value: Value) -> Value {
        let mut table = self.table.clone();
        table.insert(self.name.into(), value);
        (self.put)(table)
    }

    fn left_out(&self) -> Value {
        let mut experiment = self.with(Value::Null);
        let table = experiment
            .pointer_mut(&self.pointer)
            .and_then(Value::as_object_mut);
        table.expect("the table").remove(self.name);
        experiment
    }
}

/// Puts `table` to `path`, beside what is there.
fn put(at: &mut Value, path: &[&str], table: Map<String, Value>) {
    match path {
        [] => at.as_object_mut().expect("a table").extend(table),
        [first, rest @ ..] => {
            let map = at.as_object_mut().expect("a table");
            let next = map.entry(*first).or_insert_with(|| json!({}));
            // A kind takes the place of another one.
            if rest.is_empty() && (table.contains_key("kind") || !next.is_object()) {
                *next = json!({});
            }
            put(next, rest, table);
        }
    }
}

/// The part of a context that a layer is put into.
fn part_of_layers(context: &Value) -> &'static str {
    match context.pointer("/model/decoder/1") {
        Some(_) => "decoder",
        None => "encoder",
    }
}

/// Every key of the schema but the names of kinds, each in the first context that takes its example.
fn for_every_key(root: &Value, mut visit: impl FnMut(&Key<'_>)) {
    let definitions = root["$defs"].as_object().expect("definitions");
    let all = definitions
        .iter()
        .map(|(name, schema)| (name.as_str(), schema));
    for (definition, schema) in all.chain([("", root)]) {
        let itself = std::slice::from_ref(schema);
        let kinds = schema["oneOf"].as_array().map_or(itself, Vec::as_slice);
        for kind in kinds.iter().filter(|kind| kind["properties"].is_object()) {
            let place = PLACES.iter().find(|(name, _)| *name == definition);
            let layer = definition == "LayerSpec";
            assert!(
                layer || place.is_some(),
                "`{definition}` has no place in this test"
            );
            for (name, schema) in kind["properties"].as_object().expect("keys") {
                if !schema["const"].is_null() {
                    continue;
                }
                let contexts = CONTEXTS.map(from_toml).map(|context| Key {
                    name,
                    schema,
                    pointer: match place {
                        Some((_, path)) => path.iter().map(|name| format!("/{name}")).collect(),
                        None => format!("/model/{}/1", part_of_layers(&context)),
                    },
                    table: match ["", "ModelSpec"].contains(&definition) {
                        true => Map::new(),
                        false => others(kind, name),
                    },
                    put: Box::new(move |table| {
                        let mut experiment = context.clone();
                        match place {
                            Some((_, path)) => put(&mut experiment, path, table),
                            None => {
                                let part = part_of_layers(&context);
                                let layers = experiment["model"][part].as_array_mut();
                                layers.expect("layers").insert(1, table.into());
                            }
                        }
                        experiment
                    }),
                });
                let text =
                    example(schema).unwrap_or_else(|| panic!("{definition} {name} has no example"));
                let shown = from_toml(text);
                let shown = shown
                    .get(name)
                    .unwrap_or_else(|| panic!("{definition}: {text}"));
                assert!(is_valid(root, schema, shown), "{definition}: {text}");
                let tried = contexts
                    .each_ref()
                    .map(|key| accepted(&key.with(shown.clone())));
                match tried.iter().position(Result::is_ok) {
                    Some(first) => visit(&contexts[first]),
                    None => panic!("{definition}: {text}: {tried:?}"),
                }
            }
        }
    }
}

/// The keys that stand beside `name`: those of the kind's example, and those that must be there.
fn others(kind: &Value, name: &str) -> Map<String, Value> {
    let mut table = match example(kind) {
        Some(text) => from_toml(&format!("x = {text}"))["x"].take(),
        None => json!({}),
    };
    let required = kind["required"].as_array().into_iter().flatten();
    for key in required.filter_map(Value::as_str) {
        if let Some(shown) = example(&kind["properties"][key]) {
            table[key] = from_toml(shown)[key].take();
        }
    }
    let mut table = std::mem::take(table.as_object_mut().expect("a table"));
    table.remove(name);
    table
}

/// Every number that a key may be, with the bounds that stand around it, each in the value that it makes.
fn numbers(root: &Value, schema: &Value, visit: &mut dyn FnMut(&Map<String, Value>)) {
    let mut flat = schema.as_object().cloned().unwrap_or_default();
    while let Some(reference) = flat.remove("$ref") {
        let found = resolved(root, &json!({ "$ref": reference })).clone();
        for (key, value) in found.as_object().cloned().unwrap_or_default() {
            flat.entry(key).or_insert(value);
        }
    }
    match flat.remove("anyOf") {
        Some(Value::Array(any)) => {
            for one in any {
                let mut one = one.as_object().cloned().unwrap_or_default();
                let narrowed = flat.iter().filter(|(key, _)| key.ends_with("imum"));
                one.extend(narrowed.map(|(key, value)| (key.clone(), value.clone())));
                numbers(root, &one.into(), visit);
            }
        }
        _ if flat
            .get("type")
            .is_some_and(|kind| kind == "integer" || kind == "number") =>
        {
            visit(&flat);
        }
        _ => {}
    }
}

#[test]
fn presets_fit_the_schema() {
    let root = schema();
    for name in Preset::names() {
        let text = Preset::text(name).expect("listed");
        assert!(is_valid(&root, &root, &from_toml(text)), "{name}");
    }
}

#[test]
fn what_the_parser_refuses_the_schema_refuses() {
    let root = schema();
    let good = CONTEXTS[0];
    assert!(is_valid(&root, &root, &from_toml(good)));
    let wrong = [
        ("units", "unit"),
        ("units = 32", "units = \"32\""),
        ("units = 32", "units = 3.2"),
        ("\"sigmoid\"", "\"sigmoids\""),
        ("layer = \"conv\"", "layer = \"convolution\""),
        ("kernel = 3", "kernel = [3, 3, 3]"),
        ("kernel = 3", "padding = 1"),
        ("likelihood", "loss"),
        ("\"mse\"", "{ kind = \"mse\" }"),
        ("decoder", "code = { kind = \"gaussian\" }\ndecoder"),
        (
            "decoder",
            "code = { kind = \"top-k\", k = 2, units = 3 }\ndecoder",
        ),
        (
            "decoder",
            "corruption = { kind = \"masking\", deviation = 0.1 }\ndecoder",
        ),
        ("[model]", "[models]"),
        ("[model]", "[training]\nepochs = true\n[model]"),
        ("[model]", "[training]\nvalidation = \"train\"\n[model]"),
        ("[model]", "[training]\noptimizer = \"adam\"\n[model]"),
    ];
    for (old, new) in wrong {
        let text = good.replacen(old, new, 1);
        assert_ne!(text, good, "{old}");
        assert!(Preset::parse(&text).is_err(), "{text}");
        assert!(!is_valid(&root, &root, &from_toml(&text)), "{text}");
    }
}

#[test]
fn examples_of_keys_and_kinds_are_accepted() {
    let root = schema();
    let mut keys = 0;
    for_every_key(&root, |_| keys += 1);
    assert!(keys > 80, "{keys}");
    for list in [
        "LayerSpec",
        "LatentSpec",
        "Corruption",
        "Optimizer",
        "Schedule",
    ] {
        for kind in root["$defs"][list]["oneOf"].as_array().expect("kinds") {
            let text = example(kind).unwrap_or_else(|| panic!("{list}: {kind}"));
            let value = &from_toml(&format!("x = {text}"))["x"];
            assert!(is_valid(&root, kind, value), "{list}: {text}");
        }
    }
}

#[test]
fn a_default_is_what_a_key_that_is_left_out_means() {
    let root = schema();
    let mut defaults = 0;
    for_every_key(&root, |key| {
        if let Some(default) = key.schema.get("default") {
            let (set, left_out) = (key.with(default.clone()), key.left_out());
            assert_eq!(
                accepted(&set),
                accepted(&left_out),
                "{} = {default}",
                key.name
            );
            defaults += 1;
        }
    });
    assert!(defaults > 40, "{defaults}");
}

#[test]
fn ranges_are_those_of_the_checks() {
    let root = schema();
    let mut bounds = 0;
    for_every_key(&root, |key| {
        let check = |value: Value, holds: bool| {
            let experiment = key.with(value.clone());
            let seen = accepted(&experiment);
            assert_eq!(seen.is_ok(), holds, "{} = {value}: {seen:?}", key.name);
            assert_eq!(
                is_valid(&root, key.schema, &value),
                holds,
                "{} = {value}",
                key.name
            );
        };
        numbers(&root, key.schema, &mut |number| {
            let whole = number["type"] == "integer";
            let beside = |bound: f64, step: f64| match whole {
                true => json!((bound + step.signum()) as i64),
                false => json!(bound + step),
            };
            for (keyword, outwards) in [("minimum", -1e-3), ("maximum", 1e-3)] {
                if let Some(bound) = number.get(keyword) {
                    check(bound.clone(), true);
                    check(beside(bound.as_f64().expect("a number"), outwards), false);
                    bounds += 1;
                }
            }
            for (keyword, inwards) in [("exclusiveMinimum", 1e-3), ("exclusiveMaximum", -1e-3)] {
                if let Some(bound) = number.get(keyword) {
                    check(bound.clone(), false);
                    check(beside(bound.as_f64().expect("a number"), inwards), true);
                    bounds += 1;
                }
            }
            // An open end is open; how large a whole number may be is a matter of memory too.
            for (closed, end) in [
                (["minimum", "exclusiveMinimum"], -1e9),
                (["maximum", "exclusiveMaximum"], 1e9),
            ] {
                if !whole && !closed.iter().any(|bound| number.contains_key(*bound)) {
                    check(json!(end), true);
                }
            }
        });
        if key.schema["minItems"] == 1 {
            check(json!([]), false);
        }
        if key.schema["items"]["minimum"] == 1 {
            check(json!([0, 1, 1]), false);
            check(json!([0, 1]), false);
        }
    });
    assert!(bounds > 70, "{bounds}");
}
