//! Passwords and identifiers from the system's random source.

use std::io::Read;

const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Returns a password of 32 letters and digits that no shell, URL or SQL text needs to quote.
///
/// It has at least one small letter, one capital and one digit, as Redshift asks.
pub(crate) fn password() -> String {
    loop {
        let candidate = letters(32);
        let has = |test: fn(&u8) -> bool| candidate.as_bytes().iter().any(test);
        if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit) {
            return candidate;
        }
    }
}

/// Returns `count` random letters and digits.
pub(crate) fn letters(count: usize) -> String {
    let mut text = String::with_capacity(count);
    while text.len() < count {
        // 228 is the largest multiple of the alphabet's 57 letters in a byte, so that each is equally likely.
        let usable = bytes::<64>().into_iter().filter(|byte| *byte < 228);
        text.extend(usable.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])));
    }
    text.truncate(count);
    text
}

/// Returns a random UUID, version 4.
pub(crate) fn uuid() -> String {
    let mut raw = bytes::<16>();
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    let text = hex::encode(raw);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

fn bytes<const COUNT: usize>() -> [u8; COUNT] {
    let mut buffer = [0; COUNT];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut buffer))
        .expect("every Unix has a readable /dev/urandom");
    buffer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ_and_need_no_quoting() {
        let (first, second) = (password(), password());
        assert_ne!(first, second);
        assert_eq!(first.len(), 32);
        assert!(first.chars().all(|letter| letter.is_ascii_alphanumeric()));
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let text = uuid();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4");
        assert!(["8", "9", "a", "b"].contains(&&text[19..20]));
    }
}
