//! Corruption of examples, for denoising.

use std::fmt::{Display, Formatter, Result as Written};

use latentia_tensor::{MatrixMut, MatrixRef, Noise};
use serde::{Deserialize, Serialize};

use crate::Shape;
use crate::graph::{Graph, Undescribed, Value};
use crate::layer::{
    Abilities, BackwardMemory, ForwardMemory, Layer, Memory, Mode, Parameter, Pass, Trace,
};

/// How examples are corrupted in training, before the encoder sees them; the target stays clean (Vincent et al. 2010).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Corruption {
    /// `x + σ ε` with `ε ~ N(0, 1)`. Example: `{ kind = "gaussian", deviation = 0.2 }`
    Gaussian {
        /// Standard deviation `σ`, on the scale that the model sees. Example: `deviation = 0.2`
        #[cfg_attr(feature = "schema", schemars(range(min = 0)))]
        deviation: f32,
    },
    /// Elements set to 0. Example: `{ kind = "masking", rate = 0.3 }`
    Masking {
        /// Probability of each element. Example: `rate = 0.3`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
    /// Elements set to 0 or 1, each half the time. Example: `{ kind = "salt-and-pepper", rate = 0.1 }`
    SaltAndPepper {
        /// Probability of each element. Example: `rate = 0.3`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
    /// Elements hidden as missing cells of a table are: a model that restores them fills gaps (denoising: Vincent et al. 2008; imputation:
    /// MIDAS, Lall and Robinson 2022). Example: `{ kind = "hide", rate = 0.2 }`
    Hide {
        /// Probability of each element. Example: `rate = 0.2`
        #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
        rate: f32,
    },
}

impl Display for Corruption {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        match self {
            Self::Gaussian { deviation } => write!(f, "gaussian noise {deviation}"),
            Self::Masking { rate } => write!(f, "masking {rate}"),
            Self::SaltAndPepper { rate } => write!(f, "salt and pepper {rate}"),
            Self::Hide { rate } => write!(f, "hide {rate}"),
        }
    }
}

impl Corruption {
    /// Whether its value makes sense: a rate in `[0, 1]`, a deviation that is finite and not negative.
    pub fn is_valid(self) -> bool {
        match self {
            Self::Gaussian { deviation } => deviation.is_finite() && deviation >= 0.0,
            Self::Masking { rate } | Self::SaltAndPepper { rate } | Self::Hide { rate } => {
                (0.0..=1.0).contains(&rate)
            }
        }
    }

    /// Whether it makes elements NaN, which [`super::OneHot`] alone may be given.
    pub fn hides(self) -> bool {
        matches!(self, Self::Hide { .. })
    }

    /// Corrupts one row. `workspace` is as long as `x` and is overwritten.
    pub fn apply(self, noise: Noise, row: u32, x: &mut [f32], workspace: &mut [f32]) {
        match self {
            Self::Gaussian { deviation } => {
                noise.normal(row, workspace);
                for (x, epsilon) in x.iter_mut().zip(workspace) {
                    *x += deviation * *epsilon;
                }
            }
            Self::Masking { rate } => replace(noise, row, x, workspace, [rate, 0.0]),
            Self::Hide { rate } => replace(noise, row, x, workspace, [rate, f32::NAN]),
            Self::SaltAndPepper { rate } => {
                noise.uniform(row, workspace);
                for (x, u) in x.iter_mut().zip(workspace) {
                    let extreme = if *u < 0.5 * rate { 0.0 } else { 1.0 };
                    *x = if *u < rate { extreme } else { *x };
                }
            }
        }
    }
}

/// Sets elements to `value` with probability `rate`.
fn replace(noise: Noise, row: u32, x: &mut [f32], workspace: &mut [f32], [rate, value]: [f32; 2]) {
    noise.uniform(row, workspace);
    for (x, u) in x.iter_mut().zip(workspace) {
        *x = if *u < rate { value } else { *x };
    }
}

/// A layer that corrupts its input in training and hands it on otherwise. It must stand before every layer that learns.
#[derive(Clone, Debug)]
pub struct Corrupt {
    width: usize,
    corruption: Corruption,
}

impl Corrupt {
    /// Corrupts rows of `width` elements.
    pub fn new(width: usize, corruption: Corruption) -> Self {
        Self { width, corruption }
    }
}

impl Layer for Corrupt {
    fn name(&self) -> String {
        self.corruption.to_string()
    }

    fn inputs(&self) -> usize {
        self.width
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            without_gradient: true,
            ..Abilities::default()
        }
    }

    fn memory(&self) -> Memory {
        Memory {
            workspace: self.width,
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        memory: ForwardMemory<'_>,
    ) {
        y.as_mut_slice().copy_from_slice(x.span());
        if pass.mode != Mode::Train {
            return;
        }
        let workspace = &mut memory.workspace[..self.width];
        for (row, y) in (pass.first_row..).zip(y.iter_rows_mut()) {
            self.corruption.apply(pass.noise, row, y, workspace);
        }
    }

    /// Its place is before everything that learns, where nobody asks for a gradient.
    fn backward(
        &self,
        _parameters: &[Parameter],
        _trace: Trace<'_>,
        _dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        assert!(dx.is_none(), "corruption stands behind a layer that learns");
    }

    fn describe(
        &self,
        _graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        Ok(inputs[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrupted(corruption: Corruption) -> Vec<f32> {
        let mut x = vec![0.5; 20_000];
        let mut workspace = x.clone();
        corruption.apply(Noise::new(1, 1), 0, &mut x, &mut workspace);
        x
    }

    fn share(x: &[f32], value: f32) -> f32 {
        x.iter().filter(|&&x| x == value).count() as f32 / x.len() as f32
    }

    #[test]
    fn each_kind_corrupts_its_share() {
        let masked = corrupted(Corruption::Masking { rate: 0.3 });
        assert!((share(&masked, 0.0) - 0.3).abs() < 0.01);
        assert!((share(&masked, 0.5) - 0.7).abs() < 0.01);
        let salted = corrupted(Corruption::SaltAndPepper { rate: 0.3 });
        assert!((share(&salted, 0.0) - 0.15).abs() < 0.01);
        assert!((share(&salted, 1.0) - 0.15).abs() < 0.01);
        let hidden = corrupted(Corruption::Hide { rate: 0.3 });
        let missing = hidden.iter().filter(|x| x.is_nan()).count() as f32;
        assert!((missing / hidden.len() as f32 - 0.3).abs() < 0.01);
        assert!((share(&hidden, 0.5) - 0.7).abs() < 0.01);
        let noisy = corrupted(Corruption::Gaussian { deviation: 0.2 });
        let n = noisy.len() as f32;
        let variance = noisy.iter().map(|x| (x - 0.5) * (x - 0.5)).sum::<f32>() / n;
        assert!((variance.sqrt() - 0.2).abs() < 0.005, "{variance}");
    }
}
