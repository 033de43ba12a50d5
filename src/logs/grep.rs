//! A plain text that is looked for, whatever its case.

use std::ops::Range;

/// A plain text that is looked for, whatever its case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grep(Vec<char>);

impl Grep {
    /// Looks for `text`, character by character; nothing in it is special.
    pub fn new(text: &str) -> Self {
        Self(text.chars().flat_map(char::to_lowercase).collect())
    }

    /// Returns whether it occurs.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_empty() || !self.places(text).is_empty()
    }

    /// Returns where it occurs, in bytes; places do not overlap.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places = vec![];
        let mut from = 0;
        for (at, _) in text.char_indices() {
            if at >= from
                && let Some(length) = self.length_at(&text[at..])
            {
                from = at + length;
                places.push(at..from);
            }
        }
        places
    }

    /// Returns how many bytes at the beginning of `text` are the text. A letter may have more or fewer bytes in the
    /// other case, so whole letters are compared.
    fn length_at(&self, text: &str) -> Option<usize> {
        let mut wanted = self.0.as_slice();
        for (at, letter) in text.char_indices() {
            if wanted.is_empty() {
                return (at > 0).then_some(at);
            }
            for lower in letter.to_lowercase() {
                wanted = wanted.split_first().filter(|(first, _)| **first == lower)?.1;
            }
        }
        (wanted.is_empty() && !text.is_empty()).then_some(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_matter_and_nothing_is_special() {
        assert_eq!(Grep::new("error").places("An ERROR, an Error."), [3..8, 13..18]);
        assert_eq!(Grep::new("aa").places("aaa"), vec![0..2]);
        assert!(Grep::new("[rows]").is_in("12 [Rows] in") && !Grep::new("r.ws").is_in("rows"));
        assert_eq!(Grep::new("größe").places("Die GRÖSSE, die GRÖßE"), vec![17..24]);
        assert!(Grep::new("").is_in("") && Grep::new("").places("abc").is_empty());
    }
}
