//! Tokens of Rust: names, and marks of one or two characters.

use super::code::in_name;

/// A name or a mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// As written.
    pub text: String,
    /// Counted from 1.
    pub line: usize,
}

impl Token {
    /// Whether it is `text`.
    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// Whether it is a name, a keyword or a number.
    pub fn is_name(&self) -> bool {
        self.text.starts_with(in_name)
    }
}

/// Cuts code without comments and literals into tokens. Of the longer marks, only `::` is one token.
pub fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = if in_name(first) {
            rest.find(|c| !in_name(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (text, tail) = rest.split_at(length);
        if first == '\n' {
            line += 1;
        } else if !first.is_whitespace() {
            let text = text.to_owned();
            tokens.push(Token { text, line });
        }
        rest = tail;
    }
    tokens
}

/// `tokens` without the items behind `#[cfg(test)]`.
pub fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const ATTRIBUTE: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let starts = tokens[at..].iter().map(|token| token.text.as_str());
        if starts.take(ATTRIBUTE.len()).eq(ATTRIBUTE) {
            at = end_of_item(&tokens, at + ATTRIBUTE.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Where the item ends that begins at `start`, with its attributes.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    while tokens.get(at).is_some_and(|token| token.is("#")) {
        at = closing(tokens, at + 1) + 1;
    }
    let visibility = ["pub", "(", "crate", "super", ")"];
    let words = tokens.iter().skip(at).map(|token| token.text.as_str());
    let mut words = words.skip_while(|word| visibility.contains(word));
    // Braces in these are lists and values.
    let is_statement = match words.next() {
        Some("use" | "static" | "let" | "type") => true,
        Some("const") => words.next() != Some("fn"),
        _ => false,
    };
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            ";" => return at + 1,
            ")" | "]" | "}" => return at,
            "(" | "[" | "{" => {
                let end = closing(tokens, at);
                if token.is("{") && !is_statement {
                    return end + 1;
                }
                at = end + 1;
            }
            _ => at += 1,
        }
    }
    at
}

/// Where the bracket closes that opens at `open`; the end of the file if it does not.
pub fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(tokens: &[Token]) -> String {
        let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        texts.join(" ")
    }

    #[test]
    fn names_and_marks_have_their_line() {
        let tokens = tokens("use a::b;\n\nlet é=>1");
        assert_eq!(texts(&tokens), "use a :: b ; let é = > 1");
        assert_eq!((tokens[0].line, tokens[5].line), (1, 3));
        assert!(tokens[0].is_name() && !tokens[2].is_name());
    }

    #[test]
    fn items_for_tests_are_left_out() {
        for item in [
            "mod tests { fn b() {} }",
            "mod tests;",
            "use b::{c, d};",
            "#[derive(Debug)] pub struct B { c: u8 }",
            "struct B(u8);",
            "const B: C = C { d: [1; 2] };",
            "pub const fn b() -> [u8; 2] { [1, 2] }",
            "impl A { const B: u8 = 1; fn b() {} }",
            "let b = C { d };",
        ] {
            let code = format!("fn a() {{ #[cfg(test)] {item} }} fn z();");
            let kept = without_tests(tokens(&code));
            assert_eq!(texts(&kept), "fn a ( ) { } fn z ( ) ;", "{item}");
        }
    }

    #[test]
    fn an_item_that_does_not_end_takes_the_rest() {
        assert_eq!(without_tests(tokens("#[cfg(test)] mod tests {")), []);
        assert_eq!(without_tests(tokens("#[cfg(test)]")), []);
        assert_eq!(without_tests(tokens("#[cfg(test)] #")), []);
    }
}
