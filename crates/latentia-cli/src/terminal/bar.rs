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
    /// Nothing where nobody sees it.
    stage: Option<Mutex<Stage>>,
    /// Examples of the stage that were read.
    done: AtomicU64,
}

/// A stage, and the bar that shows it.
struct Stage {
    what: String,
    /// Examples in all, 0 where that is not known.
    total: u64,
    bar: ProgressBar,
    begun: Instant,
    shown: Instant,
}

impl StageBar {
    /// A bar of a first stage, in which about so many examples will be read: 0 where that is not known.
    pub fn new(what: &str, examples: usize) -> Self {
        let is_seen = bar(1, examples).is_some();
        Self {
            stage: is_seen.then(|| Mutex::new(Stage::new(what, examples as u64))),
            done: AtomicU64::new(0),
        }
    }

    /// Shows that so many examples of the stage are done.
    pub fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.show();
    }

    fn show(&self) {
        let stage = self.stage.as_ref().and_then(|stage| stage.try_lock().ok());
        if let Some(mut stage) = stage {
            stage.show(self.done.load(Ordering::Relaxed));
        }
    }
}

impl Stage {
    fn new(what: &str, total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        // Nothing is drawn before all is set.
        let bar = bar
            .with_message(what.to_owned())
            .with_style(style(match total {
                0 => "{spinner} {msg}, {elapsed}",
                _ => "{bar:10} {wide_msg}",
            }));
        bar.enable_steady_tick(TICK);
        let now = Instant::now();
        Self {
            what: what.to_owned(),
            total,
            bar,
            begun: now,
            shown: now,
        }
    }

    fn show(&mut self, done: u64) {
        if self.total == 0 || self.shown.elapsed() < FRAME {
            return;
        }
        let done = done.min(self.total);
        let rate = done as f64 / self.begun.elapsed().as_secs_f64();
        self.bar.set_position(done);
        self.bar.set_message(format!(
            "{}  {} of {}  {} left  {} examples/s",
            self.what,
            count(done as usize),
            count(self.total as usize),
            duration((self.total - done) as f64 / rate.max(f64::MIN_POSITIVE)),
            count(rate as usize),
        ));
        self.shown = Instant::now();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl ProgressObserver for StageBar {
    fn on_stage(&self, what: &str, examples: u64) {
        if let Some(stage) = &self.stage {
            let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            stage.bar.finish_and_clear();
            self.done.store(0, Ordering::Relaxed);
            *stage = Stage::new(what, examples);
        }
    }

    fn on_examples(&self, examples: usize) {
        if self.stage.is_some() {
            self.done.fetch_add(examples as u64, Ordering::Relaxed);
            self.show();
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
