//! Which examples are known to be anomalies.

use std::collections::HashSet;
use std::path::Path;

use latentia_data::{CATALOGUE, Dataset, nearest_name};
use latentia_models::Autoencoder;
use latentia_tensor::Rows;

use super::loader::{Examples, Loader, split_part};
use super::model::check_fit;
use crate::terminal::{UsageError, tell};

/// What is said of an anomaly, and of another example, in small letters.
const WORDS: [&[&str]; 2] = [
    &["1", "true", "yes", "anomaly", "anomalous", "outlier", "o"],
    &["0", "false", "no", "normal", "inlier", "n"],
];

/// What the labels of examples without columns are called.
const CLASS: &str = "class";

/// Values and columns that are named.
const MOST_NAMED: usize = 10;

/// Examples of which it is known whether they are anomalies.
pub struct KnownAnomalies {
    /// The data's name or path.
    pub data: String,
    /// `test`, `train`, or `all` where the data has no parts.
    pub part: &'static str,
    /// The examples, in one set or, where anomalies are apart, in two.
    pub sets: Vec<Dataset>,
    /// Whether each example is an anomaly, one set after another.
    pub anomalous: Vec<bool>,
    /// What says so.
    pub source: AnomalySource,
}

/// What says which examples are anomalies.
pub enum AnomalySource {
    /// A column of a table.
    Column(String),
    /// The labels of examples.
    Labels,
    /// They are data of their own.
    Data(String),
}

impl KnownAnomalies {
    /// The examples of `data`, loaded by `loader` for `model`. `named` is a column that was kept beside them, or else data of anomalies
    /// alone; `anomalous` is what the column says of anomalies.
    ///
    /// # Errors
    /// When `named` is neither, when a column does not say what is an anomaly, and when data cannot be loaded or does not fit.
    pub fn of(
        loader: &Loader,
        model: &Autoencoder,
        (data, examples): (&str, Examples),
        (named, anomalous): (&str, Option<&str>),
    ) -> anyhow::Result<Self> {
        let Examples { dataset, part, .. } = examples;
        let column = dataset.table().and_then(|table| table.extra.as_ref());
        let labels = dataset.labels().filter(|_| names_labels(&dataset, named));
        let (source, flags) = match (column, labels) {
            (Some(column), _) => {
                let source = AnomalySource::Column(column.name.clone());
                let texts = (0..dataset.rows()).map(|row| column.text(row));
                let flags = flags(&source.of(data), texts, anomalous)?;
                (source, flags)
            }
            (None, Some(labels)) => {
                let names = names_of_classes(&dataset);
                let texts = labels.iter().map(|&label| names[label as usize].as_str());
                let flags = flags(&AnomalySource::Labels.of(data), texts, anomalous)?;
                (AnomalySource::Labels, flags)
            }
            (None, None) => {
                return Self::apart(loader, model, (data, dataset, part), (named, anomalous));
            }
        };
        warn_of_column(model, &source);
        Ok(Self {
            data: data.into(),
            part,
            sets: vec![dataset],
            anomalous: flags,
            source,
        })
    }

    /// Those of which all of `dataset` are normal, and all that `named` stands for anomalies.
    fn apart(
        loader: &Loader,
        model: &Autoencoder,
        (data, dataset, part): (&str, Dataset, &'static str),
        (named, anomalous): (&str, Option<&str>),
    ) -> anyhow::Result<Self> {
        let refuse = |message| Err(UsageError(message).into());
        let (name, _) = split_part(named);
        let is_set = CATALOGUE.iter().any(|set| set.name == name);
        if !(is_set || named == "-" || Path::new(name).exists()) {
            return refuse(neither(data, &dataset, named));
        }
        if anomalous.is_some() {
            return refuse(format!(
                "`--anomalous` goes with a column that has the value; `{named}` is no column of `{data}`, and all examples of \
                 the data `{named}` count as anomalies"
            ));
        }
        if data == "-" && named == "-" {
            return refuse("normal examples and anomalies cannot both come through `-`".into());
        }
        let anomalies = loader.with_extra(None).pick(named, model)?.dataset;
        check_fit(model, named, &anomalies)?;
        let mut flags = vec![false; dataset.rows()];
        flags.resize(dataset.rows() + anomalies.rows(), true);
        Ok(Self {
            data: data.into(),
            part,
            sets: vec![dataset, anomalies],
            anomalous: flags,
            source: AnomalySource::Data(named.into()),
        })
    }

    /// What messages call the examples.
    pub fn subject(&self) -> String {
        self.source.of(&self.data)
    }
}

impl AnomalySource {
    /// What messages call it, of examples of `data`.
    fn of(&self, data: &str) -> String {
        match self {
            Self::Column(name) => format!("`{data}`, column `{name}`"),
            Self::Labels => format!("`{data}`, labels"),
            Self::Data(name) => format!("`{data}` and `{name}`"),
        }
    }
}

/// Whether `named` stands for the labels of `dataset`, which has no columns.
fn names_labels(dataset: &Dataset, named: &str) -> bool {
    dataset.table().is_none() && named == CLASS
}

/// Names of all classes that an example may have: those of folders, else numbers.
fn names_of_classes(dataset: &Dataset) -> Vec<String> {
    let folders = dataset.pictures().map_or(&[][..], |own| own.classes());
    let name = |label: usize| folders.get(label).cloned();
    let labels = dataset.labels().unwrap_or_default();
    let most = labels.iter().max().map_or(0, |&label| label as usize);
    (0..=most)
        .map(|label| name(label).unwrap_or_else(|| label.to_string()))
        .collect()
}

/// Whether each of `texts`, which stand at `place`, says that an example is an anomaly: is `anomalous`, or a word for it.
fn flags<'a>(
    place: &str,
    texts: impl Iterator<Item = &'a str> + Clone,
    anomalous: Option<&str>,
) -> Result<Vec<bool>, UsageError> {
    if let Some(value) = anomalous {
        let flags: Vec<bool> = texts.clone().map(|text| is_same(text, value)).collect();
        return match flags.contains(&true) {
            true => Ok(flags),
            false => Err(UsageError(format!(
                "{place}: no example is `{value}`; {}",
                nearest(value, different(texts))
            ))),
        };
    }
    let flags: Option<Vec<bool>> = texts.clone().map(is_anomalous).collect();
    flags.ok_or_else(|| {
        UsageError(format!(
            "{place}: {} do not say which examples are anomalies, as 1 and 0, yes and no, or outlier and inlier do; \
             `--anomalous VALUE` names the value that anomalies have",
            listed(&different(texts))
        ))
    })
}

/// What a word says, if it is one.
fn is_anomalous(text: &str) -> Option<bool> {
    let is_one = |words: &[&str]| {
        let small = text.to_ascii_lowercase();
        words.iter().any(|word| is_same(word, &small))
    };
    match WORDS.map(is_one) {
        [true, _] => Some(true),
        [_, true] => Some(false),
        _ => None,
    }
}

/// Whether two texts are the same, or the same number.
fn is_same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    a == b || number(a).is_some_and(|a| Some(a) == number(b))
}

/// The different ones among `texts`, in their order of appearance.
fn different<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    texts.filter(|text| seen.insert(*text)).collect()
}

/// The first of `names`, each in backticks.
fn listed(names: &[&str]) -> String {
    let first = names.iter().take(MOST_NAMED);
    let mut first: Vec<String> = first.map(|name| format!("`{name}`")).collect();
    if names.len() > first.len() {
        first.push("…".into());
    }
    first.join(", ")
}

/// Which of `names` was meant, or what there is.
fn nearest(seen: &str, names: Vec<&str>) -> String {
    match nearest_name(seen, &names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", listed(&names)),
    }
}

/// That `named` is no column of `dataset` and no data.
fn neither(data: &str, dataset: &Dataset, named: &str) -> String {
    let no_data = format!("and no data is called `{named}`");
    match (dataset.table(), dataset.labels()) {
        (Some(table), _) => {
            let names = table.names.iter().map(String::as_str).collect();
            format!(
                "`{data}` has no column `{named}`, {no_data}; {}",
                nearest(named, names)
            )
        }
        (None, Some(_)) => format!("`{data}` has no columns but its labels, `{CLASS}`, {no_data}"),
        (None, None) => format!(
            "`{data}` has neither columns with names nor labels, {no_data}; --anomalies names data of anomalies"
        ),
    }
}

/// Says so where the model learned from what it is judged by.
fn warn_of_column(model: &Autoencoder, source: &AnomalySource) {
    let (AnomalySource::Column(name), Some(schema)) = (source, model.schema()) else {
        return;
    };
    if schema.header && schema.learned().any(|column| column.name == *name) {
        tell(&format!(
            "warning: the model learned from `{name}`: it sees what it is judged by"
        ));
    }
}
