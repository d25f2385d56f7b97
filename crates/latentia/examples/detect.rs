//! Finds the readings of a pump that do not belong, and says why.
//!
//! Run it with `cargo run --release --example detect -p latentia`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::ops::ControlFlow;

use latentia::models::{Detector, Rule};
use latentia::tensor::{Column, ColumnKind, Schema};
use latentia::{Matrix, Preset};

const COLUMNS: [&str; 4] = ["speed", "pressure", "power", "temperature"];

/// Reading `hour`: speed and a load as they come, the rest follows from them.
fn reading(hour: usize) -> [f32; 4] {
    let wave = |rate: f32| (hour as f32 * rate).sin();
    let (speed, load) = (1500.0 + 200.0 * wave(0.7), 1.0 + 0.3 * wave(2.3));
    let pressure = load * (speed / 500.0).powi(2) + 0.1 * wave(11.0);
    let power = 0.02 * speed * load + wave(17.0);
    [speed, pressure, power, 40.0 + 0.5 * power + wave(5.0)]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let columns = COLUMNS.map(|name| Column::new(name, ColumnKind::Number));
    let schema = Schema {
        header: true,
        columns: columns.to_vec(),
        ..Schema::default()
    };
    let hours = 0..2000;
    let readings = Matrix::from_vec(2000, 4, hours.flat_map(reading).collect());

    let preset = Preset::named("anomaly").ok_or("no such preset")?;
    let mut model = preset.model.build_table(&schema, 42)?;
    model.fit(&readings, &preset.training, 42)?;
    let (training, detection) = (&preset.training, &preset.detection);
    let goes_on = &|| ControlFlow::Continue(());
    let detector = Detector::cross_fit(&model, &readings, None, training, detection, 42, goes_on)?;

    // Three hours as usual, and one that is too hot for its power, though there were hotter ones.
    let mut new: Vec<f32> = (2000..2004).flat_map(reading).collect();
    new[11] = 57.0;
    let new = Matrix::from_vec(4, 4, new);
    let scores = detector.score(&new)?;
    let calibration = detector.calibration();
    let decision = calibration.decide(&scores, Rule::FalseAlarm(0.01))?;
    for (hour, explanation) in detector.explain(&new)?.iter().enumerate() {
        let p = calibration.p_value(explanation.score);
        println!("hour {hour}: score {:.2}, p = {p:.4}", explanation.score);
        let reasons = explanation.reasons.iter().take(1);
        for reason in reasons.filter(|_| decision.flags[hour]) {
            println!(
                "  {} {:.1}, expected {:.1}: {:.0} %",
                COLUMNS[reason.element],
                reason.observed,
                reason.expected,
                100.0 * reason.share
            );
        }
    }
    assert_eq!(decision.flags, [false, false, true, false]);
    Ok(())
}
