//! Operations that are written often.

use super::operation::{Operation, Type};
use super::{Graph, Value};

impl Graph {
    /// A number, the same for all elements, of the type that `like` has.
    pub fn scalar(&mut self, number: f64, like: Value) -> Value {
        let name = format!("{number}");
        match self.element(like) {
            Type::F64 => self.constant(&name, &[], vec![number]),
            Type::I64 => self.constant(&name, &[], vec![number as i64]),
            _ => self.constant(&name, &[], vec![number as f32]),
        }
    }

    /// `a + b`
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.node(Operation::Add, &[a, b])
    }

    /// `a - b`
    pub fn sub(&mut self, a: Value, b: Value) -> Value {
        self.node(Operation::Sub, &[a, b])
    }

    /// `a · b`
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.node(Operation::Mul, &[a, b])
    }

    /// `a / b`
    pub fn div(&mut self, a: Value, b: Value) -> Value {
        self.node(Operation::Div, &[a, b])
    }

    /// `x + number`
    pub fn plus(&mut self, x: Value, number: f64) -> Value {
        let number = self.scalar(number, x);
        self.add(x, number)
    }

    /// `x · number`
    pub fn times(&mut self, x: Value, number: f64) -> Value {
        let number = self.scalar(number, x);
        self.mul(x, number)
    }

    /// `max(x, number)`
    pub fn at_least(&mut self, x: Value, number: f64) -> Value {
        let number = self.scalar(number, x);
        self.node(Operation::Max, &[x, number])
    }

    /// `min(x, number)`
    pub fn at_most(&mut self, x: Value, number: f64) -> Value {
        let number = self.scalar(number, x);
        self.node(Operation::Min, &[x, number])
    }

    /// The same elements as another type.
    pub fn cast(&mut self, x: Value, to: Type) -> Value {
        match self.element(x) == to {
            true => x,
            false => self.node(Operation::Cast(to), &[x]),
        }
    }

    /// 1 where a condition holds, else 0.
    pub fn indicator(&mut self, condition: Value) -> Value {
        self.node(Operation::Cast(Type::F32), &[condition])
    }

    /// `x`, or `number` where it is not a number.
    pub fn filled(&mut self, x: Value, number: f64) -> Value {
        let missing = self.node(Operation::IsNaN, &[x]);
        let number = self.scalar(number, x);
        self.node(Operation::Where, &[missing, number, x])
    }

    /// Elements `from` to before `to` of the last axis.
    pub fn slice(&mut self, x: Value, [from, to]: [usize; 2]) -> Value {
        let axis = self.shape(x).len() - 1;
        match [from, to] == [0, self.shape(x)[axis]] {
            true => x,
            false => self.node(Operation::Slice(axis, [from, to]), &[x]),
        }
    }

    /// Flat rows side by side.
    pub fn concat(&mut self, rows: &[Value]) -> Value {
        match rows {
            [row] => *row,
            rows => self.node(Operation::Concat(0), rows),
        }
    }

    /// `x` as a flat row.
    pub fn flat(&mut self, x: Value) -> Value {
        let elements = self.shape(x).iter().product();
        self.reshape(x, &[elements])
    }
}
