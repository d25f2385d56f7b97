//! Floats of half precision, which files have.

/// The value of a float of IEEE 754's `binary16`, which has a sign, five bits of exponent and ten of fraction; f32 has every one.
///
/// ```
/// assert_eq!(latentia_tensor::from_half(0x3e00), 1.5);
/// assert_eq!(latentia_tensor::from_half(0x8001), -(2_f32.powi(-24)));
/// ```
pub fn from_half(bits: u16) -> f32 {
    let (sign, fraction) = (u32::from(bits >> 15) << 31, u32::from(bits & 0x3ff));
    let magnitude = match u32::from(bits >> 10 & 0x1f) {
        // Subnormal: the fraction counts steps of 2^-24.
        0 => (fraction as f32 / (1 << 24) as f32).to_bits(),
        0x1f => 0xff << 23 | fraction << 13,
        exponent => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_precision_float_has_its_value() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) =
                (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
            let magnitude = match exponent {
                0 => fraction * 2_f64.powi(-14),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                exponent => (1.0 + fraction) * 2_f64.powi(exponent - 15),
            };
            let expected = if bits >> 15 == 1 {
                -magnitude
            } else {
                magnitude
            };
            let obtained = f64::from(from_half(bits));
            assert!(
                obtained.to_bits() == expected.to_bits() || obtained.is_nan() && expected.is_nan(),
                "{bits:#06x}: {obtained} {expected}"
            );
        }
    }
}
