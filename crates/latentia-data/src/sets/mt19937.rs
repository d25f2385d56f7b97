//! The generator behind NumPy's legacy `RandomState`.

const N: usize = 624;
const M: usize = 397;

/// Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), as NumPy's `RandomState(seed)` uses it.
pub(crate) struct Mt19937 {
    state: [u32; N],
    next: usize,
}

impl Mt19937 {
    pub(crate) fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for i in 1..N {
            let last = state[i - 1];
            state[i] = (last ^ (last >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        Self { state, next: N }
    }

    /// The next of `random_sample()`: uniform on `[0, 1)`, 27 and 26 bits from two words.
    pub(crate) fn next_double(&mut self) -> f64 {
        let high = f64::from(self.next_word() >> 5);
        let low = f64::from(self.next_word() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    fn next_word(&mut self) -> u32 {
        if self.next == N {
            self.twist();
            self.next = 0;
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for i in 0..N {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (joined >> 1) ^ odd;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seed: u32, expected: &[(usize, f64)]) {
        let mut generator = Mt19937::new(seed);
        let drawn: Vec<f64> = (0..1000).map(|_| generator.next_double()).collect();
        for &(at, value) in expected {
            assert_eq!(drawn[at], value, "seed {seed}, draw {at}");
        }
    }

    // numpy.random.RandomState(seed).random_sample(1000); draw 312 is the first after the state is renewed.
    #[test]
    fn draws_are_those_of_numpy() {
        check(
            42,
            &[
                (0, 0.3745401188473625),
                (1, 0.9507143064099162),
                (2, 0.7319939418114051),
                (623, 0.4845229851910213),
                (624, 0.618254771530296),
                (999, 0.44600577295795574),
            ],
        );
        check(
            0,
            &[
                (0, 0.5488135039273248),
                (311, 0.14694664540037505),
                (312, 0.07952208258675575),
                (999, 0.6771411441114241),
            ],
        );
        check(
            u32::MAX,
            &[
                (0, 0.0976320289940138),
                (311, 0.2845819535787153),
                (312, 0.89887815082878),
                (999, 0.556626859384112),
            ],
        );
    }
}
