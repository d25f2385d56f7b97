//! Codes on the sphere.

use latentia_nn::latents::{VonMisesFisher, VonMisesFisherLatent};
use latentia_nn::{Chain, Latent, Mode, Position, Tape};
use latentia_tensor::Noise;
use latentia_testing::numbers;

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
