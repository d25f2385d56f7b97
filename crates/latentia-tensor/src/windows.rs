//! Windows of a series.

use serde::{Deserialize, Serialize};

use crate::Schema;

/// How a series, one row a time step, is cut into windows: what a model that learned from such windows keeps, so that others are cut in the
/// same way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Windows {
    /// Time steps of a window.
    pub length: usize,
    /// Time steps from the start of one window to that of the next.
    pub stride: usize,
    /// What the columns of the series are, where it is a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Schema>,
}

impl Windows {
    /// How many windows there are in so many time steps.
    pub fn count(&self, steps: usize) -> usize {
        match steps.checked_sub(self.length) {
            Some(rest) => rest / self.stride.max(1) + 1,
            None => 0,
        }
    }

    /// Of so many windows the first, to learn from, and the last `round(count * share)`, but at least one, to test on; none of the first has a
    /// time step of the last. A share of zero or less holds nothing back.
    ///
    /// ```
    /// use latentia_tensor::Windows;
    ///
    /// let windows = Windows { length: 4, stride: 2, schema: None };
    /// // The test window begins with step 8, the last to learn from ends with step 7.
    /// assert_eq!(windows.split(5, 0.2), (vec![0, 1, 2], vec![4]));
    /// ```
    pub fn split(&self, count: usize, share: f64) -> (Vec<u32>, Vec<u32>) {
        let held_back = match share > 0.0 && count > 1 {
            true => ((count as f64 * share).round() as usize).clamp(1, count - 1),
            false => 0,
        };
        let first = count - held_back;
        let overlap = match held_back {
            0 => 0,
            _ => self.length.div_ceil(self.stride.max(1)).saturating_sub(1),
        };
        let rest = 0..first.saturating_sub(overlap) as u32;
        (rest.collect(), (first as u32..count as u32).collect())
    }

    /// Of a value for each window, the mean for each of so many time steps over the windows that cover it: `[steps]`; NaN where none does.
    ///
    /// ```
    /// use latentia_tensor::Windows;
    ///
    /// let windows = Windows { length: 4, stride: 2, schema: None };
    /// assert_eq!(windows.count(7), 2);
    /// let means = windows.means_of_steps(&[1.0, 3.0], 7);
    /// assert_eq!(means[..6], [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    /// assert!(means[6].is_nan());
    /// ```
    pub fn means_of_steps(&self, values: &[f64], steps: usize) -> Vec<f64> {
        let (mut sums, mut counts) = (vec![0.0; steps], vec![0u32; steps]);
        for (window, value) in values.iter().enumerate() {
            let first = window * self.stride;
            let covered = first.min(steps)..(first + self.length).min(steps);
            for step in covered {
                sums[step] += value;
                counts[step] += 1;
            }
        }
        let means = sums.iter().zip(counts);
        means.map(|(sum, count)| sum / f64::from(count)).collect()
    }
}
