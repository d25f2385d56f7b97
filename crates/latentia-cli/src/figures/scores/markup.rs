//! Elements of SVG.

/// Colours.
pub const PAPER: &str = "#ffffff";
pub const INK: &str = "#181818";
pub const FAINT: &str = "#666666";
pub const GRID: &str = "#e4e4e4";
pub const NORMAL: &str = "#6f9bc8";
pub const FLAGGED: &str = "#d05818";
pub const HELD_OUT: &str = "#444444";

/// Size of letters, in pixels.
pub const LETTER: f64 = 12.0;

/// The most letters of a text that is cut, however narrow they are.
const LETTERS: usize = 200;

/// Which part of a text stands at its place.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Elements of a picture, as text. Lengths are in pixels, places count from the upper left corner.
#[derive(Default)]
pub struct Markup(String);

impl Markup {
    /// Rectangle with a text that is shown where it is pointed at.
    pub fn rectangle(
        &mut self,
        [x, y]: [f64; 2],
        [width, height]: [f64; 2],
        fill: &str,
        hint: &str,
    ) {
        let hint = match hint {
            "" => String::new(),
            hint => format!("<title>{}</title>", escaped(hint)),
        };
        self.0.push_str(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\">{hint}</rect>\n"
        ));
    }

    /// Lines through points.
    pub fn path(&mut self, points: &[[f64; 2]], stroke: &str, width: f64, dashes: &str) {
        let points = points.iter().map(|[x, y]| format!("{x:.1} {y:.1}"));
        let points: Vec<String> = points.collect();
        let dashes = match dashes {
            "" => String::new(),
            dashes => format!(" stroke-dasharray=\"{dashes}\""),
        };
        self.0.push_str(&format!(
            "<path d=\"M{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\"{dashes}/>\n",
            points.join("L")
        ));
    }

    /// A line of text, of which `style` is more attributes.
    pub fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, fill: &str, style: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        self.0.push_str(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{fill}\"{anchor}{style}>{}</text>\n",
            escaped(text)
        ));
    }

    /// What `draw` draws, with a text that is shown where it is pointed at.
    pub fn group(&mut self, hint: &str, draw: impl FnOnce(&mut Self)) {
        self.0
            .push_str(&format!("<g>\n<title>{}</title>\n", escaped(hint)));
        draw(self);
        self.0.push_str("</g>\n");
    }

    /// A whole picture, with a name for those who do not see it.
    pub fn finish(self, [width, height]: [f64; 2], name: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             role=\"img\" aria-label=\"{}\" font-family=\"system-ui, sans-serif\" font-size=\"{LETTER}\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n{}</svg>\n",
            escaped(name),
            self.0
        )
    }
}

/// `text` as it may stand in XML and HTML: without what is markup there, and without characters that XML has no place for.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push(c),
            c if c.is_whitespace() => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// `text` in one line that is about `width` pixels wide or narrower, with an ellipsis where it is cut.
pub fn cut(text: &str, width: f64) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let widths = || text.char_indices().map(|(at, c)| (at, LETTER * em(c)));
    let total: f64 = widths().map(|(_, width)| width).sum();
    if total <= width && text.chars().count() <= LETTERS {
        return text;
    }
    let mut left = width - LETTER;
    let end = widths().take(LETTERS).find(|(_, width)| {
        left -= width;
        left < 0.0
    });
    let end = end.or_else(|| widths().nth(LETTERS));
    let end = end.map_or(text.len(), |(at, _)| at);
    format!("{}…", text[..end].trim_end())
}

/// About how wide a character is, in letter sizes.
fn em(c: char) -> f64 {
    match c {
        // Marks above and below others, joiners, variation selectors.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}' => 0.0,
        ' ' | '!' | '\'' | '(' | ')' | ',' | '.' | ':' | ';' | '|' | 'I' | 'f' | 'i' | 'j'
        | 'l' | 'r' | 't' => 0.36,
        '%' | '@' | 'M' | 'W' | 'm' | 'w' => 0.92,
        'A'..='Z' => 0.7,
        // Chinese, Japanese and Korean, and pictures.
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{1f000}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 1.05,
        _ => 0.6,
    }
}
