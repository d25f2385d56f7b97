//! The histogram as bars over an axis.

use super::axis::{CountAxis, ticks};
use super::histogram::{Bins, Histogram};
use super::layout::{BEYOND, BOTTOM, GAP, LEFT, PLOT, TOP};
use super::markup::{Anchor, FAINT, FLAGGED, GRID, HELD_OUT, INK, Markup, NORMAL};
use crate::terminal::{count, counted, number};

/// The histogram of all scores, and that of held-out ones.
pub struct Chart<'a> {
    pub bins: &'a Bins,
    pub scores: &'a Histogram,
    pub held_out: &'a Histogram,
    /// What a held-out example counts, so that both are of as many.
    pub weight: f64,
    pub counts: CountAxis,
}

impl<'a> Chart<'a> {
    pub fn new(bins: &'a Bins, scores: &'a Histogram, held_out: &'a Histogram) -> Self {
        let total = |histogram: &Histogram| histogram.totals().iter().sum::<usize>() as f64;
        // Without any, no bar has a height.
        let weight = total(scores) / total(held_out).max(1.0);
        let line = (0..held_out.bins.len()).map(|bin| held_out.bins[bin].iter().sum());
        let line = line.max().unwrap_or(0usize) as f64 * weight;
        Self {
            bins,
            scores,
            held_out,
            weight,
            counts: CountAxis::up_to(line.max(scores.most() as f64)),
        }
    }

    fn y(&self, count: f64) -> f64 {
        // A little room above the highest bar.
        BOTTOM - (BOTTOM - TOP) * 0.96 * self.counts.share(count)
    }

    /// Left end and width of a bin's bar.
    fn place(&self, bin: usize) -> [f64; 2] {
        let width = PLOT / self.bins.count as f64;
        [LEFT + width * bin as f64, width]
    }

    pub fn draw(&self, out: &mut Markup, score: &str) {
        self.draw_axes(out, score);
        for (bin, counts) in self.scores.bins.iter().enumerate() {
            let [from, to] = [bin, bin + 1].map(|bin| number(self.bins.start(bin)));
            self.draw_bar(out, self.place(bin), *counts, &format!("{from} to {to}"));
        }
        let [low, high] = [LEFT - GAP - BEYOND, LEFT + PLOT + GAP];
        let words = format!("below {}", number(self.bins.low()));
        self.draw_bar(out, [low, BEYOND], self.scores.below, &words);
        let words = format!("above {}", number(self.bins.high()));
        self.draw_bar(out, [high, BEYOND], self.scores.above, &words);
        self.draw_held_out(out);
        out.path(&[[LEFT, BOTTOM], [LEFT + PLOT, BOTTOM]], INK, 1.0, "");
    }

    /// A bar of those that are not flagged and one of those that are, side by side where a bin has both.
    fn draw_bar(&self, out: &mut Markup, [left, width]: [f64; 2], counts: [usize; 2], range: &str) {
        let both = counts.iter().all(|count| *count > 0);
        let (width, shift) = match both {
            true => (width / 2.0, width / 2.0),
            false => (width, 0.0),
        };
        for (side, (count, fill)) in counts.into_iter().zip([NORMAL, FLAGGED]).enumerate() {
            if count > 0 {
                let top = self.y(count as f64);
                let corner = [left + shift * side as f64 + 0.3, top];
                let hint = format!("{}, {range}", counted(count, "example"));
                out.rectangle(corner, [width - 0.6, BOTTOM - top], fill, &hint);
            }
        }
    }

    fn draw_held_out(&self, out: &mut Markup) {
        let height =
            |counts: &[usize; 2]| self.y(self.weight * counts.iter().sum::<usize>() as f64);
        if self.held_out.totals() == [0; 2] {
            return;
        }
        let mut outline = vec![[LEFT, BOTTOM]];
        for (bin, counts) in self.held_out.bins.iter().enumerate() {
            let ([left, width], y) = (self.place(bin), height(counts));
            outline.extend([[left, y], [left + width, y]]);
        }
        outline.push([LEFT + PLOT, BOTTOM]);
        out.path(&outline, HELD_OUT, 1.2, "");
        let [low, high] = [LEFT - GAP - BEYOND, LEFT + PLOT + GAP];
        for (left, counts) in [(low, self.held_out.below), (high, self.held_out.above)] {
            if counts != [0; 2] {
                let (y, right) = (height(&counts), left + BEYOND);
                let outline = [[left, BOTTOM], [left, y], [right, y], [right, BOTTOM]];
                out.path(&outline, HELD_OUT, 1.2, "");
            }
        }
    }

    fn draw_axes(&self, out: &mut Markup, score: &str) {
        let beyond = [self.scores, self.held_out].map(|histogram| histogram.below != [0; 2]);
        let labels = match beyond.contains(&true) {
            true => LEFT - GAP - BEYOND - 6.0,
            false => LEFT - 6.0,
        };
        for value in self.counts.ticks() {
            let y = self.y(value);
            out.path(&[[LEFT, y], [LEFT + PLOT, y]], GRID, 1.0, "");
            let text = count(value as usize);
            out.text([labels, y + 4.0], Anchor::End, FAINT, "", &text);
        }
        let place = [LEFT, TOP - 6.0];
        out.text(place, Anchor::Start, FAINT, "", self.counts.name());
        for (value, text) in ticks(self.bins.low(), self.bins.high()) {
            let x = LEFT + PLOT * self.bins.share(value).clamp(0.0, 1.0);
            out.path(&[[x, BOTTOM], [x, BOTTOM + 5.0]], INK, 1.0, "");
            out.text([x, BOTTOM + 18.0], Anchor::Middle, INK, "", &text);
        }
        let place = [LEFT + PLOT / 2.0, BOTTOM + 38.0];
        out.text(place, Anchor::Middle, FAINT, "", score);
    }
}
