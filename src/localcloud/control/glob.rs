//! Patterns with `*` and `?`, as filters and policies have them.

/// Returns whether a pattern with `*` and `?` matches.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            text.char_indices().map(|(place, _)| place).chain([text.len()]).any(|place| glob(rest, &text[place..]))
        }
        Some(letter) => {
            let mut others = text.chars();
            others.next().is_some_and(|other| letter == '?' || letter == other)
                && glob(letters.as_str(), others.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn patterns_match_the_whole_text() {
        assert!(glob("demo*", "demo-input") && glob("*", "") && glob("d?mo", "demo"));
        assert!(!glob("demo", "demo-input") && !glob("d?mo", "dmo"));
    }
}
