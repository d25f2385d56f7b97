//! What is drawn, and the whole picture.

use super::chart::Chart;
use super::histogram::{Bins, Histogram};
use super::layout::{BOTTOM, LINE, MARGIN, TOP, WIDTH, x};
use super::markup::{Anchor, FAINT, INK, Markup, cut, escaped};
use super::strangest::StrangeExample;
use super::{legend, strangest};
use crate::terminal::{count, counted};

/// The most examples that have a bar of their own.
const MOST_STRANGEST: usize = 20;

/// A picture of scores, of which higher ones are stranger: their histogram, and the strangest examples as bars on the same axis.
///
/// Text is of any script and any length. Counts are on a logarithmic scale where there are many, so that few flagged examples beside
/// them are seen. Scores far from all others are counted at the end of the axis, which says so; scores that are not finite are left out.
///
/// ```
/// use latentia_cli::figures::{ScoresFigure, StrangeExample};
///
/// let figure = ScoresFigure {
///     model: "wine.safetensors",
///     data: "wine.csv",
///     score: "score in nats",
///     scores: &[0.1, 0.3, 0.2, 4.5],
///     held_out: &[0.1, 0.2, 0.4],
///     threshold: Some((3.0, "false alarm 1 %")),
///     strangest: &[StrangeExample {
///         name: "bottle <17>".into(),
///         score: 4.5,
///         reasons: vec![("proline 1,480, expected 690 ± 110".into(), 0.61)],
///     }],
/// };
/// let svg = figure.svg();
/// assert!(svg.starts_with("<svg") && svg.contains("bottle &lt;17&gt;"));
/// assert!(svg.contains("1 example at or above it: flagged"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ScoresFigure<'a> {
    /// What made the scores.
    pub model: &'a str,
    /// What has these scores.
    pub data: &'a str,
    /// Name of the score, with its unit.
    pub score: &'a str,
    /// A score for each example, in any order.
    pub scores: &'a [f64],
    /// Scores of training examples that were held out, in any order; empty where there are none.
    pub held_out: &'a [f64],
    /// Score from which on examples are flagged, those of this very score too, and where it comes from.
    pub threshold: Option<(f64, &'a str)>,
    /// The strangest examples, the first first; no more than 20 of them are drawn.
    pub strangest: &'a [StrangeExample],
}

impl ScoresFigure<'_> {
    /// The picture as SVG, which needs no other file: it has no scripts, and the reader's own letters.
    pub fn svg(&self) -> String {
        let threshold = self.threshold.map(|(value, _)| value);
        let bins = Bins::around(self.scores, self.held_out, threshold);
        let [scores, held_out] = [self.scores, self.held_out].map(|scores| bins.histogram(scores));
        let chart = Chart::new(&bins, &scores, &held_out);
        let strangest = &self.strangest[..self.strangest.len().min(MOST_STRANGEST)];
        let mut out = Markup::default();
        self.draw_head(&mut out, &scores);
        chart.draw(&mut out, &cut(self.score, 400.0));
        legend::draw(&mut out, &chart, self.threshold, self.scores);

        let head = BOTTOM + 76.0;
        let first = head + 10.0;
        let end = first + LINE * strangest.len() as f64;
        if !strangest.is_empty() {
            let words = match strangest.len() {
                1 => "The strangest example".into(),
                many => format!("The {many} strangest examples"),
            };
            out.text(
                [MARGIN, head],
                Anchor::Start,
                INK,
                " font-weight=\"600\"",
                &words,
            );
            strangest::draw(&mut out, strangest, &bins, first);
        }
        if let Some(threshold) = threshold.filter(|x| (0.0..=1.0).contains(&bins.share(*x))) {
            let x = x(&bins, threshold);
            out.path(&[[x, TOP], [x, BOTTOM]], INK, 1.4, legend::DASHES);
            if !strangest.is_empty() {
                out.path(&[[x, first], [x, end]], INK, 1.4, legend::DASHES);
            }
        }
        let height = match strangest.is_empty() {
            true => BOTTOM + 38.0 + MARGIN,
            false => end + MARGIN,
        };
        out.finish([WIDTH, height], &self.title())
    }

    /// The picture in a page of its own.
    pub fn html(&self) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n\
             <style>body {{ margin: 1em; background: #ffffff }} svg {{ max-width: 100%; height: auto }}</style>\n\
             </head>\n<body>\n{}</body>\n</html>\n",
            escaped(&self.title()),
            self.svg()
        )
    }

    fn title(&self) -> String {
        let [data, model] = [self.data, self.model].map(|name| cut(name, 440.0));
        format!("Scores of {data} by {model}")
    }

    fn draw_head(&self, out: &mut Markup, scores: &Histogram) {
        let [normal, flagged] = scores.totals();
        let style = " font-size=\"17\" font-weight=\"600\"";
        // Its letters are larger.
        let title = cut(&self.title(), (WIDTH - 2.0 * MARGIN) / 1.45);
        out.text([MARGIN, 32.0], Anchor::Start, INK, style, &title);
        let all = normal + flagged;
        let mut words = counted(all, "example");
        if self.threshold.is_some() && all > 0 {
            let share = 100.0 * flagged as f64 / all as f64;
            let verb = if flagged == 1 { "is" } else { "are" };
            let flagged = count(flagged);
            words.push_str(&format!(
                ", of which {flagged} ({share:.2} %) {verb} flagged"
            ));
        }
        out.text([MARGIN, 54.0], Anchor::Start, FAINT, "", &words);
    }
}
