//! Elements of a table as a network takes them.

use latentia_tensor::{ElementKind, MatrixMut, MatrixRef};

use crate::Shape;
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

    /// Elements in a row of the output, for the same arguments as [`Self::new`].
    pub fn width(kinds: &[ElementKind], gaps: &[bool]) -> usize {
        Self::new(kinds, gaps).width
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
}
