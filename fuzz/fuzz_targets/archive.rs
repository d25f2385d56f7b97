//! Compressed files: whatever they hold, an error or examples, and never more memory than their length allows.
//!
//! The first byte chooses a method, and whether the rest is a whole file or the bytes of one chunk: then a header and
//! checksums that fit are put before it, which no fuzzer would find.
#![no_main]

use std::io::Cursor;
use std::sync::LazyLock;

use latentia_codec::{Archive, Codec, CodecError, Method, Quantiser};
use latentia_models::{ModelFile, ModelSpec, Provenance, StoppedBy, TrainingSpec};
use latentia_tensor::Matrix;
use libfuzzer_sys::fuzz_target;

const EXAMPLES: usize = 5;
const WIDTH: usize = 12;

/// A model, and a file of some examples by one method.
struct Made {
    model: ModelFile,
    file: Vec<u8>,
}

fn made(spec: &str, method: Method) -> Made {
    let spec: ModelSpec = toml::from_str(spec).expect("a specification");
    let model = spec.build(&[3, 4], 1).expect("parts that fit");
    let values = (0..EXAMPLES * WIDTH).map(|i| (i % 7) as f32 / 255.0);
    let examples = Matrix::from_vec(EXAMPLES, WIDTH, values.collect());
    let quantiser = Quantiser::fit(&model, &examples).expect("examples that fit");
    let model = ModelFile {
        model,
        provenance: Provenance {
            warm_start: false,
            preset: String::new(),
            data: String::new(),
            fingerprint: String::new(),
            seed: 1,
            training: TrainingSpec::default(),
            stopped_by: StoppedBy::Epochs,
            history: Vec::new(),
            warnings: Vec::new(),
            target: None,
        },
        attachments: quantiser.tensors(),
        digest: "00".repeat(32),
    };
    let mut file = Vec::new();
    Codec::new(&model, method, true)
        .and_then(|codec| codec.compress(&examples, &mut file, &mut |_| ()))
        .expect("it can");
    Made { model, file }
}

static MADE: LazyLock<[Made; 4]> = LazyLock::new(|| {
    let gaussian = |likelihood: &str| {
        format!(
            "likelihood = '{likelihood}'
             encoder = [{{ layer = 'dense', units = 4, activation = 'relu' }}]
             code = {{ kind = 'gaussian', units = 2 }}
             decoder = [{{ layer = 'dense' }}]"
        )
    };
    let plain = "likelihood = 'bce'
        encoder = [{ layer = 'dense', units = 3 }]
        decoder = [{ layer = 'dense' }]";
    [
        made(&gaussian("discretised-logistic"), Method::BitsBack),
        made(&gaussian("beta-binomial"), Method::BitsBack),
        made(plain, Method::Residual { step: 3 }),
        made(plain, Method::Lossy { step: 3 }),
    ]
});

/// Bytes before the first chunk of a file of examples of two dimensions.
const HEADER: usize = 8 + 2 + 2 + 2 + 1 + 2 * 4 + 8 + 4 + 32 + 4;

fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let Made { model, file } = &MADE[usize::from(choice % 4)];
    let bytes = match choice & 4 {
        0 => data.to_vec(),
        _ => {
            let mut bytes = file[..HEADER].to_vec();
            bytes.extend((data.len() as u32).to_le_bytes());
            bytes.extend(crc32fast::hash(data).to_le_bytes());
            bytes.extend(data);
            bytes
        }
    };
    let Ok(mut archive) = Archive::open(Cursor::new(&bytes), model) else {
        return;
    };
    let mut values = 0;
    let decoded = archive.for_each_chunk::<CodecError>(|chunk| {
        values += chunk.rows() * chunk.cols();
        Ok(())
    });
    if decoded.is_ok() {
        assert_eq!(values as u64, archive.header().examples * WIDTH as u64);
    }
    let _ = archive.example(0);
});
