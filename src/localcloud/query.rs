//! The AWS query protocol as RDS and Redshift speak it: forms in, XML out.

use std::collections::BTreeMap;

use super::call::escape_xml;
use super::{Call, Reply};

/// The tags of a resource.
pub(super) type Tags = BTreeMap<String, String>;

/// Why a request is refused, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The error code on the wire, such as `DBInstanceNotFound`.
    pub code: &'static str,
    /// What the person reads.
    pub message: String,
}

impl Refusal {
    /// Builds a refusal of a bad request.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into() }
    }

    /// Builds a refusal because something does not exist.
    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 404, code, message: message.into() }
    }

    /// Returns the refusal as the query protocol says it.
    pub(super) fn reply(&self) -> Reply {
        Reply::query_error(self.status, self.code, &self.message)
    }
}

/// The members of a request.
#[derive(Debug, Clone)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the members of a call.
    pub(super) fn of(call: &Call) -> Self {
        Self(call.form())
    }

    #[cfg(test)]
    pub(super) fn new(members: &[(&str, &str)]) -> Self {
        Self(members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Returns one member.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns one member that must be there.
    ///
    /// # Errors
    /// `MissingParameter` if it is not.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let missing = || Refusal::new("MissingParameter", format!("The request must contain the parameter {name}"));
        self.text(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    }

    /// Returns a yes or no, if it is there.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns a number, if it is there.
    ///
    /// # Errors
    /// `InvalidParameterValue` if it is no number of that range.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Refusal> {
        let parse = |value: &str| {
            let bad = || Refusal::new("InvalidParameterValue", format!("Invalid value for {name}: {value}"));
            value.parse().map_err(|_| bad())
        };
        self.text(name).map(parse).transpose()
    }

    /// Returns the elements of `Name.Element.1`, `Name.Element.2`…, whatever the element is called, if any is there.
    pub(super) fn list(&self, name: &str) -> Option<Vec<String>> {
        let found: Vec<String> = self.records(name).into_iter().filter_map(|mut record| record.remove("")).collect();
        let is_there = !found.is_empty() || self.text(name).is_some();
        is_there.then_some(found)
    }

    /// Returns the elements of `Name.Element.1.Member`…, each by its members.
    pub(super) fn records(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut found: BTreeMap<usize, BTreeMap<String, String>> = BTreeMap::new();
        for (key, value) in &self.0 {
            let Some(rest) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else { continue };
            let mut words = rest.splitn(3, '.');
            let Some(number) = words.nth(1).and_then(|word| word.parse().ok()) else { continue };
            found.entry(number).or_default().insert(words.next().unwrap_or_default().to_owned(), value.clone());
        }
        found.into_values().collect()
    }

    /// Returns the tags of `Tags.Tag.1.Key`….
    pub(super) fn tags(&self) -> Tags {
        let pair = |mut record: BTreeMap<String, String>| {
            Some((record.remove("Key")?, record.remove("Value").unwrap_or_default()))
        };
        self.records("Tags").into_iter().filter_map(pair).collect()
    }
}

/// XML that is written element by element.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// Adds an element with a text.
    pub(super) fn text(&mut self, name: &str, value: impl std::fmt::Display) -> &mut Self {
        self.0.push_str(&format!("<{name}>{}</{name}>", escape_xml(&value.to_string())));
        self
    }

    /// Adds an element with a text if there is one.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl std::fmt::Display>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    /// Adds an element with elements in it.
    pub(super) fn group(&mut self, name: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.0.push_str(&format!("<{name}>"));
        fill(self);
        self.0.push_str(&format!("</{name}>"));
        self
    }

    /// Adds a list: an element a value.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        element: &str,
        values: impl IntoIterator<Item = T>,
        fill: impl Fn(&mut Self, T),
    ) -> &mut Self {
        self.group(name, |list| {
            for value in values {
                list.group(element, |item| fill(item, value));
            }
        })
    }

    /// Adds a list of tags.
    pub(super) fn tags(&mut self, name: &str, tags: &Tags) -> &mut Self {
        self.list(name, "Tag", tags, |tag, (key, value)| {
            tag.text("Key", key).text("Value", value);
        })
    }

    /// Returns what was written.
    pub(super) fn finish(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

/// Cuts one page out of sorted items. The marker is the last key of the page before.
///
/// # Errors
/// `InvalidParameterValue` if `MaxRecords` is out of range.
pub(super) fn page<T>(form: &Form, items: Vec<(String, T)>) -> Result<(Vec<T>, Option<String>), Refusal> {
    let most: usize = form.number("MaxRecords")?.unwrap_or(100);
    if !(20..=100).contains(&most) {
        let message = format!("Invalid value {most} for MaxRecords. Must be between 20 and 100");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let after = form.text("Marker").filter(|marker| !marker.is_empty());
    let rest: Vec<(String, T)> =
        items.into_iter().filter(|(key, _)| after.is_none_or(|marker| key.as_str() > marker)).collect();
    let marker = (rest.len() > most).then(|| rest[most - 1].0.clone());
    Ok((rest.into_iter().take(most).map(|(_, item)| item).collect(), marker))
}

/// Returns a time as AWS writes it in XML.
pub(super) fn timestamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_tags_are_read_whatever_their_elements_are_called() {
        let form = Form::new(&[
            ("SubnetIds.SubnetIdentifier.1", "subnet-a"),
            ("SubnetIds.SubnetIdentifier.2", "subnet-b"),
            ("Tags.Tag.1.Key", "stack:id"),
            ("Tags.Tag.1.Value", "mysql.sales"),
        ]);
        assert_eq!(form.list("SubnetIds"), Some(vec!["subnet-a".to_owned(), "subnet-b".to_owned()]));
        assert_eq!(form.list("VpcSecurityGroupIds"), None);
        assert_eq!(form.tags().get("stack:id").map(String::as_str), Some("mysql.sales"));
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let items: Vec<(String, usize)> = (0..45).map(|number| (format!("{number:03}"), number)).collect();
        let (first, marker) = page(&Form::new(&[("MaxRecords", "20")]), items.clone()).unwrap();
        assert_eq!((first.len(), marker.as_deref()), (20, Some("019")));
        let (last, marker) = page(&Form::new(&[("MaxRecords", "20"), ("Marker", "039")]), items).unwrap();
        assert_eq!((last, marker), (vec![40, 41, 42, 43, 44], None));
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(Xml::default().text("Value", "a<b").finish(), "<Value>a&lt;b</Value>");
    }
}
