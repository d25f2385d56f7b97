//! The preset `anomaly` on six real tables: whether rates of false alarms are what they are said to be, and reasons the right ones.

use std::ops::{ControlFlow, RangeInclusive};

use latentia_data::{Dataset, Locations, load};
use latentia_models::{CalibrationSource, Detector, Explanation, Preset, Rule};
use latentia_tensor::{Matrix, Noise, Rows, Subset};
use rand::RngExt;
use rand::seq::SliceRandom;

const TABLES: [&str; 6] = [
    "tests/data/iris.csv",
    "tests/data/wine.csv",
    "tests/data/breast_cancer.csv",
    "tests/data/diabetes.csv",
    "tests/data/auto_mpg.csv",
    "../../docs/data/penguins.csv",
];

/// Parts of a table that are held out in turn.
const FOLDS: usize = 5;

/// How often a column is broken, over all tables, for each split into rows to learn from and rows to break.
const BROKEN: usize = 1_000;
const SPLITS: u64 = 3;

/// Deviations of its column that a number is moved by.
const MOVED_BY: RangeInclusive<f32> = 3.0..=8.0;

fn table(path: &str) -> Dataset {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    load(&path, &Locations::new(None)).expect("a table").train
}

fn shuffled(rows: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(&mut Noise::new(seed, 0).row(0));
    order
}

/// A detector by the preset, which learned from `rows` of a table.
fn detector(table: &Dataset, rows: &Subset<'_>, seed: u64) -> Detector {
    let Preset {
        model,
        training,
        detection,
        ..
    } = Preset::named("anomaly").expect("it comes along");
    let schema = &table.table().expect("a table").schema;
    let mut model = model.build_table(schema, seed).expect("a preset");
    model.fit(rows, &training, seed).expect("it converges");
    let go_on = &|| ControlFlow::Continue(());
    let detector = Detector::cross_fit(&model, rows, None, &training, &detection, seed, go_on);
    detector.expect("it converges")
}

/// The middle 95% of how often something of probability `p` happens in `n` trials.
fn binomial_interval(n: usize, p: f64) -> RangeInclusive<usize> {
    let mut probability = (1.0 - p).powi(n as i32);
    let mut below = 0.0;
    let (mut low, mut high) = (None, n);
    for k in 0..=n {
        below += probability;
        if below >= 0.025 {
            low = low.or(Some(k));
        }
        if below >= 0.975 {
            high = k;
            break;
        }
        probability *= p / (1.0 - p) * (n - k) as f64 / (k + 1) as f64;
    }
    low.unwrap_or(n)..=high
}

/// The p-value of the test of Kolmogorov and Smirnov that values are uniform between 0 and 1, as Stephens (1970) approximates it.
fn kolmogorov_smirnov(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distance = sorted.iter().enumerate().map(|(i, x)| {
        let i = i as f64;
        (x - i / n).max((i + 1.0) / n - x)
    });
    let distance = distance.fold(0.0, f64::max);
    let t = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * distance;
    let term = |k: i32| (-1f64).powi(k - 1) * (-2.0 * f64::from(k * k) * t * t).exp();
    (2.0 * (1..=100).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[test]
fn of_rows_that_belong_the_rate_is_flagged_and_p_values_are_uniform() {
    for path in TABLES {
        let table = table(path);
        let order = shuffled(table.rows(), 0);
        let (mut flagged, mut p_values) = ([0, 0], Vec::new());
        for fold in 0..FOLDS {
            let part = |own: bool| {
                let places = order.iter().enumerate();
                let part = places.filter(|(place, _)| (place % FOLDS == fold) == own);
                Subset::new(&table, part.map(|(_, &row)| row).collect())
            };
            let (training, held_out) = (part(false), part(true));
            let detector = detector(&table, &training, 0);
            let calibration = detector.calibration();
            assert_eq!(calibration.source(), CalibrationSource::CrossFitted);
            let scores = detector.score(&held_out).expect("rows of the table");
            for (flagged, rate) in flagged.iter_mut().zip([0.01, 0.05]) {
                let decision = calibration
                    .decide(&scores, Rule::FalseAlarm(rate))
                    .expect("a rate");
                assert_eq!(decision.too_few, None, "{path}");
                *flagged += decision.flags.iter().filter(|&&flag| flag).count();
            }
            p_values.extend(scores.iter().map(|&score| calibration.p_value(score)));
        }
        for (flagged, rate) in flagged.into_iter().zip([0.01, 0.05]) {
            let interval = binomial_interval(p_values.len(), rate);
            assert!(
                interval.contains(&flagged),
                "{path} at {rate}: {flagged}, not {interval:?}"
            );
        }
        let uniform = kolmogorov_smirnov(&p_values);
        assert!(uniform > 0.01, "{path}: a p-value of {uniform}");
    }
}

/// Held-out rows of a table, one after the other, each with one column broken, and which.
fn broken(
    table: &Dataset,
    (training, held_out): (&[u32], &[u32]),
    count: usize,
    seed: u64,
) -> (Matrix, Vec<usize>) {
    let kinds = table.table().expect("a table").schema.elements();
    let row = |row: u32| {
        let mut values = Matrix::zeros(1, table.cols());
        table
            .read(&[row], values.view_mut())
            .expect("it is in memory");
        values.as_slice().to_vec()
    };
    let usual: Vec<Vec<f32>> = training.iter().map(|&i| row(i)).collect();
    let deviation = |column: usize| {
        let known: Vec<f64> = usual
            .iter()
            .map(|row| row[column].into())
            .filter(|x: &f64| !x.is_nan())
            .collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let squares = known.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        (squares / known.len() as f64).sqrt() as f32
    };
    let (mut values, mut columns) = (Vec::new(), Vec::new());
    let mut random = Noise::new(seed, 1).row(0);
    for &index in held_out.iter().cycle().take(count) {
        let mut row = row(index);
        let known: Vec<usize> = (0..row.len())
            .filter(|&column| !row[column].is_nan())
            .collect();
        let column = known[random.random_range(0..known.len())];
        row[column] = match kinds[column].levels() {
            0 => {
                let side = if random.random_bool(0.5) { 1.0 } else { -1.0 };
                row[column] + side * random.random_range(MOVED_BY) * deviation(column)
            }
            levels => ((row[column] as usize + random.random_range(1..levels)) % levels) as f32,
        };
        columns.push(column);
        values.extend(row);
    }
    (Matrix::from_vec(count, kinds.len(), values), columns)
}

#[test]
fn the_first_reason_is_the_column_that_was_broken() {
    let (mut first, mut among_three) = (0, 0);
    let mut told = String::new();
    for (number, path) in TABLES.into_iter().enumerate() {
        let table = table(path);
        let count = BROKEN / 6 + usize::from(number < BROKEN % 6);
        for split in 0..SPLITS {
            let order = shuffled(table.rows(), split);
            let (training, held_out) = order.split_at(table.rows() * 7 / 10);
            let detector = detector(&table, &Subset::new(&table, training.to_vec()), split);
            let (rows, columns) = broken(&table, (training, held_out), count, split);
            let explanations = detector.explain(&rows).expect("rows of the table");
            let place = |(explanation, column): (&Explanation, &usize)| {
                let mut reasons = explanation.reasons.iter();
                reasons.position(|reason| reason.element == *column)
            };
            let places: Vec<Option<usize>> = explanations.iter().zip(&columns).map(place).collect();
            let within = |most: usize| {
                places
                    .iter()
                    .flatten()
                    .filter(|&&place| place < most)
                    .count()
            };
            told += &format!(
                "{path}: {} first, {} among three, of {count}\n",
                within(1),
                within(3)
            );
            first += within(1);
            among_three += within(3);
        }
    }
    let all = BROKEN * SPLITS as usize;
    assert!(
        first * 100 >= 90 * all && among_three * 100 >= 97 * all,
        "{first} first, {among_three} among three, of {all}\n{told}"
    );
}
