//! What a model knows of the data that it learned from: the columns of a table, how pictures were made examples.

use latentia_tensor::{ElementKind, Preparation, Schema};

use super::model::Autoencoder;

impl Autoencoder {
    /// What the columns of an example are, where it is a row of a table of which that is known.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The names of the columns of an example, one an element; their numbers from 1 where none are known.
    pub fn column_names(&self) -> Vec<String> {
        match self.schema() {
            Some(schema) => schema.learned().map(|own| own.name.clone()).collect(),
            None => (1..=self.width())
                .map(|number| number.to_string())
                .collect(),
        }
    }

    /// What the elements of an example are; nothing where all are numbers.
    pub(crate) fn kinds(&self) -> Vec<ElementKind> {
        let columns = self.likelihood.columns();
        columns.map_or_else(Vec::new, |columns| columns.kinds().to_vec())
    }

    /// Sets what the columns are; a schema of another number of columns to learn from than an example has elements is none. A file
    /// keeps it, so that a table's columns can be matched by name.
    pub fn set_schema(&mut self, schema: Option<Schema>) {
        let width = self.width();
        self.schema = schema.filter(|schema| schema.learned().count() == width);
    }

    /// How the pictures that the model learned from were made examples, where that is known.
    pub fn preparation(&self) -> Option<Preparation> {
        self.preparation
    }

    /// Sets how pictures are made examples. A file keeps it, so that others are made in the same way.
    pub fn set_preparation(&mut self, preparation: Option<Preparation>) {
        self.preparation = preparation;
    }
}
