//! The promises of latents by themselves.

use latentia_nn::latents::{
    FiniteScalarQuantised, FiniteScalarQuantisedLatent, GumbelSoftmax, LookupFreeQuantised,
    RoundedLatent, TopKLatent, VectorQuantised, VectorQuantisedLatent,
};
use latentia_nn::{
    Chain, Latent, LikelihoodSpec, Mode, Optimizer, Position, Step, StepOptions, Tape,
};
use latentia_tensor::Matrix;
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
fn a_lookup_free_code_is_the_signs_and_its_index_their_bits() {
    for dimension in [1, 3, 16] {
        let (vectors, rows) = (3, 20);
        let width = vectors * dimension;
        let spec = LookupFreeQuantised {
            dimension,
            commitment: 0.25,
            entropy: 0.1,
            temperature: 1.0,
        };
        let chain = Chain::new(spec.layers(width, 1), 1).expect("layers that fit");
        let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, rows);
        let mut x = numbers(3, rows * width);
        x[0] = 0.0;
        let mut input = tape.input_mut(rows, &[]);
        input.as_mut_slice().copy_from_slice(&x);
        tape.forward(&chain, Position::default());
        let mut indices = Vec::new();
        for saved in tape.trace(0).saved.iter_rows() {
            spec.read_indices(saved, &mut indices);
        }
        let codes = tape.output().span().to_vec();
        let signs = x.iter().map(|x| if *x > 0.0 { 1.0 } else { -1.0 });
        assert_eq!(codes, signs.collect::<Vec<f32>>());
        let bits = |x: &[f32]| (0..dimension).map(|i| u32::from(x[i] > 0.0) << i).sum();
        let expected: Vec<u32> = x.chunks(dimension).map(bits).collect();
        assert_eq!(indices, expected);
        let mut back = vec![f32::NAN; codes.len()];
        spec.read_code(&[], &indices, &mut back);
        assert_eq!(back, codes);
        assert!(spec.quantise(&mut x) && x == codes);
        // A NaN must show, not vanish.
        tape.input_mut(1, &[]).as_mut_slice().fill(f32::NAN);
        tape.forward(&chain, Position::default());
        assert!(tape.output().span()[0].is_nan());
    }
}

#[test]
fn a_categorical_code_is_the_most_likely_category_and_drawn_by_its_probability() {
    let (categories, variables, rows) = (3, 2, 40_000);
    let width = categories * variables;
    let spec = GumbelSoftmax {
        categories,
        temperature: 0.5,
        warm_up: 0,
        kl: 1.0,
    };
    let chain = Chain::new(spec.layers(width, 1), 1).expect("layers that fit");
    // The same logits in each row, once with two that are equal.
    let logits = [0.2f32, 1.0, 1.0, -0.5, 0.0, 0.7];
    let run = |mode, x: &[f32]| {
        let mut tape = Tape::forward_only(&chain, 0..1, mode, x.len() / width);
        let mut input = tape.input_mut(x.len() / width, &[]);
        input.as_mut_slice().copy_from_slice(x);
        tape.forward(&chain, Position::default());
        let mut indices = Vec::new();
        for saved in tape.trace(0).saved.iter_rows() {
            spec.read_indices(saved, &mut indices);
        }
        (tape.output().span().to_vec(), indices)
    };
    let (mut code, indices) = run(Mode::Eval, &logits);
    assert_eq!(code, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0], "the first of equals");
    assert_eq!(indices, [1, 2]);
    let mut back = vec![f32::NAN; width];
    spec.read_code(&[], &indices, &mut back);
    assert_eq!(back, code);
    assert!(spec.quantise(&mut code) && back == code);

    let repeated = logits.repeat(rows);
    let (drawn, indices) = run(Mode::Sample, &repeated);
    spec.read_code(&[], &indices, &mut vec![0.0; width]);
    let (soft, _) = run(Mode::Train, &repeated);
    for (at, &a) in logits.iter().enumerate() {
        let own = at / categories * categories..(at / categories + 1) * categories;
        let total: f64 = logits[own].iter().map(|&a| f64::from(a).exp()).sum();
        let probability = f64::from(a).exp() / total;
        let column = drawn.iter().skip(at).step_by(width);
        let share = column.map(|&z| f64::from(z)).sum::<f64>() / rows as f64;
        // Four standard errors.
        let bound = 4.0 * (probability * (1.0 - probability) / rows as f64).sqrt();
        assert!((share - probability).abs() < bound, "{share} {probability}");
    }
    // A relaxed sample is one of probabilities, and its largest element is the one that is drawn.
    for (soft, drawn) in soft.chunks(categories).zip(drawn.chunks(categories)) {
        assert!((soft.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let largest = soft.iter().fold(0.0f32, |a, &b| a.max(b));
        let at = drawn.iter().position(|&z| z == 1.0).expect("one of them");
        assert_eq!(soft[at], largest);
    }
    // A NaN must show, not vanish.
    let (code, _) = run(Mode::Eval, &[0.0, f32::NAN, 0.0, 1.0, 2.0, 3.0]);
    assert!(code[0].is_nan() && code[5] == 1.0);
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

/// Of a vector the index of the nearest row in each codebook to what those before left over, in f64, and the sum behind each.
fn residual(x: &[f32], codebooks: &[&[f32]]) -> (Vec<u32>, Vec<Vec<f64>>) {
    let (mut indices, mut sums) = (Vec::new(), Vec::new());
    let mut sum = vec![0.0; x.len()];
    for codebook in codebooks {
        let distance = |e: &[f32]| -> f64 {
            let elements = x.iter().zip(&sum).zip(e);
            elements
                .map(|((x, sum), e)| (f64::from(*x) - sum - f64::from(*e)).powi(2))
                .sum()
        };
        let of: Vec<f64> = codebook.chunks(x.len()).map(distance).collect();
        let least = of.iter().copied().fold(f64::INFINITY, f64::min);
        let index = of.iter().position(|of| *of == least).expect("one is least");
        let nearest = &codebook[index * x.len()..];
        (sum.iter_mut().zip(nearest)).for_each(|(sum, e)| *sum += f64::from(*e));
        indices.push(index as u32);
        sums.push(sum.clone());
    }
    (indices, sums)
}

#[test]
fn a_residual_code_is_the_sum_of_what_each_codebook_has_nearest_to_the_rest() {
    for (width, codebook, codebooks, dimension) in [(15, 150, 2, 5), (6, 4, 5, 2), (7, 70, 3, 1)] {
        let (vectors, spec) = (
            width / dimension,
            VectorQuantised {
                codebook,
                codebooks,
                dimension,
                commitment: 0.25,
                decay: 0.99,
            },
        );
        let chain = Chain::new(spec.layers(width, 1), 1).expect("layers that fit");
        let rows = chain.parameters()[0].value.as_slice();
        let of_stages: Vec<&[f32]> = rows.chunks(codebook * dimension).collect();
        assert_eq!(of_stages.len(), codebooks);
        let x = numbers(7, 20 * width);
        let of_vectors = x.chunks(dimension).map(|x| residual(x, &of_stages));
        let (expected, sums): (Vec<_>, Vec<_>) = of_vectors.unzip();
        let mut together = Vec::new();
        for rows in [20, 1] {
            let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, rows);
            let (mut indices, mut codes) = (Vec::new(), Vec::new());
            for x in x.chunks(rows * width) {
                tape.input_mut(rows, &[]).as_mut_slice().copy_from_slice(x);
                tape.forward(&chain, Position::default());
                let saved = tape.trace(0).saved.iter_rows();
                saved.for_each(|saved| spec.read_indices(saved, &mut indices));
                codes.extend_from_slice(tape.output().span());
            }
            assert_eq!(indices, expected.concat());
            assert_eq!(indices.len(), 20 * spec.values().indices(width));
            let last = sums.iter().flat_map(|sums| &sums[codebooks - 1]);
            for (z, expected) in codes.iter().zip(last) {
                assert!((f64::from(*z) - expected).abs() < 1e-6, "{z} {expected}");
            }
            // Alone as among others, and the way back, to the bit.
            let mut back = vec![f32::NAN; codes.len()];
            spec.read_code(chain.parameters(), &indices, &mut back);
            assert_eq!(back, codes);
            if rows == 20 {
                together = codes;
            } else {
                assert_eq!(codes, together);
            }
        }
        // A NaN must show, not vanish.
        let mut tape = Tape::forward_only(&chain, 0..1, Mode::Eval, 1);
        tape.input_mut(1, &[]).as_mut_slice().fill(0.0);
        tape.input_mut(1, &[]).as_mut_slice()[0] = f32::NAN;
        tape.forward(&chain, Position::default());
        assert!(tape.output().span()[0].is_nan() && vectors > 1);
        assert!(tape.output().span()[width - 1].is_finite());
    }
}

#[test]
fn codebooks_are_running_means_of_what_those_before_left_over() {
    let (width, codebook, codebooks, dimension, decay) = (6, 4, 3, 2, 0.75);
    let layer = VectorQuantisedLatent::new(width, codebook, dimension, decay);
    let layer = Box::new(layer.with_codebooks(codebooks));
    let mut chain = Chain::new(vec![layer], 1).expect("layers that fit");
    let rows = 300;
    let options = StepOptions {
        objective: LikelihoodSpec::Mse.into(),
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: 1,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, rows, options);
    let indices: Vec<u32> = (0..rows as u32).collect();
    for at in 0..3 {
        let examples = Matrix::from_vec(rows, width, numbers(5 + at, rows * width));
        let [before, usage] = [0, 1].map(|of: usize| chain.parameters()[of].value.clone());
        let (mut sums, mut counts) = (
            vec![0.0; before.as_slice().len()],
            vec![0.0; codebooks * codebook],
        );
        let of_stages: Vec<&[f32]> = before.as_slice().chunks(codebook * dimension).collect();
        let mut met = vec![Vec::new(); codebooks];
        for x in examples.as_slice().chunks(dimension) {
            let (chosen, after) = residual(x, &of_stages);
            for (stage, index) in chosen.into_iter().enumerate() {
                let row = stage * codebook + index as usize;
                counts[row] += 1.0;
                let left = x.iter().enumerate().map(|(i, x)| {
                    let before = stage.checked_sub(1).map_or(0.0, |stage| after[stage][i]);
                    f64::from(*x) - before
                });
                let left: Vec<f64> = left.collect();
                let sum = &mut sums[row * dimension..][..dimension];
                sum.iter_mut().zip(&left).for_each(|(sum, x)| *sum += x);
                met[stage].push(left);
            }
        }
        step.run(&mut chain, &examples, &indices, 0.0.into())
            .expect("in memory");
        let [codebook_now, usage_now] = [0, 1].map(|of: usize| &chain.parameters()[of].value);
        let (old, new) = (f64::from(decay), 1.0 - f64::from(decay));
        let usage = usage.as_slice().iter().zip(&counts);
        let usage: Vec<f64> =
            (usage.map(|(usage, count)| old * f64::from(*usage) + new * count)).collect();
        for (row, expected) in usage.iter().enumerate() {
            let stage = row / codebook;
            let close = |x: &[f64]| {
                let mut elements = codebook_now.row(row).iter().zip(x);
                elements.all(|(e, x)| (f64::from(*e) - x).abs() < 1e-5)
            };
            let of_codebook = &usage[stage * codebook..][..codebook];
            if *expected < 0.01 * of_codebook.iter().sum::<f64>() / codebook as f64 {
                // A vector that is dead begins anew at something that its codebook met.
                assert!(met[stage].iter().any(|x| close(x)), "{row} at {at}");
                continue;
            }
            let mean = (0..dimension).map(|i| {
                let before = (expected - new * counts[row]) * f64::from(before.row(row)[i]);
                (before + new * sums[row * dimension + i]) / expected
            });
            assert!(close(&mean.collect::<Vec<f64>>()), "{row} at {at}");
            let obtained = f64::from(usage_now.as_slice()[row]);
            assert!((obtained - expected).abs() < 1e-3, "{obtained} {expected}");
        }
    }
}
