//! Specifications: refused in words, or a model that learns from an example without a panic.
#![no_main]

use std::ops::ControlFlow;

use latentia_models::{Labelled, ModelError, Observer, Preset, Training, Validation};
use latentia_tensor::{Matrix, Rows};
use libfuzzer_sys::fuzz_target;

/// Ends after the second batch.
struct Two(usize);

impl Observer for Two {
    fn on_batch_end(
        &mut self,
        _: &Training<'_>,
        _: usize,
        _: f64,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.0 += 1;
        Ok(match self.0 {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
    }
}

/// Whether all sizes in a text are such that a thousand models an hour can be made of them.
fn is_small(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-_.".contains(c);
    let mut words = text.split(|c| !is_part(c));
    words.all(|word| {
        word.parse().is_ok_and(|number: i128| number <= 64) || word.parse::<i128>().is_err()
    })
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(preset) = Preset::parse(text) else {
        return;
    };
    let written = toml::to_string(&preset).expect("plain data");
    assert_eq!(Preset::parse(&written).expect("our own text"), preset);
    if !is_small(&written) {
        return;
    }
    for shape in [&[8, 8][..], &[7], &[8, 4, 3]] {
        let Ok(mut model) = preset.model.build(shape, 1) else {
            continue;
        };
        let width: usize = shape.iter().product();
        let values = (0..8 * width).map(|i| (i % 2) as f32);
        let examples = Matrix::from_vec(8, width, values.collect());
        let labels = vec![0; 8];
        let examples = Labelled::new(&examples, labels);
        let spec = preset.training.clone();
        let asks_for_test = matches!(spec.validation, Validation::Part(_));
        let test = asks_for_test.then_some(&examples as &dyn Rows);
        let Ok(mut run) = Training::new(&mut model, spec, 1, &examples, test) else {
            continue;
        };
        let _ = run.run(&mut Two(0));
        let _ = model.encode(&examples);
    }
});
