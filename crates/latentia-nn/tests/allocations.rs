//! A step allocates nothing after the first: counted by the allocator itself.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latentia_nn::latents::{GaussianLatent, VectorQuantisedLatent};
use latentia_nn::layers::{BatchNorm, Conv, Corrupt, Dense, Dropout, GroupNorm, Pool, Pooled};
use latentia_nn::likelihoods::MsSsim;
use latentia_nn::penalties::{
    Covariance, CovarianceOf, KlDivergence, Mmd, SampledKl, SlicedWasserstein, TotalCorrelation,
};
use latentia_nn::posteriors::{Iaf, Planar, Radial};
use latentia_nn::priors::{Hierarchical, Mixture, Vamp};
use latentia_nn::{
    Activation, Adversary, AdversaryStep, Against, Chain, Corruption, Discriminator, Importance,
    Initializer, Layer, LikelihoodSpec, Objective, Optimizer, Penalty, Posterior, Prior, Shape,
    Step, StepOptions,
};
use latentia_tensor::{Matrix, Picture, Window};

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

fn dense(inputs: usize, outputs: usize) -> Box<dyn Layer> {
    Box::new(Dense::new(
        inputs,
        outputs,
        Activation::Gelu,
        Initializer::He,
    ))
}

/// Allocations in fifty steps after the first fifty.
fn allocations(layers: Vec<Box<dyn Layer>>, objective: Objective) -> usize {
    allocations_of_batches(256, layers, objective)
}

/// As [`allocations`], of batches of `batch` examples.
fn allocations_of_batches(
    batch: usize,
    layers: Vec<Box<dyn Layer>>,
    objective: Objective,
) -> usize {
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    let options = StepOptions {
        objective,
        optimizer: Optimizer::default(),
        clip_norm: Some(1.0),
        seed: 1,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, batch, options);
    let mut opponent = AdversaryStep::new(&chain, &step);
    let x = Matrix::zeros(batch, 300);
    let indices: Vec<u32> = (0..batch as u32).collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .expect("threads start");
    pool.install(|| {
        let mut run = |steps| {
            for _ in 0..steps {
                step.run(&mut chain, &x, &indices, 1e-4.into())
                    .expect("in memory");
                if let Some(opponent) = &mut opponent {
                    opponent.run(&mut step).expect("in memory");
                }
            }
        };
        // Both threads must have met every kernel, whose packing memory is theirs for good.
        run(50);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        run(50);
        ALLOCATIONS.load(Ordering::Relaxed) - before
    })
}

/// Convolutions there and back, a pooling, and normalisations by the batch and by the example.
fn feature_maps() -> Vec<Box<dyn Layer>> {
    let window = Window {
        padding: [[1; 2]; 2],
        ..Window::square(3, 1)
    };
    let (input, inner) = ([3, 10, 10], [8, 10, 10]);
    let conv = |from, to: [usize; 3]| {
        let conv = Conv::new(from, to[0], window, Activation::Relu, Initializer::Glorot);
        conv.expect("it fits")
    };
    let back = Conv::transposed(
        [8, 5, 5],
        inner,
        Window::square(2, 2),
        Activation::Relu,
        Initializer::Glorot,
    );
    vec![
        Box::new(conv(input, inner)),
        Box::new(BatchNorm::new(
            Shape::feature_maps(inner),
            0.9,
            Activation::Relu,
        )),
        Box::new(Pool::new(inner, Window::square(2, 2), Pooled::Max).expect("it fits")),
        Box::new(back.expect("it fits")),
        Box::new(GroupNorm::new(
            Shape::feature_maps(inner),
            4,
            Activation::Silu,
        )),
        Box::new(conv(inner, input)),
    ]
}

#[test]
fn a_step_allocates_nothing_after_the_first() {
    // One test alone, or the allocations of another would be counted.
    let gaussian = |samples| -> Vec<Box<dyn Layer>> {
        vec![
            dense(300, 64),
            Box::new(Dropout::new(Shape::Flat(64), 0.1)),
            dense(64, 60),
            Box::new(GaussianLatent::new(30, samples)),
            dense(30, 300),
        ]
    };
    let likelihood = LikelihoodSpec::Bernoulli;
    let of_batch: Vec<Arc<dyn Penalty>> = vec![
        Arc::new(KlDivergence {
            weight: 1.0,
            warm_up: 0,
            free_bits: 0.1,
            capacity: None,
        }),
        Arc::new(TotalCorrelation { weight: 2.0 }),
        Arc::new(Mmd { weight: 3.0 }),
        Arc::new(SlicedWasserstein { weight: 3.0 }),
        Arc::new(Covariance {
            weight: 2.0,
            diagonal: 3.0,
            of: CovarianceOf::Codes,
        }),
    ];
    let penalised = Objective {
        latent: 3,
        penalties: of_batch,
        ..Objective::from(likelihood)
    };
    let weighed = || Objective {
        latent: 3,
        importance: Some(Importance::default()),
        ..Objective::from(likelihood)
    };
    let with_prior = |samples, prior: Arc<dyn Prior>| {
        let mut layers = gaussian(samples);
        layers[3] = Box::new(GaussianLatent::new(30, samples).with_prior(prior));
        layers
    };
    let sampled = || Objective {
        latent: 3,
        penalties: vec![Arc::new(SampledKl {
            weight: 1.0,
            warm_up: 0,
        })],
        ..Objective::from(likelihood)
    };
    let quantised = |codebooks| -> Vec<Box<dyn Layer>> {
        let code = VectorQuantisedLatent::new(60, 16, 4, 0.9).with_codebooks(codebooks);
        vec![dense(300, 60), Box::new(code), dense(60, 300)]
    };
    let opposed = |against| {
        let discriminator = Discriminator {
            against,
            ..Discriminator::default()
        };
        Objective {
            latent: 3,
            adversary: Some(Adversary::new(discriminator, 30, 1).expect("layers that fit")),
            ..Objective::from(likelihood)
        }
    };
    assert_eq!(allocations(gaussian(1), likelihood.into()), 0);
    let masked = || {
        let corrupt = Corrupt::new(300, Corruption::Patches { size: 7, rate: 0.6 });
        let mut layers = gaussian(2);
        layers.insert(0, Box::new(corrupt.recording(true)));
        layers
    };
    let on_hidden = Objective {
        latent: 4,
        hidden: Some(0),
        ..Objective::from(likelihood)
    };
    assert_eq!(allocations(masked(), on_hidden), 0);
    assert_eq!(allocations(gaussian(1), opposed(Against::Prior)), 0);
    assert_eq!(allocations(gaussian(1), opposed(Against::Permuted)), 0);
    assert_eq!(allocations(gaussian(1), penalised), 0);
    let mixture = || Arc::new(Mixture { components: 7 });
    let vamp = Arc::new(Vamp { components: 7 });
    assert_eq!(allocations(with_prior(1, mixture()), sampled()), 0);
    assert_eq!(allocations(with_prior(1, vamp), sampled()), 0);
    let hierarchical = Arc::new(Hierarchical {
        units: 5,
        hidden: 7,
    });
    assert_eq!(allocations(with_prior(1, hierarchical), sampled()), 0);
    let with_posterior = |samples, posterior: Arc<dyn Posterior>| {
        let mut layers = gaussian(samples);
        let code = GaussianLatent::new(20, samples).with_posterior(posterior);
        layers[2] = dense(64, code.inputs());
        layers[3] = Box::new(code);
        layers[4] = dense(20, 300);
        layers
    };
    let posteriors: [Arc<dyn Posterior>; 3] = [
        Arc::new(Iaf {
            steps: 2,
            units: 50,
            context: 8,
        }),
        Arc::new(Planar { steps: 2 }),
        Arc::new(Radial { steps: 2 }),
    ];
    for posterior in posteriors {
        assert_eq!(
            allocations(with_posterior(1, posterior.clone()), sampled()),
            0
        );
        assert_eq!(allocations(with_posterior(5, posterior), weighed()), 0);
    }
    assert_eq!(allocations(with_prior(5, mixture()), weighed()), 0);
    assert_eq!(allocations(gaussian(5), weighed()), 0);
    // In rounds.
    assert_eq!(allocations_of_batches(4, gaussian(900), weighed()), 0);
    assert_eq!(allocations(quantised(1), likelihood.into()), 0);
    assert_eq!(allocations(quantised(3), likelihood.into()), 0);
    assert_eq!(allocations(feature_maps(), likelihood.into()), 0);
    let of_pictures = Objective {
        likelihood: Arc::new(MsSsim(Picture::of(&[3, 10, 10]))),
        ..Objective::from(likelihood)
    };
    assert_eq!(allocations(feature_maps(), of_pictures), 0);
}
