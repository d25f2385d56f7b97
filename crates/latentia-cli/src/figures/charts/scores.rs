//! Scores: their histogram, and the strangest examples.

use kuva::plot::{
    Histogram as Bars, LegendEntry, LegendPosition, LegendShape, LinePlot, ScatterPlot,
};
use kuva::render::annotations::ReferenceLine;
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::chart::Chart;
use super::histogram::{Bins, Histogram};
use super::words::{hint, words};
use crate::terminal::{count, counted, number};

/// The most examples that have a line of their own.
const MOST_STRANGEST: usize = 20;

/// The count from which on few examples beside many would not be seen.
const MANY: usize = 30;

const NORMAL: &str = "#6f9bc8";
const FLAGGED: &str = "#d05818";
const HELD_OUT: &str = "#444444";
const DASHES: &str = "5 3";

/// Width of a panel, of what stands to the left and to the right of its axes, and the height of the histogram.
const WIDTH: f64 = 1060.0;
const WORDS: f64 = 480.0;
const RIGHT: f64 = 30.0;
const HEIGHT: f64 = 330.0;
/// Height of an example's line, and of what stands around them.
const LINE: f64 = 20.0;
const AROUND: f64 = 110.0;
/// Letters to the left of the axes.
const COLUMNS: usize = 68;

/// Scores, of which higher ones are stranger: their histogram, and the strangest examples as points over the same axis.
///
/// Counts are on a logarithmic scale where there are many, so that few flagged examples beside them are seen. Scores far from all others
/// are beyond the axis, which is said; scores that are not finite are left out.
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
/// let svg = figure.chart().svg();
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

/// An example that has a line of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct StrangeExample {
    /// What it is known by.
    pub name: String,
    /// Its score.
    pub score: f64,
    /// In words what did it, and its share of the score from 0 to 1, the largest first. The first is drawn, all are shown where the
    /// point is pointed at.
    pub reasons: Vec<(String, f64)>,
}

impl ScoresFigure<'_> {
    /// Draws it.
    pub fn chart(&self) -> Chart {
        let threshold = self.threshold.map(|(value, _)| value);
        let bins = Bins::around(self.scores, self.held_out, threshold);
        let title = format!("Scores of {} by {}", self.data, self.model);
        let (bars, layout) = self.histogram(&bins);
        let mut panels = (
            vec![bars],
            vec![layout.with_title(words(&title, 60)).with_title_size(16)],
        );
        let strangest = &self.strangest[..self.strangest.len().min(MOST_STRANGEST)];
        if !strangest.is_empty() {
            let (points, layout) = self.lines(strangest, &bins);
            panels.0.push(points);
            panels.1.push(layout);
        }
        let figure = Figure::new(panels.0.len(), 1)
            .with_cell_size(WIDTH, HEIGHT)
            .with_row_height(1, AROUND + LINE * strangest.len() as f64)
            .with_plots(panels.0)
            .with_layouts(panels.1);
        Chart::new(&title, figure.render())
    }

    fn histogram(&self, bins: &Bins) -> (Vec<Plot>, Layout) {
        let [scores, held_out] = [self.scores, self.held_out].map(|all| bins.histogram(all));
        let total = |histogram: &Histogram| histogram.totals().iter().sum::<usize>();
        let edges: Vec<f64> = (0..=bins.count).map(|bin| bins.start(bin)).collect();
        let bars = [NORMAL, FLAGGED].into_iter().enumerate();
        let bars = bars.map(|(side, colour)| {
            let counts = scores.bins.iter().map(|bin| bin[side]);
            let hints = counts.clone().enumerate().map(|(bin, examples)| {
                let [from, to] = [bin, bin + 1].map(|bin| number(bins.start(bin)));
                format!("{}, {from} to {to}", counted(examples, "example"))
            });
            let counts = counts.map(|count| count as f64).collect();
            let bars = Bars::from_bins(edges.clone(), counts).with_color(colour);
            Plot::Histogram(bars.with_tooltip_labels(hints))
        });
        let mut plots: Vec<Plot> = bars.collect();
        let mut most = scores.most() as f64;
        if total(&held_out) > 0 {
            // As many as there are scores.
            let weight = total(&scores) as f64 / total(&held_out) as f64;
            let heights = held_out.bins.iter();
            let heights = heights.map(|bin| weight * bin.iter().sum::<usize>() as f64);
            let corners = heights.enumerate().flat_map(|(bin, height)| {
                most = most.max(height);
                [(edges[bin], height), (edges[bin + 1], height)]
            });
            let line = LinePlot::new().with_data(corners.collect::<Vec<_>>());
            let line = line.with_color(HELD_OUT).with_stroke_width(1.5);
            plots.push(Plot::Line(line));
        }
        let is_logarithmic = most > MANY as f64;
        let mut layout = Layout::auto_from_plots(&plots);
        // Round numbers, as over the points below, not the ends of bars.
        layout.x_bin_width = None;
        let layout = layout
            .with_subtitle(words(&self.counts(&scores), 90))
            .with_y_label(if is_logarithmic {
                "examples, log scale"
            } else {
                "examples"
            })
            .with_y_axis_min(if is_logarithmic { 0.5 } else { 0.0 })
            .with_y_axis_max(if is_logarithmic {
                2.0 * most
            } else {
                1.05 * most.max(1.0)
            })
            .with_legend_entries(self.legend(&scores, &held_out, bins))
            .with_legend_position(LegendPosition::Custom(20.0, 70.0))
            .with_legend_box(false);
        let layout = match is_logarithmic {
            true => layout.with_log_y(),
            false => layout,
        };
        (plots, self.over_scores(layout, bins))
    }

    /// The axis of scores, and the threshold where it is on it.
    fn over_scores(&self, layout: Layout, bins: &Bins) -> Layout {
        let layout = layout
            .with_x_label(words(self.score, 60))
            .with_x_axis_min(bins.low())
            .with_x_axis_max(bins.high())
            .with_force_margins(WORDS, RIGHT);
        match self.threshold {
            Some((value, _)) if bins.is_shown(value) => {
                let line = ReferenceLine::vertical(value).with_color("black");
                layout.with_reference_line(line.with_dasharray(DASHES))
            }
            _ => layout,
        }
    }

    /// The strangest examples: words to the left, points over the axis; what is beyond it at its end, as a triangle.
    fn lines(&self, examples: &[StrangeExample], bins: &Bins) -> (Vec<Plot>, Layout) {
        let kinds = [(false, NORMAL), (true, FLAGGED)];
        let plots = kinds.map(|(flagged, colour)| {
            let own = || {
                let lines = examples.iter().enumerate();
                lines.filter(move |(_, example)| bins.is_flagged(example.score) == flagged)
            };
            let places = own().map(|(line, example)| {
                let score = match example.score.is_nan() {
                    true => bins.low(),
                    false => example.score.clamp(bins.low(), bins.high()),
                };
                (score, (examples.len() - line) as f64)
            });
            let points = ScatterPlot::new().with_data(places.collect::<Vec<_>>());
            let points = points.with_color(colour).with_size(5.0);
            Plot::Scatter(points.with_tooltip_labels(own().map(|(_, example)| example.hint())))
        });
        let plots = Vec::from(plots);
        let names = examples.iter().rev().map(StrangeExample::line);
        let title = match examples.len() {
            1 => "The strangest example".into(),
            many => format!("The {many} strangest examples"),
        };
        let layout = Layout::auto_from_plots(&plots)
            .with_title(title)
            .with_title_size(15)
            .with_y_categories(names.collect())
            .with_y_axis_min(0.5)
            .with_y_axis_max(examples.len() as f64 + 0.5);
        (plots, self.over_scores(layout, bins))
    }

    /// How many examples there are, and how many of them are flagged.
    fn counts(&self, scores: &Histogram) -> String {
        let [normal, flagged] = scores.totals();
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
        words
    }

    /// What of the scores is not drawn.
    fn left_out(&self, scores: &Histogram) -> Vec<String> {
        let finite = || {
            self.scores
                .iter()
                .copied()
                .filter(|score| score.is_finite())
        };
        let least = finite().fold(f64::INFINITY, f64::min);
        let most = finite().fold(f64::NEG_INFINITY, f64::max);
        let sides = [(scores.below, "down", least), (scores.above, "up", most)];
        let beyond = sides.into_iter().filter(|side| side.0 != [0; 2]);
        let beyond = beyond.map(|(counts, direction, extreme)| {
            let examples = counted(counts.iter().sum(), "example");
            let extreme = number(extreme);
            format!("{examples} beyond the axis, {direction} to {extreme}")
        });
        let not_finite = (scores.not_finite > 0).then(|| {
            let scores = counted(scores.not_finite, "score");
            format!("left out as not finite: {scores}")
        });
        beyond.chain(not_finite).collect()
    }

    fn legend(&self, scores: &Histogram, held_out: &Histogram, bins: &Bins) -> Vec<LegendEntry> {
        let entry = |label: String, colour: &str, shape, dashes: Option<&str>| LegendEntry {
            label: words(&label, COLUMNS),
            color: colour.into(),
            shape,
            dasharray: dashes.map(String::from),
        };
        let [normal, flagged] = scores.totals();
        let [normal, held] = [normal, held_out.totals().iter().sum()];
        let mut entries = Vec::new();
        match self.threshold {
            None => {
                let label = counted(normal, "example");
                entries.push(entry(label, NORMAL, LegendShape::Rect, None));
            }
            Some((value, words)) => {
                let label = format!("{} below the threshold", counted(normal, "example"));
                entries.push(entry(label, NORMAL, LegendShape::Rect, None));
                let label = format!("{} at or above it: flagged", counted(flagged, "example"));
                entries.push(entry(label, FLAGGED, LegendShape::Rect, None));
                let beyond = if bins.is_shown(value) {
                    ""
                } else {
                    ", beyond the axis"
                };
                let separator = if words.is_empty() { "" } else { ": " };
                let value = number(value);
                let label = format!("threshold {value}{beyond}{separator}{words}");
                entries.push(entry(label, "black", LegendShape::Line, Some(DASHES)));
            }
        }
        if held > 0 {
            let label = counted(held, "held-out training example");
            let label = match held == normal + flagged {
                true => label,
                false => format!("{label}, scaled to {}", count(normal + flagged)),
            };
            entries.push(entry(label, HELD_OUT, LegendShape::Line, None));
        }
        let left_out = self.left_out(scores).into_iter();
        entries.extend(left_out.map(|label| entry(label, "none", LegendShape::Rect, None)));
        entries
    }
}

impl StrangeExample {
    /// Name, score and first reason, in a line.
    fn line(&self) -> String {
        let reason = self
            .reasons
            .first()
            .map_or(String::new(), |(reason, share)| {
                // The share first: words of a script that is written to the left would move it.
                format!(" · {} {reason}", percent(*share))
            });
        words(
            &format!("{} · {}{reason}", self.name, number(self.score)),
            COLUMNS,
        )
    }

    /// Name, score and all reasons.
    fn hint(&self) -> String {
        let reasons = self.reasons.iter();
        let reasons = reasons.map(|(reason, share)| format!("\n{} {reason}", percent(*share)));
        let score = number(self.score);
        hint(&format!(
            "{}: {score}{}",
            self.name,
            reasons.collect::<String>()
        ))
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}
