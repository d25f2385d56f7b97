//! The score by its formula, slowly, in f64.

use latentia_models::Autoencoder;
use latentia_tensor::{ElementKind, Matrix};

/// The most reference codes of a member, of rows and of pictures.
const MOST_REFERENCES: [usize; 2] = [2_000, 10_000];

/// The score of each of `rows` by models that learned from `training`, rows of columns of these kinds.
pub fn scores(
    members: &[&Autoencoder],
    kinds: &[ElementKind],
    training: &Matrix,
    rows: &Matrix,
) -> Vec<f64> {
    let mut parts = vec![
        (
            1.0,
            mean_of(members, |model| reconstruction(model, training, rows)),
        ),
        (0.5, columns(kinds, training, rows)),
    ];
    if !members[0].latent().is_restricted() && training.rows() > 1 {
        let distance = mean_of(members, |model| {
            codes(model, training, rows, [10, 0])[0].clone()
        });
        parts.push((1.0, distance));
    }
    weighed(parts, rows.rows())
}

/// The same of pictures `[height, width, channels]`, channels last.
pub fn scores_of_pictures(
    model: &Autoencoder,
    shape: [usize; 3],
    training: &Matrix,
    rows: &Matrix,
) -> Vec<f64> {
    let [distance, local] = codes(model, training, rows, [5, 20]);
    let parts = vec![
        (1.0, worst_window(model, shape, training, rows)),
        (0.5, distance),
        (0.5, local),
    ];
    weighed(parts, rows.rows())
}

/// A part of the score, of training rows and of others.
type PartOfScore = [Vec<f64>; 2];

/// Parts by weight, each standardised by its values of training rows.
fn weighed(parts: Vec<(f64, PartOfScore)>, rows: usize) -> Vec<f64> {
    let mut scores = vec![0.0; rows];
    for (weight, [usual, own]) in parts {
        let (mean, deviation) = mean_and_deviation(&usual);
        for (score, x) in scores.iter_mut().zip(own) {
            *score += weight * (x - mean) / deviation;
        }
    }
    scores
}

/// A mean over members.
fn mean_of(members: &[&Autoencoder], part: impl Fn(&Autoencoder) -> PartOfScore) -> PartOfScore {
    let each: Vec<PartOfScore> = members.iter().map(|model| part(model)).collect();
    [0, 1].map(|side| {
        let sum = |row: usize| each.iter().map(|both| both[side][row]).sum::<f64>();
        (0..each[0][side].len())
            .map(|row| sum(row) / each.len() as f64)
            .collect()
    })
}

/// Mean and deviation, which is 1 where all values are the same.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let is_constant = values.iter().all(|x| *x == values[0]);
    let (mean, variance) = mean_and_variance(values);
    (mean, if is_constant { 1.0 } else { variance.sqrt() })
}

fn mean_and_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (
        mean,
        values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n,
    )
}

/// The value that a share of `values` lies below, as NumPy's `quantile` has it.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() as f64 - 1.0);
    let (low, high) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    low + place.fract() * (high - low)
}

/// What each element adds to the loss above the least that it could; nothing is known of one that is missing.
fn excess(model: &Autoencoder, rows: &Matrix) -> Vec<Vec<Option<f64>>> {
    let own = model.element_scores(rows).expect("rows that fit");
    let least = model.least_element_scores(rows).expect("rows that fit");
    let row = |i: usize| {
        let elements = own.row(i).iter().zip(least.row(i)).zip(rows.row(i));
        let element = |((&own, &least), x): ((&f32, &f32), &f32)| match x.is_nan() {
            true => None,
            false => Some((f64::from(own) - f64::from(least)).max(0.0)),
        };
        elements.map(element).collect()
    };
    (0..rows.rows()).map(row).collect()
}

/// `asinh((Σ excess - median) / distance of the quartiles)`. What is missing has the mean of its column.
fn reconstruction(model: &Autoencoder, training: &Matrix, rows: &Matrix) -> PartOfScore {
    let usual = excess(model, training);
    let mean = |column: usize| {
        let known: Vec<f64> = usual.iter().filter_map(|row| row[column]).collect();
        match known.is_empty() {
            true => 0.0,
            false => known.iter().sum::<f64>() / known.len() as f64,
        }
    };
    let means: Vec<f64> = (0..training.cols()).map(mean).collect();
    let totals = |excess: &[Vec<Option<f64>>]| -> Vec<f64> {
        let total = |row: &Vec<Option<f64>>| {
            let elements = row.iter().zip(&means);
            elements.map(|(x, mean)| x.unwrap_or(*mean)).sum::<f64>()
        };
        excess.iter().map(total).collect()
    };
    let (own, usual) = (totals(&excess(model, rows)), totals(&usual));
    let median = quantile(&usual, 0.5);
    let spread = match quantile(&usual, 0.75) - quantile(&usual, 0.25) {
        spread if spread > f64::EPSILON * median.abs() => spread,
        _ => 1.0,
    };
    [usual, own].map(|totals| {
        let value = |total: f64| ((total - median) / spread).asinh();
        totals.into_iter().map(value).collect()
    })
}

/// The mean over columns of what each value adds.
fn columns(kinds: &[ElementKind], training: &Matrix, rows: &Matrix) -> [Vec<f64>; 2] {
    let n = kinds.len() as f64;
    [training, rows].map(|rows| {
        let mut parts = vec![0.0; rows.rows()];
        for (column, &kind) in kinds.iter().enumerate() {
            let usual: Vec<f32> = (0..training.rows())
                .map(|i| training.row(i)[column])
                .collect();
            for (i, part) in parts.iter_mut().enumerate() {
                *part += of_column(kind, &usual, rows.row(i)[column]) / n;
            }
        }
        parts
    })
}

/// What a value of a column adds, of which these are usual.
fn of_column(kind: ElementKind, usual: &[f32], x: f32) -> f64 {
    let missing = usual.iter().filter(|x| x.is_nan()).count();
    let known: Vec<f64> = usual
        .iter()
        .filter(|x| !x.is_nan())
        .map(|&x| x.into())
        .collect();
    // Half a time more than it was seen, so that nothing is impossible.
    let surprise = |count: usize, most: usize| ((most as f64 + 0.5) / (count as f64 + 0.5)).ln();
    let most = missing.max(known.len());
    if x.is_nan() {
        return surprise(missing, most);
    }
    let there = surprise(known.len(), most);
    if kind != ElementKind::Number {
        let count = |level: usize| known.iter().filter(|&&x| x == level as f64).count();
        let most = (0..kind.levels()).map(count).max().unwrap_or(0);
        return there + surprise(count(x as usize), most);
    }
    if known.is_empty() {
        return there + f64::from(x).powi(2).ln_1p();
    }
    let median = quantile(&known, 0.5);
    let robust = (quantile(&known, 0.75) - quantile(&known, 0.25)) / 1.349;
    let (_, deviation) = mean_and_deviation(&known);
    let is_constant = known.iter().all(|x| *x == known[0]);
    let scale = match (robust > 0.0, is_constant) {
        (true, _) => robust,
        (false, false) => deviation,
        (false, true) => 1e-3 * if median == 0.0 { 1.0 } else { median },
    };
    there + ((f64::from(x) - median) / scale).powi(2).ln_1p()
}

/// The logarithm of the mean excess in the worst window, over the picture's contrast.
fn worst_window(
    model: &Autoencoder,
    [height, width, channels]: [usize; 3],
    training: &Matrix,
    rows: &Matrix,
) -> PartOfScore {
    let contrast = |row: &[f32]| {
        let mut sorted = row.to_vec();
        sorted.sort_by(f32::total_cmp);
        let median = f64::from(sorted[row.len() / 2]);
        row.iter()
            .map(|&x| (f64::from(x) - median).abs())
            .sum::<f64>()
            / row.len() as f64
    };
    let contrasts: Vec<f64> = (0..training.rows())
        .map(|i| contrast(training.row(i)))
        .collect();
    let least = 0.1 * quantile(&contrasts, 0.5);
    let side = (height.min(width) / 4).max(1);
    [training, rows].map(|rows| {
        let part = |(i, excess): (usize, Vec<Option<f64>>)| {
            let mut worst = 0.0f64;
            for (top, left) in
                (0..=height - side).flat_map(|top| (0..=width - side).map(move |left| (top, left)))
            {
                let mut sum = 0.0;
                for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (top + y, left + x))) {
                    let pixel = (y * width + x) * channels;
                    sum += excess[pixel..pixel + channels]
                        .iter()
                        .flatten()
                        .sum::<f64>();
                }
                worst = worst.max(sum / (side * side * channels) as f64);
            }
            (worst / (contrast(rows.row(i)) + least) + 1e-9).ln()
        };
        excess(model, rows)
            .into_iter()
            .enumerate()
            .map(part)
            .collect()
    })
}

/// `½ ln(d² + least)`, `d` the distance to the `n`th nearest code of another training row, `least` a millionth of the codes' variance; and how
/// much that is above the mean of the same of the `local` nearest.
fn codes(
    model: &Autoencoder,
    training: &Matrix,
    rows: &Matrix,
    [n, local]: [usize; 2],
) -> [PartOfScore; 2] {
    let most = MOST_REFERENCES[usize::from(local > 0)];
    let some = training.rows().min(most);
    let evenly = (0..some).map(|i| i * training.rows() / some);
    let references = super::only(training, evenly);
    let [references, own] = [&references, rows].map(|rows| {
        let codes = model.encode(rows).expect("rows that fit");
        let wide = |i: usize| codes.row(i).iter().map(|&x| f64::from(x)).collect();
        (0..codes.rows()).map(wide).collect::<Vec<Vec<f64>>>()
    });
    let variance = |element: usize| {
        let values: Vec<f64> = references.iter().map(|code| code[element]).collect();
        mean_and_variance(&values).1
    };
    let variances = (0..references[0].len()).map(variance);
    let least = (1e-6 * variances.sum::<f64>()).max(f64::MIN_POSITIVE);
    // Squared distances to the others and which they are, nearest first.
    let nearest = |code: &[f64], itself: Option<usize>| {
        let others = references
            .iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != itself);
        let square = |other: &[f64]| {
            code.iter()
                .zip(other)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
        };
        let mut squares: Vec<(f64, usize)> = others.map(|(i, other)| (square(other), i)).collect();
        squares.sort_by(|a, b| a.0.total_cmp(&b.0));
        squares
    };
    let distance =
        |nearest: &[(f64, usize)]| 0.5 * (nearest[nearest.len().min(n) - 1].0 + least).ln();
    let places = |codes: &[Vec<f64>], among: bool| -> Vec<Vec<(f64, usize)>> {
        let codes = codes.iter().enumerate();
        codes
            .map(|(i, code)| nearest(code, among.then_some(i)))
            .collect()
    };
    let (usual, own) = (places(&references, true), places(&own, false));
    let of_references: Vec<f64> = usual.iter().map(|nearest| distance(nearest)).collect();
    let above = |nearest: &[(f64, usize)]| {
        let around: Vec<f64> = nearest
            .iter()
            .take(local)
            .map(|&(_, i)| of_references[i])
            .collect();
        distance(nearest) - around.iter().sum::<f64>() / around.len().max(1) as f64
    };
    let sides = [&usual, &own];
    [
        sides.map(|all| all.iter().map(|nearest| distance(nearest)).collect()),
        sides.map(|all| all.iter().map(|nearest| above(nearest)).collect()),
    ]
}
