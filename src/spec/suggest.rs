//! The nearest name, for people who mistyped one.

/// Below this likeness (Jaro-Winkler, 0 to 1) a suggestion confuses more than it helps.
const LIKE: f64 = 0.75;

/// Returns the candidate that is most like `wrong`, if any is like it at all.
pub(super) fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored =
        candidates.into_iter().map(|name| (strsim::jaro_winkler(&wrong.to_lowercase(), &name.to_lowercase()), name));
    scored.filter(|(score, _)| *score >= LIKE).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_like_names_are_suggested() {
        assert_eq!(nearest("databse", ["database", "crawler"]), Some("database"));
        assert_eq!(nearest("zzz", ["database", "crawler"]), None);
    }
}
