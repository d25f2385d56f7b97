//! A page that shows a run as it goes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use latentia_models::{ModelError, Training, write_atomically};
use latentia_tensor::Rows;

use crate::figures::{losses, mixed, reconstruction_pairs};
use crate::report::base64;

/// How often the page is renewed at most, and how often a browser reads it again.
const PERIOD: Duration = Duration::from_secs(10);

/// Examples above their reconstructions.
const PAIRS: usize = 20;

/// A page of one file with the losses so far, and, of pictures and series, examples and what the model makes of them now. Nothing serves it: a
/// browser reads the file again every ten seconds, until the run has ended.
pub struct LivePage {
    path: PathBuf,
    run: String,
    renewed: Option<Instant>,
}

impl LivePage {
    /// The page of the run called `run`, in the file `path`.
    pub fn new(path: PathBuf, run: String) -> Self {
        let renewed = None;
        Self { path, run, renewed }
    }

    /// Shows what `training` has come to, where it is time to.
    ///
    /// # Errors
    /// When examples cannot be read, or the page cannot be written.
    pub fn renew(&mut self, training: &Training<'_>) -> Result<(), ModelError> {
        if self.renewed.is_some_and(|before| before.elapsed() < PERIOD) {
            return Ok(());
        }
        self.write(training, true)?;
        self.renewed = Some(Instant::now());
        Ok(())
    }

    /// Shows what `training` came to.
    ///
    /// # Errors
    /// As [`Self::renew`].
    pub fn end(&self, training: &Training<'_>) -> Result<(), ModelError> {
        self.write(training, false)
    }

    fn write(&self, training: &Training<'_>, goes_on: bool) -> Result<(), ModelError> {
        let (model, history) = (training.model(), training.history());
        let chart = losses(&self.run, history, model.likelihood().unit().name()).svg();
        let rows = match training.split().validation_rows() {
            Some(rows) => rows,
            None => &training.split().training as &dyn Rows,
        };
        let mut pictures = String::new();
        if model.schema().is_none() {
            let shown = reconstruction_pairs(model, (rows, &mixed(rows, PAIRS)), &[]);
            let png = shown.and_then(|picture| Ok(picture.png()?));
            let png = png.map_err(|error| match error.downcast::<ModelError>() {
                Ok(error) => error,
                Err(error) => self.unwritten(std::io::Error::other(error)),
            })?;
            pictures = format!(
                "<p><img alt=\"examples and their reconstructions\" src=\"data:image/png;base64,{}\"></p>\n",
                base64(&png)
            );
        }
        let (done, all) = (history.len(), training.spec().epochs);
        let refresh = match goes_on {
            true => format!(
                "<meta http-equiv=\"refresh\" content=\"{}\">\n",
                PERIOD.as_secs()
            ),
            false => String::new(),
        };
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{refresh}\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>epoch {done} of {all}</title>\n\
             <style>body {{ font: 1em sans-serif; margin: 1em; background: #ffffff; color: #202020 }} svg, img {{ max-width: 100%; height: auto; \
             image-rendering: pixelated }}</style>\n</head>\n<body>\n<h1>Epoch {done} of {all}</h1>\n{chart}\n{pictures}</body>\n</html>\n"
        );
        write_atomically(&self.path, |out| out.write_all(page.as_bytes()))
    }

    fn unwritten(&self, source: std::io::Error) -> ModelError {
        ModelError::Write {
            path: self.path.clone(),
            source,
        }
    }
}
