//! The losses of a training run.

use kuva::plot::LinePlot;
use kuva::plot::line::LineStyle;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use latentia_models::Epoch;

use super::chart::Chart;
use super::words::words;

/// Colours of Okabe and Ito that lines are told apart by, without colour vision too; blue and vermilion first.
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

/// What further lines of a colour look like.
const STYLES: [LineStyle; 4] = [
    LineStyle::Solid,
    LineStyle::Dashed,
    LineStyle::Dotted,
    LineStyle::DashDot,
];

/// A name, and losses by their epochs.
type Curve<'a> = (&'a str, Vec<(f64, f64)>);

/// Draws the losses of `history` over its epochs, in `unit`; `run` names what was trained on what. The loss is on a logarithmic scale
/// where it is positive and falls to less than a third.
pub fn losses(run: &str, history: &[Epoch], unit: &str) -> Chart {
    let training: fn(&Epoch) -> Option<f64> = |epoch| Some(epoch.train_loss);
    let curves = [
        ("training", training),
        ("validation", |epoch| epoch.validation_loss),
    ];
    let curves = curves.map(|(name, loss)| (name, points(history, loss)));
    draw(&format!("Loss of {run}"), curves.to_vec(), unit)
}

/// Draws the losses of several runs over each other, likewise: those of validation, or those of training of a run without it.
pub fn losses_of(runs: &[(&str, &[Epoch])], unit: &str) -> Chart {
    let watched = |epoch: &Epoch| Some(epoch.validation_loss.unwrap_or(epoch.train_loss));
    let curves = runs
        .iter()
        .map(|(name, history)| (*name, points(history, watched)));
    draw(
        &format!("Loss of {} runs", runs.len()),
        curves.collect(),
        unit,
    )
}

fn points(history: &[Epoch], loss: impl Fn(&Epoch) -> Option<f64>) -> Vec<(f64, f64)> {
    let points = history
        .iter()
        .filter_map(|epoch| Some((f64::from(epoch.epoch), loss(epoch)?)));
    points.filter(|point| point.1.is_finite()).collect()
}

fn draw(title: &str, curves: Vec<Curve<'_>>, unit: &str) -> Chart {
    let all = || {
        curves
            .iter()
            .flat_map(|curve| &curve.1)
            .map(|point| point.1)
    };
    let least = all().fold(f64::INFINITY, f64::min);
    let most = all().fold(f64::NEG_INFINITY, f64::max);
    let is_logarithmic = least > 0.0 && most > 3.0 * least;
    // The names of runs stand beside them.
    let width = if curves.len() > 2 { 960.0 } else { 720.0 };
    let looks = STYLES
        .iter()
        .flat_map(|style| COLOURS.map(|colour| (style, colour)));
    let plots = curves.into_iter().zip(looks.cycle());
    let plots = plots.filter(|((_, points), _)| !points.is_empty());
    let plots = plots.map(|((name, points), (style, colour))| {
        // A single epoch makes no line.
        let first = points[0];
        let points = match points.len() {
            1 => vec![(first.0 - 0.5, first.1), (first.0 + 0.5, first.1)],
            _ => points,
        };
        let line = LinePlot::new().with_data(points).with_color(colour);
        let line = line.with_line_style(style.clone());
        Plot::Line(line.with_legend(words(name, 40)))
    });
    let plots: Vec<Plot> = plots.collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_title(words(title, 60))
        .with_x_label("epoch")
        .with_y_label(words(unit, 40))
        .with_width(width)
        .with_height(420.0);
    let layout = match is_logarithmic {
        true => layout.with_log_y(),
        false => layout,
    };
    Chart::new(title, render_multiple(plots, layout))
}
