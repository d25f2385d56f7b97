//! The promises of the gradient checker: every part of the library passes, and a part with a wrong gradient does not, with the
//! name of what is wrong.

mod mistakes;
mod parts;

use latentia_nn::gradient_check::{GradientMismatch, GradientReport};

/// Fails with the whole report where a part is said to be wrong.
fn right(result: Result<GradientReport, GradientMismatch>) -> GradientReport {
    result.unwrap_or_else(|mismatch| panic!("{mismatch}"))
}

/// What a part is said to be wrong in.
fn wrong(result: Result<GradientReport, GradientMismatch>) -> Vec<String> {
    match result.expect_err("a wrong gradient") {
        GradientMismatch::Gradients { wrong, .. } => wrong,
        other => panic!("{other}"),
    }
}

fn names(report: &GradientReport) -> Vec<&str> {
    report.gradients.iter().map(|g| &g.name[..]).collect()
}
