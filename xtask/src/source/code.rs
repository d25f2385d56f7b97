//! The code of a file, without what the compiler does not run.

/// Whether `c` can be part of a name.
pub fn in_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// `text` with a space for each comment and each string or character literal; line breaks stay.
pub fn without_comments_and_literals(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_name = code.ends_with(in_name);
        match length_of_blank(rest, after_name) {
            0 => {
                code.push(first);
                rest = &rest[first.len_utf8()..];
            }
            length => {
                let (blank, tail) = rest.split_at(length);
                code.push(' ');
                code.extend(blank.matches('\n'));
                rest = tail;
            }
        }
    }
    code
}

/// Length of the comment or literal that `rest` begins with, or 0.
fn length_of_blank(rest: &str, after_name: bool) -> usize {
    let end = |from: usize, mark: &str| rest[from..].find(mark).map(|at| from + at + mark.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return length_of_block_comment(rest);
    }
    if rest.starts_with('"') {
        return end_of_escaped(rest, '"');
    }
    if let Some(raw) = rest.strip_prefix('r').filter(|_| !after_name) {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let mark = format!("\"{}", "#".repeat(hashes));
            return end(hashes + 2, &mark).unwrap_or(rest.len());
        }
    }
    if let Some(quoted) = rest.strip_prefix('\'') {
        // What is not closed behind one character is a lifetime.
        let mut characters = quoted.chars();
        let first = characters.next();
        if first == Some('\\') || characters.next() == Some('\'') {
            return end_of_escaped(rest, '\'');
        }
    }
    0
}

/// Length of a literal that begins and ends with `quote`.
fn end_of_escaped(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Block comments nest.
fn length_of_block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let step = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}
