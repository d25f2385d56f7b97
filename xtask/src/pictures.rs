//! `cargo xtask pictures`: every picture of the README made anew by the program.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::program::Program;
use crate::report::{BROWSERS, find};
use crate::reproduce;
use crate::reproduce::model::{text, train};
use crate::workspace::root;

/// A picture in `docs/`, of a model that is trained for it.
struct Drawn {
    file: &'static str,
    /// What is trained.
    preset: &'static str,
    data: &'static str,
    /// What draws it: a command with its arguments, `MODEL` being the model's file.
    command: &'static [&'static str],
}

const DRAWN: [Drawn; 7] = [
    Drawn {
        file: "reconstructions.png",
        preset: "digits",
        data: "mnist-mini",
        command: &["reconstruct", "MODEL", "mnist-mini"],
    },
    Drawn {
        file: "denoising.png",
        preset: "denoising",
        data: "mnist",
        command: &["denoise", "MODEL", "mnist", "-n", "10"],
    },
    Drawn {
        file: "classes.png",
        preset: "conditional-vae",
        data: "mnist",
        command: &["sample", "MODEL", "-n", "50"],
    },
    Drawn {
        file: "traversal.png",
        preset: "beta-tcvae",
        data: "mnist",
        command: &["traverse", "MODEL", "--steps", "11"],
    },
    Drawn {
        file: "manifold.png",
        preset: "vae-2",
        data: "mnist",
        command: &["traverse", "MODEL", "--steps", "12"],
    },
    Drawn {
        file: "codes.svg",
        preset: "vae-2",
        data: "mnist",
        command: &["encode", "MODEL", "mnist-mini:test"],
    },
    Drawn {
        file: "errors.png",
        preset: "mnist",
        data: "mnist",
        command: &["explain", "MODEL", "mnist", "--index", "0"],
    },
];

/// The upper part of a page of `latentia report`, as Chromium shows it.
struct Page {
    file: &'static str,
    preset: &'static str,
    /// What is trained on, and what is reported of it.
    data: [&'static str; 2],
    is_dark: bool,
}

const PAGES: [Page; 2] = [
    Page {
        file: "report.png",
        preset: "vae-2",
        data: ["mnist", "mnist:test"],
        is_dark: false,
    },
    Page {
        file: "report-table.png",
        preset: "table-vae",
        data: ["docs/data/penguins.csv"; 2],
        is_dark: true,
    },
];

/// Width and height of what is shown of a page.
const WINDOW: &str = "1180,1330";

/// Those that other commands draw beside what they measure.
const SERIES: &str = "series.png";
const LOSSY: &str = "lossy-mnist.svg";

/// The row of the tutorial.
const ROW: &str = "row.png";

/// Draws all, or one of them.
pub fn run(arguments: &[OsString]) -> anyhow::Result<()> {
    let wanted = match arguments {
        [] => None,
        [name] => Some(name.to_string_lossy()),
        _ => bail!("usage: cargo xtask pictures [FILE]"),
    };
    let named = named_in_readme()?;
    let known = DRAWN.iter().map(|drawn| drawn.file);
    let pages = PAGES.iter().map(|page| page.file);
    let known: Vec<&str> = known.chain(pages).chain([SERIES, LOSSY, ROW]).collect();
    if let Some(missing) = named.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("nothing here draws `docs/{missing}` of the README");
    }
    if let Some(wanted) = &wanted {
        let names = known.join(", ");
        ensure!(
            known.contains(&&**wanted),
            "no picture `{wanted}`; there are {names}"
        );
    }
    let is_wanted = |file: &str| wanted.as_deref().is_none_or(|wanted| wanted == file);
    let program = Program::build()?;
    // The last model that was trained, of this preset.
    let mut trained = ("", String::new());
    for drawn in DRAWN.iter().filter(|drawn| is_wanted(drawn.file)) {
        if trained.0 != drawn.preset {
            let name = format!("{}-42", drawn.preset);
            let arguments = ["--preset", drawn.preset, "--data", drawn.data];
            trained = (drawn.preset, train(&program, &name, &arguments, None)?.0);
        }
        draw(&program, drawn, &trained.1)?;
    }
    for page in PAGES.iter().filter(|page| is_wanted(page.file)) {
        photograph(&program, page)?;
    }
    if is_wanted(ROW) {
        row(&program)?;
    }
    for (file, name) in [(SERIES, "series"), (LOSSY, "lossy")] {
        if is_wanted(file) {
            reproduce::run(&[name.into()])?;
        }
    }
    println!("look at them: `docs/`");
    Ok(())
}

fn draw(program: &Program, drawn: &Drawn, model: &str) -> anyhow::Result<()> {
    let output = text(root()?.join("docs").join(drawn.file))?;
    let given = drawn.command.iter();
    let mut command: Vec<&str> = given
        .map(|word| if *word == "MODEL" { model } else { *word })
        .collect();
    command.extend(["-o", &output]);
    program.run(&command)?;
    Ok(())
}

/// Writes a report and a picture of it.
fn photograph(program: &Program, page: &Page) -> anyhow::Result<()> {
    let chromium = find(&BROWSERS).context("Chromium is not here")?;
    let root = root()?;
    let [data, shown] = page.data;
    let arguments = ["--preset", page.preset, "--data", data];
    let (model, _) = train(program, &format!("{}-42", page.preset), &arguments, None)?;
    let html = text(root.join("target/reproduce").join(page.file))?.replace(".png", ".html");
    program.run(&["report", &model, shown, "-o", &html])?;
    let picture = text(root.join("docs").join(page.file))?;
    let scheme = if page.is_dark { 0 } else { 1 };
    let mut shot = Command::new(chromium);
    shot.args(["--headless=new", "--no-sandbox", "--hide-scrollbars"]);
    shot.args([
        "--force-device-scale-factor=1",
        "--virtual-time-budget=4000",
    ]);
    shot.arg(format!("--blink-settings=preferredColorScheme={scheme}"));
    shot.arg(format!("--screenshot={picture}"));
    shot.arg(format!("--window-size={WINDOW}"));
    let status = shot.arg(format!("file://{html}")).status()?;
    ensure!(status.success(), "{shot:?} failed with {status}");
    Ok(())
}

/// The row of the tutorial, by its commands.
fn row(program: &Program) -> anyhow::Result<()> {
    let root = root()?;
    let folder = root.join("target/reproduce");
    fs::create_dir_all(&folder)?;
    let [model, schema] = ["penguins.safetensors", "penguins.toml"].map(|name| folder.join(name));
    let (model, schema) = (text(model)?, text(schema)?);
    let data = text(root.join("docs/data/penguins.csv"))?;
    let output = text(root.join("docs").join(ROW))?;
    program.run(&["data", "info", &data, "--schema-out", &schema])?;
    let detect = ["detect", "--train", &data, "--schema", &schema];
    program.run(&[&detect[..], &["--contamination", "0.02", "--save", &model]].concat())?;
    program.run(&["explain", &model, &data, "--index", "169", "-o", &output])?;
    Ok(())
}

/// The files in `docs/` that the README shows.
fn named_in_readme() -> anyhow::Result<Vec<String>> {
    let path = root()?.join("README.md");
    let readme = fs::read_to_string(&path).with_context(|| format!("cannot read {path:?}"))?;
    let shown = readme.split("](docs/").skip(1);
    let shown = shown
        .filter_map(|rest| rest.split_once(')'))
        .map(|(name, _)| name.to_owned());
    Ok(shown
        .filter(|name| name.ends_with(".png") || name.ends_with(".svg"))
        .collect())
}
