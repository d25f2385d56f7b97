//! The same bits for any number of threads.

use std::sync::Arc;

use latentia_nn::latents::{Commitment, GaussianLatent, VectorQuantisedLatent};
use latentia_nn::layers::{Corrupt, Dropout};
use latentia_nn::likelihoods::MsSsim;
use latentia_nn::penalties::{
    Covariance, CovarianceOf, KlDivergence, Mmd, SampledKl, SlicedWasserstein, TotalCorrelation,
};
use latentia_nn::posteriors::Iaf;
use latentia_nn::priors::{Mixture, Vamp};
use latentia_nn::{
    Activation, Adversary, AdversaryStep, Against, Chain, Corruption, Discriminator, Layer,
    LikelihoodSpec, Objective, Optimizer, Penalty, Shape, Step, StepOptions,
};
use latentia_tensor::{Matrix, Picture};

use crate::parts::{dense, examples, options};

fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads start").install(work)
}

/// Parameters after ten steps of a chain large enough to share, the last batch short.
fn after_ten_steps(
    threads: usize,
    layers: Vec<Box<dyn Layer>>,
    options: StepOptions,
) -> Vec<Matrix> {
    after_steps(threads, 200, layers, options)
}

/// Parameters after two passes over 1,000 examples, the second in shorter batches.
fn after_steps(
    threads: usize,
    batch: usize,
    layers: Vec<Box<dyn Layer>>,
    options: StepOptions,
) -> Vec<Matrix> {
    with_threads(threads, || {
        let mut chain = Chain::new(layers, 1).expect("layers that fit");
        let mut step = Step::new(&chain, batch, options);
        let mut opponent = AdversaryStep::new(&chain, &step);
        let x = examples(1000, 300);
        let order: Vec<u32> = (0..1000).rev().collect();
        for indices in order.chunks(batch).chain(order.chunks(batch - batch / 7)) {
            step.run(&mut chain, &x, indices, 0.01.into())
                .expect("in memory");
            if let Some(opponent) = &mut opponent {
                opponent.run(&mut step).expect("in memory");
            }
        }
        chain.parameters().iter().map(|p| p.value.clone()).collect()
    })
}

fn trained(threads: usize, batch: usize, clip_norm: Option<f32>) -> Vec<Matrix> {
    let layers: Vec<Box<dyn Layer>> = vec![
        dense(300, 128, Activation::Relu),
        Box::new(Dropout::new(Shape::Flat(128), 0.3)),
        dense(128, 300, Activation::Linear),
    ];
    let options = StepOptions {
        clip_norm,
        ..options(LikelihoodSpec::Bce, Optimizer::default())
    };
    after_steps(threads, batch, layers, options)
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    // A batch of 60 is cut into fewer examples than one that lays out its weights.
    for (batch, clip_norm) in [(200, None), (200, Some(0.01)), (60, None)] {
        let alone = trained(1, batch, clip_norm);
        for threads in [2, 3, 7] {
            assert!(
                trained(threads, batch, clip_norm) == alone,
                "{threads} threads, batches of {batch}, {clip_norm:?}"
            );
        }
    }
}

#[test]
fn a_likelihood_of_pictures_does_not_depend_on_the_number_of_threads() {
    let trained = |threads| {
        let layers = vec![
            dense(300, 60, Activation::Relu),
            dense(60, 300, Activation::Linear),
        ];
        let options = StepOptions {
            objective: Objective {
                likelihood: Arc::new(MsSsim(Picture::of(&[10, 10, 3]))),
                ..Objective::from(LikelihoodSpec::Mse)
            },
            ..options(LikelihoodSpec::Mse, Optimizer::default())
        };
        after_ten_steps(threads, layers, options)
    };
    let alone = trained(1);
    for threads in [2, 3, 7] {
        assert!(trained(threads) == alone, "{threads} threads");
    }
}

fn coupled(
    threads: usize,
    code: fn() -> Box<dyn Layer>,
    penalties: fn() -> Vec<Arc<dyn Penalty>>,
) -> Vec<Matrix> {
    let width = code().outputs();
    let layers = vec![
        dense(300, 60, Activation::Tanh),
        code(),
        dense(width, 300, Activation::Linear),
    ];
    let options = StepOptions {
        objective: Objective {
            latent: 1,
            penalties: penalties(),
            ..Objective::from(LikelihoodSpec::Bernoulli)
        },
        ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
    };
    after_ten_steps(threads, layers, options)
}

#[test]
fn terms_on_a_whole_batch_do_not_depend_on_the_number_of_threads() {
    let gaussian = || -> Box<dyn Layer> { Box::new(GaussianLatent::new(30, 1)) };
    let coupling = || -> Vec<Arc<dyn Penalty>> {
        vec![
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
        ]
    };
    let codebook = || -> Box<dyn Layer> {
        Box::new(VectorQuantisedLatent::new(60, 16, 4, 0.9).with_codebooks(2))
    };
    let commitment = || -> Vec<Arc<dyn Penalty>> {
        vec![Arc::new(Commitment {
            weight: 0.25,
            codebooks: 2,
        })]
    };
    let with_prior = || -> Box<dyn Layer> {
        let prior = Arc::new(Mixture { components: 7 });
        Box::new(GaussianLatent::new(30, 2).with_prior(prior))
    };
    let with_pseudo_inputs = || -> Box<dyn Layer> {
        let prior = Arc::new(Vamp { components: 200 });
        Box::new(GaussianLatent::new(30, 1).with_prior(prior))
    };
    let with_posterior = || -> Box<dyn Layer> {
        let posterior = Arc::new(Iaf {
            steps: 2,
            units: 50,
            context: 8,
        });
        Box::new(GaussianLatent::new(26, 2).with_posterior(posterior))
    };
    const SAMPLED: SampledKl = SampledKl {
        weight: 1.0,
        warm_up: 0,
    };
    let sampled = || -> Vec<Arc<dyn Penalty>> { vec![Arc::new(SAMPLED)] };
    let (alone, quantised, learned, encoded, carried) = (
        coupled(1, gaussian, coupling),
        coupled(1, codebook, commitment),
        coupled(1, with_prior, sampled),
        coupled(1, with_pseudo_inputs, sampled),
        coupled(1, with_posterior, sampled),
    );
    for threads in [2, 3, 7] {
        assert!(
            coupled(threads, gaussian, coupling) == alone,
            "{threads} threads"
        );
        assert!(
            coupled(threads, codebook, commitment) == quantised,
            "{threads} threads"
        );
        assert!(
            coupled(threads, with_prior, sampled) == learned,
            "{threads} threads"
        );
        assert!(
            coupled(threads, with_pseudo_inputs, sampled) == encoded,
            "{threads} threads"
        );
        assert!(
            coupled(threads, with_posterior, sampled) == carried,
            "{threads} threads"
        );
    }
}

#[test]
fn a_step_tells_what_each_penalty_has_added_to_the_loss() {
    let kl: Arc<dyn Penalty> = Arc::new(KlDivergence {
        weight: 2.0,
        warm_up: 0,
        free_bits: 0.0,
        capacity: None,
    });
    let mmd: Arc<dyn Penalty> = Arc::new(Mmd { weight: 3.0 });
    let x = examples(200, 300);
    let first = |penalties: &[&Arc<dyn Penalty>]| {
        let layers = vec![
            dense(300, 60, Activation::Tanh),
            Box::new(GaussianLatent::new(30, 1)),
            dense(30, 300, Activation::Linear),
        ];
        let mut chain = Chain::new(layers, 1).expect("layers that fit");
        let options = StepOptions {
            objective: Objective {
                latent: 1,
                penalties: penalties.iter().map(|&own| Arc::clone(own)).collect(),
                ..Objective::from(LikelihoodSpec::Bernoulli)
            },
            ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
        };
        let mut step = Step::new(&chain, 200, options);
        // The last block is a short one.
        let batch: Vec<u32> = (0..170).collect();
        let loss = step.run(&mut chain, &x, &batch, 0.01.into());
        (loss.expect("in memory"), step.penalties().to_vec())
    };
    let (plain, none) = first(&[]);
    assert!(none.is_empty());
    let (with_kl, of_kl) = first(&[&kl]);
    let (with_mmd, of_mmd) = first(&[&mmd]);
    let ([of_kl], [of_mmd]) = (&of_kl[..], &of_mmd[..]) else {
        panic!("one penalty each");
    };
    for (all, own) in [(with_kl, of_kl), (with_mmd, of_mmd)] {
        assert!(
            *own > 1e-3 && (all - plain - own).abs() < 1e-9 * all,
            "{all} {plain} {own}"
        );
    }
    let (_, both) = first(&[&kl, &mmd]);
    assert_eq!(both[0], *of_kl, "of blocks, beside one of the whole batch");
    assert!(both[1] > 1e-3);
}

#[test]
fn a_discriminator_learns_the_same_on_any_number_of_threads() {
    let trained = |threads, against| {
        let discriminator = Discriminator {
            against,
            ..Discriminator::default()
        };
        let layers = vec![
            dense(300, 60, Activation::Tanh),
            Box::new(GaussianLatent::new(30, 1)),
            dense(30, 300, Activation::Linear),
        ];
        let options = StepOptions {
            objective: Objective {
                latent: 1,
                adversary: Some(Adversary::new(discriminator, 30, 1).expect("layers that fit")),
                ..Objective::from(LikelihoodSpec::Bernoulli)
            },
            ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
        };
        after_ten_steps(threads, layers, options)
    };
    for against in [Against::Prior, Against::Permuted] {
        let alone = trained(1, against);
        for threads in [2, 3, 7] {
            assert!(trained(threads, against) == alone, "{threads} threads");
        }
    }
}

#[test]
fn a_loss_on_hidden_patches_does_not_depend_on_the_number_of_threads() {
    let masked = |threads| {
        let patches = Corruption::Patches { size: 4, rate: 0.7 };
        let corrupt = Corrupt::new(300, patches).of_picture(Picture::of(&[20, 15]));
        let layers: Vec<Box<dyn Layer>> = vec![
            Box::new(corrupt.recording(true)),
            dense(300, 128, Activation::Relu),
            dense(128, 300, Activation::Linear),
        ];
        let options = StepOptions {
            objective: Objective {
                hidden: Some(0),
                ..Objective::from(LikelihoodSpec::Bernoulli)
            },
            ..options(LikelihoodSpec::Bernoulli, Optimizer::default())
        };
        after_ten_steps(threads, layers, options)
    };
    let alone = masked(1);
    for threads in [2, 3, 7] {
        assert!(masked(threads) == alone, "{threads} threads");
    }
}
