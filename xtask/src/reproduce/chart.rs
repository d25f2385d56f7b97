//! A chart of quality over size, as SVG.

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

/// One line of the chart.
pub struct Line {
    pub name: &'static str,
    pub colour: &'static str,
    /// Bytes per image, and peak signal-to-noise ratio in decibels.
    pub points: Vec<(f64, f64)>,
}

/// Draws peak signal-to-noise ratio over bytes per image, on a logarithmic scale.
pub fn draw(lines: Vec<Line>) -> String {
    let plots = lines.into_iter().map(|line| {
        let plot = LinePlot::new().with_data(line.points);
        Plot::Line(plot.with_color(line.colour).with_legend(line.name))
    });
    let plots: Vec<Plot> = plots.collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_title("Quality of reconstructions over bytes")
        .with_x_label("bytes an image, logarithmic")
        .with_y_label("PSNR, dB")
        .with_log_x()
        .with_legend_position(LegendPosition::InsideTopLeft)
        .with_width(720.0)
        .with_height(440.0);
    kuva::render_to_svg(plots, layout)
}
