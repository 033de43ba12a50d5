//! Mints what AWS mints for every answer: identifiers and moments.

use std::hash::{BuildHasher, Hasher, RandomState};

use jiff::Timestamp;

/// Returns a random identifier in the form of a UUID of version 4.
pub(super) fn uuid() -> String {
    let digits = token(32);
    let (head, rest) = digits.split_at(8);
    format!("{head}-{}-4{}-a{}-{}", &rest[..4], &rest[5..8], &rest[9..12], &rest[12..])
}

/// Returns `length` random lower-case hexadecimal digits.
pub(super) fn token(length: usize) -> String {
    let mut digits = String::new();
    while digits.len() < length {
        // Each `RandomState` has keys of its own, so that two mints never agree.
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_i128(Timestamp::now().as_nanosecond());
        digits.push_str(&format!("{:016x}", hasher.finish()));
    }
    digits.truncate(length);
    digits
}

/// Returns the present moment as JSON protocols write it: seconds since 1970, to the millisecond.
pub(super) fn now_seconds() -> f64 {
    seconds(Timestamp::now())
}

/// Returns a moment as JSON protocols write it.
pub(super) fn seconds(moment: Timestamp) -> f64 {
    moment.as_millisecond() as f64 / 1000.0
}
