//! A Rust file.

use super::code::{in_name, without_comments_and_literals};
use super::token::{Token, tokens, without_tests};

/// A Rust file.
#[derive(Debug)]
pub struct Source {
    /// From the root of the workspace, with `/`.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl Source {
    /// The first line, counted from 1, that has `pattern` in its code.
    ///
    /// Comments and literals do not count. Where an end of the pattern could be inside a longer name, it must not be:
    /// `print!` is not in `eprint!`, nor `unsafe` in `unsafe_code`.
    pub fn line_with(&self, pattern: &str) -> Option<usize> {
        let code = without_comments_and_literals(&self.text);
        let joins =
            |a: Option<char>, b: Option<char>| a.is_some_and(in_name) && b.is_some_and(in_name);
        code.match_indices(pattern)
            .find(|&(start, _)| {
                let (before, after) = (&code[..start], &code[start + pattern.len()..]);
                !joins(before.chars().next_back(), pattern.chars().next())
                    && !joins(pattern.chars().next_back(), after.chars().next())
            })
            .map(|(start, _)| 1 + code[..start].matches('\n').count())
    }

    /// Lines before the tests at the end of the file.
    pub fn lines_before_tests(&self) -> usize {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        lines
            .windows(2)
            // `mod tests;` names another file and is not the end of this one.
            .position(|pair| {
                pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
            })
            .unwrap_or(lines.len())
    }

    /// The tokens of its code, without items that are compiled for tests only.
    pub fn tokens(&self) -> Vec<Token> {
        without_tests(tokens(&without_comments_and_literals(&self.text)))
    }

    /// Whether all of it is tests.
    pub fn is_test(&self) -> bool {
        self.is_in("tests") || self.path.ends_with("/tests.rs")
    }

    /// Whether it lies in a folder of that name.
    pub fn is_in(&self, folder: &str) -> bool {
        self.path.rsplit('/').skip(1).any(|name| name == folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source {
            path: "crates/a/src/lib.rs".to_owned(),
            text: text.to_owned(),
        }
    }

    #[track_caller]
    fn check(text: &str, pattern: &str, expected: Option<usize>) {
        assert_eq!(source(text).line_with(pattern), expected, "{text}");
    }

    #[test]
    fn code_is_searched() {
        check("fn a() {\n    println!();\n}", "println!", Some(2));
        check("use faer::Mat;", "faer::", Some(1));
        check("use ::faer::Mat;", "faer::", Some(1));
        check("let é = 'é'; unsafe {}", "unsafe", Some(1));
    }

    #[test]
    fn longer_names_are_others() {
        check("eprintln!();", "println!", None);
        check("#![forbid(unsafe_code)]", "unsafe", None);
        check("use not_faer::Mat;", "faer::", None);
    }

    #[test]
    fn comments_and_literals_are_not() {
        for text in [
            "// unsafe",
            "/// unsafe\nfn a() {}",
            "/* a /* unsafe */ unsafe */",
            "let a = \"unsafe\";",
            "let a = \"a \\\" unsafe\";",
            "let a = r#\"a \" unsafe\"#;",
            "let a = br\"unsafe \\\";",
            "/* unsafe",
            "\"unsafe",
        ] {
            check(text, "unsafe", None);
        }
    }

    #[test]
    fn code_behind_them_is_found() {
        for text in [
            "/* a /* b */ */\nunsafe",
            "\"a\nb\" unsafe",
            "r##\"\"#\n\"## unsafe",
            "fn a<'a>(b: &'a str, c: char) -> bool { c == '\"' }\nunsafe",
            "let a = '\\''; // '\nunsafe",
            "r#type; let expr = \"\n\"; unsafe",
        ] {
            check(text, "unsafe", Some(2));
        }
    }

    #[test]
    fn tests_at_the_end_are_not_counted() {
        let lines = |text| source(text).lines_before_tests();
        assert_eq!(lines(""), 0);
        assert_eq!(lines("a\nb\n"), 2);
        assert_eq!(lines("a\n#[cfg(test)]\nmod tests {\n}\n"), 1);
        assert_eq!(lines("a\n#[cfg(test)]\nmod tests;\nb\n"), 4);
        assert_eq!(lines("a\n#[cfg(test)]\nuse b;\n"), 3);
    }

    #[test]
    fn folders_are_whole_names() {
        let source = source("");
        assert!(source.is_in("crates") && source.is_in("src"));
        assert!(!source.is_in("lib.rs") && !source.is_in("sr"));
    }
}
