//! Classifiers: how a crawler reads files that do not explain themselves.

use serde_json::{Value, json};

use super::refused::{absent, exists, invalid, required};
use super::service::{Answer, Glue, paged};
use crate::localcloud::mint;
use crate::localcloud::refusal::Refusal;

/// The kind of document that a classifier is.
pub(super) const CLASSIFIER: &str = "classifier";

impl Glue {
    pub(super) fn create_classifier(&self, region: &str, input: &Value) -> Answer {
        let (mut classifier, name) = checked(input)?;
        classifier["CsvClassifier"]["CreationTime"] = json!(mint::now_seconds());
        classifier["CsvClassifier"]["Version"] = json!(1);
        if !self.documents.create(region, CLASSIFIER, &name, classifier) {
            return Err(exists(format!("Classifier with name {name} already exists")));
        }
        Ok(json!({}))
    }

    pub(super) fn get_classifier(&self, region: &str, input: &Value) -> Answer {
        Ok(json!({ "Classifier": self.classifier(region, required(input, "Name")?)? }))
    }

    pub(super) fn get_classifiers(&self, region: &str, input: &Value) -> Answer {
        Ok(paged("Classifiers", self.all(region, CLASSIFIER), input, 1000))
    }

    pub(super) fn update_classifier(&self, region: &str, input: &Value) -> Answer {
        let (wanted, name) = checked(input)?;
        self.classifier(region, &name)?;
        self.documents.edit(region, CLASSIFIER, &name, |known| {
            let known = &mut known["CsvClassifier"];
            for (member, value) in wanted["CsvClassifier"].as_object().into_iter().flatten() {
                known[member] = value.clone();
            }
            known["Version"] = json!(known["Version"].as_u64().unwrap_or(0) + 1);
        });
        Ok(json!({}))
    }

    pub(super) fn delete_classifier(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "Name")?;
        let gone = self.documents.remove(region, CLASSIFIER, name);
        gone.map(|_| json!({})).ok_or_else(|| missing(name))
    }

    pub(super) fn classifier(&self, region: &str, name: &str) -> Result<Value, Refusal> {
        self.documents.get(region, CLASSIFIER, name).ok_or_else(|| missing(name))
    }
}

fn missing(name: &str) -> Refusal {
    absent(format!("Classifier with name {name} not found"))
}

/// Returns a classifier that may be stored, and its name.
fn checked(input: &Value) -> Result<(Value, String), Refusal> {
    let csv = &input["CsvClassifier"];
    if csv.is_null() {
        return Err(invalid("The local Glue has CSV classifiers only"));
    }
    for member in ["Delimiter", "QuoteSymbol"] {
        if csv[member].as_str().is_some_and(|symbol| symbol.chars().count() != 1) {
            return Err(invalid(format!("{member} must be one character")));
        }
    }
    if let (Some(delimiter), Some(quote)) = (csv["Delimiter"].as_str(), csv["QuoteSymbol"].as_str())
        && delimiter == quote
    {
        return Err(invalid("The quote symbol must be different from the delimiter"));
    }
    let known = ["OpenCSVSerDe", "LazySimpleSerDe", "None"];
    if csv["Serde"].as_str().is_some_and(|serde| !known.contains(&serde)) {
        return Err(invalid(format!("Serde must be one of {known:?}")));
    }
    let mut classifier = csv.clone();
    classifier["LastUpdated"] = json!(mint::now_seconds());
    Ok((json!({ "CsvClassifier": classifier }), required(csv, "Name")?.to_owned()))
}
