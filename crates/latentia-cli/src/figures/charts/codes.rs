//! Codes as points.

use std::collections::BTreeMap;

use kuva::plot::ScatterPlot;
use kuva::render::layout::Layout;
use kuva::render::palette::Palette;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use latentia_tensor::MatrixRef;

use super::chart::Chart;
use super::words::{hint, words};

/// Classes with a colour of their own; the others share a grey.
const MOST_CLASSES: usize = 10;
const OTHERS: &str = "#bbbbbb";

/// Draws codes as points, coloured by class where there are `classes`; `names` are shown where points are pointed at.
///
/// # Shapes
/// `points`: `[examples, 2]`, of which those that are not finite are left out. `classes`: the name of each example's class, and
/// `names`: its own name, one an example, or none at all.
pub fn codes(
    title: &str,
    axes: &[String; 2],
    points: MatrixRef<'_>,
    classes: &[String],
    names: &[String],
) -> Chart {
    let groups = groups(points.rows(), classes);
    let palette = Palette::category10();
    let plots = groups.iter().enumerate().map(|(group, (name, rows))| {
        let is_finite = |row: &&usize| points.row(**row).iter().all(|x| x.is_finite());
        let rows = || rows.iter().filter(is_finite);
        let place = |&row: &usize| (points.row(row)[0], points.row(row)[1]);
        let colour = palette.colors().get(group).filter(|_| group < MOST_CLASSES);
        let scatter = ScatterPlot::new()
            .with_data(rows().map(place).collect::<Vec<_>>())
            .with_color(colour.map_or(OTHERS, String::as_str))
            .with_size(2.0)
            .with_marker_opacity(0.7);
        let scatter = match names {
            [] => scatter,
            names => scatter.with_tooltip_labels(rows().map(|&row| hint(&names[row]))),
        };
        Plot::Scatter(match name.as_str() {
            "" => scatter,
            name => scatter.with_legend(words(name, 24)),
        })
    });
    let mut plots: Vec<Plot> = plots.collect();
    if plots.len() > MOST_CLASSES {
        // Behind the others.
        plots.rotate_right(1);
    }
    let layout = Layout::auto_from_plots(&plots)
        .with_title(words(title, 70))
        .with_x_label(words(&axes[0], 60))
        .with_y_label(words(&axes[1], 60))
        .with_width(800.0)
        .with_height(680.0);
    Chart::new(title, render_multiple(plots, layout))
}

/// The rows of each class, in the order of their names, those of the most frequent classes first; all rows under no name without classes.
fn groups(rows: usize, classes: &[String]) -> Vec<(String, Vec<usize>)> {
    if classes.is_empty() {
        return vec![(String::new(), (0..rows).collect())];
    }
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, class) in classes.iter().enumerate() {
        groups.entry(class).or_default().push(row);
    }
    let mut sizes: Vec<usize> = groups.values().map(Vec::len).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let least = sizes.get(MOST_CLASSES).map_or(1, |size| size + 1);
    let (own, others): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| group.1.len() >= least);
    let mut groups: Vec<_> = own
        .into_iter()
        .map(|(name, rows)| (name.to_owned(), rows))
        .collect();
    groups.sort_by_key(|group| (group.0.parse::<u64>().ok(), group.0.clone()));
    if !others.is_empty() {
        let name = format!("{} other classes", others.len());
        groups.push((name, others.into_iter().flat_map(|group| group.1).collect()));
    }
    groups
}
