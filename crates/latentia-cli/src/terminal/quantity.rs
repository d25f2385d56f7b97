//! Measures and counts as text.

/// A measure with as many digits as say something.
pub fn number(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if a >= 1e7 => format!("{x:.2e}"),
        a if a >= 100.0 => format!("{x:.1}"),
        a if a >= 1.0 => format!("{x:.3}"),
        a if a >= 1e-4 => format!("{x:.5}"),
        _ => format!("{x:.2e}"),
    }
}

/// A count with its thousands set apart.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 epoch`, `2 epochs`.
pub fn counted(n: usize, thing: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(n))
}

/// Seconds, in the units that suit them.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 60.0 => format!("{s:.0} s"),
        s if s < 3600.0 => format!("{} min {:02.0} s", (s / 60.0) as u64, (s % 60.0).floor()),
        s => format!(
            "{} h {:02.0} min",
            (s / 3600.0) as u64,
            (s % 3600.0 / 60.0).floor()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_says_something() {
        let texts = [0.0, 8.3e13, 1234.56, 12.3456, 0.063_71, 1.5e-7].map(number);
        assert_eq!(
            texts,
            ["0", "8.30e13", "1234.6", "12.346", "0.06371", "1.50e-7"]
        );
        assert_eq!([7, 1000, 1_234_567].map(count), ["7", "1,000", "1,234,567"]);
        assert_eq!(
            [1, 2000].map(|n| counted(n, "row")),
            ["1 row", "2,000 rows"]
        );
    }
}
