//! Progress bars.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::quantity::count;
use super::streams::is_quiet;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(200);

/// Shows how many of `examples` examples are done, as it is told: a bar on a terminal, nothing elsewhere.
pub fn examples_bar(what: &'static str, examples: usize) -> impl FnMut(u64) {
    let bar = bar(1, examples);
    move |done| {
        let Some(bar) = &bar else { return };
        bar.set_position(done);
        let all = examples as u64;
        match done < all {
            true => bar.set_message(format!(
                "{what}: {} of {}",
                count(done as usize),
                count(examples)
            )),
            false => bar.finish_and_clear(),
        }
    }
}

/// A bar over `epochs` passes of `examples` examples, where stderr is a terminal that can draw one.
pub fn bar(epochs: u32, examples: usize) -> Option<ProgressBar> {
    let total = u64::from(epochs) * examples as u64;
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    // A template of ours cannot fail.
    let style = ProgressStyle::with_template("[{bar:10}] {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    // One byte a character: without tables of widths, the terminal's columns are counted by bytes.
    let bar = bar.with_style(style.progress_chars("=> "));
    is_drawn(&bar).then_some(bar)
}

/// Whether a terminal shows `bar`, and the user wants it to.
fn is_drawn(bar: &ProgressBar) -> bool {
    !bar.is_hidden() && io::stderr().is_terminal() && !is_quiet()
}

/// Shows for how long `work` has gone on, on a terminal, where nobody knows how much of it is done.
pub fn waiting<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    let bar = ProgressBar::new_spinner().with_message(what);
    // A template of ours cannot fail.
    let style = ProgressStyle::with_template("{spinner} {msg}, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = bar.with_style(style);
    let shown = is_drawn(&bar).then_some(bar);
    if let Some(bar) = &shown {
        bar.enable_steady_tick(TICK);
    }
    let done = work();
    if let Some(bar) = shown {
        bar.finish_and_clear();
    }
    done
}
