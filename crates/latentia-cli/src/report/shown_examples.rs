//! The examples of a page.

use std::collections::BTreeMap;

use latentia_data::{Column, Dataset};
use latentia_models::Autoencoder;
use latentia_tensor::{Matrix, Rows, Subset};
use serde::Serialize;

use super::arrays::{ArrayRef, Arrays};
use crate::inputs::class_name;
use crate::measures::columns_of;

/// What the page shows of examples.
#[derive(Serialize)]
pub(super) struct ShownExamples {
    /// How many there are, shown or not.
    all: usize,
    /// Their numbers.
    rows: ArrayRef,
    /// What they are, and how their elements lie.
    layout: Layout,
    /// Their elements: `[examples, elements]`.
    values: ArrayRef,
    /// What is added to an element after it is multiplied: bytes stand for `low` to `high`.
    low: f32,
    high: f32,
    /// What names each; their numbers where nothing does.
    names: Option<Vec<String>>,
    /// The class of each, by its number among `class_names`, where they have classes.
    classes: Option<ArrayRef>,
    class_names: Vec<String>,
    /// The class that a conditional decoder is told.
    labels: Option<ArrayRef>,
    losses: ArrayRef,
    scores: ArrayRef,
}

/// What an example is.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Layout {
    Picture {
        height: usize,
        width: usize,
        channels: usize,
        channels_last: bool,
    },
    Series {
        steps: usize,
        features: Vec<String>,
    },
    Row {
        columns: Vec<Column>,
    },
}

impl Layout {
    fn of(model: &Autoencoder) -> Self {
        let shape = model.shape();
        match shape.picture() {
            _ if shape.is_series() => {
                let own = model.windows().and_then(|own| own.schema.as_ref());
                let mut names = own.into_iter().flat_map(|schema| schema.learned());
                let name = |feature: usize| match names.next() {
                    Some(column) => column.name.clone(),
                    None => format!("feature {}", feature + 1),
                };
                Self::Series {
                    steps: shape[0],
                    features: (0..shape[1]).map(name).collect(),
                }
            }
            Some(picture) => Self::Picture {
                height: picture.height,
                width: picture.width,
                channels: picture.channels,
                channels_last: picture.channels_last,
            },
            None => Self::Row {
                columns: columns_of(model),
            },
        }
    }
}

impl ShownExamples {
    /// `rows` of `examples`, and of the losses and scores of all.
    pub(super) fn of(
        model: &Autoencoder,
        examples: &Dataset,
        rows: &[u32],
        [losses, scores]: [&[f64]; 2],
        arrays: &mut Arrays,
    ) -> anyhow::Result<Self> {
        let layout = Layout::of(model);
        let some = Subset::new(examples, rows.to_vec());
        let (values, low, high) = match layout {
            Layout::Picture { .. } => {
                let pixels = model.inputs(&some)?;
                let (low, high) = range(pixels.as_slice());
                let scale = 255.0 / (high - low);
                let byte = |&x: &f32| ((x - low) * scale).round() as u8;
                let bytes: Vec<u8> = pixels.as_slice().iter().map(byte).collect();
                (arrays.add(&bytes), low, high)
            }
            Layout::Series { .. } => (arrays.add(model.inputs(&some)?.as_slice()), 0.0, 1.0),
            Layout::Row { .. } => {
                let mut cells = Matrix::zeros(rows.len(), examples.cols());
                examples.read(rows, cells.view_mut())?;
                (arrays.add(cells.as_slice()), 0.0, 1.0)
            }
        };
        let chosen = |all: &[f64]| -> Vec<f32> {
            let own = rows.iter().map(|&row| all.get(row as usize));
            own.map(|x| x.map_or(f32::NAN, |&x| x as f32)).collect()
        };
        let name = |row: &u32| examples.ids().map(|ids| ids.text(*row as usize).to_owned());
        let (classes, class_names) = classes(examples, rows).unzip();
        let label = |row: &u32| examples.label(*row);
        let labels: Option<Vec<u32>> = model
            .classes()
            .and_then(|_| rows.iter().map(label).collect());
        Ok(Self {
            all: examples.rows(),
            rows: arrays.add(rows),
            layout,
            values,
            low,
            high,
            names: rows.iter().map(name).collect(),
            classes: classes.map(|own: Vec<u16>| arrays.add(&own)),
            class_names: class_names.unwrap_or_default(),
            labels: labels.map(|own| arrays.add(&own)),
            losses: arrays.add(&chosen(losses)),
            scores: arrays.add(&chosen(scores)),
        })
    }
}

/// The least range that holds all values and 0 to 1.
fn range(values: &[f32]) -> (f32, f32) {
    let finite = values.iter().filter(|x| x.is_finite());
    finite.fold((0.0f32, 1.0f32), |(low, high), &x| {
        (low.min(x), high.max(x))
    })
}

/// The number of each row's class, and the names of all classes, numbers in their order before words; nothing where a row has none, or
/// there are too many.
fn classes(examples: &Dataset, rows: &[u32]) -> Option<(Vec<u16>, Vec<String>)> {
    let own = rows.iter().map(|&row| class_name(examples, row));
    let own: Vec<String> = own.collect::<Option<_>>()?;
    let mut numbers: BTreeMap<(u64, &str), u16> = BTreeMap::new();
    // Those that are no numbers come last.
    let key = |name: &str| name.parse().unwrap_or(u64::MAX);
    for name in &own {
        numbers.insert((key(name), name), 0);
    }
    for (number, place) in (0..).zip(numbers.values_mut()) {
        *place = u16::try_from(number).ok()?;
    }
    let of = own.iter().map(|name| numbers[&(key(name), name.as_str())]);
    let of = of.collect();
    let names = numbers.keys().map(|(_, name)| (*name).to_owned()).collect();
    Some((of, names))
}
