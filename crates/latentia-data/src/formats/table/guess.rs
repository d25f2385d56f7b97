//! What the columns of a table are, by its first rows.

use csv::ByteRecord;
use latentia_tensor::{Column, ColumnKind};

use super::plan::{Plan, Planned};
use super::records::{INDEX, Records, parse_number};
use crate::error::{DataError, listed, printable};
use crate::table::Marks;
use crate::table::format_of;
use crate::table_options::TableOptions;

/// Levels of a category that is not said to be one.
pub(super) const MOST_LEVELS: usize = 100;

/// Levels of any category.
pub(super) const MOST_SAID_LEVELS: usize = 10_000;

/// Names of columns that number the rows of a table.
const NAMES_OF_IDS: [&str; 6] = ["id", "index", "rowid", "row_id", "rownames", "uuid"];

/// A plan to read a table by, from what its first rows show and what the user says.
///
/// # Errors
/// When a column that the user names is not there.
pub(super) fn guess(
    records: &dyn Records,
    options: &TableOptions,
    marks: &Marks,
) -> Result<Plan, DataError> {
    let (names, mut notes) = distinct_names(records);
    let said = Said::of(records.subject(), &names, options)?;
    let extra = options.extra.as_ref();
    let extra = extra.and_then(|name| place(&names, name));
    let mut columns = Vec::with_capacity(names.len());
    for (field, name) in names.iter().enumerate() {
        let texts = texts(records.first_rows(), field, marks);
        let said = said.kind(field);
        let said = said.or((extra == Some(field)).then_some(ColumnKind::Ignored));
        let column = match said {
            Some(kind) => Column {
                levels: match kind {
                    ColumnKind::Category | ColumnKind::Label => levels(texts),
                    _ => Vec::new(),
                },
                ..Column::new(name, kind)
            },
            None if field == 0 && records.has_index() => {
                notes.push("the first column has no name and numbers the rows: it is an index, kept as id and not learned from".into());
                Column::new(name, ColumnKind::Id)
            }
            None => {
                let column = guess_column(name.clone(), texts.clone(), records.decimal());
                let is_number = column.kind == ColumnKind::Number;
                let zeros = texts
                    .clone()
                    .find(|text| is_number && has_leading_zero(text));
                if let Some(text) = zeros {
                    notes.push(format!(
                        "`{}` is read as numbers, and its leading zeros are lost, as of `{}`, unless it is said to be a category or an id",
                        printable(&column.name, 40),
                        printable(&String::from_utf8_lossy(text), 40)
                    ));
                }
                let is_text = matches!(column.kind, ColumnKind::Category | ColumnKind::Ignored);
                if let Some(text) = is_text.then(|| dressed_number(texts)).flatten() {
                    notes.push(format!(
                        "`{}` is read as text, though it seems to hold numbers, as `{}`: plain ones, as 1000.5, are read as numbers",
                        printable(&column.name, 40),
                        printable(&String::from_utf8_lossy(text), 40)
                    ));
                }
                column
            }
        };
        columns.push(Planned {
            field: Some(field),
            column,
            kind_is_said: said.is_some() || (field == 0 && records.has_index()),
            levels_are_said: false,
        });
    }
    Ok(Plan {
        header: records.names().is_some(),
        columns,
        names,
        extra,
        notes,
    })
}

/// The columns that the user names, by their fields.
struct Said(Vec<(usize, ColumnKind)>);

impl Said {
    fn of(subject: &str, names: &[String], options: &TableOptions) -> Result<Self, DataError> {
        let wanted = (options.label.iter().map(|name| (name, ColumnKind::Label)))
            .chain(options.id.iter().map(|name| (name, ColumnKind::Id)))
            .chain(
                options
                    .ignore
                    .iter()
                    .map(|name| (name, ColumnKind::Ignored)),
            )
            .chain(
                options
                    .categorical
                    .iter()
                    .map(|name| (name, ColumnKind::Category)),
            );
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for (name, kind) in wanted {
            match place(names, name) {
                Some(field) => found.push((field, kind)),
                None => missing.push(name.clone()),
            }
        }
        let mut fields: Vec<usize> = found.iter().map(|&(field, _)| field).collect();
        fields.sort_unstable();
        if let Some(pair) = fields.windows(2).find(|pair| pair[0] == pair[1]) {
            let kinds = found.iter().filter(|(field, _)| *field == pair[0]);
            let kinds: Vec<&str> = kinds.map(|(_, kind)| kind.name()).collect();
            return Err(DataError::invalid(
                subject,
                format!("column `{}`", names[pair[0]]),
                format!("asked for as {}", kinds.join(" and ")),
                "one of them",
            ));
        }
        match missing.is_empty() {
            true => Ok(Self(found)),
            false => Err(DataError::MissingColumns {
                subject: subject.to_owned(),
                missing,
                names: names.to_vec(),
            }),
        }
    }

    fn kind(&self, field: usize) -> Option<ColumnKind> {
        let said = self.0.iter().find(|(said, _)| *said == field);
        said.map(|&(_, kind)| kind)
    }
}

/// The field of the column called `name`, or of that number from 1.
pub(super) fn place(names: &[String], name: &str) -> Option<usize> {
    let by_name = names.iter().position(|own| own == name);
    by_name.or_else(|| {
        let number: usize = name.trim().parse().ok()?;
        number.checked_sub(1).filter(|&field| field < names.len())
    })
}

/// Names of all columns, each different: those of the table, its number for a column without one, `.1` behind a name that is
/// there again, as pandas has it. And what there is to say of that.
pub(super) fn distinct_names(records: &dyn Records) -> (Vec<String>, Vec<String>) {
    let given = records.names();
    let mut names: Vec<String> = Vec::with_capacity(records.fields());
    let mut seen = std::collections::HashMap::<String, usize>::new();
    let mut renamed = Vec::new();
    for field in 0..records.fields() {
        let own = given.as_ref().and_then(|names| names.get(field)).cloned();
        let own = own.filter(|name| !name.is_empty());
        let own = own.unwrap_or_else(|| match field == 0 && records.has_index() {
            true => INDEX.to_owned(),
            false => (field + 1).to_string(),
        });
        let mut name = own.clone();
        while let Some(times) = seen.get_mut(&name) {
            name = format!("{own}.{times}");
            *times += 1;
        }
        if name != own {
            renamed.push(name.clone());
        }
        seen.insert(name.clone(), 1);
        names.push(name);
    }
    let notes = match renamed.is_empty() {
        true => Vec::new(),
        false => vec![format!(
            "names that are there twice are made different: {}",
            listed(renamed.iter())
        )],
    };
    (names, notes)
}

/// The fields of a column that are not missing, without spaces around them.
fn texts<'a>(
    rows: &'a [ByteRecord],
    field: usize,
    marks: &'a Marks,
) -> impl Iterator<Item = &'a [u8]> + Clone {
    let fields = rows.iter().filter_map(move |row| row.get(field));
    fields
        .map(<[u8]>::trim_ascii)
        .filter(|text| !marks.contain(text))
}

/// What a column is whose first fields are `texts`.
fn guess_column<'a>(
    name: String,
    texts: impl Iterator<Item = &'a [u8]> + Clone,
    decimal: u8,
) -> Column {
    let count = texts.clone().count();
    let is_number = |text: &&[u8]| parse_number(text, decimal).is_some();
    let numbers = texts.clone().filter(is_number).count();
    let numeric = Column {
        decimals: texts
            .clone()
            .filter_map(|text| decimals(text, decimal))
            .max(),
        ..Column::new(&name, ColumnKind::Number)
    };
    if count == numbers && is_id(&name, texts.clone(), decimal) {
        return Column::new(name, ColumnKind::Id);
    }
    if let Some(format) = format_of(texts.clone()) {
        // Eight digits are a date only in a column that is called so.
        if numbers == 0 || name.to_lowercase().contains("date") {
            return Column {
                format: Some(format),
                ..Column::new(name, ColumnKind::Date)
            };
        }
    }
    // A few words among numbers are an error, and not guessed away.
    if numbers * 2 >= count {
        return numeric;
    }
    let levels = levels(texts);
    match levels.len() <= MOST_LEVELS && (levels.len() * 2 <= count || levels.len() < 20) {
        true => Column {
            levels,
            ..Column::new(name, ColumnKind::Category)
        },
        false => Column::new(name, ColumnKind::Ignored),
    }
}

/// Whether a zero stands before the first digit of a whole part, as in postal codes.
fn has_leading_zero(text: &[u8]) -> bool {
    matches!(text, [b'0', next, ..] if next.is_ascii_digit())
}

/// The first of `texts` with a value, where all are numbers but for a currency, a unit, parted thousands or another decimal point.
fn dressed_number<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> Option<&'a [u8]> {
    /// What is before and behind the digits; none where there are none, or something else is between them.
    fn dress(text: &[u8]) -> Option<(&[u8], &[u8])> {
        let first = text.iter().position(u8::is_ascii_digit)?;
        let last = text.iter().rposition(u8::is_ascii_digit)?;
        let is_part = |byte: &u8| byte.is_ascii_digit() || b".,' ".contains(byte);
        let is_number = text[first..=last].iter().all(is_part);
        let before = text[..first].trim_ascii();
        let before = before
            .strip_prefix(b"-")
            .or(before.strip_suffix(b"-"))
            .unwrap_or(before);
        is_number.then_some((before.trim_ascii(), text[last + 1..].trim_ascii()))
    }
    let first = texts.clone().next()?;
    let own = dress(first)?;
    let is_word = own.0.iter().any(u8::is_ascii_alphanumeric) || own.1.len() > 4;
    let mut texts = texts;
    (!is_word && texts.all(|text| dress(text) == Some(own))).then_some(first)
}

/// Whether numbers are different whole ones in a column that is called as ids are.
fn is_id<'a>(name: &str, texts: impl Iterator<Item = &'a [u8]> + Clone, decimal: u8) -> bool {
    let small = name.to_lowercase();
    let is_called = NAMES_OF_IDS.contains(&small.as_str())
        || small.ends_with("_id")
        || small.ends_with(" id")
        // So pandas calls an index that it read as a column.
        || small.starts_with("unnamed: ")
        || (name.ends_with("Id") || name.ends_with("ID"));
    if !is_called {
        return false;
    }
    let mut numbers: Vec<f64> = texts
        .filter_map(|text| parse_number(text, decimal))
        .collect();
    numbers.sort_by(f64::total_cmp);
    numbers.iter().all(|n| n.fract() == 0.0)
        && numbers.len() > 1
        && numbers.windows(2).all(|pair| pair[0] != pair[1])
}

/// The different texts, in order: false before true.
pub(super) fn levels<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut levels: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for text in texts {
        if seen.len() < MOST_SAID_LEVELS && seen.insert(text) {
            levels.push(String::from_utf8_lossy(text).into_owned());
        }
    }
    sort_levels(&mut levels);
    levels
}

/// Puts levels into order: as numbers where all are, else as text.
fn sort_levels(levels: &mut Vec<String>) {
    let numbers: Option<Vec<f64>> = levels.iter().map(|level| level.parse().ok()).collect();
    match numbers {
        Some(_) => levels.sort_by(|a, b| {
            let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
            number(a).total_cmp(&number(b)).then_with(|| a.cmp(b))
        }),
        None => levels.sort_unstable(),
    }
    levels.dedup();
}

/// The digits behind the point of a number as it is written; none where it has an exponent.
fn decimals(text: &[u8], decimal: u8) -> Option<u8> {
    if text.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return Some(u8::MAX);
    }
    let point = text.iter().position(|&byte| byte == decimal);
    Some(point.map_or(0, |at| (text.len() - at - 1).min(20) as u8))
}
