//! Files, functions and the trait of a layer are short enough to be read at once.

use super::violation::Violation;
use crate::source::{Source, closing, functions};
use crate::workspace::Workspace;

/// Lines of a file, its tests apart.
const FILE: usize = 450;
/// Lines of the file in the middle of all crates' files, its tests apart.
const MEDIAN_FILE: usize = 150;
/// Lines of a function, from `fn` to its last brace.
const FUNCTION: usize = 80;
/// Methods of the trait that every layer has to know.
const LAYER_METHODS: usize = 11;
const LAYER_TRAIT: [&str; 3] = ["pub", "trait", "Layer"];

/// A file holds one concept.
pub fn short_files(workspace: &Workspace) -> Vec<Violation> {
    sources(workspace)
        .filter_map(|source| {
            let lines = source.lines_before_tests();
            (lines > FILE).then(|| Violation {
                file: source.path.clone(),
                what: format!("has {lines} lines before its tests, at most {FILE} would be right"),
            })
        })
        .collect()
}

/// Most files of the crates are shorter still.
pub fn median_file(workspace: &Workspace) -> Vec<Violation> {
    let crates = sources(workspace).filter(|source| source.path.starts_with("crates/"));
    let mut lines: Vec<usize> = crates
        .filter(|source| source.is_in("src"))
        .map(Source::lines_before_tests)
        .collect();
    lines.sort_unstable();
    let median = lines
        .get(lines.len() / 2)
        .filter(|&&median| median >= MEDIAN_FILE);
    let violation = median.map(|median| Violation {
        file: "crates".to_owned(),
        what: format!(
            "have files of {median} lines in the median, fewer than {MEDIAN_FILE} would be right"
        ),
    });
    violation.into_iter().collect()
}

/// A function does one thing.
pub fn short_functions(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources(workspace) {
        for function in functions(&source.tokens()) {
            let lines = function.lines;
            if lines > FUNCTION {
                let what = format!(
                    "has a function of {lines} lines, `{}`, at most {FUNCTION} would be right",
                    function.name
                );
                violations.push(Violation::at_line(source, function.line, what));
            }
        }
    }
    violations
}

/// Whoever writes a layer has few methods to write.
pub fn small_layer_trait(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Vec::new();
    for source in sources(workspace).filter(|source| source.path.starts_with("crates/latentia-nn/"))
    {
        let tokens = source.tokens();
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        let Some(start) = words.windows(3).position(|words| words == LAYER_TRAIT) else {
            continue;
        };
        let Some(open) = words[start..].iter().position(|&word| word == "{") else {
            continue;
        };
        let end = closing(&tokens, start + open);
        let methods = words[start..end]
            .iter()
            .filter(|&&word| word == "fn")
            .count();
        if methods > LAYER_METHODS {
            let what =
                format!("has {methods} methods in `Layer`, at most {LAYER_METHODS} would be right");
            violations.push(Violation::at_line(source, tokens[start].line, what));
        }
    }
    violations
}

/// All files but tests.
fn sources(workspace: &Workspace) -> impl Iterator<Item = &Source> {
    let packages = workspace.packages.iter();
    let sources = packages.flat_map(|package| &package.sources);
    sources.filter(|source| !source.is_test())
}

#[cfg(test)]
mod tests {
    use crate::tidy::testing::{expect, with_source, with_sources};

    #[test]
    fn files_are_short() {
        let long = "\n".repeat(451);
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}", "\n".repeat(450));
        expect([with_source("benches", "src/lib.rs", &tests)], &[]);
        expect([with_source("benches", "tests/all.rs", &long)], &[]);
        expect(
            [with_source("benches", "src/lib.rs", &long)],
            &["benches/src/lib.rs: has 451 lines before its tests, at most 450 would be right"],
        );
    }

    #[test]
    fn most_files_are_shorter() {
        let (short, long) = ("\n".repeat(149), "\n".repeat(150));
        let files = |more| {
            let files = [
                ("src/a.rs", &*short),
                ("src/b.rs", &*long),
                ("src/c.rs", more),
            ];
            with_sources("crates/latentia-data", &files)
        };
        expect([files(&short)], &[]);
        expect(
            [files(&long)],
            &["crates: have files of 150 lines in the median, fewer than 150 would be right"],
        );
    }

    #[test]
    fn functions_are_short() {
        let function = |lines: usize| format!("\nfn a() {{{}}}\n", "\n".repeat(lines - 1));
        expect([with_source("benches", "src/lib.rs", &function(80))], &[]);
        expect([with_source("benches", "tests/a.rs", &function(81))], &[]);
        let test = format!("#[cfg(test)]\nmod tests {{{}}}", function(81));
        expect([with_source("benches", "src/lib.rs", &test)], &[]);
        expect(
            [with_source("benches", "src/lib.rs", &function(81))],
            &["benches/src/lib.rs:2: has a function of 81 lines, `a`, at most 80 would be right"],
        );
    }

    #[test]
    fn layers_have_few_methods() {
        let layer = |methods: usize| {
            let text = format!(
                "pub trait Layer: Debug {{ {} }}\nfn other() {{}}",
                "fn a(&self) {}".repeat(methods)
            );
            with_source("crates/latentia-nn", "src/layers/layer.rs", &text)
        };
        expect([layer(11)], &[]);
        expect(
            [layer(12)],
            &[
                "crates/latentia-nn/src/layers/layer.rs:1: has 12 methods in `Layer`, at most 11 would be right",
            ],
        );
    }
}
