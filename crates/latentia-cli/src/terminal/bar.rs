//! Progress bars.

use std::env;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use latentia_models::ProgressObserver;

use super::quantity::{count, duration};
use super::streams::is_quiet;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(200);

/// How often a bar moves.
const FRAME: Duration = Duration::from_millis(100);

/// A bar over `epochs` passes of `examples` examples, where stderr is a terminal that can draw one.
pub fn bar(epochs: u32, examples: usize) -> Option<ProgressBar> {
    let total = u64::from(epochs) * examples as u64;
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let bar = bar.with_style(style("{bar:10} {wide_msg}"));
    is_drawn(&bar).then_some(bar)
}

/// Shows how far work has come, stage by stage: a bar with the rate and the time left on a terminal, of a stage without a known end for how
/// long it has gone on; nothing elsewhere.
pub struct StageBar {
    bar: Option<ProgressBar>,
    stage: Mutex<Stage>,
    done: AtomicU64,
}

/// What a bar shows.
struct Stage {
    what: String,
    /// Examples in all, 0 where that is not known.
    total: u64,
    begun: Instant,
    shown: Instant,
}

impl StageBar {
    /// A bar of a first stage, in which about so many examples will be read: 0 where that is not known.
    pub fn new(what: &str, examples: usize) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let bar = is_drawn(&bar).then_some(bar);
        if let Some(bar) = &bar {
            bar.enable_steady_tick(TICK);
        }
        let now = Instant::now();
        let own = Self {
            bar,
            stage: Mutex::new(Stage {
                what: String::new(),
                total: 0,
                begun: now,
                shown: now,
            }),
            done: AtomicU64::new(0),
        };
        own.on_stage(what, examples as u64);
        own
    }

    /// Shows that so many examples of the stage are done.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.show();
    }

    fn show(&self) {
        let (Some(bar), Ok(mut stage)) = (&self.bar, self.stage.try_lock()) else {
            return;
        };
        if stage.total > 0 && stage.shown.elapsed() >= FRAME {
            let done = self.done.load(Ordering::Relaxed).min(stage.total);
            bar.set_position(done);
            bar.set_message(stage.in_words(done));
            stage.shown = Instant::now();
        }
    }
}

impl Stage {
    fn in_words(&self, done: u64) -> String {
        let rate = done as f64 / self.begun.elapsed().as_secs_f64();
        format!(
            "{}  {} of {}  {} left  {} examples/s",
            self.what,
            count(done as usize),
            count(self.total as usize),
            duration((self.total - done) as f64 / rate.max(f64::MIN_POSITIVE)),
            count(rate as usize),
        )
    }
}

impl ProgressObserver for StageBar {
    fn on_stage(&self, what: &str, examples: u64) {
        let Some(bar) = &self.bar else { return };
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        self.done.store(0, Ordering::Relaxed);
        *stage = Stage {
            what: what.to_owned(),
            total: examples,
            begun: now,
            shown: now,
        };
        // Before the style, which would be drawn with the old one.
        bar.set_message(stage.what.clone());
        bar.set_style(style(match examples {
            0 => "{spinner} {msg}, {elapsed}",
            _ => "{bar:10} {wide_msg}",
        }));
        bar.set_length(examples);
        bar.set_position(0);
        bar.reset_elapsed();
    }

    fn on_examples(&self, examples: usize) {
        if self.bar.is_some() {
            self.done.fetch_add(examples as u64, Ordering::Relaxed);
            self.show();
        }
    }
}

impl Drop for StageBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Shows for how long `work` has gone on, on a terminal, where nobody knows how much of it is done.
pub fn waiting<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let _shown = StageBar::new(what, 0);
    work()
}

/// A bar of blocks, where the terminal has such characters.
fn style(template: &str) -> ProgressStyle {
    // A template of ours cannot fail.
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    match has_blocks() {
        true => style.progress_chars("█▉▊▋▌▍▎▏ "),
        false => style.progress_chars("=> ").tick_chars("|/-\\ "),
    }
}

/// Whether the terminal's characters are Unicode, as far as the environment says. On Windows, and without a locale, that of a console is.
fn has_blocks() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| env::var(name).unwrap_or_default());
    let locale = locale.into_iter().find(|own| !own.is_empty());
    locale.is_none_or(|own| own.to_lowercase().replace('-', "").contains("utf8"))
}

/// Whether a terminal shows `bar`, and the user wants it to.
fn is_drawn(bar: &ProgressBar) -> bool {
    !bar.is_hidden() && io::stderr().is_terminal() && !is_quiet()
}
