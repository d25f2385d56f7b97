//! Columns of text, and a bar for each line.

use super::picture::Picture;
use super::text::{LETTER, shortened};

const PAPER: [u8; 3] = [255; 3];
const INK: [u8; 3] = [24; 3];
const FAINT: [u8; 3] = [120; 3];
const BAR: [u8; 3] = [208, 88, 24];

/// From one line of text to the next, in pixels.
const LINE: usize = LETTER * 3 / 2;
/// Around everything.
const MARGIN: usize = LETTER;
/// Length of the longest bar.
const LONGEST: usize = 15 * LETTER;
/// The most letters of a cell.
const LETTERS: usize = 28;
/// The most letters of a line across the picture.
const LONG_LINE: usize = 100;

/// A line of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct BarLine {
    /// What stands before its bar, the first to the left, the others to the right.
    pub cells: Vec<String>,
    /// Length of the bar as a share of the longest, from 0 to 1.
    pub share: f64,
}

/// Draws `lines` below a `title` and the heads of their columns, and a last line of text where there is one.
pub fn bars(title: &str, heads: &[&str], lines: &[BarLine], last: &str) -> Picture {
    let [title, last] = [title, last].map(|line| shortened(line, LONG_LINE));
    let cells = |line: &BarLine| -> Vec<String> {
        let cells = line.cells.iter();
        cells.map(|cell| shortened(cell, LETTERS)).collect()
    };
    let head: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let rows: Vec<Vec<String>> = [head].into_iter().chain(lines.iter().map(cells)).collect();
    let letters = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(letters).collect();
    // Two letters stand between columns, and before the bars.
    let text: usize = widths.iter().map(|width| width + 2).sum();
    let across = title.chars().count().max(last.chars().count()) * LETTER;
    let width = 2 * MARGIN + (text * LETTER + LONGEST).max(across);
    let more = usize::from(!last.is_empty());
    let height = 2 * MARGIN + (rows.len() + 1 + more) * LINE + LINE / 2;
    let mut picture = Picture::blank(width, height, PAPER);
    picture.write_text([MARGIN, MARGIN], &title, INK);
    let top = MARGIN + LINE + LINE / 2;
    for (number, row) in rows.iter().enumerate() {
        let y = top + number * LINE;
        let colour = if number == 0 { FAINT } else { INK };
        let mut start = 0;
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let free = match column {
                0 => 0,
                _ => width - cell.chars().count(),
            };
            picture.write_text([MARGIN + (start + free) * LETTER, y], cell, colour);
            start += width + 2;
        }
        if let Some(line) = number.checked_sub(1).and_then(|line| lines.get(line)) {
            let length = (line.share.clamp(0.0, 1.0) * LONGEST as f64).round() as usize;
            picture.fill([MARGIN + text * LETTER, y], [length, LETTER - 2], BAR);
        }
    }
    picture.write_text([MARGIN, top + rows.len() * LINE], &last, FAINT);
    picture
}
