//! The name of the snapshot that is taken of a database before it is deleted.

/// Returns the name of the final snapshot of `identifier`: at most 255 of a-z, 0-9 and `-`, without two `-` in a row.
/// It is the same in every attempt with the same suffix.
pub(crate) fn name(identifier: &str, suffix: &str) -> String {
    const LONGEST: usize = 255;
    let text = format!("{identifier}-final-{suffix}").to_ascii_lowercase();
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.truncate(LONGEST);
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn only_what_aws_takes_is_left() {
        assert_eq!(name("sales", "2026-11-22T10:00:00Z"), "sales-final-2026-11-22t10-00-00z");
        assert_eq!(name("sales", "--_a_"), "sales-final-a");
        assert_eq!(name(&"a".repeat(300), "b").len(), 255);
    }
}
