//! A chart of quality over size, as SVG.

use std::fmt::Write;

/// Width and height of the chart, and its margins.
const EXTENT: [f64; 2] = [640.0, 400.0];
const MARGIN: f64 = 50.0;

/// One line of the chart.
pub struct Line {
    pub name: &'static str,
    pub colour: &'static str,
    /// Bytes per image, and peak signal-to-noise ratio in decibels.
    pub points: Vec<(f64, f64)>,
}

/// Draws peak signal-to-noise ratio over bytes per image, on a logarithmic scale.
pub fn draw(lines: &[Line]) -> anyhow::Result<String> {
    let axes = Axes::around(lines);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        EXTENT[0], EXTENT[1]
    );
    axes.draw(&mut svg)?;
    for (row, line) in lines.iter().enumerate() {
        axes.draw_line(&mut svg, row, line)?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// The ranges of both axes.
struct Axes {
    /// Base-2 logarithms of the minimum and the maximum.
    bytes: [f64; 2],
    decibels: [f64; 2],
}

impl Axes {
    fn around(lines: &[Line]) -> Self {
        let range = |of: fn(&(f64, f64)) -> f64| {
            let values = lines.iter().flat_map(|line| &line.points).map(of);
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                [low.min(value), high.max(value)]
            })
        };
        let whole = |[low, high]: [f64; 2]| [low.floor(), high.ceil()];
        Self {
            bytes: whole(range(|point| point.0).map(f64::log2)),
            decibels: whole(range(|point| point.1)),
        }
    }

    fn x(&self, bytes: f64) -> f64 {
        let [first, last] = self.bytes;
        MARGIN + (bytes.log2() - first) / (last - first) * (EXTENT[0] - 2.0 * MARGIN)
    }

    fn y(&self, psnr: f64) -> f64 {
        let [low, high] = self.decibels;
        EXTENT[1] - MARGIN - (psnr - low) / (high - low) * (EXTENT[1] - 2.0 * MARGIN)
    }

    /// Draws the grid, its values and the names of the axes.
    fn draw(&self, svg: &mut String) -> anyhow::Result<()> {
        let bottom = EXTENT[1] - MARGIN;
        for exponent in self.bytes[0] as i32..=self.bytes[1] as i32 {
            let bytes = f64::from(exponent).exp2();
            let at = self.x(bytes);
            writeln!(
                svg,
                "<path d=\"M{at:.1} {MARGIN}V{bottom}\" stroke=\"#ddd\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{bytes}</text>",
                bottom + 18.0
            )?;
        }
        for psnr in self.decibels[0] as i32..=self.decibels[1] as i32 {
            let at = self.y(f64::from(psnr));
            writeln!(
                svg,
                "<path d=\"M{MARGIN} {at:.1}H{}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{psnr}</text>",
                EXTENT[0] - MARGIN,
                MARGIN - 6.0,
                at + 4.0
            )?;
        }
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">bytes an image</text><text x=\"{MARGIN}\" y=\"{}\">PSNR, dB</text>",
            EXTENT[0] / 2.0,
            EXTENT[1] - 10.0,
            MARGIN - 14.0
        )?;
        Ok(())
    }

    /// Draws a line, and its name in a row of the legend.
    fn draw_line(&self, svg: &mut String, row: usize, line: &Line) -> anyhow::Result<()> {
        let Line {
            name,
            colour,
            points,
        } = line;
        let points = points.iter();
        let path: Vec<String> = points
            .map(|&(bytes, psnr)| format!("{:.1} {:.1}", self.x(bytes), self.y(psnr)))
            .collect();
        writeln!(
            svg,
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join("L")
        )?;
        let at = MARGIN + 16.0 * row as f64 + 8.0;
        writeln!(
            svg,
            "<path d=\"M{} {at}h20\" stroke=\"{colour}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\">{name}</text>",
            EXTENT[0] - 220.0,
            EXTENT[0] - 194.0,
            at + 4.0
        )?;
        Ok(())
    }
}
