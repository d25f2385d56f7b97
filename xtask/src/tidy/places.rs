//! What can be exchanged, or has to be looked after, is in one place.

use super::violation::Violation;
use crate::workspace::Workspace;

/// What one file alone may name: a library that can be exchanged there, and the network.
const NAMED_ONCE: [(&str, &str); 3] = [
    ("faer::", "crates/latentia-tensor/src/linalg.rs"),
    ("ureq", "crates/latentia-cli/src/fetch.rs"),
    ("std::net", "crates/latentia-cli/src/fetch.rs"),
];

/// What can be exchanged, or has to be looked after, is in one place.
pub fn named_once(workspace: &Workspace) -> Vec<Violation> {
    let crates = workspace.packages.iter();
    let sources = crates
        .filter(|package| package.is_crate())
        .flat_map(|package| &package.sources)
        .filter(|source| source.is_in("src"));
    let mut violations = Vec::new();
    for source in sources {
        for (name, place) in NAMED_ONCE {
            if source.path != place
                && let Some(line) = source.line_with(name)
            {
                let what = format!("names `{name}`, only `{place}` may");
                violations.push(Violation::at_line(source, line, what));
            }
        }
    }
    violations
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
                names("crates/latentia-cli", "src/fetch.rs", "use ureq::Agent;"),
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
                 only `crates/latentia-tensor/src/linalg.rs` may",
                "crates/latentia-data/src/url.rs:1: names `std::net`, \
                 only `crates/latentia-cli/src/fetch.rs` may",
            ],
        );
    }
}
