//! What the histogram shows, in words.

use super::chart::Chart;
use super::histogram::Histogram;
use super::layout::{LINE, MARGIN, TOP, WIDTH, WORDS};
use super::markup::{Anchor, FLAGGED, HELD_OUT, INK, Markup, NORMAL, cut};
use crate::terminal::{count, counted, number};

/// Dashes of the threshold.
pub const DASHES: &str = "5 3";

/// What stands before a line of words.
enum Key {
    Bar(&'static str),
    Threshold,
    HeldOut,
    Nothing,
}

/// Draws the words of a histogram to its right; `threshold` with its own.
pub fn draw(out: &mut Markup, chart: &Chart<'_>, threshold: Option<(f64, &str)>, scores: &[f64]) {
    for (line, (key, words)) in lines(chart, threshold, scores).into_iter().enumerate() {
        let y = TOP + 8.0 + LINE * line as f64;
        match key {
            Key::Bar(fill) => out.rectangle([WORDS, y - 9.0], [14.0, 10.0], fill, ""),
            Key::Threshold => {
                let x = WORDS + 7.0;
                out.path(&[[x, y - 11.0], [x, y + 3.0]], INK, 1.4, DASHES);
            }
            Key::HeldOut => {
                let ends = [[WORDS, y - 4.0], [WORDS + 14.0, y - 4.0]];
                out.path(&ends, HELD_OUT, 1.4, "");
            }
            Key::Nothing => {}
        }
        let words = cut(&words, WIDTH - MARGIN - WORDS - 22.0);
        out.text([WORDS + 22.0, y], Anchor::Start, INK, "", &words);
    }
}

fn lines(chart: &Chart<'_>, threshold: Option<(f64, &str)>, scores: &[f64]) -> Vec<(Key, String)> {
    let [normal, flagged] = chart.scores.totals();
    let mut lines = Vec::new();
    match threshold {
        None => lines.push((Key::Bar(NORMAL), counted(normal, "example"))),
        Some((value, words)) => {
            let beyond = match chart.bins.share(value) {
                share if (0.0..=1.0).contains(&share) => "",
                _ => ", beyond the axis",
            };
            lines.push((
                Key::Bar(NORMAL),
                format!("{} below the threshold", counted(normal, "example")),
            ));
            lines.push((
                Key::Bar(FLAGGED),
                format!("{} at or above it: flagged", counted(flagged, "example")),
            ));
            let words = match words {
                "" => String::new(),
                words => format!(": {words}"),
            };
            let value = number(value);
            lines.push((Key::Threshold, format!("threshold {value}{beyond}{words}")));
        }
    }
    let held_out = chart.held_out.totals().iter().sum();
    if held_out > 0 {
        let words = counted(held_out, "held-out training example");
        let words = match held_out == normal + flagged {
            true => words,
            false => format!("{words}, scaled to {}", count(normal + flagged)),
        };
        lines.push((Key::HeldOut, words));
    }
    lines.extend(beyond(chart, scores));
    lines.extend(left_out(chart.scores, "score"));
    lines.extend(left_out(chart.held_out, "held-out score"));
    lines
}

/// Scores that the axis does not reach.
fn beyond(chart: &Chart<'_>, scores: &[f64]) -> Vec<(Key, String)> {
    let finite = || scores.iter().copied().filter(|score| score.is_finite());
    let least = finite().fold(f64::INFINITY, f64::min);
    let most = finite().fold(f64::NEG_INFINITY, f64::max);
    let sides = [
        (chart.scores.below, "down", least),
        (chart.scores.above, "up", most),
    ];
    let sides = sides.into_iter().filter(|(counts, ..)| *counts != [0; 2]);
    let words = sides.map(|(counts, direction, extreme)| {
        let examples = counted(counts.iter().sum(), "example");
        let extreme = number(extreme);
        let words = format!("{examples} beyond the axis, {direction} to {extreme}");
        (Key::Nothing, words)
    });
    words.collect()
}

fn left_out(histogram: &Histogram, what: &str) -> Option<(Key, String)> {
    let count = histogram.not_finite;
    let words = format!("left out as not finite: {}", counted(count, what));
    (count > 0).then_some((Key::Nothing, words))
}
