//! The text of a page.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::arrays::{Arrays, base64};

const TEMPLATE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// One after another they are one script.
const SCRIPTS: [&str; 9] = [
    include_str!("page/arrays.js"),
    include_str!("page/operations.js"),
    include_str!("page/decoder.js"),
    include_str!("page/elements.js"),
    include_str!("page/examples.js"),
    include_str!("page/curves.js"),
    include_str!("page/scatter.js"),
    include_str!("page/latent.js"),
    include_str!("page/page.js"),
];

/// A page, and what it does not have.
pub struct Page {
    /// HTML, with all in it.
    pub html: String,
    /// How many examples it shows.
    pub examples: usize,
    /// What was left out of it, and why.
    pub left_out: Vec<String>,
}

/// The page of these contents: its own style and script alone are allowed, nothing is ever fetched. Whatever text is in the contents
/// stands in it as JSON, without a `<`, and is shown as text.
pub(super) fn html(contents: &impl Serialize, arrays: &Arrays) -> anyhow::Result<String> {
    let script = SCRIPTS.join("\n");
    let json = serde_json::to_string(contents)?.replace('<', "\\u003c");
    let data = arrays.to_base64()?;
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(STYLE)
    );
    let parts = [
        ("POLICY", policy.as_str()),
        ("STYLE", STYLE),
        ("CONTENTS", &json),
        ("ARRAYS", &data),
        ("SCRIPT", &script),
    ];
    let mut html = String::with_capacity(TEMPLATE.len() + data.len() + json.len() + script.len());
    let mut rest = TEMPLATE;
    for (name, text) in parts {
        let mark = format!("{{{{{name}}}}}");
        let (before, after) = rest.split_once(&mark).unwrap_or((rest, ""));
        html.push_str(before);
        html.push_str(text);
        rest = after;
    }
    html.push_str(rest);
    Ok(html)
}

/// A source of a content security policy.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}
