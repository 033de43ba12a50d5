//! Texts that use outputs of other resources: `s3://${bucket.output.name}/Output/`.

use serde::{Deserialize, Serialize};

use super::{Known, Reference};
use crate::model::Address;

/// A text with `${kind.name.output}` in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Literal(String),
    Output(Address, String),
}

impl Template {
    /// Returns the text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the resources whose outputs it uses.
    pub fn needs(&self) -> Vec<Address> {
        let outputs = self.parts.iter().filter_map(|part| match part {
            Part::Output(address, _) => Some(address.clone()),
            Part::Literal(_) => None,
        });
        outputs.collect()
    }

    /// Returns the tables that it names, as references that stand at `at`.
    pub fn references(&self, at: &str, tables: &[&'static str]) -> Vec<Reference> {
        let named = |address: &Address| tables.iter().find(|table| **table == address.kind).copied();
        let outputs = self.parts.iter().filter_map(|part| match part {
            Part::Output(address, output) => Some((address, output)),
            Part::Literal(_) => None,
        });
        let reference = |(address, output): (&Address, &String)| Reference {
            output: Some(output.clone()),
            ..Reference::new(at, named(address).unwrap_or("resource"), &address.name)
        };
        outputs.map(reference).collect()
    }

    /// Returns the text with every output filled in, or `None` while one is not known.
    pub fn render(&self, known: &Known) -> Option<String> {
        let rendered = self.parts.iter().map(|part| match part {
            Part::Literal(text) => Some(text.clone()),
            Part::Output(address, output) => known.get(address, output),
        });
        rendered.collect()
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}

impl From<&str> for Template {
    /// Takes a text without outputs.
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), parts: vec![Part::Literal(text.to_owned())] }
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = vec![];
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, behind) = after.split_once('}').ok_or_else(|| format!("`${{` without `}}` in `{text}`"))?;
            let mut words = inside.splitn(3, '.');
            let (Some(kind), Some(name), Some(output)) = (words.next(), words.next(), words.next()) else {
                return Err(format!("`${{{inside}}}` is not of the form `${{kind.name.output}}`"));
            };
            parts.push(Part::Literal(before.to_owned()));
            parts.push(Part::Output(Address::new(kind, name), output.to_owned()));
            rest = behind;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self { text, parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::base::{Meta, Outputs};

    #[test]
    fn outputs_are_filled_in_once_they_are_known() {
        let template = Template::try_from("s3://${bucket.out.name}/Output/".to_owned()).unwrap();
        let mut known = Known::new(Meta::default());
        assert_eq!(template.render(&known), None);
        known.learn(Address::new("bucket", "out"), Outputs::from([("name", "b".to_owned())]));
        assert_eq!(template.render(&known).as_deref(), Some("s3://b/Output/"));
        assert_eq!(template.needs(), [Address::new("bucket", "out")]);
    }

    #[test]
    fn a_broken_placeholder_is_refused() {
        assert!(Template::try_from("${bucket.out".to_owned()).unwrap_err().contains("without"));
        assert!(Template::try_from("${bucket}".to_owned()).unwrap_err().contains("kind.name.output"));
    }
}
