//! How far a row's values lie from the usual ones of their columns, each by itself.

use latentia_nn::graph::{Graph, Operation, Type, Value};
use latentia_tensor::{ElementKind, Matrix};

use super::standard::quantile;

/// Ratio of the distance of the quartiles to the deviation of a normal distribution.
const QUARTILES: f64 = 1.349;

/// Deviation of a number that is always the same, as a share of it, or of 1 where it is 0.
const CONSTANT: f64 = 1e-3;

/// A mean over columns of what each adds: of a number `ln(1 + (x - median)² / v)`, `v` its robust variance; of a category `ln(p / q)`,
/// `q` the share of its level, `p` that of the most frequent one; where a value is missing or there, `ln(p / q)` too. It sees what
/// the reconstruction leaves out: a row that is extreme and well reconstructed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ColumnPart {
    pub(super) columns: Vec<Column>,
}

/// What is usual in a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// What a value that is missing adds.
    pub(super) missing: f64,
    /// What a value that is there adds.
    pub(super) present: f64,
    pub(super) values: Values,
}

/// What a value adds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    Number {
        median: f64,
        variance: f64,
    },
    /// A level each.
    Levels(Vec<f64>),
}

impl ColumnPart {
    /// That of training rows, raw values of `kinds`; of numbers where nothing is known of them.
    pub(super) fn fit(rows: &Matrix, kinds: &[ElementKind]) -> Self {
        let column = |column: usize| {
            let values = rows.view().iter_rows().map(|row| row[column]).collect();
            let kind = kinds.get(column).copied();
            Column::fit(values, kind.unwrap_or(ElementKind::Number))
        };
        Self {
            columns: (0..rows.cols()).map(column).collect(),
        }
    }

    /// What each element of a row adds to the mean.
    pub(super) fn elements<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> {
        let n = self.columns.len().max(1) as f64;
        let both = self.columns.iter().zip(row);
        both.map(move |(column, &x)| column.value(x) / n)
    }

    /// The part of a row.
    pub(super) fn value(&self, row: &[f32]) -> f64 {
        self.elements(row).sum()
    }
}

impl ColumnPart {
    /// Adds to `graph` the part of rows `raw`, f64.
    pub(super) fn describe(&self, graph: &mut Graph, raw: Value) -> Value {
        graph.begin("detector.columns");
        let n = [self.columns.len()];
        let each = |graph: &mut Graph, name: &str, of: &dyn Fn(&Column) -> f64| {
            graph.constant(name, &n, self.columns.iter().map(of).collect::<Vec<f64>>())
        };
        let number = |column: &Column| match column.values {
            Values::Number { median, variance } => Some((median, variance)),
            Values::Levels(_) => None,
        };
        let raw = graph.cast(raw, Type::F64);
        let x = graph.filled(raw, 0.0);
        // ln(1 + (x - median)² / v)
        let median = each(graph, "median", &|own| number(own).map_or(0.0, |own| own.0));
        let variance = each(graph, "variance", &|own| {
            number(own).map_or(1.0, |own| own.1)
        });
        let away = graph.sub(x, median);
        let square = graph.mul(away, away);
        let share = graph.div(square, variance);
        let share = graph.plus(share, 1.0);
        let mut value = graph.node(Operation::Log, &[share]);
        if self.columns.iter().any(|own| number(own).is_none()) {
            let levels = self.describe_levels(graph, x);
            let is_number = each(graph, "number", &|own| number(own).map_or(0.0, |_| 1.0));
            let zero = graph.scalar(0.0, is_number);
            let is_number = graph.node(Operation::Greater, &[is_number, zero]);
            value = graph.node(Operation::Where, &[is_number, value, levels]);
        }
        let present = each(graph, "present", &|own| own.present);
        let missing = each(graph, "missing", &|own| own.missing);
        let value = graph.add(value, present);
        let is_missing = graph.node(Operation::IsNaN, &[raw]);
        let value = graph.node(Operation::Where, &[is_missing, missing, value]);
        graph.node(Operation::ReduceMean(0), &[value])
    }

    /// What the levels of `x` add; of a number nothing that is meant.
    fn describe_levels(&self, graph: &mut Graph, x: Value) -> Value {
        let (mut table, mut starts, mut last) = (Vec::<f64>::new(), Vec::new(), Vec::new());
        for column in &self.columns {
            starts.push(table.len() as i64);
            if let Values::Levels(levels) = &column.values {
                table.extend(levels);
            }
            // A level that nothing is known of counts as the rarest.
            let own = &table[starts[starts.len() - 1] as usize..];
            last.push(own.len() as f64);
            table.push(own.iter().fold(0.0, |a, &b| a.max(b)));
        }
        let last = graph.constant("unknown", &[last.len()], last);
        let level = graph.plus(x, 0.5);
        let level = graph.at_least(level, 0.0);
        let level = graph.node(Operation::Min, &[level, last]);
        let level = graph.node(Operation::Floor, &[level]);
        let level = graph.cast(level, Type::I64);
        let starts = graph.constant("starts", &[starts.len()], starts);
        let place = graph.add(level, starts);
        let table = graph.constant("levels", &[table.len()], table);
        graph.node(Operation::Gather(0), &[table, place])
    }
}

impl Column {
    fn fit(mut values: Vec<f32>, kind: ElementKind) -> Self {
        let rows = values.len();
        values.retain(|x| !x.is_nan());
        let shares = surprises(&[values.len(), rows - values.len()]);
        let values = match kind {
            ElementKind::Number => Values::number(values),
            _ => {
                let mut counts = vec![0; kind.levels()];
                for level in values.iter().filter_map(|&x| kind.level(x)) {
                    counts[level] += 1;
                }
                Values::Levels(surprises(&counts))
            }
        };
        Self {
            missing: shares[1],
            present: shares[0],
            values,
        }
    }

    fn value(&self, x: f32) -> f64 {
        let x = f64::from(x);
        match &self.values {
            _ if x.is_nan() => self.missing,
            Values::Number { median, variance } => {
                self.present + ((x - median).powi(2) / variance).ln_1p()
            }
            // A level that nothing is known of counts as the rarest.
            Values::Levels(levels) => {
                let level = levels.get((x + 0.5) as usize).copied();
                self.present + level.unwrap_or_else(|| levels.iter().fold(0.0, |a, &b| a.max(b)))
            }
        }
    }
}

impl Values {
    fn number(values: Vec<f32>) -> Self {
        let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
        if values.is_empty() {
            return Self::Number {
                median: 0.0,
                variance: 1.0,
            };
        }
        values.sort_unstable_by(f64::total_cmp);
        let median = quantile(&values, 0.5);
        let robust = (quantile(&values, 0.75) - quantile(&values, 0.25)) / QUARTILES;
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let constant = match median == 0.0 {
            true => CONSTANT,
            false => CONSTANT * median,
        };
        let is_constant = values.first() == values.last();
        let variance = match (robust > 0.0, is_constant) {
            (true, _) => robust * robust,
            (false, false) => variance,
            (false, true) => constant * constant,
        };
        Self::Number { median, variance }
    }
}

/// `ln(p / q)` of each of some events that were seen so often, and half a time more; `p` is the largest share.
fn surprises(counts: &[usize]) -> Vec<f64> {
    let most = counts.iter().copied().max().unwrap_or(0);
    let surprise = |&count: &usize| ((most as f64 + 0.5) / (count as f64 + 0.5)).ln();
    counts.iter().map(surprise).collect()
}
