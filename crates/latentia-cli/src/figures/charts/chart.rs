//! A finished chart, to write.

use std::path::Path;

use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;
use latentia_models::{ModelError, write_atomically};

use super::words::hint;

/// A chart with a name for those who do not see it.
pub struct Chart {
    name: String,
    scene: Scene,
}

impl Chart {
    pub(super) fn new(name: &str, scene: Scene) -> Self {
        let name = hint(name);
        Self { name, scene }
    }

    /// Writes the chart as SVG, or as a page where `path` ends in `.html`.
    ///
    /// # Errors
    /// When the file cannot be written; nothing is then left under its name.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        let is_page = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("html"));
        let text = if is_page { self.html() } else { self.svg() };
        write_atomically(path, |out| out.write_all(text.as_bytes()))
    }

    /// The chart as SVG, which needs no other file and runs nothing; its letters are the reader's own.
    pub fn svg(&self) -> String {
        let svg = SvgBackend.render_scene(&self.scene);
        let (width, height) = (self.scene.width, self.scene.height);
        let name = escaped(&self.name);
        let attributes =
            format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\"");
        svg.replacen("<svg", &attributes, 1)
    }

    /// The chart in a page of its own.
    pub fn html(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
             <style>body {{ margin: 1em; background: #ffffff }} svg {{ max-width: 100%; height: auto }}</style>\n\
             </head>\n<body>\n{}</body>\n</html>\n",
            escaped(&self.name),
            self.svg()
        )
    }
}

/// `text` without what is markup in XML and HTML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
