//! The fields in which the declared and the observed differ.

use crate::model::{Effect, FieldChange};

/// Differences, collected field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff(pub Vec<FieldChange>);

impl Diff {
    /// Begins without differences.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares one field by its text.
    #[must_use]
    pub fn field(self, field: &str, want: impl ToString, seen: impl ToString, effect: Effect) -> Self {
        self.maybe(field, Some(want.to_string()), seen, effect)
    }

    /// Compares a field that is changed in place.
    #[must_use]
    pub fn in_place(self, field: &str, want: impl ToString, seen: impl ToString) -> Self {
        self.field(field, want, seen, Effect::InPlace)
    }

    /// Compares a field only where it is declared.
    #[must_use]
    pub fn declared<T: ToString>(self, field: &str, want: Option<T>, seen: impl ToString) -> Self {
        match want {
            Some(want) => self.in_place(field, want, seen),
            None => self,
        }
    }

    /// Compares a field whose declared value may be known only later (`None`); such a field counts as changed.
    #[must_use]
    pub fn maybe(mut self, field: &str, want: Option<String>, seen: impl ToString, effect: Effect) -> Self {
        let seen = seen.to_string();
        if want.as_ref() != Some(&seen) {
            self.0.push(FieldChange { field: field.to_owned(), seen, want, effect });
        }
        self
    }

    /// Compares lists in which order carries no meaning.
    #[must_use]
    pub fn unordered(self, field: &str, want: &[String], seen: &[String]) -> Self {
        self.in_place(field, sorted(want), sorted(seen))
    }

    /// Returns whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether one of `fields` differs.
    pub fn has_any(&self, fields: &[&str]) -> bool {
        self.0.iter().any(|change| fields.iter().any(|field| change.field.starts_with(field)))
    }

    /// Returns why AWS forces a replacement, if it does.
    pub fn replacement(&self) -> Option<&'static str> {
        self.0.iter().find_map(|change| match change.effect {
            Effect::Replace(why) => Some(why),
            Effect::InPlace | Effect::Running | Effect::Reboot => None,
        })
    }
}

fn sorted(list: &[String]) -> String {
    let mut list: Vec<&str> = list.iter().map(String::as_str).collect();
    list.sort_unstable();
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differences_are_kept_and_order_in_sets_is_none() {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let diff = Diff::new()
            .in_place("memory", 256, 128)
            .in_place("timeout", 3, 3)
            .unordered("policies", &names(&["a", "b"]), &names(&["b", "a"]))
            .declared::<u8>("port", None, 5)
            .maybe("role", None, "arn", Effect::Replace("no"));
        let fields: Vec<&str> = diff.0.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["memory", "role"]);
        assert_eq!(diff.replacement(), Some("no"));
    }
}
