//! Parts with a wrong gradient, and what cannot be judged.

use std::ops::Range;
use std::sync::Arc;

use latentia_nn::gradient_check::{GradientCheck, StraightThrough};
use latentia_nn::latents::VectorQuantisedLatent;
use latentia_nn::layers::Dense;
use latentia_nn::{
    Activation, BackwardMemory, CodeGradients, Codes, ForwardMemory, Initializer, Layer,
    Likelihood, LikelihoodSpec, Memory, Parameter, ParameterSpec, Pass, Penalty, PenaltyContext,
    Shape, Trace,
};
use latentia_tensor::{Accumulate, MatrixMut, MatrixRef, Noise, map};

use crate::{right, wrong};

/// `y = a x + b` with one mistake, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mistake {
    None,
    /// `dx` leaves out `a`.
    Input,
    /// `da` is twice what it is.
    Weight,
    /// `db` is that of the last block alone.
    Bias,
    /// `da` is zero where nobody asks for `dx`.
    FirstLayer,
    /// `dx` is zero where nobody asks for `da`.
    FrozenLayer,
}

#[derive(Debug)]
struct Affine(Mistake);

impl Layer for Affine {
    fn name(&self) -> String {
        "affine".into()
    }

    fn inputs(&self) -> usize {
        3
    }

    fn output(&self) -> Shape {
        Shape::Flat(3)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::weight(1, 3, Initializer::Ones),
            ParameterSpec::bias(3),
        ]
    }

    /// Partial sums: the gradient of the weight.
    fn memory(&self) -> Memory {
        Memory {
            partial_sums: 3,
            ..Memory::default()
        }
    }

    fn forward(
        &self,
        parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        let [a, b] = [0, 1].map(|at: usize| parameters[at].value.as_slice());
        for (x, y) in x.iter_rows().zip(y.iter_rows_mut()) {
            (0..3).for_each(|i| y[i] = a[i] * x[i] + b[i]);
        }
    }

    fn backward(
        &self,
        parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        memory: BackwardMemory<'_>,
    ) {
        let a = parameters[0].value.as_slice();
        let factor = match self.0 {
            Mistake::Weight => 2.0,
            Mistake::FirstLayer if dx.is_none() => 0.0,
            _ => 1.0,
        };
        let frozen = memory.partial_sums.is_none();
        if let Some(sums) = memory.partial_sums {
            sums.fill(0.0);
            for (x, dy) in trace.x.iter_rows().zip(dy.iter_rows_mut()) {
                (0..3).for_each(|i| sums[i] += factor * x[i] * dy[i]);
            }
        }
        let Some(mut dx) = dx else { return };
        for (dx, dy) in dx.iter_rows_mut().zip(dy.iter_rows_mut()) {
            for i in 0..3 {
                dx[i] = match self.0 {
                    Mistake::Input => dy[i],
                    Mistake::FrozenLayer if frozen => 0.0,
                    _ => a[i] * dy[i],
                };
            }
        }
    }

    fn gradient(
        &self,
        index: usize,
        _rows: Range<usize>,
        trace: Trace<'_>,
        dy: MatrixRef<'_>,
        accumulate: Accumulate,
        mut out: MatrixMut<'_>,
    ) {
        if accumulate == Accumulate::Replace || (index == 1 && self.0 == Mistake::Bias) {
            out.as_mut_slice().fill(0.0);
        }
        let out = out.as_mut_slice();
        if index == 0 {
            return (0..3).for_each(|i| out[i] += trace.partial_sums[i]);
        }
        for dy in dy.iter_rows() {
            (0..3).for_each(|i| out[i] += dy[i]);
        }
    }
}

#[test]
fn a_wrong_layer_is_told_with_the_parameter() {
    right(GradientCheck::default().layer(Affine(Mistake::None)));
    let cases = [
        (Mistake::Input, vec!["input", "input in evaluation"]),
        (Mistake::Weight, vec!["weight"]),
        (Mistake::Bias, vec!["bias"]),
        (Mistake::FirstLayer, vec!["weight of a first layer"]),
        (
            Mistake::FrozenLayer,
            vec!["input of a frozen layer", "input in evaluation"],
        ),
    ];
    for (mistake, expected) in cases {
        let check = GradientCheck::default();
        assert_eq!(wrong(check.layer(Affine(mistake))), expected, "{mistake:?}");
    }
    let mismatch = GradientCheck::default().layer(Affine(Mistake::Weight));
    let message = mismatch.expect_err("a wrong gradient").to_string();
    let first = "affine: the gradient of weight is wrong, at a tolerance of 1e-3\n";
    assert!(message.starts_with(first), "{message}");
    assert!(
        message.contains("\nweight: relative error 5.0e-1 at [0, "),
        "{message}"
    );
    assert!(message.contains("\nbias: relative error "), "{message}");
}

/// Half the squared error, with a wrong gradient or another loss beside it.
#[derive(Debug)]
struct Wrong {
    gradient: f32,
    loss: f64,
}

impl Likelihood for Wrong {
    fn name(&self) -> &'static str {
        "half-squared"
    }

    fn compute(
        &self,
        outputs: MatrixRef<'_>,
        targets: MatrixRef<'_>,
        scale: f32,
        losses: &mut [f64],
        gradient: Option<MatrixMut<'_>>,
        _workspace: &mut Vec<f32>,
    ) {
        for ((o, t), loss) in outputs
            .iter_rows()
            .zip(targets.iter_rows())
            .zip(&mut *losses)
        {
            let squares = o.iter().zip(t).map(|(o, t)| f64::from(o - t).powi(2));
            *loss = 0.5 * squares.sum::<f64>();
        }
        let Some(mut gradient) = gradient else { return };
        losses.iter_mut().for_each(|loss| *loss *= self.loss);
        for (row, g) in gradient.iter_rows_mut().enumerate() {
            let factor = scale * self.gradient;
            let errors = outputs.row(row).iter().zip(targets.row(row));
            g.iter_mut()
                .zip(errors)
                .for_each(|(g, (o, t))| *g = factor * (o - t));
        }
    }

    fn mean(&self, outputs: MatrixRef<'_>, mut mean: MatrixMut<'_>) {
        map(mean.as_mut_slice(), outputs.span(), |o| o);
    }

    fn sample(&self, outputs: MatrixRef<'_>, _noise: Noise, _first_row: u32, out: MatrixMut<'_>) {
        self.mean(outputs, out);
    }
}

#[test]
fn a_wrong_likelihood_is_told() {
    let check = |gradient, loss| GradientCheck::default().likelihood(&Wrong { gradient, loss }, 3);
    right(check(1.0, 1.0));
    assert_eq!(wrong(check(1.01, 1.0)), ["outputs"]);
    let differ = check(1.0, 2.0).expect_err("another loss").to_string();
    assert!(
        differ.starts_with("half-squared: the value is "),
        "{differ}"
    );
    let nan = check(f32::NAN, 1.0).expect_err("no number").to_string();
    let expected = "half-squared: the gradient of outputs is not finite for inputs from -1 to 1; try another range";
    assert_eq!(nan, expected);
}

/// The mean of `Σ x² + Σ z²` over examples, with factors on its gradients and on what is there before.
#[derive(Debug)]
struct Squares {
    inputs: f32,
    codes: f32,
    before: f32,
}

impl Penalty for Squares {
    fn name(&self) -> &'static str {
        "squares"
    }

    fn needs_input_gradient(&self) -> bool {
        true
    }

    fn apply(
        &self,
        codes: Codes<'_>,
        context: PenaltyContext,
        gradients: Option<CodeGradients<'_>>,
        _workspace: &mut Vec<f32>,
    ) -> f64 {
        let weight = context.share / codes.codes.rows() as f64;
        let both = [codes.inputs, codes.codes].map(|x| x.span());
        if let Some(mut gradients) = gradients {
            let own = [
                gradients.inputs.as_mut_slice(),
                gradients.codes.as_mut_slice(),
            ];
            for ((own, x), factor) in own.into_iter().zip(both).zip([self.inputs, self.codes]) {
                let factor = 2.0 * factor * weight as f32;
                own.iter_mut()
                    .zip(x)
                    .for_each(|(g, x)| *g = self.before * *g + factor * x);
            }
        }
        let squares = both.into_iter().flatten().map(|&x| f64::from(x).powi(2));
        weight * squares.sum::<f64>()
    }
}

#[test]
fn a_wrong_penalty_is_told_with_what_it_is_wrong_in() {
    let check = |inputs, codes, before| {
        let layer = Dense::new(3, 4, Activation::Tanh, Initializer::Glorot);
        let penalty = Squares {
            inputs,
            codes,
            before,
        };
        GradientCheck::default().penalty(Arc::new(penalty), Box::new(layer))
    };
    right(check(1.0, 1.0, 1.0));
    assert_eq!(wrong(check(0.9, 1.0, 1.0)), ["input"]);
    let through_the_layer = ["codes", "input", "weight", "bias"];
    assert_eq!(wrong(check(1.0, 0.9, 1.0)), through_the_layer);
    let overwritten = check(1.0, 1.0, 0.0).expect_err("not added").to_string();
    let expected =
        ": the gradient of the input is written over what is there; it must be added to it";
    assert!(overwritten.ends_with(expected), "{overwritten}");
}

#[test]
fn a_straight_through_estimator_is_wrong_unless_it_is_said() {
    let code = || VectorQuantisedLatent::new(6, 5, 2, 0.9);
    let wrong = wrong(GradientCheck::default().layer(code()));
    assert_eq!(wrong, ["input", "input in evaluation"]);
    let check = GradientCheck {
        straight_through: StraightThrough::Always,
        ..GradientCheck::default()
    };
    right(check.layer(code()));
}

#[test]
fn what_cannot_be_judged_is_no_success() {
    // A root of negative values.
    #[derive(Debug)]
    struct Root;
    impl Layer for Root {
        fn name(&self) -> String {
            "root".into()
        }
        fn inputs(&self) -> usize {
            2
        }
        fn output(&self) -> Shape {
            Shape::Flat(2)
        }
        fn forward(
            &self,
            _parameters: &[Parameter],
            _pass: Pass<'_>,
            x: MatrixRef<'_>,
            mut y: MatrixMut<'_>,
            _memory: ForwardMemory<'_>,
        ) {
            map(y.as_mut_slice(), x.span(), f32::sqrt);
        }
        fn backward(
            &self,
            _parameters: &[Parameter],
            trace: Trace<'_>,
            mut dy: MatrixMut<'_>,
            dx: Option<MatrixMut<'_>>,
            _memory: BackwardMemory<'_>,
        ) {
            let Some(mut dx) = dx else { return };
            let rows = dx
                .iter_rows_mut()
                .zip(dy.iter_rows_mut())
                .zip(trace.y.iter_rows());
            for ((dx, dy), y) in rows {
                (0..2).for_each(|i| dx[i] = 0.5 * dy[i] / y[i]);
            }
        }
    }
    let refused = GradientCheck::default()
        .layer(Root)
        .expect_err("no numbers");
    let expected = "root: the value is not finite for inputs from -1 to 1; try another range";
    assert_eq!(refused.to_string(), expected);
    let check = GradientCheck {
        range: [0.5, 2.0],
        ..GradientCheck::default()
    };
    right(check.layer(Root));
    let none = GradientCheck {
        rows: 0,
        ..GradientCheck::default()
    };
    assert!(none.layer(Root).is_err());
    assert!(none.likelihood(&*LikelihoodSpec::Mse, 3).is_err());
}
