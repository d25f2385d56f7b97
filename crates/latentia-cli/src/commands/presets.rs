//! `latentia presets`

use latentia_models::Preset;
use serde_json::json;

use crate::args::PresetsArgs;
use crate::terminal::{UsageError, print, suggestion};

pub(super) fn run(args: &PresetsArgs) -> anyhow::Result<()> {
    if args.schema {
        return print(&format!("{}\n", Preset::schema()));
    }
    let Some(name) = &args.name else {
        return list(args.json);
    };
    match Preset::text(name) {
        Some(text) => print(text),
        None => {
            let names: Vec<&str> = Preset::names().collect();
            Err(UsageError(format!(
                "no preset is called `{name}`; {}",
                suggestion(name, &names)
            ))
            .into())
        }
    }
}

/// Prints what can be trained.
fn list(as_json: bool) -> anyhow::Result<()> {
    let presets = Preset::names().filter_map(|name| Some((name, Preset::text(name)?)));
    let presets = presets.map(|(name, text)| Ok((name, Preset::parse(text)?)));
    let presets = presets.collect::<anyhow::Result<Vec<(&str, Preset)>>>()?;
    if as_json {
        let presets = presets.iter().map(|(name, preset)| {
            json!({ "name": name, "description": preset.description, "data": preset.data })
        });
        let all = json!({ "presets": presets.collect::<Vec<_>>() });
        return print(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    }
    let widest = presets.iter().map(|(name, _)| name.len()).max();
    let widest = widest.unwrap_or(0);
    let lines = presets.iter();
    let lines = lines.map(|(name, preset)| format!("{name:<widest$}  {}\n", preset.description));
    print(&lines.collect::<String>())
}
