//! What can be exchanged, or has to be looked after, is in one place.

use super::violation::Violation;
use crate::source::Source;
use crate::workspace::Workspace;

/// What only these files and folders may name: a library that can be exchanged there, and the network.
const NAMED_ONCE: [(&str, &[&str]); 3] = [
    (
        "faer::",
        &[
            "crates/latentia-tensor/src/linalg.rs",
            "crates/latentia-tensor/src/matmul/",
        ],
    ),
    ("ureq", &FETCH),
    ("std::net", &FETCH),
];
const FETCH: [&str; 2] = [
    "crates/latentia-cli/src/fetch.rs",
    "crates/latentia-cli/src/fetch/",
];

/// Where kinds of latents are told apart.
const LATENTS: &str = "crates/latentia-nn/src/latents/";

/// What can be exchanged, or has to be looked after, is in one place.
pub fn named_once(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources(workspace) {
        for (name, places) in NAMED_ONCE {
            if !places.iter().any(|place| source.path.starts_with(place))
                && let Some(line) = source.line_with(name)
            {
                let what = format!("names `{name}`, only `{}` may", places.join("` and `"));
                violations.push(Violation::at_line(source, line, what));
            }
        }
    }
    violations
}

/// A kind of latent is added in one folder: other code calls methods of the latent and does not match on its kind.
pub fn latents(workspace: &Workspace) -> Vec<Violation> {
    let others =
        sources(workspace).filter(|source| !source.path.starts_with(LATENTS) && !source.is_test());
    let mut violations = Vec::new();
    for source in others {
        let tokens = source.tokens();
        let variant = tokens.windows(3).find(|path| {
            let variant = path[2].text.as_str();
            // A constant has no lower case.
            let is_variant =
                variant.starts_with(char::is_uppercase) && variant.contains(char::is_lowercase);
            path[0].is("LatentSpec")
                && path[1].is("::")
                && (is_variant || ["*", "{"].contains(&variant))
        });
        if let Some([_, _, variant]) = variant {
            let what = format!("names `LatentSpec::{}`, only `{LATENTS}` may", variant.text);
            violations.push(Violation::at_line(source, variant.line, what));
        }
    }
    violations
}

/// The files of the crates' libraries and programs.
fn sources(workspace: &Workspace) -> impl Iterator<Item = &Source> {
    let packages = workspace.packages.iter();
    let crates = packages.filter(|package| package.is_crate());
    let sources = crates.flat_map(|package| &package.sources);
    sources.filter(|source| source.is_in("src"))
}

#[cfg(test)]
mod tests {
    use crate::tidy::testing::{expect, with_source};

    #[test]
    fn faer_and_the_network_have_one_place() {
        let names = |folder: &str, path: &str, text: &str| with_source(folder, path, text);
        expect(
            [
                names("crates/latentia-tensor", "src/linalg.rs", "use faer::Par;"),
                names(
                    "crates/latentia-tensor",
                    "src/matmul/a.rs",
                    "use faer::Par;",
                ),
                names("crates/latentia-cli", "src/fetch.rs", "use ureq::Agent;"),
                names(
                    "crates/latentia-cli",
                    "src/fetch/a.rs",
                    "use std::net::IpAddr;",
                ),
                names("benches", "benches/gemm.rs", "use faer::Par;"),
                names(
                    "crates/latentia-cli",
                    "tests/a.rs",
                    "use std::net::TcpListener;",
                ),
            ],
            &[],
        );
        expect(
            [
                names(
                    "crates/latentia-tensor",
                    "src/gemm.rs",
                    "\nuse faer::Par;\n",
                ),
                names(
                    "crates/latentia-data",
                    "src/url.rs",
                    "use std::net::TcpStream;",
                ),
            ],
            &[
                "crates/latentia-tensor/src/gemm.rs:2: names `faer::`, \
                 only `crates/latentia-tensor/src/linalg.rs` and `crates/latentia-tensor/src/matmul/` may",
                "crates/latentia-data/src/url.rs:1: names `std::net`, \
                 only `crates/latentia-cli/src/fetch.rs` and `crates/latentia-cli/src/fetch/` may",
            ],
        );
    }

    #[test]
    fn kinds_of_latents_are_told_apart_in_one_folder() {
        let text = "fn a(spec: LatentSpec) { match spec { LatentSpec::Gaussian { .. } => {} } }";
        for path in ["src/latents/spec.rs", "src/a/tests.rs", "tests/all.rs"] {
            expect([with_source("crates/latentia-nn", path, text)], &[]);
        }
        for right in [
            "fn a() -> LatentSpec { LatentSpec::default() }",
            "const A: u8 = LatentSpec::ALL;",
            "#[cfg(test)]\nfn a() { LatentSpec::Gaussian }",
        ] {
            expect(
                [with_source("crates/latentia-models", "src/a.rs", right)],
                &[],
            );
        }
        expect(
            [
                with_source("crates/latentia-models", "src/a.rs", text),
                with_source("crates/latentia-nn", "src/a.rs", "\nuse LatentSpec::*;"),
            ],
            &[
                "crates/latentia-models/src/a.rs:1: names `LatentSpec::Gaussian`, \
                 only `crates/latentia-nn/src/latents/` may",
                "crates/latentia-nn/src/a.rs:2: names `LatentSpec::*`, \
                 only `crates/latentia-nn/src/latents/` may",
            ],
        );
    }
}
