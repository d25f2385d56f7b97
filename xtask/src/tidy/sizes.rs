//! Files and functions are short enough to be read at once.

use super::violation::Violation;
use crate::workspace::Workspace;

/// Lines of a file, its tests apart.
const LINES: usize = 500;

/// A file holds one concept.
pub fn short_files(workspace: &Workspace) -> Vec<Violation> {
    let sources = workspace
        .packages
        .iter()
        .flat_map(|package| &package.sources);
    sources
        .filter(|source| !source.is_in("tests") && !source.path.ends_with("/tests.rs"))
        .filter_map(|source| {
            let lines = source.lines_before_tests();
            (lines > LINES).then(|| Violation {
                file: source.path.clone(),
                what: format!("has {lines} lines before its tests, at most {LINES} would be right"),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::tidy::testing::{expect, with_source};

    #[test]
    fn files_are_short() {
        let long = "\n".repeat(501);
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}", "\n".repeat(500));
        expect([with_source("benches", "src/lib.rs", &tests)], &[]);
        expect([with_source("benches", "tests/all.rs", &long)], &[]);
        expect(
            [with_source("benches", "src/lib.rs", &long)],
            &["benches/src/lib.rs: has 501 lines before its tests, at most 500 would be right"],
        );
    }
}
