//! A step allocates nothing after the first: counted by the allocator itself.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use latentia_nn::{
    Activation, Chain, Dense, Dropout, Gaussian, Initializer, Likelihood, Optimizer, Step,
    StepOptions,
};
use latentia_tensor::Matrix;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_step_allocates_nothing_after_the_first() {
    let dense = |inputs, outputs| {
        Box::new(Dense::new(
            inputs,
            outputs,
            Activation::Gelu,
            Initializer::He,
        ))
    };
    let mut chain = Chain::new(
        vec![
            dense(300, 64),
            Box::new(Dropout::new(64, 0.1)),
            dense(64, 60),
            Box::new(Gaussian::new(30, 1)),
            dense(30, 300),
        ],
        1,
    );
    let options = StepOptions {
        objective: Likelihood::Bce.into(),
        optimizer: Optimizer::default(),
        clip_norm: Some(1.0),
        seed: 1,
    };
    let mut step = Step::new(&chain, 256, options);
    let x = Matrix::zeros(256, 300);
    let indices: Vec<u32> = (0..256).collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .expect("threads start");
    let allocations = pool.install(|| {
        let mut run = |steps| {
            for _ in 0..steps {
                step.run(&mut chain, &x, &indices, 0.01.into())
                    .expect("in memory");
            }
        };
        // Both threads must have met every kernel, whose packing memory is theirs for good.
        run(50);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        run(50);
        ALLOCATIONS.load(Ordering::Relaxed) - before
    });
    assert_eq!(allocations, 0);
}
