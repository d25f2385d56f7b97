//! What a user means by DATA.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use latentia_data::{
    Carry, Column, ColumnKind, Dataset, LoadOptions, Locations, PictureOptions, Pictures, Schema,
    Source, load_standard_input, load_with,
};
use latentia_models::{Autoencoder, ModelFile};
use latentia_nn::Collective;
use latentia_tensor::{Axes, ExampleShape, Rows, Windows};

use super::held_out::HeldOut;
use super::schema::read_schema;
use crate::args::{ColumnArgs, ExampleArgs, ReadingArgs};
use crate::processes::SharedInput;
use crate::terminal::{UsageError, count, counted, tell};

/// Files that are named when they are left out.
const MOST_NAMED: usize = 5;

/// Where DATA is looked for and how it is read.
#[derive(Clone, Debug)]
pub struct Loader {
    /// Where named sets lie.
    pub locations: Locations,
    /// How pictures become examples, and how much of them is kept in memory.
    pub options: LoadOptions,
    /// What examples are to be reconstructed as, where not as themselves.
    pub target: Option<String>,
    /// Whether examples are for a model, which takes pictures as it learned from them.
    pub is_for_model: bool,
    /// The test part that a model's run held out.
    pub held_out: Option<HeldOut>,
    /// Standard input, where several processes read it.
    pub shared_input: Option<SharedInput>,
}

impl Loader {
    /// What reads data as `asked`.
    pub fn new(asked: &ReadingArgs) -> Self {
        Self {
            locations: Locations::new(asked.data_dir.as_deref()),
            options: LoadOptions {
                strict: asked.strict,
                memory: asked.memory,
                table: asked.table.options(),
                ..LoadOptions::default()
            },
            target: None,
            is_for_model: false,
            held_out: None,
            shared_input: None,
        }
    }

    /// The same, with examples made as the user wants them.
    #[must_use]
    pub fn with_examples(&self, asked: ExampleArgs) -> Self {
        let mut loader = self.clone();
        loader.options.axes = asked.axes;
        loader.options.windows = asked.window.map(|length| Windows {
            length,
            stride: asked.stride.unwrap_or(length.div_ceil(8)),
            schema: None,
        });
        loader.options.pictures = PictureOptions {
            size: asked.image_size,
            grey: asked.grey.then_some(true),
            fit: asked.image_fit,
            background: asked.background,
            no_classes: asked.no_classes,
            carry: false,
        };
        loader
    }

    /// The same, with a table's columns as the user has them.
    ///
    /// # Errors
    /// When the schema's file cannot be read or is none.
    pub fn with_columns(&self, asked: &ColumnArgs) -> anyhow::Result<Self> {
        let mut loader = self.clone();
        let table = &mut loader.options.table;
        table.schema = asked.schema.as_deref().map(read_schema).transpose()?;
        table.label.clone_from(&asked.label);
        table.id.clone_from(if asked.time.is_some() {
            &asked.time
        } else {
            &asked.id
        });
        table.ignore.clone_from(&asked.ignore);
        table.categorical.clone_from(&asked.categorical);
        table.missing.clone_from(&asked.missing);
        Ok(loader)
    }

    /// The same, with examples that are to be reconstructed as those of another DATA.
    #[must_use]
    pub fn with_target(&self, target: Option<&str>) -> Self {
        let mut loader = self.clone();
        loader.target = target.map(|target| split_part(target).0.to_owned());
        loader
    }

    /// The same, with what names examples, and their classes, kept as they are written, where `carry` says so.
    #[must_use]
    pub fn carrying(&self, carry: bool) -> Self {
        let mut loader = self.clone();
        loader.options.pictures.carry = carry;
        loader.options.table.carry = match carry {
            true => Carry::Names,
            false => Carry::Nothing,
        };
        loader
    }

    /// The same, with the texts of a column of a table kept beside the examples, where it has one of that name or number.
    #[must_use]
    pub fn with_extra(&self, column: Option<&str>) -> Self {
        let mut loader = self.clone();
        loader.options.table.extra = column.map(String::from);
        loader
    }

    /// The same, with the test part that the run of the model in `file` held out, where the data are those it learned from.
    #[must_use]
    pub fn with_test_part_of(&self, file: &ModelFile) -> Self {
        let mut loader = self.clone();
        loader.held_out = HeldOut::of(file);
        loader
    }

    /// The same, in each of the processes of `collective`, all of which load what it loads.
    #[must_use]
    pub fn among(&self, collective: &Arc<dyn Collective>) -> Self {
        let mut loader = self.clone();
        loader.shared_input = (collective.ranks() > 1).then(|| SharedInput(Arc::clone(collective)));
        loader
    }

    /// The same, with pictures as `model` takes them, for `data`.
    ///
    /// # Errors
    /// When `data` is a folder and the model takes no pictures.
    pub fn with_shape_of(&self, model: &Autoencoder, data: &str) -> anyhow::Result<Self> {
        let (name, _) = split_part(data);
        let mut loader = self.clone();
        loader.options.table.schema = model.schema().cloned();
        loader.is_for_model = true;
        match model.windows() {
            Some(windows) => {
                loader.options.table.schema.clone_from(&windows.schema);
                loader.options.windows = Some(windows.clone());
            }
            None if model.shape().is_series() => loader.options.axes = Some(Axes::Ntf),
            None => {}
        }
        let preparation = model.preparation().unwrap_or_default();
        let options = loader.options.pictures.for_shape(model.shape());
        match options {
            Some(options) => {
                loader.options.pictures = PictureOptions {
                    fit: preparation.fit,
                    background: Some(preparation.background),
                    ..options
                }
            }
            None if Path::new(name).is_dir() => {
                let shape: Vec<String> = model.shape().iter().map(usize::to_string).collect();
                return Err(anyhow!(
                    "`{name}` is a folder of pictures, the model takes examples of shape {}; \
                     pictures are HEIGHTxWIDTH or HEIGHTxWIDTHx3",
                    shape.join("x")
                ));
            }
            None => {}
        }
        Ok(loader)
    }

    /// Loads all parts of a name or a path, with what they are to be reconstructed as, and names pictures that were left out.
    ///
    /// # Errors
    /// When the data cannot be loaded.
    pub fn load(&self, name: &str) -> anyhow::Result<Source> {
        let source = self.load_pairs(name)?;
        match &self.held_out {
            Some(held_out) => held_out.divide(name, source),
            None => Ok(source),
        }
    }

    fn load_pairs(&self, name: &str) -> anyhow::Result<Source> {
        let source = self.load_alone(name)?;
        let Some(target) = &self.target else {
            return Ok(source);
        };
        let mut loader = self.clone();
        let pictures = &mut loader.options.pictures;
        *pictures = pictures
            .for_shape(source.train.shape())
            .unwrap_or(*pictures);
        let targets = loader.load_alone(target)?;
        let pair = |examples: Dataset, targets: Dataset| {
            let told = examples.notes().len();
            let paired = examples.with_targets(targets)?;
            for note in &paired.notes()[told..] {
                match self.options.strict {
                    true => return Err(anyhow!("`{target}`: {note}, which --strict refuses")),
                    false => tell(&format!("`{target}`: {note}")),
                }
            }
            Ok(paired)
        };
        let test = match (source.test, targets.test) {
            (Some(examples), Some(targets)) => Some(pair(examples, targets)?),
            (None, None) => None,
            _ => {
                let problem = format!("`{name}` and `{target}` do not have the same parts");
                return Err(anyhow!(problem));
            }
        };
        let train = pair(source.train, targets.train)?;
        Ok(Source { train, test })
    }

    fn load_alone(&self, name: &str) -> anyhow::Result<Source> {
        let source = match (name, &self.shared_input) {
            ("-", Some(input)) => load_standard_input(input.clone(), &self.options)?,
            _ => load_with(name, &self.locations, &self.options)?,
        };
        for note in source.train.notes() {
            tell(&format!("`{}`: {note}", source.train.name()));
        }
        let train = &source.train;
        let is_array = train.pictures().is_none() && train.table().is_none();
        if !is_array && !self.is_for_model && self.options.axes.is_some() {
            return Err(
                UsageError(format!("--axes goes with arrays, and `{name}` is none")).into(),
            );
        }
        match train.pictures() {
            Some(pictures) => self.tell_of(name, pictures)?,
            None if is_array => self.tell_axes(name, train.shape()),
            None => {}
        }
        Ok(source)
    }

    /// Says what the dimensions of examples are taken for, where others would do as well.
    fn tell_axes(&self, name: &str, shape: &ExampleShape) {
        let is_said =
            self.is_for_model || self.options.axes.is_some() || self.options.windows.is_some();
        if !is_said && Axes::are_ambiguous(shape) {
            let (axes, words) = (shape.axes().name(), shape.axes().in_words());
            tell(&format!(
                "`{name}`: examples of {shape} are taken for {words}, --axes {axes}"
            ));
        }
    }

    /// Says what was left out of pictures, and what was done to them.
    fn tell_of(&self, name: &str, pictures: &Pictures) -> anyhow::Result<()> {
        let refused = pictures.refused();
        for message in refused.iter().take(MOST_NAMED) {
            tell(&format!("left out: {message}"));
        }
        if refused.len() > MOST_NAMED {
            let more = count(refused.len() - MOST_NAMED);
            tell(&format!("left out: and {more} more that cannot be read"));
        }
        let ignored = pictures.ignored();
        if !ignored.is_empty() {
            let named = ignored.iter().take(MOST_NAMED);
            let named: Vec<_> = named.map(|own| format!("`{own}`")).collect();
            let more = match ignored.len() - named.len() {
                0 => String::new(),
                more => format!(" and {} more", count(more)),
            };
            let files = counted(ignored.len(), "file");
            let named = named.join(", ");
            tell(&format!(
                "left out: {files}, no pictures by their names: {named}{more}"
            ));
        }
        for change in pictures.changes() {
            let whose = if self.is_for_model {
                ", as in training"
            } else {
                ""
            };
            if self.is_for_model && self.options.strict {
                return Err(anyhow!(
                    "`{name}`: --strict changes no pictures, and the model takes {change}{whose}"
                ));
            }
            tell(&format!("`{name}`: {change}{whose}"));
        }
        let (rows, kept) = (pictures.names().len(), pictures.kept());
        if kept < rows {
            tell(&format!(
                "{} of {} fit into memory; the others are decoded each time they are read",
                count(kept),
                counted(rows, "picture")
            ));
        }
        Ok(())
    }

    /// Loads DATA for use by `model`: the part it asks for with `:train` or `:test`, else the test part, else all.
    ///
    /// # Errors
    /// When the data cannot be loaded or has no such part.
    pub fn pick(&self, data: &str, model: &Autoencoder) -> anyhow::Result<Examples> {
        self.with_shape_of(model, data)?.pick_plain(data)
    }

    /// Loads codes of `width` numbers, as `encode` writes them: in a table those called `z1`, `z2`, …
    ///
    /// # Errors
    /// When they cannot be loaded.
    pub fn pick_codes(&self, data: &str, width: usize) -> anyhow::Result<Examples> {
        let columns = (1..=width).map(|n| Column::new(format!("z{n}"), ColumnKind::Number));
        let schema = Schema {
            header: true,
            columns: columns.collect(),
            ..Schema::default()
        };
        let mut loader = self.clone();
        loader.options.table.schema = Some(schema);
        // Under other names, or no table at all.
        loader.pick_plain(data).or_else(|_| self.pick_plain(data))
    }

    /// Loads DATA that is no model's examples: the part it asks for, else the test part, else all.
    ///
    /// # Errors
    /// When the data cannot be loaded or has no such part.
    fn pick_plain(&self, data: &str) -> anyhow::Result<Examples> {
        let examples = self.part_of(data, "test")?;
        let (name, wanted) = split_part(data);
        if wanted.is_none() && examples.part == "test" {
            let rows = count(examples.dataset.rows());
            tell(&format!(
                "using the {rows} test examples of `{name}` (`{name}:train` for the others)"
            ));
        }
        Ok(examples)
    }

    /// Loads DATA for `model` to learn from: the part it asks for with `:train` or `:test`, else the training part, else
    /// all.
    ///
    /// # Errors
    /// When the data cannot be loaded or has no such part.
    pub fn pick_training(&self, data: &str, model: &Autoencoder) -> anyhow::Result<Examples> {
        self.with_shape_of(model, data)?.part_of(data, "train")
    }

    /// The part that DATA asks for, else `otherwise`, else all.
    fn part_of(&self, data: &str, otherwise: &str) -> anyhow::Result<Examples> {
        let (name, wanted) = split_part(data);
        let source = self.load(name)?;
        let (dataset, part, training) = match (source.test, wanted) {
            (Some(test), wanted) => match wanted.unwrap_or(otherwise) {
                "train" => (source.train, "train", None),
                _ => (test, "test", Some(source.train)),
            },
            (None, None) => (source.train, "all", None),
            (None, Some(part)) => return Err(no_parts(name, part).into()),
        };
        Ok(Examples {
            dataset,
            part,
            training,
        })
    }
}

/// One part of a data set, with what to call it.
#[derive(Debug)]
pub struct Examples {
    /// The examples.
    pub dataset: Dataset,
    /// `test`, `train`, or `all` where the data has no parts.
    pub part: &'static str,
    /// The training examples beside test examples.
    pub training: Option<Dataset>,
}

/// The name or path in DATA, and the part that it asks for with `:train` or `:test`.
pub fn split_part(data: &str) -> (&str, Option<&str>) {
    match data.rsplit_once(':') {
        Some((name, part @ ("train" | "test"))) => (name, Some(part)),
        _ => (data, None),
    }
}

pub(crate) fn no_parts(name: &str, part: &str) -> UsageError {
    UsageError(format!("`{name}` has no parts; leave out `:{part}`"))
}
