//! Memory does not grow with the examples, nor with what a file promises, and an encoder needs none after its first call: measured by the allocator itself.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use latentia_models::{
    Metrics, ModelSpec, Part, Pca, Preprocessing, Preset, Scaling, Training, TrainingSpec,
    Validation,
};
use latentia_tensor::{Matrix, MatrixMut, Rows, add_gram};

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` had in use beside those in use before it.
fn peak<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = work();
    (PEAK.load(Ordering::Relaxed) - before, result)
}

/// Examples that are computed when they are read.
struct Computed;

const ROWS: usize = 200_000;
const COLS: usize = 100;

impl Rows for Computed {
    fn rows(&self) -> usize {
        ROWS
    }

    fn cols(&self) -> usize {
        COLS
    }

    fn read(&self, indices: &[u32], mut out: MatrixMut<'_>) -> io::Result<()> {
        for (row, &index) in out.iter_rows_mut().zip(indices) {
            for (c, number) in (1u32..).zip(row) {
                let mixed = index.wrapping_mul(2_654_435_761).wrapping_mul(c);
                *number = (mixed >> 8) as f32 / (1 << 24) as f32;
            }
        }
        Ok(())
    }
}

const MEGABYTE: usize = 1 << 20;

// One test: another at the same time would be counted too.
#[test]
fn memory_is_bounded() {
    let spec: ModelSpec = toml::from_str(
        "likelihood = 'bce'
         encoder = [{ layer = 'dense', units = 16, activation = 'relu' }]\ndecoder = [{ layer = 'dense' }]",
    )
    .expect("a specification of the test's own");
    let mut model = spec.build(&[10, 10], 1).expect("parts that fit");
    // What a thread sets aside for products is its own for good, as large as the processor's cache asks.
    let warm = || {
        let sums = vec![1.0; 600 * COLS];
        add_gram(&mut vec![0.0; COLS * COLS], &sums, 600);
    };
    rayon::broadcast(|_| warm());
    warm();
    // All examples would be 76 megabytes.
    let check = |name: &str, used: usize, most: usize| {
        assert!(used < most, "{name}: {used} bytes");
    };

    let (used, metrics) = peak(|| Metrics::measure(&model, &Computed));
    check("measure", used, 10 * MEGABYTE);
    assert_eq!(metrics.expect("all fits").examples, ROWS);

    let mut seen = 0;
    let (used, result) = peak(|| {
        model.for_each_code(&Computed, |first, codes| {
            assert_eq!((first, codes.cols()), (seen, 16));
            seen += codes.rows();
            Ok(())
        })
    });
    check("codes", used, 10 * MEGABYTE);
    result.expect("all fits");
    assert_eq!(seen, ROWS);

    let (used, error) = peak(|| Pca::learn(&Computed, 4).and_then(|pca| pca.mse(&Computed)));
    check("pca", used, 10 * MEGABYTE);
    assert!(error.expect("all fits") > 0.0);
    let (used, scaling) = peak(|| Scaling::learn(Preprocessing::Standardise, &Computed));
    check("scaling", used, 10 * MEGABYTE);
    scaling.expect("all fits");

    let training = TrainingSpec {
        epochs: 1,
        validation: Validation::Part(Part::Test),
        ..TrainingSpec::default()
    };
    let (used, result) = peak(|| {
        Training::new(&mut model, training, 1, &Computed, Some(&Computed))
            .and_then(|mut run| run.run(&mut ()))
    });
    check("training", used, 10 * MEGABYTE);
    result.expect("all fits");

    an_encoder_allocates_nothing_after_its_first_call();
    a_promise_sets_no_memory_aside();
}

fn an_encoder_allocates_nothing_after_its_first_call() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.expect("threads start");
    for name in ["conv", "mnist", "vae-20", "top-k", "conv-vq-vae"] {
        let preset = Preset::named(name).expect("it comes along");
        let model = preset.model.build(&[28, 28], 1).expect("parts that fit");
        let examples = Matrix::zeros(200, 784);
        let mut codes = Matrix::zeros(200, model.code_width());
        let mut encoder = model.encoder();
        let mut encode = |times| {
            for _ in 0..times {
                let encoded = encoder.encode_into(&examples, codes.view_mut());
                encoded.expect("all fits");
                let few = encoder.encode_into(&examples.top(9), codes.top_mut(9));
                few.expect("all fits");
                encoder.encode_one(examples.row(0)).expect("all fits");
            }
        };
        pool.install(|| {
            // Both threads must have met every kernel, whose packing memory is theirs for good.
            encode(20);
            let (used, ()) = peak(|| encode(20));
            assert_eq!(used, 0, "{name}");
        });
    }
}

/// Numbers in the header of a checkpoint that claim more than there is.
fn a_promise_sets_no_memory_aside() {
    let spec: ModelSpec = toml::from_str(
        "likelihood = 'mse'\nencoder = [{ layer = 'dense', units = 1 }]\ndecoder = [{ layer = 'dense' }]",
    )
    .expect("a specification of the test's own");
    let mut model = spec.build(&[3], 1).expect("parts that fit");
    let examples = Matrix::zeros(4, 3);
    let mut run =
        Training::new(&mut model, TrainingSpec::default(), 1, &examples, None).expect("all fits");
    let folder = tempfile::TempDir::new().expect("a folder can be made");
    let path = folder.path().join("checkpoint.safetensors");
    run.save_checkpoint(&path, "00ff")
        .expect("the folder can be written");
    let good = fs::read(&path).expect("it was just written");
    let (header, data) =
        good[8..].split_at(u64::from_le_bytes(*good.first_chunk().expect("a length")) as usize);
    let is_digit = |at: &usize| header[*at].is_ascii_digit();
    let numbers = (1..header.len()).filter(|at| is_digit(at) && !is_digit(&(at - 1)));
    for at in numbers {
        let end = (at..header.len())
            .find(|at| !is_digit(at))
            .expect("a bracket");
        for claim in ["4294967296", "9223372036854775807"] {
            let header = [&header[..at], claim.as_bytes(), &header[end..]].concat();
            let length = (header.len() as u64).to_le_bytes();
            fs::write(&path, [&length, &header[..], data].concat())
                .expect("the folder can be written");
            let (used, _) = peak(|| run.resume(&path, "00ff"));
            assert!(used < 10 * MEGABYTE, "byte {at}: {used} bytes");
        }
    }
    for length in [1u64 << 32, 1 << 63] {
        fs::write(&path, [&length.to_le_bytes(), &good[8..]].concat())
            .expect("the folder can be written");
        let (used, result) = peak(|| run.resume(&path, "00ff"));
        assert!(used < 10 * MEGABYTE && result.is_err(), "{used} bytes");
    }
}
