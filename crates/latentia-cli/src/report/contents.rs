//! What is in a page, as JSON.

use serde::Serialize;
use serde_json::{Map, Value};

use super::chain::{Fact, Link};
use super::codes::Codes;
use super::decoder::{Check, Decoder};
use super::quality::{Quality, Strange};
use super::shown_examples::ShownExamples;

/// All that a page shows, beside its arrays.
#[derive(Serialize)]
pub(super) struct Contents<'a> {
    pub(super) title: String,
    /// The model's file.
    pub(super) model: &'a str,
    pub(super) version: &'static str,
    /// What the examples are.
    pub(super) data: String,
    pub(super) chain: Vec<Link>,
    pub(super) history: Vec<Fact>,
    /// Numbers of each epoch by their names.
    pub(super) epochs: Vec<Map<String, Value>>,
    pub(super) loss_unit: &'static str,
    /// What a score is: the model's loss, or that of a detector.
    pub(super) score: &'static str,
    pub(super) quality: Quality<'a>,
    pub(super) examples: ShownExamples,
    pub(super) codes: Codes,
    pub(super) strangest: Vec<Strange>,
    pub(super) decoder: Option<Decoder<'a>>,
    pub(super) check: Option<Check>,
    /// What is not in the page, and why.
    pub(super) left_out: Vec<String>,
}
