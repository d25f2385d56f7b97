//! Every part of the library.

use std::sync::Arc;

use latentia_nn::gradient_check::{GradientCheck, GradientReport};
use latentia_nn::latents::{
    Deterministic, FiniteScalarQuantised, Gaussian, GaussianLatent, GumbelSoftmax,
    LookupFreeQuantised, Rounded, SphericalKl, TopK, VectorQuantised, VonMisesFisher,
    VonMisesFisherLatent,
};
use latentia_nn::layers::{
    Activate, Condition, Corrupt, Dense, Embedding, Mask, MaskedDense, OneHot, Permute,
    PositionWise,
};
use latentia_nn::likelihoods::{MsSsim, Shared};
use latentia_nn::penalties::{
    Contractive, Covariance, CovarianceOf, KlDivergence, KlSparsity, L1, L2, Mmd, Perturb,
    SampledKl, TotalCorrelation,
};
use latentia_nn::posteriors::{Iaf, Planar, Radial};
use latentia_nn::priors::Mixture;
use latentia_nn::{
    Activation, Corruption, Initializer, Latent, Layer, LayerSpec, LikelihoodSpec, Penalty, Shape,
    Widths,
};
use latentia_tensor::{ElementKind, Picture};
use serde::Deserialize;

use crate::{names, right};

#[derive(Deserialize)]
struct Layers {
    layers: Vec<LayerSpec>,
}

/// Every kind of the list, on feature maps `[2, 5, 6]` and on flat rows.
const KINDS: [&str; 21] = [
    "{ layer = 'dense', units = 7, activation = 'tanh' }",
    "{ layer = 'conv', channels = 3, kernel = 3, stride = 2, activation = 'silu' }",
    "{ layer = 'conv', channels = 2, kernel = [2, 3], dilation = [2, 1], padding = 'valid' }",
    "{ layer = 'transposed-conv', channels = 3, kernel = 3, stride = 2, activation = 'softplus' }",
    "{ layer = 'max-pool', size = 2, padding = 'same' }",
    "{ layer = 'average-pool', size = 3, stride = 1, padding = 1 }",
    "{ layer = 'upsample', factor = 2 }",
    "{ layer = 'batch-norm', activation = 'tanh' }",
    "{ layer = 'dense', units = 5 }, { layer = 'batch-norm' }",
    "{ layer = 'layer-norm', activation = 'silu' }",
    "{ layer = 'group-norm', groups = 2 }",
    "{ layer = 'residual', activation = 'tanh', layers = [{ layer = 'conv', channels = 2, kernel = 3 }] }",
    "{ layer = 'activation', activation = 'gelu' }",
    "{ layer = 'dropout', rate = 0.3 }",
    "{ layer = 'flatten' }, { layer = 'reshape', shape = [2, 6, 5] }, { layer = 'conv', channels = 1, kernel = 1 }",
    "{ layer = 'conv', channels = 3, kernel = 3, activation = 'relu' }, { layer = 'max-pool', size = 2 }",
    "{ layer = 'reshape', shape = [4, 1, 15] }, { layer = 'conv-1d', channels = 3, kernel = 5, stride = 2, activation = 'silu' }",
    "{ layer = 'reshape', shape = [4, 1, 15] }, { layer = 'transposed-conv-1d', channels = 2, kernel = 4, stride = 2 }",
    "{ layer = 'reshape', shape = [4, 1, 15] }, { layer = 'max-pool-1d', size = 2, padding = 'same' }",
    "{ layer = 'reshape', shape = [4, 1, 15] }, { layer = 'average-pool-1d', size = 3, stride = 1, padding = 1 }",
    "{ layer = 'reshape', shape = [4, 1, 15] }, { layer = 'upsample-1d', factor = 3 }",
];

#[test]
fn every_kind_of_layer_is_right() {
    for text in KINDS {
        let layers: Layers = toml::from_str(&format!("layers = [{text}]")).expect("layers");
        let widths = Widths {
            last: 7,
            others: 7,
            sizes: None,
        };
        let built = LayerSpec::build(&layers.layers, Shape::feature_maps([2, 5, 6]), widths);
        let (layers, _) = built.expect("layers that fit");
        // A ReLU and a maximum at thirty positions of a row have kinks everywhere.
        let rows = match text.contains("relu") {
            true => 5,
            false => GradientCheck::default().rows,
        };
        let check = GradientCheck {
            rows,
            ..GradientCheck::default()
        };
        let report = right(check.layers(layers));
        assert!(report.gradient("input").is_some(), "{report}");
        assert!(
            report.gradients.iter().all(|g| g.compared > g.skipped),
            "{report}"
        );
    }
}

#[test]
fn every_activation_is_right() {
    for activation in [
        Activation::Linear,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Gelu,
        Activation::Silu,
        Activation::Elu,
        Activation::Softplus,
    ] {
        let report = right(GradientCheck::default().layer(Dense::new(
            5,
            4,
            activation,
            Initializer::Glorot,
        )));
        let expected = [
            "input",
            "weight",
            "bias",
            "weight of a first layer",
            "bias of a first layer",
            "input of a frozen layer",
            "input in evaluation",
        ];
        assert_eq!(names(&report), expected);
        assert!(
            report.gradients.iter().all(|g| g.compared > g.skipped),
            "{report}"
        );
    }
}

#[test]
fn layers_that_no_specification_names_are_right() {
    let check = GradientCheck {
        classes: 3,
        ..GradientCheck::default()
    };
    right(check.layer(Condition::new(4, 3)));
    right(check.layer(Permute::channels_first([2, 3, 2])));
    let numbers = [ElementKind::Number; 3];
    right(check.layer(OneHot::new(&numbers, &[false, true, false])));
    right(check.layer(Permute::channels_last([2, 3, 2], 2)));
    for scales in [1, 3] {
        right(check.layer(Shared::scales(4, scales)));
    }
    for dispersions in [0, 3] {
        right(check.layer(Shared::library(4, dispersions)));
    }
    let shape = Shape::Flat(4);
    for layers_back in [1, 3] {
        right(check.layer(Activate::residual(shape, Activation::Tanh, layers_back)));
    }
    right(check.layer(Embedding::new(3, 2, 4)));
    let glorot = Initializer::Glorot;
    for activation in [Activation::Tanh, Activation::Silu] {
        right(check.layer(PositionWise::new(3, [2, 4], activation, glorot)));
        for mask in [Mask::Before, Mask::UpTo] {
            for reach in [2, 9] {
                right(check.layer(MaskedDense::new(4, [2, 3], (mask, reach), activation)));
            }
        }
    }
    right(check.layer(Perturb::new(4)));
    // Nothing goes back through it.
    let masking = Corruption::Masking { rate: 0.5 };
    let report = right(check.layer(Corrupt::new(4, masking)));
    assert_eq!(report, GradientReport::default());
    assert_eq!(report.largest_error(), 0.0);
}

#[test]
fn every_latent_is_right() {
    let top_k = |warm_up| TopK { k: 2, warm_up };
    let vectors = |codebooks| VectorQuantised {
        codebook: 5,
        codebooks,
        dimension: 2,
        commitment: 0.25,
        decay: 0.9,
    };
    let mixture = Gaussian {
        prior: Some(Mixture { components: 4 }.into()),
        ..Gaussian::new(3)
    };
    let categories = |warm_up| GumbelSoftmax {
        categories: 3,
        temperature: 0.7,
        warm_up,
        kl: 0.6,
    };
    let iaf = Iaf {
        steps: 2,
        units: 8,
        context: 3,
    };
    let (planar, radial) = (Planar { steps: 2 }, Radial { steps: 2 });
    let carried = [iaf.into(), planar.into(), radial.into()].map(|own| Gaussian {
        posterior: Some(own),
        ..mixture
    });
    let latents: [&dyn Latent; 17] = [
        &Deterministic {},
        &Gaussian::new(3),
        &mixture,
        &carried[0],
        &carried[1],
        &carried[2],
        &VonMisesFisher { units: 2 },
        &VonMisesFisher { units: 5 },
        &vectors(1),
        &vectors(3),
        &FiniteScalarQuantised { levels: vec![5, 2] },
        &LookupFreeQuantised {
            dimension: 3,
            commitment: 0.25,
            entropy: 0.3,
            temperature: 1.5,
        },
        &categories(0),
        &categories(4),
        &Rounded {
            rate: 0.7,
            decay: 0.9,
        },
        &top_k(0),
        &top_k(4),
    ];
    for latent in latents {
        for epochs in [1.0, f64::INFINITY] {
            let check = GradientCheck {
                epochs,
                ..GradientCheck::default()
            };
            right(check.latent(latent, 6));
        }
    }
}

#[test]
fn every_likelihood_is_right() {
    for likelihood in [
        LikelihoodSpec::Mse,
        LikelihoodSpec::Bce,
        LikelihoodSpec::Bernoulli,
        LikelihoodSpec::Gaussian,
        LikelihoodSpec::GaussianSharedScale,
        LikelihoodSpec::GaussianLearnedScale,
        LikelihoodSpec::DiscretisedLogistic,
        LikelihoodSpec::BetaBinomial,
        LikelihoodSpec::Columns,
        LikelihoodSpec::ColumnsLearnedScale,
        LikelihoodSpec::Poisson,
        LikelihoodSpec::NegativeBinomial,
        LikelihoodSpec::Zinb,
    ] {
        for n in [1, 5] {
            let report = right(GradientCheck::default().likelihood(&*likelihood, n));
            assert_eq!(report.gradients[0].name, "outputs");
        }
    }
    let kinds = [
        ElementKind::Number,
        ElementKind::Category { levels: 3 },
        ElementKind::Boolean,
        ElementKind::Number,
    ];
    for likelihood in [LikelihoodSpec::Columns, LikelihoodSpec::ColumnsLearnedScale] {
        right(GradientCheck::default().likelihood(&*likelihood.over(&kinds), 4));
    }
    for shape in [&[7, 9][..], &[22, 22], &[12, 5, 2]] {
        let likelihood = MsSsim(Picture::of(shape));
        let n = shape.iter().product();
        right(GradientCheck::default().likelihood(&likelihood, n));
    }
}

#[test]
fn every_penalty_is_right() {
    let kl = |free_bits, capacity| -> Arc<dyn Penalty> {
        Arc::new(KlDivergence {
            weight: 2.0,
            warm_up: 3,
            free_bits,
            capacity,
        })
    };
    let gaussian = || -> Box<dyn Layer> { Box::new(GaussianLatent::new(3, 1)) };
    let sigmoid = || -> Box<dyn Layer> {
        Box::new(Dense::new(6, 3, Activation::Sigmoid, Initializer::Glorot))
    };
    let with_prior = || -> Box<dyn Layer> {
        let prior = Arc::new(Mixture { components: 4 });
        Box::new(GaussianLatent::new(3, 1).with_prior(prior))
    };
    let sampled = SampledKl {
        weight: 2.0,
        warm_up: 3,
    };
    let spherical = SphericalKl {
        weight: 2.0,
        warm_up: 3,
    };
    // Without the sliced Wasserstein distance: some of its many orders changes within any difference; `objective` holds it to f64.
    let covariance = |of| -> Arc<dyn Penalty> {
        Arc::new(Covariance {
            weight: 2.0,
            diagonal: 3.0,
            of,
        })
    };
    let with_posterior = || -> Box<dyn Layer> {
        let posterior = Arc::new(Planar { steps: 2 });
        Box::new(GaussianLatent::new(3, 1).with_posterior(posterior))
    };
    let cases: [(Arc<dyn Penalty>, Box<dyn Layer>); 14] = [
        (Arc::new(sampled), with_prior()),
        (Arc::new(sampled), with_posterior()),
        (
            Arc::new(spherical),
            Box::new(VonMisesFisherLatent::new(3, 2)),
        ),
        (kl(0.0, None), gaussian()),
        (kl(0.1, None), gaussian()),
        (kl(0.0, Some(0.5)), gaussian()),
        (Arc::new(TotalCorrelation { weight: 5.0 }), gaussian()),
        (Arc::new(Mmd { weight: 3.0 }), gaussian()),
        (covariance(CovarianceOf::Means), gaussian()),
        (covariance(CovarianceOf::Codes), gaussian()),
        (Arc::new(L1 { weight: 0.7 }), sigmoid()),
        (Arc::new(L2 { weight: 0.7 }), sigmoid()),
        (
            Arc::new(KlSparsity {
                weight: 2.0,
                target: 0.1,
            }),
            sigmoid(),
        ),
        (Arc::new(Contractive { weight: 0.5 }), sigmoid()),
    ];
    // An even number, for pairs of rows.
    let check = GradientCheck {
        rows: 66,
        epochs: 2.0,
        ..GradientCheck::default()
    };
    for (penalty, layer) in cases {
        let report = right(check.penalty(penalty, layer));
        assert_eq!(names(&report)[..2], ["codes", "input"]);
    }
}
