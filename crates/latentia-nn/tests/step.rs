//! The promises of the training step: true gradients, and the same bits for any number of threads.

use std::io;
use std::sync::Arc;

use latentia_nn::latents::{Commitment, GaussianLatent, VectorQuantisedLatent};
use latentia_nn::layers::{Activate, Corrupt, Dense, DenseSpec, Dropout, DropoutSpec};
use latentia_nn::optim::Sgd;
use latentia_nn::penalties::{KlDivergence, Mmd, Perturb, TotalCorrelation};
use latentia_nn::{
    Activation, Chain, Corruption, Initializer, Layer, LayerSpec, LikelihoodSpec, Mode, NonFinite,
    Objective, Optimizer, Penalty, Position, Shape, Step, StepOptions, Tape, Widths,
};
use latentia_tensor::{Matrix, MatrixMut, Rows};
use latentia_testing::{assert_close, numbers, reference};

fn dense(inputs: usize, outputs: usize, activation: Activation) -> Box<dyn Layer> {
    Box::new(Dense::new(inputs, outputs, activation, Initializer::Glorot))
}

fn options(likelihood: LikelihoodSpec, optimizer: Optimizer) -> StepOptions {
    StepOptions {
        objective: likelihood.into(),
        optimizer,
        clip_norm: None,
        seed: 5,
        frozen: Vec::new(),
    }
}

fn examples(rows: usize, cols: usize) -> Matrix {
    let data = numbers(9, rows * cols)
        .iter()
        .map(|x| 0.5 + 0.5 * x)
        .collect();
    Matrix::from_vec(rows, cols, data)
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| x.into()).collect()
}

/// The gradient of every parameter of `inputs -> hidden -> hidden -> inputs` against central differences in f64.
fn check_gradients(
    activation: Activation,
    f: fn(f64) -> f64,
    rows: usize,
    inputs: usize,
    hidden: usize,
) {
    let layers = vec![
        dense(inputs, hidden, activation),
        dense(hidden, hidden, activation),
        dense(hidden, inputs, Activation::Linear),
    ];
    let mut chain = Chain::new(layers, 3).expect("layers that fit");
    for (i, parameter) in chain.parameters_mut().iter_mut().enumerate() {
        // biases begin at zero: move them off it
        let noise = numbers(i as u64 + 1, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.1 * noise;
        }
    }
    let at: Vec<Vec<f64>> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();
    let x = examples(rows, inputs);

    let loss = |which: usize, numbers: &[f64]| -> f64 {
        let parameter = |i: usize| {
            if i == which {
                numbers.to_vec()
            } else {
                at[i].clone()
            }
        };
        let layers: Vec<reference::Dense> = (0..3)
            .map(|layer| reference::Dense {
                weight: parameter(2 * layer),
                bias: parameter(2 * layer + 1),
                activation: if layer == 2 { |z| z } else { f },
            })
            .collect();
        let row_loss = |row: usize| -> f64 {
            let target = wide(x.row(row));
            let output = layers
                .iter()
                .fold(target.clone(), |x, layer| layer.forward(&x));
            let errors = output
                .iter()
                .zip(&target)
                .map(|(o, t)| 0.5 * (o - t).powi(2));
            errors.sum::<f64>() + 0.5 * target.len() as f64 * (2.0 * std::f64::consts::PI).ln()
        };
        (0..rows).map(row_loss).sum::<f64>() / rows as f64
    };

    let mut step = Step::new(
        &chain,
        rows,
        options(LikelihoodSpec::Gaussian, Optimizer::default()),
    );
    let indices: Vec<u32> = (0..rows as u32).collect();
    let obtained = step
        .run(&mut chain, &x, &indices, 0.0.into())
        .expect("in memory");
    let expected = loss(usize::MAX, &[]);
    assert!(
        (obtained - expected).abs() < 2e-6 * expected,
        "{obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        let gradient = moments.gradient.as_slice();
        let places: Vec<usize> = (0..gradient.len())
            .step_by(gradient.len().div_ceil(12))
            .collect();
        let obtained: Vec<f32> = places.iter().map(|&i| gradient[i]).collect();
        let expected: Vec<f64> = places
            .iter()
            .map(|&i| reference::derivative(|numbers| loss(which, numbers), &at[which], i))
            .collect();
        assert_close(&obtained, &expected, 2e-5);
    }
}

#[test]
fn gradients_match_central_differences_in_f64() {
    check_gradients(Activation::Tanh, f64::tanh, 1, 1, 1);
    check_gradients(Activation::Tanh, f64::tanh, 2, 3, 2);
    check_gradients(Activation::Sigmoid, reference::sigmoid, 15, 16, 17);
    check_gradients(
        Activation::Gelu,
        |z| z * reference::normal_cdf(z),
        31,
        33,
        3,
    );
    check_gradients(Activation::Silu, |z| z * reference::sigmoid(z), 65, 17, 15);
    check_gradients(Activation::Softplus, |z| z.exp().ln_1p(), 130, 31, 33);
    check_gradients(
        Activation::Elu,
        |z| if z < 0.0 { z.exp_m1() } else { z },
        257,
        5,
        4,
    );
    check_gradients(Activation::Tanh, f64::tanh, 3, 257, 2);
}

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
    with_threads(threads, || {
        let mut chain = Chain::new(layers, 1).expect("layers that fit");
        let mut step = Step::new(&chain, 200, options);
        let x = examples(1000, 300);
        let order: Vec<u32> = (0..1000).rev().collect();
        for indices in order.chunks(200).chain(order.chunks(170)) {
            step.run(&mut chain, &x, indices, 0.01.into())
                .expect("in memory");
        }
        chain.parameters().iter().map(|p| p.value.clone()).collect()
    })
}

fn trained(threads: usize, clip_norm: Option<f32>) -> Vec<Matrix> {
    let layers: Vec<Box<dyn Layer>> = vec![
        dense(300, 128, Activation::Relu),
        Box::new(Dropout::new(Shape::Flat(128), 0.3)),
        dense(128, 300, Activation::Linear),
    ];
    let options = StepOptions {
        clip_norm,
        ..options(LikelihoodSpec::Bce, Optimizer::default())
    };
    after_ten_steps(threads, layers, options)
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    for clip_norm in [None, Some(0.01)] {
        let alone = trained(1, clip_norm);
        for threads in [2, 3, 7] {
            assert!(
                trained(threads, clip_norm) == alone,
                "{threads} threads, {clip_norm:?}"
            );
        }
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
        ]
    };
    let codebook = || -> Box<dyn Layer> { Box::new(VectorQuantisedLatent::new(60, 16, 4, 0.9)) };
    let commitment = || -> Vec<Arc<dyn Penalty>> { vec![Arc::new(Commitment { weight: 0.25 })] };
    let (alone, quantised) = (
        coupled(1, gaussian, coupling),
        coupled(1, codebook, commitment),
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
    }
}

#[test]
fn clipping_bounds_the_norm_and_keeps_the_direction() {
    let run = |clip_norm| {
        let mut chain =
            Chain::new(vec![dense(5, 5, Activation::Linear)], 1).expect("layers that fit");
        let before = chain.parameters()[0].value.clone();
        let sgd = Sgd { momentum: 0.0 }.into();
        let mut step = Step::new(
            &chain,
            4,
            StepOptions {
                clip_norm,
                ..options(LikelihoodSpec::Gaussian, sgd)
            },
        );
        step.run(&mut chain, &examples(4, 5), &[0, 1, 2, 3], 1.0.into())
            .expect("in memory");
        let after = chain.parameters()[0].value.as_slice();
        let change: Vec<f32> = after
            .iter()
            .zip(before.as_slice())
            .map(|(a, b)| a - b)
            .collect();
        (change, step.gradient_norm(&chain))
    };
    let (free, norm) = run(None);
    assert!(norm > 0.1);
    let (clipped, clipped_norm) = run(Some(0.1));
    assert!((clipped_norm - 0.1).abs() < 1e-6, "{clipped_norm}");
    let expected: Vec<f64> = free.iter().map(|&x| f64::from(x) * 0.1 / norm).collect();
    assert_close(&clipped, &expected, 1e-6);
    let (loose, _) = run(Some(1e6));
    assert_eq!(loose, free);
}

#[test]
fn dropout_keeps_the_mean_in_training_and_everything_in_use() {
    let rows = 64;
    let chain = Chain::new(vec![Box::new(Dropout::new(Shape::Flat(100), 0.3))], 1)
        .expect("layers that fit");
    let ones = Matrix::from_vec(rows, 100, vec![1.0; rows * 100]);
    let indices: Vec<u32> = (0..rows as u32).collect();
    let run = |mode| {
        let mut tape = Tape::forward_only(&chain, 0..1, mode, rows);
        tape.read(&ones, &indices).expect("in memory");
        tape.forward(&chain, Position::default());
        tape.output().to_matrix()
    };
    assert_eq!(run(Mode::Eval), ones);
    let trained = run(Mode::Train);
    let y = trained.as_slice();
    let kept = y.iter().filter(|&&y| y != 0.0).count() as f64 / y.len() as f64;
    assert!((kept - 0.7).abs() < 0.02, "{kept}");
    assert!(y.iter().all(|&y| y == 0.0 || (y - 1.0 / 0.7).abs() < 1e-6));
}

#[test]
fn an_example_that_cannot_be_read_stops_the_step_and_changes_nothing() {
    struct Broken;
    impl Rows for Broken {
        fn rows(&self) -> usize {
            100
        }
        fn cols(&self) -> usize {
            4
        }
        fn read(&self, indices: &[u32], _out: MatrixMut<'_>) -> io::Result<()> {
            match indices.contains(&70) {
                true => Err(io::Error::other("example 70 is gone")),
                false => Ok(()),
            }
        }
    }
    let mut chain = Chain::new(vec![dense(4, 4, Activation::Linear)], 1).expect("layers that fit");
    let before = chain.parameters()[0].value.clone();
    let mut step = Step::new(
        &chain,
        100,
        options(LikelihoodSpec::Mse, Optimizer::default()),
    );
    let indices: Vec<u32> = (0..100).collect();
    let error = step
        .run(&mut chain, &Broken, &indices, 0.1.into())
        .expect_err("70 is gone");
    assert_eq!(error.to_string(), "example 70 is gone");
    assert_eq!(chain.parameters()[0].value, before);
    assert_eq!(step.steps(), 0);
}

#[test]
fn layers_out_of_range_are_refused() {
    let widths = Widths { last: 4, others: 4 };
    let build = |spec: LayerSpec| {
        let built = LayerSpec::build(&[spec], Shape::Flat(4), widths);
        built.map(|_| ()).map_err(|error| error.to_string())
    };
    let dense = |units| {
        LayerSpec::from(DenseSpec {
            units,
            activation: Activation::Relu,
            initializer: Initializer::He,
        })
    };
    assert_eq!(build(dense(None)), Ok(()));
    let zero = "layer 0 (dense) has units 0; it needs at least 1";
    assert_eq!(build(dense(Some(0))), Err(zero.into()));
    for rate in [-0.1, 1.0, f32::NAN] {
        let error = build(DropoutSpec { rate }.into()).expect_err("no probability below one");
        assert!(error.contains("at least 0 and less than 1"), "{error}");
    }
}

/// A chain of four and its step after one batch of healthy examples.
fn after_one_step() -> (Chain, Step) {
    let layers = vec![
        dense(4, 3, Activation::Relu),
        Box::new(Dropout::new(Shape::Flat(3), 0.0)) as Box<dyn Layer>,
        dense(3, 4, Activation::Linear),
    ];
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    let mut step = Step::new(
        &chain,
        100,
        options(LikelihoodSpec::Mse, Optimizer::default()),
    );
    let indices: Vec<u32> = (0..100).collect();
    step.run(&mut chain, &examples(100, 4), &indices, 0.01.into())
        .expect("in memory");
    (chain, step)
}

fn values(chain: &Chain) -> Vec<Matrix> {
    chain.parameters().iter().map(|p| p.value.clone()).collect()
}

#[test]
fn a_loss_that_is_not_finite_stops_the_step_and_its_origin_is_known() {
    // parameter, its number, its value; a number of the data; where it begins
    let cases = [
        (0, f32::NAN, 0.5, NonFinite::Parameters(0)),
        (3, f32::INFINITY, 0.5, NonFinite::Parameters(2)),
        (0, 3e38, 1e3, NonFinite::Output(0)),
        (3, 1e30, 0.5, NonFinite::Likelihood),
        (3, 0.0, f32::NAN, NonFinite::Output(0)),
    ];
    for (parameter, value, seen, expected) in cases {
        let (mut chain, mut step) = after_one_step();
        chain.parameters_mut()[parameter].value.as_mut_slice()[0] = value;
        let before = values(&chain);
        let mut data = examples(100, 4);
        // In the second tape, which the short batch after it does not fill.
        data.as_mut_slice()[4 * 70] = seen;
        let indices: Vec<u32> = (0..100).collect();
        let loss = step
            .run(&mut chain, &data, &indices, 0.01.into())
            .expect("in memory");
        assert!(!loss.is_finite(), "{expected:?}: {loss}");
        assert_eq!(step.non_finite(&chain), expected);
        assert_eq!(format!("{:?}", values(&chain)), format!("{before:?}"));
        assert_eq!((step.steps(), step.updates()), (2, 1));
    }
}

#[test]
fn parameters_that_a_gradient_broke_are_told_from_ones_that_a_rate_broke() {
    let indices: Vec<u32> = (0..100).collect();
    let (mut chain, mut step) = after_one_step();
    // Squares of the errors stay below 1e38, their products with what the last layer is given do not.
    let mut data = examples(100, 4);
    data.as_mut_slice().iter_mut().for_each(|x| *x *= 1e18);
    chain.parameters_mut()[0].value.as_mut_slice().fill(5e18);
    chain.parameters_mut()[2].value.as_mut_slice().fill(1e-20);
    let loss = step
        .run(&mut chain, &data, &indices, 0.01.into())
        .expect("in memory");
    assert!(loss.is_finite(), "{loss}");
    assert_eq!(step.non_finite(&chain), NonFinite::Gradient(2));

    let (mut chain, mut step) = after_one_step();
    step.run(
        &mut chain,
        &examples(100, 4),
        &indices,
        f32::INFINITY.into(),
    )
    .expect("in memory");
    assert_eq!(step.non_finite(&chain), NonFinite::Parameters(0));
}

#[test]
fn a_batch_of_no_examples_or_of_too_many_is_refused_and_changes_nothing() {
    let (mut chain, mut step) = after_one_step();
    let before = values(&chain);
    for count in [0, 101] {
        let indices: Vec<u32> = (0..count).collect();
        let error = step
            .run(&mut chain, &examples(200, 4), &indices, 0.01.into())
            .expect_err("such a batch has no step");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let expected = format!("a batch of {count} examples for a step that takes from 1 to 100");
        assert_eq!(error.to_string(), expected);
        assert_eq!(values(&chain), before);
        assert_eq!((step.steps(), step.updates()), (1, 1));
    }
}

#[test]
fn what_is_forgotten_changes_nothing_but_noise_goes_on() {
    let (mut chain, mut step) = after_one_step();
    let mut fresh = Step::new(
        &chain,
        100,
        options(LikelihoodSpec::Mse, Optimizer::default()),
    );
    let mut other = Chain::new(
        vec![
            dense(4, 3, Activation::Relu),
            Box::new(Dropout::new(Shape::Flat(3), 0.0)),
            dense(3, 4, Activation::Linear),
        ],
        1,
    )
    .expect("layers that fit");
    for (own, parameter) in other.parameters_mut().iter_mut().zip(chain.parameters()) {
        own.value = parameter.value.clone();
    }
    step.reset();
    let indices: Vec<u32> = (0..100).collect();
    for (step, chain) in [(&mut step, &mut chain), (&mut fresh, &mut other)] {
        step.run(chain, &examples(100, 4), &indices, 0.01.into())
            .expect("in memory");
    }
    assert_eq!(values(&chain), values(&other));
    assert_eq!((step.steps(), step.updates()), (2, 1));
}

/// The message that refuses these layers.
fn refused(layers: Vec<Box<dyn Layer>>) -> String {
    let error = Chain::new(layers, 1).expect_err("they stand where they cannot work");
    error.to_string()
}

#[test]
fn layers_that_stand_where_they_cannot_work_are_refused_when_the_chain_is_made() {
    let corrupt = || Box::new(Corrupt::new(4, Corruption::Masking { rate: 0.5 }));
    let perturb = || Box::new(Perturb::new(4));
    let residual = |layers| {
        let shape = Shape::Flat(4);
        Box::new(Activate::residual(shape, Activation::Linear, layers))
    };
    let wide = |outputs| dense(4, outputs, Activation::Relu);
    let chain = |layers| Chain::new(layers, 1).map(|_| ());
    assert_eq!(
        refused(vec![wide(3), wide(4)]),
        "layer 1 (dense relu) takes 4 elements, but the layer before it gives 3"
    );
    let learned =
        "but layer 0 (dense relu) before it learns; put it before every layer that learns";
    assert_eq!(
        refused(vec![wide(4), corrupt()]),
        format!("layer 1 (masking 0.5) has no gradient, {learned}")
    );
    assert_eq!(
        refused(vec![wide(4), wide(4), perturb()]),
        format!("layer 2 (perturb) has no gradient, {learned}")
    );
    assert_eq!(chain(vec![corrupt(), perturb(), wide(4)]), Ok(()));
    for (layers_back, problem) in [(0, "that is the layer itself"), (2, "has 1 before it")] {
        let skip = refused(vec![wide(4), residual(layers_back)]);
        let problem = format!("adds the input of the layer {layers_back} before it, but {problem}");
        assert!(skip.ends_with(&problem), "{skip}");
    }
    let skip = refused(vec![wide(3), dense(3, 4, Activation::Relu), residual(1)]);
    assert!(
        skip.ends_with("but that has 3 elements and its own 4"),
        "{skip}"
    );
    let skip = refused(vec![perturb(), wide(4), residual(2)]);
    assert!(
        skip.ends_with("but perturb between them gives several rows for one"),
        "{skip}"
    );
    assert_eq!(chain(vec![perturb(), wide(4), residual(1)]), Ok(()));
}
