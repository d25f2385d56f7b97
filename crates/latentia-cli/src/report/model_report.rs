//! What is shown of a model, and the page of it.

use std::ffi::OsStr;
use std::path::Path;

use latentia_data::Dataset;
use latentia_models::{
    Autoencoder, Detector, Evaluation, EvaluationOptions, ModelFile, ObservedRows,
    ProgressObserver, Rule,
};
use latentia_tensor::{Rows, Subset};

use super::arrays::Arrays;
use super::chain::{chain, history};
use super::codes::Codes;
use super::contents::Contents;
use super::decoder::{Check, Decoder, graph};
use super::epochs::epochs;
use super::page::{Page, html};
use super::quality::{Quality, strangest};
use super::shown_examples::ShownExamples;
use crate::measures::Findings;
use crate::terminal::{StageBar, count, counted};

/// The most examples that can be told apart.
const MOST_SHOWN: usize = 20_000;

/// The strangest examples that are shown.
const STRANGEST: usize = 12;

/// As many times the bytes of a page are compressed to it at best, about: more examples are not tried.
const COMPRESSION: usize = 4;

/// How much of the room for examples is used, as their sizes differ.
const FILLED: f64 = 0.97;

/// A model, and the examples that it is shown by.
pub struct Subject<'a> {
    /// The model's file, by its name.
    pub name: &'a str,
    /// The model.
    pub file: &'a ModelFile,
    /// What scores examples.
    pub detector: &'a Detector,
    /// From which score on they are flagged.
    pub rule: Rule,
    /// What the data is called.
    pub data: &'a str,
    /// `train`, `test` or `all`.
    pub part: &'static str,
    /// The examples.
    pub examples: &'a Dataset,
    /// What PCA learns from, where it is other than these.
    pub training: Option<&'a dyn Rows>,
    /// Samples for each example behind a likelihood, and their seed.
    pub importance_samples: (u32, u64),
}

/// What is known of a model by examples.
pub struct Report<'a> {
    subject: Subject<'a>,
    evaluation: Evaluation,
    findings: Findings<'a>,
    losses: Vec<f64>,
}

impl<'a> Report<'a> {
    /// Measures the model.
    ///
    /// # Errors
    /// When the examples do not fit the model or cannot be read.
    pub fn of(subject: Subject<'a>) -> anyhow::Result<Self> {
        let model = &subject.file.model;
        let bar = StageBar::new("measuring", 0);
        let options = EvaluationOptions {
            training: subject.training,
            probe: false,
            factors: None,
            importance_samples: subject.importance_samples.0,
            seed: subject.importance_samples.1,
            observer: &bar,
        };
        let named = (subject.data, subject.part);
        let evaluation = Evaluation::measure(model, named, subject.examples, &options)?;
        let (rule, shown) = (subject.rule, (STRANGEST, false));
        bar.on_stage("scores", subject.examples.rows() as u64);
        let scores = subject
            .detector
            .score(&ObservedRows::new(subject.examples, &bar))?;
        let scored = (subject.examples, scores);
        let findings = Findings::of((model, subject.detector), scored, rule, shown)?;
        bar.on_stage("losses", subject.examples.rows() as u64);
        let losses = model.score(&ObservedRows::new(subject.examples, &bar))?;
        Ok(Self {
            losses,
            evaluation,
            findings,
            subject,
        })
    }

    fn model(&self) -> &'a Autoencoder {
        &self.subject.file.model
    }

    /// The page, of at most `size` bytes: examples are left out of it first, then the decoder.
    ///
    /// # Errors
    /// When it is larger even so, or examples cannot be read.
    pub fn page(&self, size: usize) -> anyhow::Result<Page> {
        for has_decoder in [true, false] {
            if let Some(page) = self.fitting(has_decoder, size)? {
                return Ok(page);
            }
        }
        let size = counted(size, "byte");
        anyhow::bail!(
            "the page does not fit into {size}, with no more than the strangest examples; --max-size allows more"
        )
    }

    /// The page with as many examples as fit; none where not even the strangest do.
    fn fitting(&self, has_decoder: bool, size: usize) -> anyhow::Result<Option<Page>> {
        let all = self.subject.examples.rows();
        let bytes = size_of::<f32>() * (self.model().code_width() + 1) + self.model().width();
        let least = STRANGEST.min(all);
        let mut examples = all
            .min(MOST_SHOWN)
            .min(COMPRESSION.saturating_mul(size) / bytes);
        let mut page = self.attempt(examples.max(least), has_decoder)?;
        if page.html.len() <= size {
            return Ok(Some(page));
        }
        let fixed = self.attempt(least, has_decoder)?.html.len();
        if fixed > size {
            return Ok(None);
        }
        while page.html.len() > size {
            let share = (size - fixed) as f64 / (page.html.len() - fixed) as f64;
            examples = ((FILLED * share * examples as f64) as usize).max(least);
            page = self.attempt(examples, has_decoder)?;
        }
        Ok(Some(page))
    }

    /// Numbers of about `shown` examples, evenly spaced, the strangest among them.
    fn rows(&self, shown: usize) -> Vec<u32> {
        let all = self.subject.examples.rows();
        let spaced = (0..shown).map(|i| (i * all / shown) as u32);
        let mut rows: Vec<u32> = spaced
            .chain(self.findings.listed().iter().copied())
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    fn attempt(&self, shown: usize, has_decoder: bool) -> anyhow::Result<Page> {
        let (model, examples) = (self.model(), self.subject.examples);
        let mut arrays = Arrays::default();
        let rows = self.rows(shown);
        let codes = model.encode(&Subset::new(examples, rows.clone()))?;
        let mut left_out = Vec::new();
        if rows.len() < examples.rows() {
            let all = counted(examples.rows(), "example");
            left_out.push(format!("all but {} of {all}", count(rows.len())));
        }
        let graph = match (has_decoder, graph(model)) {
            (true, Ok(graph)) => Some(graph),
            (true, Err(problem)) => {
                left_out.push(format!("the decoder: {problem}"));
                None
            }
            (false, _) => {
                left_out.push(
                    "the decoder, whose weights are too many for the size of the page".into(),
                );
                None
            }
        };
        let decoder = graph.as_ref().map(|graph| Decoder::of(graph, &mut arrays));
        let labels: Vec<u32> = rows.iter().filter_map(|&row| examples.label(row)).collect();
        let check = decoder.as_ref();
        let check = check.map(|_| Check::of(model, &codes, &labels, &mut arrays));
        let provenance = &self.subject.file.provenance;
        let measured = [&self.losses[..], self.findings.scores()];
        let contents = Contents {
            title: format!("{} of {}", provenance.preset, file_name(&provenance.data)),
            model: self.subject.name,
            version: env!("CARGO_PKG_VERSION"),
            data: match self.subject.part {
                "all" => self.subject.data.to_owned(),
                part => format!("{}, {part} part", self.subject.data),
            },
            chain: chain(model),
            history: history(model, provenance),
            epochs: epochs(Path::new(self.subject.name), &provenance.history),
            loss_unit: model.likelihood().unit().name(),
            score: match self.subject.detector.is_plain() {
                true => "loss",
                false => "anomaly score",
            },
            quality: Quality::of(&self.evaluation, &self.findings, examples, &self.losses),
            strangest: strangest(&self.findings, &rows),
            examples: ShownExamples::of(model, examples, &rows, measured, &mut arrays)?,
            codes: Codes::of(model, &self.evaluation, &codes, &mut arrays)?,
            decoder,
            check: check.transpose()?,
            left_out: left_out.clone(),
        };
        Ok(Page {
            html: html(&contents, &arrays)?,
            examples: rows.len(),
            left_out,
        })
    }
}

/// The last part of a path; of data by a name, that.
fn file_name(data: &str) -> &str {
    let name = Path::new(data).file_name().and_then(OsStr::to_str);
    name.unwrap_or(data)
}
