//! Minimising a smooth function.

use std::collections::VecDeque;

/// Steps whose curvature is remembered.
const MEMORY: usize = 50;

/// Evaluations of one line search.
const TRIALS: usize = 30;

/// Share of the decrease that the gradient promises with which a step is content (Armijo).
const ENOUGH: f64 = 1e-4;

/// When a search ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// No element of the gradient is larger than this.
    pub(crate) gradient: f64,
    /// Most steps.
    pub(crate) steps: usize,
}

/// A step `s`, the change `y` of the gradient along it, and `1 / sᵀy`.
struct Curvature {
    step: Vec<f64>,
    change: Vec<f64>,
    scale: f64,
}

/// Where a convex function is least, by L-BFGS with a backtracking line search (Liu and Nocedal 1989). `evaluate` gives
/// the value and the gradient at a point, `precondition` the product of a gradient and the inverse Hessian at the start, or what is
/// near it.
pub(crate) fn minimise<E>(
    start: Vec<f64>,
    stop: Stop,
    precondition: impl Fn(&[f64]) -> Vec<f64>,
    mut evaluate: impl FnMut(&[f64]) -> Result<(f64, Vec<f64>), E>,
) -> Result<Vec<f64>, E> {
    let mut at = start;
    let (mut value, mut gradient) = evaluate(&at)?;
    let mut memory: VecDeque<Curvature> = VecDeque::with_capacity(MEMORY);
    for _ in 0..stop.steps {
        if gradient.iter().all(|g| g.abs() <= stop.gradient) {
            break;
        }
        let direction = descent(&gradient, &memory, &precondition);
        let promised = dot(&direction, &gradient);
        let mut length = 1.0;
        let mut found = None;
        for _ in 0..TRIALS {
            let next: Vec<f64> = at
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + length * d)
                .collect();
            let (next_value, next_gradient) = evaluate(&next)?;
            if next_value <= value + ENOUGH * length * promised {
                found = Some((next, next_value, next_gradient));
                break;
            }
            length *= 0.5;
        }
        // What is left to gain is less than the rounding of a value.
        let Some((next, next_value, next_gradient)) = found else {
            break;
        };
        let step = difference(&next, &at);
        let change = difference(&next_gradient, &gradient);
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&change, &change) {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Curvature {
                step,
                change,
                scale: 1.0 / curvature,
            });
        }
        (at, value, gradient) = (next, next_value, next_gradient);
    }
    Ok(at)
}

/// `-H · gradient`, with `H` the inverse of the curvature as the remembered steps tell it.
fn descent(
    gradient: &[f64],
    memory: &VecDeque<Curvature>,
    precondition: impl Fn(&[f64]) -> Vec<f64>,
) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for past in memory.iter().rev() {
        let share = past.scale * dot(&past.step, &direction);
        add(&mut direction, -share, &past.change);
        shares.push(share);
    }
    direction = precondition(&direction);
    if let Some(last) = memory.back() {
        let scale = 1.0 / (last.scale * dot(&last.change, &precondition(&last.change)));
        for d in &mut direction {
            *d *= scale;
        }
    }
    for (past, share) in memory.iter().zip(shares.into_iter().rev()) {
        let other = past.scale * dot(&past.change, &direction);
        add(&mut direction, share - other, &past.step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn add(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn a_narrow_valley_is_followed_to_its_end() {
        // Σ cᵢ (xᵢ - i)² + (xᵢ - i)⁴ with curvatures from 1 to 100
        let curvature = |i: usize| 10f64.powi((i % 3) as i32);
        let stop = Stop {
            gradient: 1e-8,
            steps: 500,
        };
        let found = minimise(vec![0.0; 20], stop, <[f64]>::to_vec, |x| {
            let at = |i: usize| x[i] - i as f64;
            let value = (0..20).map(|i| curvature(i) * at(i).powi(2) + at(i).powi(4));
            let gradient = (0..20).map(|i| 2.0 * curvature(i) * at(i) + 4.0 * at(i).powi(3));
            Ok::<_, Infallible>((value.sum(), gradient.collect()))
        });
        let Ok(found) = found;
        for (i, x) in found.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-7, "number {i}: {x}");
        }
    }
}
