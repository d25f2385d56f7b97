//! Round numbers along an axis.

/// About the most numbers along an axis, and where they are long.
const MOST: f64 = 7.0;
const MOST_LONG: f64 = 3.0;
/// A long number, in letters.
const LONG: usize = 8;

/// From here on, and below there, numbers have an exponent.
const LARGE: f64 = 1e6;
const SMALL: f64 = 1e-3;

/// What a number of steps may be off by.
const ROUNDING: f64 = 1e-6;

/// Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, which are finite and differ, with their text.
pub fn ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let ticks = ticks_of(low, high, MOST);
    match ticks.iter().any(|(_, text)| text.len() > LONG) {
        true => ticks_of(low, high, MOST_LONG),
        false => ticks,
    }
}

fn ticks_of(low: f64, high: f64, most: f64) -> Vec<(f64, String)> {
    let least = (high - low) / most;
    let mut exponent = least.log10().floor() as i32;
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|factor| factor * 10f64.powi(exponent) >= least);
    let factor = factor.unwrap_or_else(|| {
        exponent += 1;
        1.0
    });
    let step = factor * 10f64.powi(exponent);
    // Ends that are round but for their last bits count as well.
    let first = (low / step - ROUNDING).ceil();
    let values = (0..=most as usize).map(|i| (first + i as f64) * step);
    let largest = low.abs().max(high.abs());
    let text = |value: f64| match value {
        0.0 => "0".into(),
        _ if (SMALL..LARGE).contains(&largest) => {
            format!("{value:.*}", exponent.min(0).unsigned_abs() as usize)
        }
        _ => {
            let digits = value.abs().log10().floor() as i32 - exponent;
            let text = format!("{value:.*e}", digits.clamp(0, 15) as usize);
            match text.split_once('e') {
                Some((digits, exponent)) if digits.contains('.') => {
                    let digits = digits.trim_end_matches('0').trim_end_matches('.');
                    format!("{digits}e{exponent}")
                }
                _ => text,
            }
        }
    };
    values
        .take_while(|value| *value <= high + ROUNDING * step)
        .map(|value| (value, text(value)))
        .collect()
}

/// How high a number of examples stands.
pub enum CountAxis {
    /// As a share of the most.
    Linear { most: f64 },
    /// By its logarithm, from half an example.
    Logarithmic { most: f64 },
}

/// The count from which on few examples beside many would not be seen.
const MANY: f64 = 30.0;

impl CountAxis {
    /// Of counts up to `most`.
    pub fn up_to(most: f64) -> Self {
        match most <= MANY {
            true => Self::Linear {
                most: most.max(1.0),
            },
            false => Self::Logarithmic { most },
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "examples",
            Self::Logarithmic { .. } => "examples, log scale",
        }
    }

    /// The share of the axis that is below `count`.
    pub fn share(&self, count: f64) -> f64 {
        let share = match self {
            Self::Linear { most } => count / most,
            Self::Logarithmic { most } => (2.0 * count).ln() / (2.0 * most).ln(),
        };
        // The logarithm of no examples is below every axis.
        share.clamp(0.0, 1.0)
    }

    /// Whole numbers along the axis.
    pub fn ticks(&self) -> Vec<f64> {
        match self {
            Self::Linear { most } => {
                let ticks = ticks_of(0.0, *most, MOST).into_iter();
                ticks
                    .map(|(value, _)| value)
                    .filter(|value| value.fract() == 0.0)
                    .collect()
            }
            Self::Logarithmic { most } => {
                let between: &[f64] = if *most < 300.0 { &[1.0, 3.0] } else { &[1.0] };
                let decades = (0..=most.log10() as i32).map(|exponent| 10f64.powi(exponent));
                let all = decades.flat_map(|decade| between.iter().map(move |x| x * decade));
                all.filter(|tick| tick <= most).collect()
            }
        }
    }
}
