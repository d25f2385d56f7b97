//! A dense autoencoder with a code between, and its objective beside a textbook's in f64.

use std::f64::consts::PI;
use std::sync::Arc;

use latentia_nn::latents::GaussianLatent;
use latentia_nn::layers::Dense;
use latentia_nn::penalties::KlDivergence;
use latentia_nn::{
    Activation, Chain, Importance, Initializer, Layer, LikelihoodSpec, Mode, Objective, Optimizer,
    Penalty, Position, Step, StepOptions, Tape,
};
use latentia_tensor::Matrix;
use latentia_testing::{assert_gradient, numbers, reference, wide};

pub const SEED: u64 = 5;

pub type Row = Vec<f64>;

/// A chain of a dense encoder, a code and a dense decoder, and what it is trained for.
pub struct Case {
    pub before: Option<Box<dyn Layer>>,
    /// Outputs of the encoder.
    pub width: usize,
    pub activation: (Activation, fn(f64) -> f64),
    pub code: Option<Box<dyn Layer>>,
    /// Between code and decoder: a layer that makes rows of each code at distances of their own.
    pub behind: Option<Box<dyn Layer>>,
    pub penalties: Vec<Arc<dyn Penalty>>,
    pub importance: Option<Importance>,
    /// The layer that hides what the loss is counted on.
    pub hidden: Option<usize>,
}

impl Case {
    pub fn new(
        width: usize,
        code: Option<Box<dyn Layer>>,
        penalties: Vec<Arc<dyn Penalty>>,
    ) -> Self {
        Self {
            before: None,
            width,
            activation: (Activation::Tanh, f64::tanh),
            code,
            behind: None,
            penalties,
            importance: None,
            hidden: None,
        }
    }
}

/// Whose parameters a gradient is with respect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    Encoder,
    /// The number of one of the parameters of the code's layer.
    Code(usize),
    Decoder,
    /// Those of none, for the value.
    Nothing,
}

/// Weights of importance whose `groups` are for the encoder alone.
pub fn partially(groups: usize) -> Importance {
    Importance {
        groups,
        partially: true,
        ..Importance::default()
    }
}

/// A batch as the reference sees it.
pub struct Seen {
    pub moved: Moved,
    /// What the encoder gave, a row for each of its inputs.
    pub encoded: Vec<Row>,
    pub codes: Vec<Row>,
    /// What the code's layer had saved for each.
    pub saved: Vec<Row>,
    /// Parameters of the code's layer, as those of a prior.
    pub prior: Vec<Row>,
    /// What the decoder gave for each row that it was given.
    pub outputs: Vec<Row>,
    /// `-ln p(x | z)` of each, under a Gaussian of unit scale.
    pub losses: Row,
}

pub fn mean(x: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = x.len() as f64;
    x.sum::<f64>() / n
}

/// Compares the value and the gradients of `case` on `rows` examples with those of `objective`, a function of what the batch
/// looks like, where `code` makes the code of output row `r` from the encoder's output, its values before anything moved
/// (input and output of the code's layer) and what the layer saved.
pub fn check(
    case: Case,
    rows: usize,
    inputs: usize,
    code: impl Fn(&[f64], (&[f64], &[f64]), &[f64]) -> Row,
    objective: impl Fn(&Seen) -> f64,
) {
    let code = |encoded: &[f64], held: (&[f64], &[f64]), saved: &[f64], _: &[Row]| {
        code(encoded, held, saved)
    };
    check_code(case, rows, inputs, code, objective);
}

/// As [`check`], of a code that depends on the parameters of its layer too.
pub fn check_code(
    case: Case,
    rows: usize,
    inputs: usize,
    code: impl Fn(&[f64], (&[f64], &[f64]), &[f64], &[Row]) -> Row,
    objective: impl Fn(&Seen) -> f64,
) {
    let dense = |inputs, outputs, activation| -> Box<dyn Layer> {
        Box::new(Dense::new(inputs, outputs, activation, Initializer::Glorot))
    };
    let mut layers: Vec<Box<dyn Layer>> = case.before.into_iter().collect();
    let encoder = layers.len();
    layers.push(dense(inputs, case.width, case.activation.0));
    layers.extend(case.code);
    let code_layer = layers.len() - 1;
    let width = layers[code_layer].outputs();
    layers.extend(case.behind);
    let decoder = layers.len();
    layers.push(dense(width, inputs, Activation::Linear));
    let mut chain = Chain::new(layers, 1).expect("layers that fit");
    for (i, parameter) in (1..).zip(chain.parameters_mut()) {
        let noise = numbers(i, parameter.value.as_slice().len());
        for (w, noise) in parameter.value.as_mut_slice().iter_mut().zip(noise) {
            *w += 0.3 * noise;
        }
    }
    let x = Matrix::from_vec(rows, inputs, numbers(9, rows * inputs));

    // What the first step will meet.
    let mut tape = Tape::forward_only(&chain, 0..chain.layers().len(), Mode::Train, rows);
    let indices: Vec<u32> = (0..rows as u32).collect();
    tape.read(&x, &indices).expect("in memory");
    let position = Position {
        seed: SEED,
        ..Position::default()
    };
    tape.forward(&chain, position);
    let all = |matrix: latentia_tensor::MatrixRef<'_>| -> Vec<Row> {
        matrix.iter_rows().map(wide).collect()
    };
    let encoder_inputs = all(tape.trace(encoder).x);
    let trace = tape.trace(code_layer);
    let (before, after, saved) = match code_layer == encoder {
        true => (all(trace.y), all(trace.y), vec![Row::new(); trace.y.rows()]),
        false => (all(trace.x), all(trace.y), all(trace.saved)),
    };

    // How far what the decoder is given is from the code that it is made of.
    let given = all(tape.trace(decoder).x);
    let from_code = given.len() / after.len();
    let away = |row: usize| -> Row {
        let pair = given[row].iter().zip(&after[row / from_code]);
        pair.map(|(given, code)| given - code).collect()
    };

    // What the loss is counted on of each example.
    let hidden = case.hidden.map(|layer| all(tape.trace(layer).saved));
    let is_counted = |row: usize, element: usize| {
        let of_row = hidden.as_ref().map(|hidden| hidden[row][element]);
        of_row.is_none_or(|hidden| hidden == 1.0)
    };

    let parameters: Vec<Row> = chain
        .parameters()
        .iter()
        .map(|p| wide(p.value.as_slice()))
        .collect();
    let last = parameters.len() - 2;
    let has_pseudo_inputs = chain.parameters()[last - 1].name == "pseudo-inputs";
    let value = |which: usize, numbers: &[f64]| -> f64 {
        let parameter = |i: usize| match i == which {
            true => numbers.to_vec(),
            false => parameters[i].clone(),
        };
        let layer = |i: usize, activation| reference::Dense {
            weight: parameter(i),
            bias: parameter(i + 1),
            activation,
        };
        let (encoder, decoder) = (layer(0, case.activation.1), layer(last, |z| z));
        let encoded: Vec<Row> = encoder_inputs.iter().map(|x| encoder.forward(x)).collect();
        let samples = after.len() / encoded.len();
        let mut prior: Vec<Row> = (2..last).map(parameter).collect();
        let codes: Vec<Row> = (0..after.len())
            .map(|r| {
                let held = (&before[r / samples][..], &after[r][..]);
                code(&encoded[r / samples], held, &saved[r], &prior)
            })
            .collect();
        let outputs: Vec<Row> = (0..given.len())
            .map(|r| {
                let away = away(r);
                let z = codes[r / from_code].iter().zip(&away);
                decoder.forward(&z.map(|(z, away)| z + away).collect::<Row>())
            })
            .collect();
        let copies = outputs.len() / rows;
        let loss = |(r, output): (usize, &Row)| -> f64 {
            let target = wide(x.row(r / copies));
            let counted = (0..inputs).filter(|&i| is_counted(r / copies, i));
            let element = |i: usize| 0.5 * (output[i] - target[i]).powi(2) + 0.5 * (2.0 * PI).ln();
            counted.map(element).sum()
        };
        let losses = outputs.iter().enumerate().map(loss).collect();
        // The posteriors of pseudo-inputs are what the encoder makes of them.
        if has_pseudo_inputs {
            let rows = prior[1].chunks(inputs);
            prior[0] = rows.flat_map(|x| encoder.forward(x)).collect();
        }
        objective(&Seen {
            moved: match which {
                usize::MAX => Moved::Nothing,
                0 | 1 => Moved::Encoder,
                _ if which < last => Moved::Code(which - 2),
                _ => Moved::Decoder,
            },
            prior,
            encoded,
            codes,
            saved: saved.clone(),
            outputs,
            losses,
        })
    };

    let options = StepOptions {
        objective: Objective {
            likelihood: LikelihoodSpec::Gaussian.into(),
            latent: code_layer,
            penalties: case.penalties,
            importance: case.importance,
            adversary: None,
            hidden: case.hidden,
        },
        optimizer: Optimizer::default(),
        clip_norm: None,
        seed: SEED,
        frozen: Vec::new(),
    };
    let mut step = Step::new(&chain, rows, options);
    let obtained = step
        .run(&mut chain, &x, &indices, 0.0.into())
        .expect("in memory");
    let expected = value(usize::MAX, &[]);
    assert!(
        (obtained - expected).abs() < 1e-5 * expected.abs(),
        "{obtained} {expected}"
    );
    for (which, moments) in step.moments().iter().enumerate() {
        if !chain.parameters()[which].is_learned() {
            continue;
        }
        let gradient = moments.gradient.as_slice();
        assert_gradient(gradient, &parameters[which], 12, 3e-5, |n| value(which, n));
    }
}

/// Sizes of less than a tape, of several, of many dimensions.
pub const SHAPES: [(usize, usize, usize); 4] = [(2, 3, 1), (7, 5, 2), (65, 17, 3), (130, 9, 70)];

pub fn identity(encoded: &[f64], _held: (&[f64], &[f64]), _saved: &[f64]) -> Row {
    encoded.to_vec()
}

pub fn loss(seen: &Seen) -> f64 {
    mean(seen.losses.iter().copied())
}

pub fn log_variance(s: f64) -> f64 {
    30.0 * (s / 30.0).tanh()
}

/// `μ + σ ε` with the `ε` that the layer had saved.
pub fn sampled(encoded: &[f64], _held: (&[f64], &[f64]), saved: &[f64]) -> Row {
    let n = encoded.len() / 2;
    (0..n)
        .map(|j| encoded[j] + (0.5 * log_variance(encoded[n + j])).exp() * saved[j])
        .collect()
}

/// KL of each dimension, mean over the batch.
pub fn kl_of_dimensions(seen: &Seen) -> Row {
    let n = seen.encoded[0].len() / 2;
    let one = |x: &Row, j: usize| {
        let ln = log_variance(x[n + j]);
        0.5 * (x[j] * x[j] + ln.exp() - 1.0 - ln)
    };
    (0..n)
        .map(|j| mean(seen.encoded.iter().map(|x| one(x, j))))
        .collect()
}

pub fn gaussian(width: usize, samples: usize, penalties: Vec<Arc<dyn Penalty>>) -> Case {
    let code: Box<dyn Layer> = Box::new(GaussianLatent::new(width, samples));
    Case::new(2 * width, Some(code), penalties)
}

pub const PLAIN: KlDivergence = KlDivergence {
    weight: 1.0,
    warm_up: 0,
    free_bits: 0.0,
    capacity: None,
};
