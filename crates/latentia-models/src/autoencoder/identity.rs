//! What a model knows of the data that it learned from: the columns of a table, how pictures were made examples.

use latentia_tensor::{ElementKind, Preparation, Schema, Windows};

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
            None if self.shape.is_series() => self.names_of_steps(),
            None => (1..=self.width())
                .map(|number| number.to_string())
                .collect(),
        }
    }

    /// The elements of a window: `+3` three steps behind its first, with the feature where there is more than one.
    fn names_of_steps(&self) -> Vec<String> {
        let features = self.shape[1];
        let schema = self.windows.as_ref().and_then(|own| own.schema.as_ref());
        let known: Vec<&str> = schema.map_or_else(Vec::new, |schema| {
            schema.learned().map(|own| own.name.as_str()).collect()
        });
        let name = |element: usize| {
            let (step, feature) = (element / features, element % features);
            match (features, known.get(feature)) {
                (1, _) => format!("+{step}"),
                (_, Some(name)) => format!("{name} +{step}"),
                (_, None) => format!("{} +{step}", feature + 1),
            }
        };
        (0..self.width()).map(name).collect()
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

    /// How the series that the model learned from was cut into examples, where that is known.
    pub fn windows(&self) -> Option<&Windows> {
        self.windows.as_ref()
    }

    /// Sets how a series is cut into examples; windows of another length than an example has time steps are none. A file keeps it, so that
    /// others are cut in the same way.
    pub fn set_windows(&mut self, windows: Option<Windows>) {
        let length = self
            .shape
            .first()
            .copied()
            .filter(|_| self.shape.is_series());
        self.windows = windows.filter(|own| Some(own.length) == length && own.stride > 0);
    }

    /// Sets how pictures are made examples. A file keeps it, so that others are made in the same way.
    pub fn set_preparation(&mut self, preparation: Option<Preparation>) {
        self.preparation = preparation;
    }
}
