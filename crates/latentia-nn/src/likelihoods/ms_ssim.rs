//! Multi-scale structural similarity.

use latentia_tensor::loss::ms_ssim::{self, LEAST_SIDE};
use latentia_tensor::{MatrixMut, MatrixRef, Noise, Picture};

use super::bernoulli::Bernoulli;
use crate::graph::{Graph, Undescribed, Value};
use crate::invalid_spec::InvalidSpec;
use crate::likelihood::{Likelihood, Support, Unit};

/// Dissimilarity of pictures as people see them, `0.84 (1 - MS-SSIM(t, σ(o))) + 0.16 |t - σ(o)|`, from 0 to 1 (Wang, Simoncelli and Bovik 2003; Zhao,
/// Gallo, Frosio and Kautz 2017); the output is logits, targets lie in `[0, 1]`. See [`mod@latentia_tensor::loss::ms_ssim`]. It has no
/// distribution: a draw is the mean.
///
/// Where nothing is known of the picture that an example is, it has no loss, and [`Likelihood::check`] refuses it.
///
/// ```
/// use latentia_nn::Likelihood;
/// use latentia_nn::likelihoods::MsSsim;
/// use latentia_tensor::Picture;
///
/// assert!(MsSsim(Picture::of(&[28, 28])).check(784).is_ok());
/// assert!(MsSsim(Picture::of(&[784])).check(784).is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MsSsim(pub Option<Picture>);

impl MsSsim {
    fn picture(&self) -> Picture {
        self.0.expect("refused by `check`")
    }
}

impl Likelihood for MsSsim {
    fn name(&self) -> &'static str {
        "ms-ssim"
    }

    fn unit(&self) -> Unit {
        Unit::Dissimilarity
    }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn check(&self, n: usize) -> Result<(), InvalidSpec> {
        let valid = "use `mse`, `bernoulli` or `gaussian`, which need no picture";
        let Some([channels, height, width]) = self.0.map(Picture::feature_maps) else {
            let seen = format!(
                "`ms-ssim` compares pictures, but an example has {n} elements without height and width"
            );
            return Err((seen, valid.into()));
        };
        if channels * height * width != n {
            let seen = format!("is over pictures of {channels} x {height} x {width}");
            return Err((seen, format!("an example has {n} elements")));
        }
        if height.min(width) < LEAST_SIDE {
            let seen = format!("`ms-ssim` compares pictures, but an example is {height} x {width}");
            let valid = format!("it takes {LEAST_SIDE} x {LEAST_SIDE} pixels at least: {valid}");
            return Err((seen, valid));
        }
        Ok(())
    }

    /// Windows see many.
    fn has_independent_elements(&self) -> bool {
        false
    }

    fn has_sigmoid_mean(&self) -> bool {
        true
    }

    fn linear_outputs(&self) -> Option<&'static str> {
        Bernoulli.linear_outputs()
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        workspace: &mut Vec<f32>,
    ) {
        let picture = self.picture();
        ms_ssim::ms_ssim(
            picture, outputs, targets, scale, losses, gradient, workspace,
        );
    }

    fn element_losses(&self, outputs: MatrixRef<'_>, targets: MatrixRef<'_>, out: MatrixMut<'_>) {
        ms_ssim::element_losses(self.picture(), outputs, targets, out);
    }

    fn mean(&self, outputs: MatrixRef<'_>, mean: MatrixMut<'_>) {
        Bernoulli.mean(outputs, mean);
    }

    fn sample(&self, outputs: MatrixRef<'_>, _noise: Noise, _first_row: u32, out: MatrixMut<'_>) {
        self.mean(outputs, out);
    }

    fn describe_mean(
        &self,
        graph: &mut Graph,
        outputs: Value,
        n: usize,
    ) -> Result<Value, Undescribed> {
        Bernoulli.describe_mean(graph, outputs, n)
    }
}
