//! Examples, models that have learned a little of them, and both ways through a file.

use std::io::{Cursor, Read, Seek};

use latentia_codec::{Archive, Codec, CodecError, Quantiser};
use latentia_models::{
    Autoencoder, ModelFile, ModelSpec, Provenance, StoppedBy, TrainingSpec, Validation,
};
use latentia_tensor::{MatrixMut, Rows};
use latentia_testing::numbers;

/// Examples that are bytes.
pub(crate) struct Bytes {
    pub(crate) values: Vec<u8>,
    width: usize,
}

impl Bytes {
    /// Blobs on black, so that there is something to predict.
    pub(crate) fn pictures(rows: usize, width: usize) -> Self {
        let mut values = Vec::new();
        for row in 0..rows {
            let noise = numbers(row as u64 + 7, width);
            let centre = (row * 13) % width;
            values.extend(noise.iter().enumerate().map(|(at, noise)| {
                let light = 200.0 - 60.0 * at.abs_diff(centre) as f32 + 40.0 * noise;
                light.clamp(0.0, 255.0) as u8
            }));
        }
        Self { values, width }
    }

    pub(crate) fn black_and_white(mut self) -> Self {
        for x in &mut self.values {
            *x = if *x > 99 { 255 } else { 0 };
        }
        self
    }
}

impl Rows for Bytes {
    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    fn cols(&self) -> usize {
        self.width
    }

    fn full_scale(&self) -> f32 {
        255.0
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> std::io::Result<()> {
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            let example = &self.values[index as usize * self.width..][..self.width];
            for (x, &value) in row.iter_mut().zip(example) {
                *x = value.into();
            }
        }
        Ok(())
    }
}

/// A model that has learned a little of some examples, as a file holds it.
pub(crate) fn file(spec: &str, shape: &[usize], examples: &dyn Rows) -> ModelFile {
    let spec: ModelSpec = toml::from_str(spec).expect("a specification");
    let mut model = spec.build(shape, 3).expect("parts that fit");
    let training = TrainingSpec {
        epochs: 1 + 30_000 / examples.rows() as u32,
        batch_size: 20,
        learning_rate: 0.005,
        validation: Validation::Share(0.0),
        ..TrainingSpec::default()
    };
    model.fit(examples, &training, 3).expect("it learns");
    let quantiser = Quantiser::fit(&model, examples).expect("examples that fit");
    with_model(model, Some(quantiser))
}

pub(crate) fn with_model(model: Autoencoder, quantiser: Option<Quantiser>) -> ModelFile {
    ModelFile {
        model,
        provenance: Provenance {
            preset: String::new(),
            data: String::new(),
            target: None,
            fingerprint: String::new(),
            seed: 3,
            warm_start: false,
            training: TrainingSpec::default(),
            stopped_by: StoppedBy::Epochs,
            history: Vec::new(),
            warnings: Vec::new(),
        },
        attachments: quantiser.map_or(Vec::new(), |quantiser| quantiser.tensors()),
        digest: "5a".repeat(32),
    }
}

pub(crate) const LOGISTIC: &str = "likelihood = 'discretised-logistic'
    encoder = [{ layer = 'dense', units = 9, activation = 'relu' }]
    code = { kind = 'gaussian', units = 3 }
    decoder = [{ layer = 'dense' }]";
pub(crate) const PLAIN: &str = "likelihood = 'mse'
    encoder = [{ layer = 'dense', units = 5, activation = 'relu' }]
    decoder = [{ layer = 'dense', activation = 'sigmoid' }]";

/// [`LOGISTIC`] with a prior that bits back does not know.
pub(crate) fn learned_prior() -> String {
    LOGISTIC.replace(
        "units = 3",
        "units = 3, prior = { kind = 'mixture', components = 2 }",
    )
}

pub(crate) fn compress(codec: &Codec<'_>, examples: &dyn Rows) -> Vec<u8> {
    let mut out = Vec::new();
    let done = codec
        .compress(examples, &mut out, &mut |_| ())
        .expect("all fits");
    assert_eq!(done.bytes, out.len() as u64);
    assert_eq!(done.examples, examples.rows() as u64);
    out
}

fn all<S: Read + Seek>(archive: &mut Archive<'_, S>) -> Result<Vec<f32>, CodecError> {
    let mut values = Vec::new();
    archive.for_each_chunk::<CodecError>(|chunk| {
        values.extend_from_slice(chunk.as_slice());
        Ok(())
    })?;
    Ok(values)
}

pub(crate) fn decompress(bytes: &[u8], model: &ModelFile) -> Result<Vec<f32>, CodecError> {
    all(&mut Archive::open(Cursor::new(bytes), model)?)
}

pub(crate) fn same(values: &[f32], examples: &Bytes) -> bool {
    values.len() == examples.values.len()
        && values
            .iter()
            .zip(&examples.values)
            .all(|(a, &b)| *a == f32::from(b))
}
