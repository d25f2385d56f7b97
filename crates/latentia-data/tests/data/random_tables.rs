//! Tables of all kinds of columns, written in all ways, are read as what they are.

use ::csv::{QuoteStyle, Terminator, WriterBuilder};
use latentia_data::{
    Column, ColumnKind, Dataset, LoadOptions, Locations, Rows, Schema, TableOptions, load_with,
};
use proptest::prelude::*;

use crate::values;

/// Levels of categories; none is a number, a date or a mark, and none of the first four has what may part fields.
const WORDS: [&str; 8] = [
    "red",
    "say \"x\"",
    "two\nlines",
    "ünïcode",
    "blue, dark",
    "semi;colon",
    "tab\tstop",
    "pi|pe",
];

/// Marks of missing values.
const MARKS: [&str; 6] = ["", "NA", "?", "null", "NaN", "-"];

const BOOLEANS: [[&str; 2]; 4] = [["no", "yes"], ["FALSE", "TRUE"], ["n", "y"], ["0", "1"]];

/// A year's days in formats of which none is another.
const FORMATS: [&str; 3] = ["%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y"];

/// How a table is written.
#[derive(Clone, Debug)]
pub struct Dialect {
    delimiter: u8,
    has_decimal_comma: bool,
    pub has_header: bool,
    is_quoted: bool,
    has_crlf: bool,
    has_bom: bool,
}

pub fn dialects() -> impl Strategy<Value = Dialect> {
    let delimiters = prop::sample::select(vec![b',', b';', b'\t', b'|', b' ']);
    (delimiters, any::<[bool; 5]>()).prop_map(|(delimiter, [comma, header, quoted, crlf, bom])| {
        Dialect {
            delimiter,
            // Numbers with a comma in them would be two.
            has_decimal_comma: comma && matches!(delimiter, b';' | b'\t'),
            has_header: header,
            is_quoted: quoted,
            has_crlf: crlf,
            has_bom: bom,
        }
    })
}

/// Random numbers; the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// A column, its fields, and its elements where it has some.
#[derive(Debug)]
pub struct Written {
    column: Column,
    fields: Vec<String>,
    elements: Vec<f32>,
}

impl Written {
    fn new(
        (place, name): (usize, String),
        kind: ColumnKind,
        rows: usize,
        dialect: &Dialect,
        random: &mut Random,
    ) -> Self {
        let has_gaps = random.below(2) == 0;
        let mut written = Self {
            column: Column::new(name, kind),
            fields: Vec::new(),
            elements: Vec::new(),
        };
        let column = &mut written.column;
        let choice = random.below(12);
        // A comma in every text would be taken for what parts them, and not the spaces.
        let (words, formats) = if dialect.delimiter == b' ' {
            (4, 2)
        } else {
            (8, 3)
        };
        match kind {
            ColumnKind::Boolean => column.levels = BOOLEANS[choice % 4].map(String::from).to_vec(),
            ColumnKind::Category => {
                // One level has nothing that may part fields.
                let others = (0..=choice % 3).map(|level| 1 + (level + choice) % (words - 1));
                let levels = [0].into_iter().chain(others);
                column.levels = levels.map(|level| WORDS[level].to_owned()).collect();
                column.levels.sort_unstable();
            }
            ColumnKind::Date => column.format = Some(FORMATS[choice % formats].into()),
            ColumnKind::Number => column.decimals = Some(3),
            _ => {}
        }
        for row in 0..rows {
            // Every level is in the first rows.
            let is_gap = has_gaps && row >= 12 && random.below(5) == 0;
            let (field, element) = match is_gap {
                true => {
                    // Spaces part fields that are there.
                    let first = usize::from(dialect.delimiter == b' ');
                    written.column.gaps = true;
                    (MARKS[first + random.below(6 - first)].to_owned(), f32::NAN)
                }
                false => written.field(place as i64, row, dialect, random),
            };
            written.fields.push(field);
            written.elements.push(element);
        }
        written
    }

    /// A value, and the element that it is.
    fn field(
        &self,
        place: i64,
        row: usize,
        dialect: &Dialect,
        random: &mut Random,
    ) -> (String, f32) {
        let column = &self.column;
        match column.kind {
            ColumnKind::Number => {
                // The first row is within the range of the others, and not evenly spaced, as names of columns may be.
                let thousandths = match row {
                    0 => 1000 * place * place + random.below(499) as i64 + 1,
                    1 => -999_999,
                    2 => 999_998,
                    _ => random.below(1_900_000) as i64 - 950_000,
                };
                let text = format!("{:.3}", thousandths as f64 / 1000.0);
                let number: f64 = text.parse().unwrap();
                let text = match dialect.has_decimal_comma {
                    true => text.replace('.', ","),
                    false => text,
                };
                (text, number as f32)
            }
            ColumnKind::Date => {
                // Days of January 2021, which is in all formats.
                let day = random.below(31) as u16 + 1;
                let text = match column.format.as_deref() {
                    Some("%Y-%m-%d") => format!("2021-01-{day:02}"),
                    Some("%d.%m.%Y") => format!("{day:02}.01.2021"),
                    _ => format!("Jan {day:02}, 2021"),
                };
                (text, 18_627.0 + f32::from(day))
            }
            ColumnKind::Boolean | ColumnKind::Category => {
                let level = match row < 12 {
                    true => row % column.levels.len(),
                    false => random.below(column.levels.len()),
                };
                (column.levels[level].clone(), level as f32)
            }
            _ => (format!("someone {row}"), f32::NAN),
        }
    }
}

/// A table of these kinds, and a number before them, by which a header is known.
pub fn table(kinds: &[ColumnKind], rows: usize, dialect: &Dialect, seed: u64) -> Vec<Written> {
    let mut random = Random(seed);
    let mut kinds = kinds.to_vec();
    kinds.insert(random.below(kinds.len() + 1), ColumnKind::Number);
    let column = |(place, kind): (usize, ColumnKind)| {
        let endings = ["", " x", ", y", "; z", " \"q\"", "|"];
        let name = match dialect.has_header {
            true => format!("c{place}{}", endings[random.below(6)]),
            false => (place + 1).to_string(),
        };
        Written::new((place, name), kind, rows, dialect, &mut random)
    };
    kinds.into_iter().enumerate().map(column).collect()
}

pub fn write(columns: &[Written], dialect: &Dialect) -> Vec<u8> {
    let text = if dialect.has_bom { "\u{feff}" } else { "" };
    let mut writer = WriterBuilder::new()
        .delimiter(dialect.delimiter)
        .quote_style(if dialect.is_quoted {
            QuoteStyle::Always
        } else {
            QuoteStyle::Necessary
        })
        .terminator(if dialect.has_crlf {
            Terminator::CRLF
        } else {
            Terminator::Any(b'\n')
        })
        .from_writer(text.as_bytes().to_vec());
    if dialect.has_header {
        writer
            .write_record(columns.iter().map(|written| &written.column.name))
            .unwrap();
    }
    for row in 0..columns[0].fields.len() {
        writer
            .write_record(columns.iter().map(|written| &written.fields[row]))
            .unwrap();
    }
    writer.into_inner().unwrap()
}

fn read(text: &[u8], schema: Option<Schema>) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    let table = TableOptions {
        schema,
        ..TableOptions::default()
    };
    let options = LoadOptions {
        table,
        ..LoadOptions::default()
    };
    let loaded = load_with(path.to_str().unwrap(), &Locations::new(None), &options);
    loaded
        .map(|source| source.train)
        .map_err(|error| error.to_string())
}

/// The elements of rows, by the columns that are learned from, as bits: a gap is one too.
fn elements(columns: &[&Written]) -> Vec<u32> {
    let rows = 0..columns[0].fields.len();
    let learned: Vec<_> = columns
        .iter()
        .filter(|written| written.column.kind.is_learned())
        .collect();
    rows.flat_map(|row| {
        learned
            .iter()
            .map(move |written| written.elements[row].to_bits())
    })
    .collect()
}

fn bits(loaded: &Dataset) -> Vec<u32> {
    values(loaded).into_iter().map(f32::to_bits).collect()
}

proptest! {
    #[test]
    fn what_is_written_is_read_with_its_kinds_levels_and_gaps(
        kinds in prop::collection::vec(prop::sample::select(vec![
            ColumnKind::Number,
            ColumnKind::Category,
            ColumnKind::Boolean,
            ColumnKind::Date,
            ColumnKind::Id,
        ]), 1..7),
        rows in 24..70_usize,
        dialect in dialects(),
        seed in any::<u64>(),
    ) {
        let written = table(&kinds, rows, &dialect, seed);
        let text = write(&written, &dialect);
        let loaded = read(&text, None).map_err(TestCaseError::fail)?;
        prop_assert_eq!(loaded.rows(), rows);
        let found = loaded.table().unwrap();
        prop_assert_eq!(found.schema.header, dialect.has_header);
        for ((written, column), profile) in written.iter().zip(&found.schema.columns).zip(&found.profiles) {
            // Where a number is missing, its decimals are known from the others.
            prop_assert_eq!(column, &written.column);
            let gaps = written.elements.iter().zip(&written.fields).filter(|(_, field)| MARKS.contains(&field.as_str()));
            prop_assert_eq!(profile.missing, gaps.count() as u64);
        }
        prop_assert_eq!(bits(&loaded), elements(&written.iter().collect::<Vec<_>>()));
        if !dialect.has_header {
            return Ok(());
        }

        // A model of the same columns in another order, and without one that it does not learn from.
        let mut order: Vec<&Written> = written.iter().collect();
        order.rotate_left(1 + seed as usize % written.len());
        order.reverse();
        let columns = order.iter().map(|written| written.column.clone());
        let columns = columns.filter(|column| column.kind.is_learned() || seed % 2 == 0);
        let schema = Schema { header: true, missing: Vec::new(), columns: columns.collect() };
        let matched = read(&text, Some(schema)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(bits(&matched), elements(&order));
    }
}
