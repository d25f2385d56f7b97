//! Elements of a table as a network takes them.

use latentia_tensor::{ElementKind, MatrixMut, MatrixRef};

use crate::Shape;
use crate::graph::{Graph, Operation, Undescribed, Value};
use crate::layer::{BackwardMemory, ForwardMemory, Layer, Parameter, Pass, Trace};

/// Spreads the elements of a table's row out: a number stays as it is, a boolean is 0 or 1, a category becomes an element for each
/// level, of which one is 1. An element of which some are missing has one more right behind it, 1 where it is missing and else
/// 0 (missing indicator; Little and Rubin 2002).
///
/// What is missing is NaN, or no level that there is: a number is then 0, a boolean ½, each level 0. The gradient of numbers goes
/// back; the others are constants.
///
/// Shapes: `x` `[rows, elements]`, `y` `[rows, width]`; see [`OneHot::width`].
#[derive(Clone, Debug)]
pub struct OneHot {
    /// What each element is, and whether some are missing.
    elements: Vec<(ElementKind, bool)>,
    width: usize,
}

impl OneHot {
    /// A layer for rows of elements of these kinds; `gaps` says of which some are missing. Those that it does not name have no gaps.
    pub fn new(kinds: &[ElementKind], gaps: &[bool]) -> Self {
        let gaps = gaps.iter().copied().chain(std::iter::repeat(false));
        let elements: Vec<_> = kinds.iter().copied().zip(gaps).collect();
        let width = elements.iter().map(width).sum();
        Self { elements, width }
    }

    /// How each element of the output follows from one of the input.
    fn places(&self) -> Vec<Place> {
        let mut places = Vec::with_capacity(self.width);
        for (element, &(kind, gaps)) in self.elements.iter().enumerate() {
            let place = |number, base, within| Place {
                element,
                number,
                base,
                within,
            };
            match kind {
                ElementKind::Number => places.push(place(1.0, 0.0, [Within::NEVER; 2])),
                ElementKind::Boolean => {
                    let levels = [Within::level(0, -0.5), Within::level(1, 0.5)];
                    places.push(place(0.0, 0.5, levels));
                }
                ElementKind::Category { levels } => {
                    let level = |level| [Within::level(level, 1.0), Within::NEVER];
                    places.extend((0..levels).map(|own| place(0.0, 0.0, level(own))));
                }
            }
            if gaps {
                let known = Within::known(kind);
                places.push(place(0.0, 1.0, [known, Within::NEVER]));
            }
        }
        places
    }

    /// Elements in a row of the output, for the same arguments as [`Self::new`].
    pub fn width(kinds: &[ElementKind], gaps: &[bool]) -> usize {
        Self::new(kinds, gaps).width
    }
}

/// An element of the output: `base + number · x + Σ factor · [above < x < below]`, of an `x` that is 0 where it is missing.
struct Place {
    /// Which element of the input is `x`.
    element: usize,
    number: f32,
    base: f32,
    within: [Within; 2],
}

/// What is added where the element lies in a range.
#[derive(Clone, Copy)]
struct Within {
    factor: f32,
    above: f32,
    below: f32,
}

impl Within {
    const NEVER: Self = Self {
        factor: 0.0,
        above: 0.0,
        below: 0.0,
    };

    /// Where the element is level `level`.
    fn level(level: usize, factor: f32) -> Self {
        let least = level as f32 - 0.5;
        Self {
            factor,
            above: if level == 0 { least } else { least.next_down() },
            below: least + 1.0,
        }
    }

    /// -1 where the element is not missing.
    fn known(kind: ElementKind) -> Self {
        let (above, below) = match kind {
            ElementKind::Number => (f32::NEG_INFINITY, f32::INFINITY),
            kind => (-0.5, kind.levels() as f32 - 0.5),
        };
        Self {
            factor: -1.0,
            above,
            below,
        }
    }
}

fn width(&(kind, gaps): &(ElementKind, bool)) -> usize {
    kind.width() + usize::from(gaps)
}

impl Layer for OneHot {
    fn name(&self) -> String {
        format!("one-hot {} -> {}", self.elements.len(), self.width)
    }

    fn inputs(&self) -> usize {
        self.elements.len()
    }

    fn output(&self) -> Shape {
        Shape::Flat(self.width)
    }

    fn forward(
        &self,
        _parameters: &[Parameter],
        _pass: Pass<'_>,
        x: MatrixRef<'_>,
        mut y: MatrixMut<'_>,
        _memory: ForwardMemory<'_>,
    ) {
        for (y, x) in y.iter_rows_mut().zip(x.iter_rows()) {
            let mut rest = y;
            for (element, &x) in self.elements.iter().zip(x) {
                let y;
                (y, rest) = rest.split_at_mut(width(element));
                let &(kind, gaps) = element;
                let is_missing = match kind {
                    ElementKind::Number => {
                        let is_missing = x.is_nan();
                        y[0] = if is_missing { 0.0 } else { x };
                        is_missing
                    }
                    ElementKind::Boolean => {
                        let level = kind.level(x);
                        y[0] = level.map_or(0.5, |one| one as f32);
                        level.is_none()
                    }
                    ElementKind::Category { .. } => {
                        let level = kind.level(x);
                        y.fill(0.0);
                        level.map(|level| y[level] = 1.0).is_none()
                    }
                };
                if gaps && let Some(flag) = y.last_mut() {
                    *flag = f32::from(is_missing);
                }
            }
        }
    }

    fn backward(
        &self,
        _parameters: &[Parameter],
        trace: Trace<'_>,
        mut dy: MatrixMut<'_>,
        dx: Option<MatrixMut<'_>>,
        _memory: BackwardMemory<'_>,
    ) {
        let Some(mut dx) = dx else { return };
        let rows = dx.iter_rows_mut().zip(dy.iter_rows_mut());
        for ((dx, dy), x) in rows.zip(trace.x.iter_rows()) {
            let mut at = 0;
            for ((element, &x), dx) in self.elements.iter().zip(x).zip(dx) {
                *dx = match element.0 {
                    ElementKind::Number if !x.is_nan() => dy[at],
                    _ => 0.0,
                };
                at += width(element);
            }
        }
    }

    fn describe(
        &self,
        graph: &mut Graph,
        _parameters: &[Parameter],
        inputs: &[Value],
    ) -> Result<Value, Undescribed> {
        let places = self.places();
        let n = [places.len()];
        let element = places.iter().map(|place| place.element as i64);
        let element = graph.constant("element", &n, element.collect::<Vec<_>>());
        let x = graph.flat(inputs[0]);
        let x = graph.node(Operation::Gather(0), &[x, element]);
        let column = |graph: &mut Graph, name: &str, of: &dyn Fn(&Place) -> f32| {
            graph.constant(name, &n, places.iter().map(of).collect::<Vec<_>>())
        };
        let base = column(graph, "base", &|place| place.base);
        let number = column(graph, "number", &|place| place.number);
        let known = graph.filled(x, 0.0);
        let numbers = graph.mul(known, number);
        let mut y = graph.add(numbers, base);
        for term in 0..2 {
            if places.iter().all(|place| place.within[term].factor == 0.0) {
                continue;
            }
            let above = column(graph, "above", &|place| place.within[term].above);
            let below = column(graph, "below", &|place| place.within[term].below);
            let factor = column(graph, "factor", &|place| place.within[term].factor);
            let above = graph.node(Operation::Greater, &[x, above]);
            let below = graph.node(Operation::Less, &[x, below]);
            let within = graph.node(Operation::And, &[above, below]);
            let within = graph.indicator(within);
            let own = graph.mul(within, factor);
            y = graph.add(y, own);
        }
        Ok(y)
    }
}
