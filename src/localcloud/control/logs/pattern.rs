//! Filter patterns: words, quoted words, excluded words and words of which one is enough.

use super::super::refusal::Refusal;
use super::state::invalid;

/// A pattern that was understood.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If it is one of those that look into fields, which the local cloud does not have.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        if text.starts_with('{') || text.starts_with('[') || text.starts_with('%') {
            return Err(invalid("The local cloud understands filter patterns of words only"));
        }
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let list = match letter {
                '?' => &mut pattern.any,
                '-' => &mut pattern.none,
                _ => &mut pattern.all,
            };
            rest = rest.trim_start_matches(['?', '-']);
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').ok_or_else(|| invalid("Invalid filter pattern"))?,
                None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            };
            list.push(word.to_owned());
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Returns whether a line passes.
    pub(super) fn matches(&self, line: &str) -> bool {
        self.all.iter().all(|word| line.contains(word))
            && (self.any.is_empty() || self.any.iter().any(|word| line.contains(word)))
            && !self.none.iter().any(|word| line.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn words_are_all_any_or_none() {
        let passes = |pattern: &str, line: &str| Pattern::parse(pattern).unwrap().matches(line);
        assert!(passes("", "anything"));
        assert!(passes("ERROR \"line 3\"", "ERROR in line 3"));
        assert!(!passes("ERROR \"line 3\"", "ERROR in line  3"));
        assert!(passes("?WARN ?ERROR", "an ERROR"));
        assert!(!passes("ERROR -retry", "ERROR, will retry"));
        assert!(Pattern::parse("{ $.a = 1 }").is_err());
    }
}
