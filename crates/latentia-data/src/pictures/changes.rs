//! What is done to pictures so that they become examples.

use std::collections::BTreeSet;

use latentia_tensor::Fit;

use super::header::Header;
use super::target::Target;
use crate::error::grouped;

/// How many pictures are not what they were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Height and width of those of another size.
    sizes: BTreeSet<(u32, u32)>,
    resized: u64,
    stretched: u64,
    cut: u64,
    /// Those that were in colour and are grey.
    greyed: u64,
    /// Those that were grey and have three channels.
    coloured: u64,
    /// Those that are resized or of other colours.
    changed: u64,
    transparent: u64,
    deep: u64,
    /// Those of several frames, or pages.
    moving: u64,
    /// The first that is changed in any way.
    pub(crate) first: Option<String>,
}

impl Changes {
    /// Counts the picture called `name`.
    pub(crate) fn count(
        &mut self,
        name: &str,
        (header, target): (&Header, Target),
        is_transparent: bool,
    ) {
        let (height, width) = header.size();
        let (to_height, to_width) = (target.height as u32, target.width as u32);
        let resized = (height, width) != (to_height, to_width);
        let scale = |from: u32, to: u32| u64::from(from) * u64::from(to);
        let other_ratio = scale(width, to_height) != scale(height, to_width);
        let (greyed, coloured) = (target.grey && !header.grey, !target.grey && header.grey);
        let changed = resized || greyed || coloured;
        if resized {
            self.sizes.insert((height, width));
        }
        self.resized += u64::from(resized);
        match target.preparation.fit {
            Fit::Stretch => self.stretched += u64::from(other_ratio),
            _ => self.cut += u64::from(other_ratio),
        }
        self.greyed += u64::from(greyed);
        self.coloured += u64::from(coloured);
        self.changed += u64::from(changed);
        self.transparent += u64::from(is_transparent);
        self.deep += u64::from(header.deep);
        self.moving += u64::from(header.more_frames);
        let is_other = changed || is_transparent || header.deep || header.more_frames;
        if is_other && self.first.is_none() {
            self.first = Some(name.to_owned());
        }
    }

    /// A sentence for each kind of change.
    pub(crate) fn sentences(&self, target: Target) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.changed > 0 {
            sentences.push(self.shape_and_colours(target));
        }
        if self.transparent > 0 {
            let name = target.preparation.background.name();
            sentences.push(format!(
                "{}, in part transparent, laid on {name}",
                pictures(self.transparent)
            ));
        }
        if self.deep > 0 {
            sentences.push(format!(
                "{} of more than 8 bits a channel, rounded to 8",
                pictures(self.deep)
            ));
        }
        if self.moving > 0 {
            sentences.push(format!(
                "{} of several frames or pages, of which the first is taken",
                pictures(self.moving)
            ));
        }
        sentences
    }

    fn shape_and_colours(&self, target: Target) -> String {
        let (height, width) = (target.height, target.width);
        let size = |(height, width): &(u32, u32)| format!("{height}x{width}");
        let mut text = pictures(self.changed);
        let area = |&&(h, w): &&(u32, u32)| u64::from(h) * u64::from(w);
        let smallest = self.sizes.iter().min_by_key(area).map(size);
        let largest = self.sizes.iter().max_by_key(area).map(size);
        if let (Some(smallest), Some(largest)) = (smallest, largest) {
            text += &match self.sizes.len() {
                1 => format!(" of {smallest}"),
                count => format!(
                    " of {} sizes, {smallest} to {largest}",
                    grouped(count as u64)
                ),
            };
        }
        let of_all = |some: u64, what: &str| match some {
            0 => String::new(),
            some if some == self.changed => format!(" {what}"),
            some => format!(", {} {what}", grouped(some)),
        };
        text += &of_all(self.greyed, "in colour");
        text += &of_all(self.coloured, "in grey");
        text += ", made";
        if self.resized > 0 {
            text += &format!(" {height}x{width}");
        }
        if self.greyed > 0 {
            text += " grey";
        }
        if self.coloured > 0 {
            text += " colour";
        }
        if self.cut > 0 {
            text += ", cut around the centre";
        }
        if self.stretched > 0 {
            text += ", stretched";
        }
        text
    }
}

fn pictures(count: u64) -> String {
    match count {
        1 => "1 picture".into(),
        count => format!("{} pictures", grouped(count)),
    }
}
