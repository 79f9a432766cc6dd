//! Chance, for delays that must not fall together.

use std::hash::{BuildHasher, RandomState};

/// A number from 0 up to 1. Of the quality of a hash seed: right for jitter, not for keys.
pub(crate) fn jitter() -> f64 {
    let bits = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or(0);
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn chance_stays_in_its_bounds_and_varies() {
        let drawn: Vec<f64> = (0..100).map(|_| super::jitter()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(drawn.iter().any(|number| (number - drawn[0]).abs() > 0.01));
    }
}
