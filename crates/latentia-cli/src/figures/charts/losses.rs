//! The losses of a training run.

use kuva::plot::LinePlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use latentia_models::Epoch;

use super::chart::Chart;
use super::words::words;

/// Blue and vermilion of Okabe and Ito, which are told apart without colour vision too.
const COLOURS: [&str; 2] = ["#0072b2", "#d55e00"];

/// Draws the losses of `history` over its epochs, in `unit`; `run` names what was trained on what. The loss is on a logarithmic scale
/// where it is positive and falls to less than a third.
pub fn losses(run: &str, history: &[Epoch], unit: &str) -> Chart {
    let training: fn(&Epoch) -> Option<f64> = |epoch| Some(epoch.train_loss);
    let lines = [
        ("training", training),
        ("validation", |epoch| epoch.validation_loss),
    ];
    let lines = lines.map(|(name, loss)| {
        let points = history
            .iter()
            .filter_map(|epoch| Some((f64::from(epoch.epoch), loss(epoch)?)));
        let points: Vec<(f64, f64)> = points.filter(|point| point.1.is_finite()).collect();
        (name, points)
    });
    let all = || lines.iter().flat_map(|line| &line.1).map(|point| point.1);
    let least = all().fold(f64::INFINITY, f64::min);
    let most = all().fold(f64::NEG_INFINITY, f64::max);
    let is_logarithmic = least > 0.0 && most > 3.0 * least;
    let plots = lines.into_iter().zip(COLOURS);
    let plots = plots.filter(|((_, points), _)| !points.is_empty());
    let plots = plots.map(|((name, points), colour)| {
        // A single epoch makes no line.
        let first = points[0];
        let points = match points.len() {
            1 => vec![(first.0 - 0.5, first.1), (first.0 + 0.5, first.1)],
            _ => points,
        };
        let line = LinePlot::new().with_data(points).with_color(colour);
        Plot::Line(line.with_legend(name))
    });
    let plots: Vec<Plot> = plots.collect();
    let title = format!("Loss of {run}");
    let layout = Layout::auto_from_plots(&plots)
        .with_title(words(&title, 60))
        .with_x_label("epoch")
        .with_y_label(words(unit, 40))
        .with_width(720.0)
        .with_height(420.0);
    let layout = match is_logarithmic {
        true => layout.with_log_y(),
        false => layout,
    };
    Chart::new(&title, render_multiple(plots, layout))
}
