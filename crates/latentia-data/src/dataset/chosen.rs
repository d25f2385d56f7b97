//! Examples chosen from among those of a set.

use std::sync::Arc;

use latentia_tensor::ColumnKind;

use super::Dataset;
use crate::table::{Carried, Table};
use crate::values::{ChosenValues, Values};

impl Dataset {
    /// Some of the examples, in this order; the values are not copied. Each keeps what it is called, and its [number](Self::number) where
    /// it is called by that.
    ///
    /// ```
    /// use latentia_data::Dataset;
    /// use latentia_tensor::{Matrix, Rows};
    ///
    /// let numbers = Dataset::from_floats("numbers", vec![1], vec![0.0, 0.5, 1.0])?.with_labels(vec![7, 8, 9])?;
    /// let last = numbers.choose(&[2, 1]);
    /// assert_eq!((last.rows(), last.label(0), last.number(0)), (2, Some(9), 2));
    /// assert_eq!(last.ids().map(|ids| ids.text(0)), Some("2"));
    /// let mut read = Matrix::zeros(2, 1);
    /// last.read(&[0, 1], read.view_mut())?;
    /// assert_eq!(read.as_slice(), [1.0, 0.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// When a row is out of range.
    #[must_use]
    pub fn choose(&self, rows: &[u32]) -> Self {
        let chosen = |all: &[u32]| {
            rows.iter()
                .map(|&row| all[row as usize])
                .collect::<Vec<_>>()
        };
        let carried_of = |own: &Carried| {
            let texts = rows.iter().map(|&row| own.text(row as usize));
            Carried::of(&own.name, own.kind, texts)
        };
        let mut carried: Vec<Carried> = self.carried().iter().map(carried_of).collect();
        if self.ids().is_none() {
            let numbers = rows.iter().map(|&row| self.number(row).to_string());
            carried.push(Carried::of("row", ColumnKind::Id, numbers));
        }
        let table = self.table.as_ref().map(|table| Table {
            schema: table.schema.clone(),
            profiles: table.profiles.clone(),
            carried: carried.clone(),
            extra: table.extra.as_ref().map(carried_of),
            names: table.names.clone(),
        });
        let targets = self.targets.as_ref();
        let targets = targets.map(|(targets, places)| (targets.clone(), chosen(places)));
        Self {
            name: self.name.clone(),
            shape: self.shape.clone(),
            cols: self.cols,
            values: Arc::new(Values::Chosen(ChosenValues {
                from: Arc::clone(&self.values),
                rows: rows.to_vec(),
                cols: self.cols,
            })),
            range: self.range,
            labels: self.labels.as_deref().map(chosen),
            factors: self.factors.as_ref().map(|factors| factors.choose(rows)),
            table,
            carried,
            notes: self.notes.clone(),
            targets,
        }
    }

    /// Where example `row` lies in what was loaded: itself, but where it was [chosen](Self::choose) from among others.
    pub fn number(&self, row: u32) -> u32 {
        self.values.number(row)
    }
}
