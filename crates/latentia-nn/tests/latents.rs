//! The promises of latents by themselves.

use latentia_nn::latents::{
    FiniteScalarQuantised, FiniteScalarQuantisedLatent, RoundedLatent, TopKLatent,
    VectorQuantisedLatent, VonMisesFisher, VonMisesFisherLatent,
};
use latentia_nn::{
    Chain, Latent, LikelihoodSpec, Mode, Optimizer, Position, Step, StepOptions, Tape,
};
use latentia_tensor::{Matrix, Noise};
use latentia_testing::numbers;

#[test]
fn the_largest_stay_and_of_equal_elements_the_first() {
    let check = |x: [f32; 5], k, expected: [f32; 5]| {
        let chain =
            Chain::new(vec![Box::new(TopKLatent::new(5, k, 0))], 1).expect("layers that fit");
        let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
        tape.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
        tape.forward(&chain, Position::default());
        assert_eq!(tape.output().span(), expected);
    };
    check([1.0, 5.0, -2.0, 3.0, 4.0], 2, [0.0, 5.0, 0.0, 0.0, 4.0]);
    check([2.0, 2.0, 1.0, 2.0, 0.0], 2, [2.0, 2.0, 0.0, 0.0, 0.0]);
    check(
        [-1.0, -2.0, -3.0, -4.0, -5.0],
        1,
        [-1.0, 0.0, 0.0, 0.0, 0.0],
    );
    check([1.0, 2.0, 3.0, 4.0, 5.0], 5, [1.0, 2.0, 3.0, 4.0, 5.0]);
    // A NaN must show, not vanish.
    let chain = Chain::new(vec![Box::new(TopKLatent::new(2, 1, 0))], 1).expect("layers that fit");
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
    let x = [0.0, f32::NAN];
    tape.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
    tape.forward(&chain, Position::default());
    assert!(tape.output().span()[1].is_nan());
}

#[test]
fn fewer_stay_as_the_warm_up_goes_on() {
    let chain = Chain::new(vec![Box::new(TopKLatent::new(9, 1, 4))], 1).expect("layers that fit");
    let kept = |mode, epochs| {
        let mut tape = Tape::forward_only(&chain, 0..1, mode, 1);
        tape.input_mut(1, &[]).as_mut_slice().fill(1.0);
        let position = Position {
            epochs,
            ..Position::default()
        };
        tape.forward(&chain, position);
        tape.output().span().iter().sum::<f32>()
    };
    let counts = [0.0, 1.0, 2.0, 3.9, 4.0, 50.0].map(|epochs| kept(Mode::Train, epochs));
    assert_eq!(counts, [9.0, 7.0, 5.0, 1.0, 1.0, 1.0]);
    assert_eq!(kept(Mode::Sample, 0.0), 1.0);
}

#[test]
fn the_prior_of_rounded_codes_keeps_a_small_variance_beside_a_large_mean() {
    let shifted = numbers(3, 2 * 200).into_iter();
    let shifted = shifted.zip([1000.0, -3000.0].into_iter().cycle());
    let examples: Vec<f32> = shifted.map(|(x, mean)| mean + 0.01 * x).collect();
    let examples = Matrix::from_vec(200, 2, examples);
    let mut chain =
        Chain::new(vec![Box::new(RoundedLatent::new(2, 0.0))], 1).expect("layers that fit");
    let options = StepOptions {
        objective: LikelihoodSpec::Mse.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 1,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, 200, options);
    let indices: Vec<u32> = (0..200).collect();
    step.run(&mut chain, &examples, &indices, 0.01.into())
        .expect("in memory");
    let [mean, variance] = [0, 1].map(|at: usize| chain.parameters()[at].value.as_slice());
    for unit in 0..2 {
        let column = || (0..200).map(|row| f64::from(examples.row(row)[unit]));
        let expected_mean = column().sum::<f64>() / 200.0;
        let squares = column().map(|x| (x - expected_mean).powi(2));
        let expected = squares.sum::<f64>() / 200.0;
        assert!((f64::from(mean[unit]) - expected_mean).abs() < 1e-3);
        let obtained = f64::from(variance[unit]);
        assert!(
            (obtained / expected - 1.0).abs() < 1e-4,
            "{obtained} {expected}"
        );
    }
}

#[test]
fn a_finite_scalar_code_is_the_level_and_the_index_of_the_paper() {
    for levels in [&[8, 5, 5, 5][..], &[2, 3, 4], &[7], &[2; 16]] {
        let (vectors, rows) = (3, 40);
        let width = vectors * levels.len();
        let layer = FiniteScalarQuantisedLatent::new(width, levels);
        let chain = Chain::new(vec![Box::new(layer)], 1).expect("layers that fit");
        let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, rows);
        let x: Vec<f32> = numbers(3, rows * width).iter().map(|x| 4.0 * x).collect();
        let mut input = tape.input_mut(rows, &[]);
        input.as_mut_slice().copy_from_slice(&x);
        tape.forward(&chain, Position::default());
        // Appendix A.1, in f64: `jnp.round` of `bound(z)`, and `codes_to_indexes`.
        let spec = FiniteScalarQuantised {
            levels: levels.to_vec(),
        };
        let (mut indices, mut expected) = (Vec::new(), Vec::new());
        for saved in tape.trace(0).saved.iter_rows() {
            spec.read_indices(saved, &mut indices);
        }
        let codes = tape.output().span().to_vec();
        for (x, z) in x.chunks(levels.len()).zip(codes.chunks(levels.len())) {
            let (mut index, mut basis) = (0.0, 1.0);
            for ((x, z), &levels) in x.iter().zip(z).zip(levels) {
                let half = (levels - 1) as f64 * (1.0 - 1e-3) / 2.0;
                let offset = if levels % 2 == 1 { 0.0 } else { 0.5 };
                let shift = (offset / half).tan();
                let q = ((f64::from(*x) + shift).tanh() * half - offset).round();
                assert_eq!(*z, (q / (levels / 2) as f64) as f32, "{levels}: {x}");
                index += (q + (levels / 2) as f64) * basis;
                basis *= levels as f64;
            }
            expected.push(index as u32);
        }
        assert_eq!(indices, expected);
        // The way back; codes are the nearest to themselves, and the outermost to what is beyond.
        let mut back = vec![f32::NAN; codes.len()];
        spec.read_code(&[], &indices, &mut back);
        assert_eq!(back, codes);
        assert!(spec.quantise(&mut back) && back == codes);
        let mut far = [vec![-9.0; levels.len()], vec![9.0; levels.len()]].concat();
        spec.quantise(&mut far);
        let highest = levels.iter().map(|l| ((l - 1) / 2) as f32 / (l / 2) as f32);
        let ends = levels.iter().map(|_| -1.0).chain(highest);
        assert_eq!(far, ends.collect::<Vec<f32>>());
    }
    // A NaN must show, not vanish.
    let layer = FiniteScalarQuantisedLatent::new(2, &[3, 4]);
    let chain = Chain::new(vec![Box::new(layer)], 1).expect("layers that fit");
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
    let x = [0.0, f32::NAN];
    tape.input_mut(1, &[]).as_mut_slice().copy_from_slice(&x);
    tape.forward(&chain, Position::default());
    assert!(tape.output().span()[1].is_nan());
}

#[test]
fn the_distance_to_a_codebook_is_a_sum_in_one_order_whatever_the_batch() {
    // More vectors than are compared at once, and rows of one vector and of several.
    for (width, codebook, dimension) in [(15, 150, 5), (35, 70, 35), (12, 64, 1)] {
        let layer = VectorQuantisedLatent::new(width, codebook, dimension, 0.99);
        let chain = Chain::new(vec![Box::new(layer)], 1).expect("layers that fit");
        let examples = numbers(7, 20 * width);
        let distance = |x: &[f32], e: &[f32]| {
            let norm: f32 = e.iter().map(|e| e * e).sum();
            let product = x
                .iter()
                .zip(e)
                .fold(0.0f32, |sum, (x, e)| x.mul_add(*e, sum));
            norm - 2.0 * product
        };
        let vectors = chain.parameters()[0].value.as_slice().chunks(dimension);
        for rows in [1, 20] {
            let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, rows);
            for examples in examples.chunks(rows * width) {
                let mut input = tape.input_mut(rows, &[]);
                input.as_mut_slice().copy_from_slice(examples);
                tape.forward(&chain, Position::default());
                let saved = tape.trace(0).saved.iter_rows();
                for (x, saved) in examples.chunks(width).zip(saved) {
                    let (indices, distances) = saved.split_at(width / dimension);
                    for (at, x) in x.chunks(dimension).enumerate() {
                        let of = vectors.clone().map(|e| distance(x, e));
                        let of: Vec<f32> = of.collect();
                        let least = of.iter().copied().fold(f32::INFINITY, f32::min);
                        assert_eq!(distances[at].to_bits(), least.to_bits());
                        let first = of.iter().position(|of| *of == least);
                        assert_eq!(Some(indices[at] as usize), first);
                    }
                }
            }
        }
    }
}

/// `I(κ) = ∫ g(cos θ) sinⁿ⁻²θ exp(κ (cos θ - 1)) dθ`, by a fine sum.
fn over_angles(n: usize, kappa: f64, g: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 20_000;
    let step = std::f64::consts::PI / STEPS as f64;
    let one = |i: usize| {
        let theta = (i as f64 + 0.5) * step;
        let density = theta.sin().powi(n as i32 - 2) * (kappa * (theta.cos() - 1.0)).exp();
        density * g(theta.cos())
    };
    step * (0..STEPS).map(one).sum::<f64>()
}

#[test]
fn directions_have_the_mean_of_their_distribution_and_its_divergence_from_the_uniform_one() {
    let draws = 20_000;
    for (n, s) in [(2, 0.5f32), (3, 3.0), (10, 8.0), (10, 60.0), (40, -5.0)] {
        let spec = VonMisesFisher { units: n };
        let distribution = spec.distribution().expect("a posterior");
        let kappa = 1.0 + (1.0 + f64::from(s).exp()).ln();
        let mass = over_angles(n, kappa, |_| 1.0);
        let uniform = over_angles(n, 0.0, |_| 1.0);
        let mean_cosine = over_angles(n, kappa, |cosine| cosine) / mass;
        let expected = kappa * (mean_cosine - 1.0) - (mass / uniform).ln();
        let mut x = numbers(n as u64, n);
        x.push(s);
        let mut kl = vec![f32::NAN; n];
        distribution.kl(&x, &mut kl);
        let kl: f64 = kl.iter().map(|kl| f64::from(*kl)).sum();
        assert!(
            (kl - expected).abs() < 1e-5 * expected.max(1.0),
            "{n}: {kl} {expected}"
        );

        let length = x[..n].iter().map(|m| m * m).sum::<f32>().sqrt();
        let (mut sum, mut cosines, mut ratios) = (vec![0.0; n], 0.0, 0.0);
        let (mut epsilon, mut deviation, mut z) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for row in 0..draws {
            Noise::new(3, 1).normal(row, &mut epsilon);
            ratios -= distribution.draw(&x, &epsilon, &mut deviation, &mut z);
            let norm: f32 = z.iter().map(|z| z * z).sum();
            assert!((norm - 1.0).abs() < 1e-5, "{n}: {norm}");
            let along = z.iter().zip(&x).map(|(z, m)| z * m).sum::<f32>();
            cosines += f64::from(along / length);
            sum.iter_mut()
                .zip(&z)
                .for_each(|(sum, z)| *sum += f64::from(*z));
        }
        let count = f64::from(draws);
        assert!((cosines / count - mean_cosine).abs() < 0.01, "{n} {kappa}");
        assert!(
            (ratios / count - expected).abs() < 0.02 * expected.max(1.0),
            "{n} {kappa}"
        );
        for (sum, m) in sum.iter().zip(&x) {
            let expected = mean_cosine * f64::from(m / length);
            assert!((sum / count - expected).abs() < 0.025, "{n} {kappa}");
        }
    }
}

#[test]
fn a_direction_is_that_of_its_mean_in_evaluation() {
    let layer = VonMisesFisherLatent::new(3, 1);
    let chain = Chain::new(vec![Box::new(layer)], 1).expect("layers that fit");
    let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 2);
    let x = [3.0, 0.0, -4.0, 7.0, 0.0, 0.0, 0.0, 7.0];
    tape.input_mut(2, &[]).as_mut_slice().copy_from_slice(&x);
    tape.forward(&chain, Position::default());
    assert_eq!(tape.output().span(), [0.6, 0.0, -0.8, 0.0, 0.0, 0.0]);
}
