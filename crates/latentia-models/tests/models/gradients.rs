//! Gradients that vanish or explode are told of, those of sound runs are not.

use latentia_data::{Locations, load};
use latentia_models::{GradientFault, GradientReport, Observer, Preset};
use latentia_tensor::{Matrix, Rows, Subset};

use crate::series::sines;
use crate::{begin, model_spec, training_spec};

#[derive(Default)]
struct Listener(Vec<GradientReport>);

impl Observer for Listener {
    fn on_gradient_warning(&mut self, report: &GradientReport) {
        self.0.push(report.clone());
    }
}

/// What is told of a run on the first `rows` digits.
fn reports(model: &str, training: &str, rows: u32) -> Vec<GradientReport> {
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    let examples = Subset::new(&digits.train, (0..rows).collect());
    let model = model_spec(model).build(digits.train.shape(), 1);
    let mut model = model.expect("parts that fit");
    let spec = training_spec(training);
    let mut run = begin(&mut model, spec, 1, &examples, None).expect("all fits");
    let mut listener = Listener::default();
    run.run(&mut listener).expect("it ends");
    for report in &listener.0 {
        assert_eq!(run.gradients(report.fault), Some(report));
    }
    listener.0
}

fn eight(activation: &str) -> String {
    let dense = format!("{{ layer = 'dense', units = 32, activation = '{activation}' }}");
    let dense = [&dense[..]; 4].join(", ");
    format!("likelihood = 'mse'\nencoder = [{dense}]\ndecoder = [{dense}, {{ layer = 'dense' }}]")
}

#[test]
fn a_chain_of_sigmoids_vanishes_once() {
    let found = reports(&eight("sigmoid"), "epochs = 3\nbatch-size = 64", 500);
    let [report] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!((report.fault, report.epoch), (GradientFault::Vanishing, 1));
    assert!(report.layer.starts_with("encoder."), "{report}");
    assert!(report.layer.ends_with("(dense sigmoid)"), "{report}");
    assert_eq!(report.reference, "decoder.4 (dense linear)");
    assert!(report.ratio > 0.0 && report.ratio < 1e-3, "{report}");
    let advice = "; try activation `gelu` or `leaky-relu`, initializer `he`, fewer layers, or a smaller learning rate";
    assert!(report.to_string().ends_with(advice), "{report}");
    assert_eq!(reports(&eight("gelu"), "epochs = 3", 500), []);
}

#[test]
fn a_chain_of_dead_units_vanishes_too() {
    // The first step throws every unit far below zero.
    let spec = "epochs = 2\nbatch-size = 64\nlearning-rate = 1.0";
    let found = reports(&eight("relu"), spec, 500);
    let dead = found.iter().find(|report| report.ratio == 0.0);
    let said = dead.map_or_else(String::new, ToString::to_string);
    assert!(
        said.contains("(dense relu) are 0 of those of decoder.4"),
        "{found:?}"
    );
}

#[test]
fn steps_that_are_too_large_explode_once() {
    let dense = "{ layer = 'dense', units = 64, activation = 'gelu' }";
    let model = format!(
        "likelihood = 'mse'\nencoder = [{dense}, {dense}]\ndecoder = [{dense}, {{ layer = 'dense' }}]"
    );
    let found = reports(
        &model,
        "epochs = 4\nbatch-size = 64\nlearning-rate = 1.0",
        500,
    );
    let found: Vec<_> = found
        .iter()
        .filter(|report| report.fault == GradientFault::Exploding)
        .collect();
    let [report] = &found[..] else {
        panic!("{found:?}")
    };
    assert!(report.ratio > 1e4, "{report}");
    assert!(
        report
            .to_string()
            .contains(" times those at the beginning; try a smaller learning rate")
    );
}

#[test]
fn a_shared_scale_is_no_measure_of_other_layers() {
    let model = "likelihood = 'gaussian-shared-scale'
        encoder = [{ layer = 'dense', units = 64, activation = 'relu' }]
        decoder = [{ layer = 'dense' }]";
    assert_eq!(reports(model, "epochs = 2\nbatch-size = 64", 500), []);
}

#[test]
fn no_preset_has_faults() {
    let digits = load("mnist-mini", &Locations::new(None)).expect("it is embedded");
    let random = load("random", &Locations::new(None)).expect("it is made on the spot");
    let windows = sines(1, 640, 64);
    let window = latentia_tensor::ExampleShape::from(&[1, 64, 1]);
    let counts = (0..640 * 20).map(|i| (i / 20 * 7919 % 101 * (i % 20 + 3) % 9) as f32);
    let counts = Matrix::from_vec(640, 20, counts.collect());
    let genes = latentia_tensor::ExampleShape::from(&[20]);
    for name in Preset::names() {
        let preset = Preset::named(name).expect("it comes along");
        let (data, shape): (&dyn Rows, _) = match name {
            "tiny" => (&random.train, random.train.shape()),
            "counts" => (&counts, &genes),
            "series" | "series-vae" => (&windows, &window),
            _ => (&digits.train, digits.train.shape()),
        };
        // Enough for a few dozen batches; batches of one for all of the rows.
        let rows = data.rows().min(640) as u32;
        let examples = Subset::new(data, (0..rows).collect());
        let model = preset.model.build(shape, 1);
        let mut model = model.expect("parts that fit");
        let spec = latentia_models::TrainingSpec {
            epochs: 3,
            ..preset.training
        };
        let mut run = begin(&mut model, spec, 1, &examples, None).expect("all fits");
        let mut listener = Listener::default();
        run.run(&mut listener).expect("it converges");
        assert_eq!(listener.0, [], "{name}");
    }
}
