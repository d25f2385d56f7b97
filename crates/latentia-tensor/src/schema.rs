//! What the columns of a table are.

use serde::{Deserialize, Serialize};

/// The columns of a table, in the order of its file; an example has an element for each column that is
/// [learned](ColumnKind::is_learned), in this order.
///
/// ```
/// use latentia_tensor::{Column, ColumnKind, ElementKind, Schema};
///
/// let island = Column {
///     levels: vec!["Biscoe".into(), "Dream".into()],
///     ..Column::new("island", ColumnKind::Category)
/// };
/// let columns = vec![Column::new("id", ColumnKind::Id), island, Column::new("mass", ColumnKind::Number)];
/// let schema = Schema { header: true, columns, ..Schema::default() };
/// assert_eq!(schema.elements(), [ElementKind::Category { levels: 2 }, ElementKind::Number]);
/// assert!(schema.check().is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Schema {
    /// Whether the table has the columns' names. Without, they are matched by their position.
    pub header: bool,
    /// What stands for a missing value beside the usual marks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// The columns.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Column {
    /// Its name; its number from 1, where the table has no names.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// What a category or a label can be; element `i` stands for level `i`. Of a boolean what stands for false and true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<String>,
    /// How many decimals numbers are written with; as many as are needed, where nothing says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// What is subtracted from a number before it becomes an f32, so that values far from zero stay different.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub offset: f64,
    /// How a date is written, in the words of `strptime`: `%Y-%m-%d`. A date's element is its days since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether there were rows without a value where the schema was made.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gaps: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// One of a few levels.
    Category,
    /// One of two values, which stand for false and true.
    Boolean,
    /// Days, or moments.
    Date,
    /// What names a row. It is carried along, not learned from.
    Id,
    /// The class of a row. It is carried along, not learned from.
    Label,
    /// Nothing that matters.
    Ignored,
}

/// What an element of an example is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementKind {
    /// A real number.
    Number,
    /// 0 or 1.
    Boolean,
    /// The number of a level, from 0.
    Category {
        /// How many levels there are.
        levels: usize,
    },
}

impl ElementKind {
    /// How many elements stand for it where it is one-hot: one, or one for each level.
    pub fn width(self) -> usize {
        match self {
            Self::Number | Self::Boolean => 1,
            Self::Category { levels } => levels,
        }
    }

    /// How many levels there are: 2 of a boolean, 0 of a number.
    pub fn levels(self) -> usize {
        match self {
            Self::Number => 0,
            Self::Boolean => 2,
            Self::Category { levels } => levels,
        }
    }

    /// The level next to `value`, of a boolean 0 or 1; none where it is missing, of no level, or a number.
    pub fn level(self, value: f32) -> Option<usize> {
        let levels = self.levels();
        let above = f64::from(value) + 0.5;
        (above > 0.0 && above < levels as f64).then_some(above as usize)
    }
}

impl Schema {
    /// The columns that an example has an element for.
    pub fn learned(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| c.kind.is_learned())
    }

    /// What the elements of an example are.
    pub fn elements(&self) -> Vec<ElementKind> {
        self.columns.iter().filter_map(Column::element).collect()
    }

    /// Whether every element of an example is a number, and none was missing.
    pub fn is_plain(&self) -> bool {
        self.learned()
            .all(|c| c.element() == Some(ElementKind::Number) && !c.gaps)
    }

    /// Refuses names that are empty or not different, levels that are missing, not different or where there are none, and values
    /// out of range.
    ///
    /// # Errors
    /// The column, what it has and what would be valid.
    pub fn check(&self) -> Result<(), String> {
        let mut names: Vec<&str> = self.columns.iter().map(|c| c.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("two columns are called `{}`", pair[0]));
        }
        match self.columns.iter().find_map(|c| c.check().err()) {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }
}

impl Column {
    /// A column without levels and gaps.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self {
            name: name.into(),
            kind,
            levels: Vec::new(),
            decimals: None,
            offset: 0.0,
            format: None,
            gaps: false,
        }
    }

    /// What its element is, where it is learned from.
    pub fn element(&self) -> Option<ElementKind> {
        match self.kind {
            ColumnKind::Number | ColumnKind::Date => Some(ElementKind::Number),
            ColumnKind::Boolean => Some(ElementKind::Boolean),
            ColumnKind::Category => Some(ElementKind::Category {
                levels: self.levels.len(),
            }),
            ColumnKind::Id | ColumnKind::Label | ColumnKind::Ignored => None,
        }
    }

    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        let refuse = |problem: String| Err(format!("column `{name}`: {problem}"));
        let count = self.levels.len();
        match self.kind {
            ColumnKind::Category if count == 0 => {
                return refuse("a category needs levels".into());
            }
            ColumnKind::Boolean if count != 2 => {
                return refuse(format!(
                    "a boolean has two levels, for false and true, not {count}"
                ));
            }
            ColumnKind::Date if self.format.is_none() => {
                return refuse("a date needs a format, as `%Y-%m-%d`".into());
            }
            ColumnKind::Number | ColumnKind::Date | ColumnKind::Id | ColumnKind::Ignored
                if count > 0 =>
            {
                return refuse(format!("a {} has no levels", self.kind.name()));
            }
            _ => {}
        }
        let mut levels: Vec<&String> = self.levels.iter().collect();
        levels.sort_unstable();
        if let Some(pair) = levels.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse(format!("level `{}` is there twice", pair[0]));
        }
        if !self.offset.is_finite() {
            return refuse(format!("offset {} is not finite", self.offset));
        }
        match name.is_empty() {
            true => Err("a column has no name".into()),
            false => Ok(()),
        }
    }
}

impl ColumnKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Number,
        Self::Category,
        Self::Boolean,
        Self::Date,
        Self::Id,
        Self::Label,
        Self::Ignored,
    ];

    /// Its name in a file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Category => "category",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Id => "id",
            Self::Label => "label",
            Self::Ignored => "ignored",
        }
    }

    /// Whether an example has an element for such a column.
    pub fn is_learned(self) -> bool {
        !matches!(self, Self::Id | Self::Label | Self::Ignored)
    }
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_the_next_one_and_none_for_what_is_no_level() {
        let category = ElementKind::Category { levels: 3 };
        let levels = [0.0, -0.0, 0.4, 0.5, 2.0, 2.4].map(|value| category.level(value));
        let expected = [0, 0, 0, 1, 2, 2].map(Some);
        assert_eq!(levels, expected);
        for value in [
            f32::NAN,
            f32::INFINITY,
            -f32::INFINITY,
            -0.5,
            -1.0,
            2.5,
            1e9,
        ] {
            assert_eq!(category.level(value), None, "{value}");
            assert_eq!(ElementKind::Boolean.level(value), None, "{value}");
        }
        assert_eq!(ElementKind::Boolean.level(1.0), Some(1));
        assert_eq!(ElementKind::Number.level(0.0), None);
        assert_eq!(ElementKind::Category { levels: 0 }.level(0.0), None);
        assert_eq!(
            [category, ElementKind::Boolean].map(ElementKind::width),
            [3, 1]
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let refused = |change: fn(&mut Vec<Column>), expected: &str| {
            let level = |name: &str| vec![name.to_owned(), "other".to_owned()];
            let mut columns = vec![
                Column {
                    levels: level("a"),
                    ..Column::new("kind", ColumnKind::Category)
                },
                Column {
                    levels: level("no"),
                    ..Column::new("is", ColumnKind::Boolean)
                },
                Column::new("size", ColumnKind::Number),
            ];
            let fits = Schema {
                header: true,
                columns: columns.clone(),
                ..Schema::default()
            };
            assert_eq!(fits.check(), Ok(()));
            change(&mut columns);
            let schema = Schema {
                header: true,
                columns,
                ..Schema::default()
            };
            let problem = schema.check().expect_err(expected);
            assert!(problem.contains(expected), "{problem}");
        };
        refused(
            |c| c[0].levels.clear(),
            "column `kind`: a category needs levels",
        );
        refused(|c| c[0].levels[1] = "a".into(), "level `a` is there twice");
        refused(|c| c[1].levels.truncate(1), "not 1");
        refused(|c| c[2].levels.push("a".into()), "a number has no levels");
        refused(|c| c[2].name = "is".into(), "two columns are called `is`");
        refused(|c| c[2].name.clear(), "has no name");
        refused(|c| c[2].kind = ColumnKind::Date, "needs a format");
        refused(|c| c[2].offset = f64::NAN, "not finite");
    }
}
