//! Text on a picture, in letters of 8 x 8 pixels, twice enlarged.

use font8x8::UnicodeFonts;
use font8x8::unicode::{BasicFonts, GreekFonts, LatinFonts};

use super::picture::Picture;

/// Pixels of the picture along one of a letter.
const SCALE: usize = 2;

/// Height and width of a letter, in pixels of the picture.
pub(super) const LETTER: usize = SMALL * SCALE;

/// The same of a letter of a caption.
pub(super) const SMALL: usize = 8;

/// The rows of a letter, the pixel to the left in the lowest bit; `?` for one that the font does not have.
fn letter(c: char) -> [u8; 8] {
    let known = BasicFonts::new().get(c);
    let known = known.or_else(|| LatinFonts::new().get(c));
    let known = known.or_else(|| GreekFonts::new().get(c));
    known
        .or_else(|| BasicFonts::new().get('?'))
        .unwrap_or_default()
}

/// `text` in at most `letters` letters, the last two of them dots where there are more.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    let text = text.replace('…', "..");
    match text.chars().count() > letters {
        true => text
            .chars()
            .take(letters.saturating_sub(2))
            .chain("..".chars())
            .collect(),
        false => text,
    }
}

impl Picture {
    /// Writes `text` in one line, to the right and below of a corner.
    pub(super) fn write_text(&mut self, corner: [usize; 2], text: &str, colour: [u8; 3]) {
        self.letters(corner, text, colour, SCALE);
    }

    /// Writes a title in one line that is `width` wide or narrower: in smaller letters or shortened where it must.
    pub(super) fn write_title(
        &mut self,
        corner: [usize; 2],
        text: &str,
        width: usize,
        colour: [u8; 3],
    ) {
        match text.chars().count() * LETTER <= width {
            true => self.write_text(corner, text, colour),
            false => self.write_caption(corner, &shortened(text, width / SMALL), colour),
        }
    }

    /// Writes `text` in letters as small as they are drawn, [`SMALL`] high and wide.
    pub(super) fn write_caption(&mut self, corner: [usize; 2], text: &str, colour: [u8; 3]) {
        self.letters(corner, text, colour, 1);
    }

    fn letters(&mut self, [x, y]: [usize; 2], text: &str, colour: [u8; 3], scale: usize) {
        for (place, c) in text.chars().enumerate() {
            for (row, bits) in letter(c).into_iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let place = place * SMALL * scale;
                    let corner = [x + place + column * scale, y + row * scale];
                    self.fill(corner, [scale, scale], colour);
                }
            }
        }
    }
}
