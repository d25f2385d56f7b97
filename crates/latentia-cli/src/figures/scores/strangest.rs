//! The strangest examples as bars along the axis of the histogram.

use super::histogram::Bins;
use super::layout::{BEYOND, GAP, LEFT, LINE, MARGIN, PLOT, WIDTH, WORDS, x};
use super::markup::{Anchor, FAINT, FLAGGED, INK, Markup, NORMAL, PAPER, cut};
use crate::terminal::number;

/// An example that has a bar of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct StrangeExample {
    /// What it is known by.
    pub name: String,
    /// Its score.
    pub score: f64,
    /// In words what did it, and its share of the score from 0 to 1, the largest first. The first is drawn, all are shown where the
    /// bar is pointed at.
    pub reasons: Vec<(String, f64)>,
}

/// From the start of a score to that of its reason.
const SCORE: f64 = 74.0;

/// Draws `examples` from `top` down, a line each.
pub fn draw(out: &mut Markup, examples: &[StrangeExample], bins: &Bins, top: f64) {
    for (line, example) in examples.iter().enumerate() {
        let top = top + LINE * line as f64;
        out.group(&hint(example), |out| draw_line(out, example, bins, top));
    }
}

fn draw_line(out: &mut Markup, example: &StrangeExample, bins: &Bins, top: f64) {
    let baseline = top + LINE - 6.0;
    let name = cut(&example.name, LEFT - MARGIN - 8.0);
    out.text([LEFT - 8.0, baseline], Anchor::End, INK, "", &name);
    let fill = match bins.is_flagged(example.score) {
        true => FLAGGED,
        false => NORMAL,
    };
    let share = bins.share(example.score);
    let end = match share > 1.0 {
        true => LEFT + PLOT + GAP + BEYOND,
        // The shortest bar is seen; what is no number has this one too.
        false => x(bins, example.score).max(LEFT + 1.5),
    };
    out.rectangle([LEFT, top + 4.0], [end - LEFT, LINE - 7.0], fill, "");
    if share > 1.0 {
        // A break where the axis ends.
        let x = LEFT + PLOT + GAP / 2.0;
        let ends = [[x - 3.0, top + LINE - 1.0], [x + 3.0, top + 2.0]];
        out.path(&ends, PAPER, 3.0, "");
    }
    let score = number(example.score);
    out.text([WORDS, baseline], Anchor::Start, INK, "", &score);
    if let Some((words, share)) = example.reasons.first() {
        // The share first: words of a script that is written to the left would move it.
        let words = cut(
            &format!("{} {words}", percent(*share)),
            WIDTH - MARGIN - WORDS - SCORE,
        );
        let place = [WORDS + SCORE, baseline];
        out.text(place, Anchor::Start, FAINT, "", &words);
    }
}

/// Name, score and all reasons.
fn hint(example: &StrangeExample) -> String {
    let reasons = example.reasons.iter();
    let reasons = reasons.map(|(words, share)| format!("\n{} {words}", percent(*share)));
    let score = number(example.score);
    format!("{}: {score}{}", example.name, reasons.collect::<String>())
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
