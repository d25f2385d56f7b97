//! `latentia presets`

use latentia_models::Preset;

use crate::args::PresetsArgs;
use crate::terminal::{UsageError, print, suggestion};

pub(super) fn run(args: &PresetsArgs) -> anyhow::Result<()> {
    if args.schema {
        return print(&format!("{}\n", Preset::schema()));
    }
    let Some(name) = &args.name else {
        let widest = Preset::names().map(str::len).max().unwrap_or(0);
        let mut text = String::new();
        for name in Preset::names() {
            let preset = Preset::text(name).map(Preset::parse).transpose()?;
            text.push_str(&format!(
                "{name:<widest$}  {}\n",
                preset.map_or_else(String::new, |p| p.description)
            ));
        }
        return print(&text);
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
