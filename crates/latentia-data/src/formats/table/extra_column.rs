//! A column whose texts are kept apart.

use csv::ByteRecord;
use latentia_tensor::ColumnKind;

use super::plan::Plan;
use crate::error::{Problem, quoted};
use crate::table::{Carried, Marks};

/// A column whose texts are kept apart, whatever else is made of it.
pub(super) struct ExtraColumn {
    pub(super) field: usize,
    pub(super) texts: Carried,
    /// The first row without a value, and how many there are.
    pub(super) problem: Option<Problem>,
}

impl ExtraColumn {
    /// The one that `plan` has, if it has one.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let field = plan.extra?;
        Some(Self {
            field,
            texts: Carried::new(&plan.names[field], ColumnKind::Label),
            problem: None,
        })
    }

    /// Keeps the text of a row, which stands at `place`.
    pub(super) fn read(&mut self, record: &ByteRecord, marks: &Marks, place: &dyn Fn() -> String) {
        let text = record.get(self.field).unwrap_or_default().trim_ascii();
        self.texts.push(text);
        if !marks.contain(text) {
            return;
        }
        match &mut self.problem {
            Some(problem) => problem.count += 1,
            None => {
                let seen = match text {
                    b"" => "nothing".into(),
                    mark => format!("{}, a missing value", quoted(mark)),
                };
                self.problem = Some(Problem {
                    place: format!("{}, column {}", place(), quoted(self.texts.name.as_bytes())),
                    seen,
                    expected: "a value in every row".into(),
                    count: 1,
                });
            }
        }
    }
}
