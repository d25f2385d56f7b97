//! `cargo xtask reproduce series`: are planted faults found in windows of noisy sines, and the picture of them in the README.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};

use super::model::{text, train};
use crate::program::Program;
use crate::workspace::root;

/// Windows, steps of each, and those of them with a fault.
const WINDOWS: usize = 2_000;
const STEPS: usize = 64;
const FAULTS: usize = 20;

/// Deviation of the noise.
const NOISE: f64 = 0.1;

/// The least area under the ROC curve.
const AT_LEAST: f64 = 0.99;

/// Windows in the picture.
const SHOWN: &str = "6";

/// Trains `series` on all windows, as they are, and lets the model's detector score the same.
pub fn run(program: &Program, epochs: Option<u32>) -> anyhow::Result<()> {
    let folder = root()?.join("target/reproduce");
    fs::create_dir_all(&folder)?;
    let (data, scores) = (folder.join("sines.npy"), folder.join("sines-scores.csv"));
    write_npy(&data, &windows())?;
    let (data, scores) = (text(data)?, text(scores)?);
    let (model, _) = train(
        program,
        "series-1",
        &["--preset", "series", "--data", &data],
        epochs,
    )?;
    program.run(&["detect", &model, &data, "-o", &scores])?;
    let picture = text(root()?.join("docs/series.png"))?;
    program.run(&["detect", &model, &data, "-n", SHOWN, "-o", &picture])?;

    let table = fs::read_to_string(&scores).with_context(|| format!("cannot read `{scores}`"))?;
    let scores = table.lines().skip(1).map(|line| {
        let score = line.split(',').next().unwrap_or_default();
        score
            .parse()
            .with_context(|| format!("`{score}` is no score"))
    });
    let scores: Vec<f64> = scores.collect::<anyhow::Result<_>>()?;
    ensure!(
        scores.len() == WINDOWS,
        "{} scores of {WINDOWS} windows",
        scores.len()
    );
    let area = area_under_curve(&scores);
    let reached = area >= AT_LEAST;
    println!(
        "series: AUROC {area:.4} of {FAULTS} faults in {WINDOWS} windows, at least {AT_LEAST}{}",
        if reached { "" } else { "  MISSED" }
    );
    println!("  the strangest windows: {picture}");
    ensure!(reached, "missed: series");
    Ok(())
}

/// Whether a window has a fault, and of which kind.
fn fault(window: usize) -> Option<usize> {
    let between = WINDOWS / FAULTS;
    (window % between == between / 3).then_some(window / between % 4)
}

/// How often a window with a fault scores higher than one without; equal scores count half (Hanley and McNeil 1982).
fn area_under_curve(scores: &[f64]) -> f64 {
    let of = |is_fault: bool| {
        let windows = scores.iter().enumerate();
        windows.filter(move |(window, _)| fault(*window).is_some() == is_fault)
    };
    let mut sum = 0.0;
    for (_, odd) in of(true) {
        for (_, usual) in of(false) {
            sum += match odd.total_cmp(usual) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    sum / (FAULTS * (WINDOWS - FAULTS)) as f64
}

/// Sines of a frequency of 1 to 6 cycles a window and any phase, with noise; one in a hundred is stuck for eight steps, has a spike, a
/// step or a burst of noise.
fn windows() -> Vec<f32> {
    let mut random = Random(1);
    let mut values = Vec::with_capacity(WINDOWS * STEPS);
    for window in 0..WINDOWS {
        let (cycles, phase) = (1.0 + 5.0 * random.uniform(), TAU * random.uniform());
        let step = |step: usize| (TAU * cycles * step as f64 / STEPS as f64 + phase).sin();
        let mut own: Vec<f64> = (0..STEPS)
            .map(|at| step(at) + NOISE * random.normal())
            .collect();
        let at = 4 + (46.0 * random.uniform()) as usize;
        match fault(window) {
            Some(0) => {
                let stuck = own[at];
                own[at..at + 8].fill(stuck);
            }
            Some(1) => own[at] += if random.uniform() < 0.5 { 3.0 } else { -3.0 },
            Some(2) => own[at..].iter_mut().for_each(|x| *x += 1.5),
            Some(_) => own[at..at + 10]
                .iter_mut()
                .for_each(|x| *x += 0.8 * random.normal()),
            None => {}
        }
        values.extend(own.into_iter().map(|x| x as f32));
    }
    values
}

/// Writes windows of one feature in NumPy's format.
fn write_npy(path: &Path, values: &[f32]) -> anyhow::Result<()> {
    let head =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({WINDOWS}, {STEPS}, 1), }}");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(118u16.to_le_bytes());
    file.extend(format!("{head:<117}\n").into_bytes());
    file.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    fs::write(path, file).with_context(|| format!("cannot write `{}`", path.display()))
}

/// SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Of mean 0 and deviation 1, by the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_windows_have_a_fault_as_are_said() {
        let faults: Vec<usize> = (0..WINDOWS).filter_map(fault).collect();
        assert_eq!(faults.len(), FAULTS);
        assert!((0..4).all(|kind| faults.contains(&kind)));
        let perfect: Vec<f64> = (0..WINDOWS)
            .map(|window| f64::from(u8::from(fault(window).is_some())))
            .collect();
        assert_eq!(area_under_curve(&perfect), 1.0);
        assert_eq!(area_under_curve(&vec![0.0; WINDOWS]), 0.5);
    }
}
