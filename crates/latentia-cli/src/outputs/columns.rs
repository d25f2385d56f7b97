//! What the columns of a table are that a command writes.

use std::borrow::Cow;

use latentia_data::{Carried, Column, ColumnKind, Dataset, Schema};
use latentia_models::Autoencoder;
use latentia_tensor::Rows;

use crate::inputs::label_column;

/// The columns of a table that a command writes: those that are carried along, then those that it computed.
#[derive(Clone, Debug)]
pub struct OutputColumns<'a> {
    pub(super) schema: Cow<'a, Schema>,
    pub(super) carried: Cow<'a, [Carried]>,
}

impl<'a> OutputColumns<'a> {
    /// Numbers called `z1`, `z2`, … for the name `z`.
    pub fn numbered(name: &str, count: usize) -> Self {
        let columns = (1..=count).map(|number| format!("{name}{number}"));
        Self::named(columns)
    }

    /// Numbers of these names.
    pub fn named(names: impl IntoIterator<Item = String>) -> Self {
        let columns = names.into_iter();
        let columns = columns.map(|name| Column::new(name, ColumnKind::Number));
        let schema = Schema {
            header: true,
            columns: columns.collect(),
            ..Schema::default()
        };
        Self {
            schema: Cow::Owned(schema),
            carried: Cow::default(),
        }
    }

    /// Those of the examples of `model`: a table's own, else `x1`, `x2`, …
    pub fn examples_of(model: &'a Autoencoder) -> Self {
        match model.schema() {
            Some(schema) => Self {
                schema: Cow::Borrowed(schema),
                carried: Cow::default(),
            },
            None => Self::numbered("x", model.width()),
        }
    }

    /// Those of the examples that `codes` become, behind the label of each where `model` is told that of a table's rows.
    pub fn decoded_from(model: &'a Autoencoder, codes: &dyn Rows) -> Self {
        let columns = Self::examples_of(model);
        let Some(label) = model.classes().and_then(|_| label_column(model)) else {
            return columns;
        };
        let text = |row: u32| {
            let class = codes.label(row).map(|label| label as usize);
            let level = class.and_then(|class| label.levels.get(class));
            level.map_or("", String::as_str)
        };
        let texts = (0..codes.rows() as u32).map(text);
        let carried = vec![Carried::of(&label.name, ColumnKind::Label, texts)];
        let carried = Cow::Owned(carried);
        Self { carried, ..columns }
    }

    /// The same beside what names the examples of `dataset`, and their classes.
    #[must_use]
    pub fn beside(self, dataset: &'a Dataset) -> Self {
        let carried = Cow::Borrowed(dataset.carried());
        Self { carried, ..self }
    }

    /// The same behind columns of one's own, whose names are written whether the table has names or not.
    #[must_use]
    pub fn behind(self, carried: Vec<Carried>) -> Self {
        let mut schema = self.schema;
        schema.to_mut().header = true;
        let carried = Cow::Owned(carried);
        Self { schema, carried }
    }

    /// The names of columns that are carried along.
    pub(super) fn carried_names(&self) -> Vec<&str> {
        self.carried.iter().map(|own| own.name.as_str()).collect()
    }
}
