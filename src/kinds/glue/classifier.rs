//! `[classifier.NAME]`: how crawlers read CSV. Without one they guess, and guess wrong where all columns are text.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{
    CreateCsvClassifierRequest, CsvClassifier, CsvHeaderOption, CsvSerdeOption, UpdateCsvClassifierRequest,
};
use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Entry, Found, Kind, KindError, Known, Outputs, Resource, Scope, Table};
use crate::model::Address;
use crate::ownership::Tags;

/// The kind and the table.
pub struct Classifier;

/// Its keys and, at once, its declared fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassifierTable {
    /// Its name.
    pub name: String,
    /// What stands between two values.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// What stands around a value with a delimiter in it.
    #[serde(default = "quote")]
    pub quote: String,
    /// Whether the first line names the columns.
    #[serde(default = "yes")]
    pub header: bool,
}

fn comma() -> String {
    ",".into()
}

fn quote() -> String {
    "\"".into()
}

fn yes() -> bool {
    true
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    delimiter: String,
    quote: String,
    header: String,
    serde: String,
}

impl Table for Classifier {
    const NAME: &'static str = "classifier";
    type Spec = ClassifierTable;

    fn unique_name(&self, spec: &ClassifierTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &ClassifierTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![Resource::new(&Classifier, entry.name, entry.origin.clone(), spec.clone())])
    }
}

fn header(want: &ClassifierTable) -> CsvHeaderOption {
    if want.header { CsvHeaderOption::Present } else { CsvHeaderOption::Absent }
}

/// Only this reader of Athena's knows quotes; every column of its tables is text.
const SERDE: CsvSerdeOption = CsvSerdeOption::OpenCsvSerDe;

#[async_trait]
impl Kind for Classifier {
    const NAME: &'static str = "classifier";
    const LIMIT: Duration = Duration::from_secs(60);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const TAGGED: bool = false;
    type Spec = ClassifierTable;
    type Seen = Seen;

    fn identity(&self, want: &ClassifierTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &ClassifierTable) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &ClassifierTable, seen: &Seen, _known: &Known) -> Diff {
        Diff::new()
            .in_place("delimiter", &want.delimiter, &seen.delimiter)
            .in_place("quote", &want.quote, &seen.quote)
            .in_place("header", header(want).as_str(), &seen.header)
            .in_place("serde", SERDE.as_str(), &seen.serde)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.glue.get_classifiers().into_paginator().send();
        let (mut all, mut found) = (vec![], vec![]);
        while let Some(page) = pages.next().await {
            all.extend(page.named("glue:GetClassifiers")?.classifiers.unwrap_or_default());
        }
        for classifier in all {
            let Some(csv) = classifier.csv_classifier else { continue };
            if scope.names.contains(&csv.name) {
                found.push(Found { name: csv.name.clone(), tags: Tags::default(), seen: observe(csv) });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &ClassifierTable, _tags: &Tags) -> Result<(), KindError> {
        let request = CreateCsvClassifierRequest::builder()
            .name(&want.name)
            .delimiter(&want.delimiter)
            .quote_symbol(&want.quote)
            .contains_header(header(want))
            .serde(SERDE)
            .build()
            .map_err(|error| AwsError::incomplete("glue:CreateClassifier", &error.to_string()))?;
        match cx.aws.glue.create_classifier().csv_classifier(request).send().await.named("glue:CreateClassifier") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &ClassifierTable, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let request = UpdateCsvClassifierRequest::builder()
            .name(&want.name)
            .delimiter(&want.delimiter)
            .quote_symbol(&want.quote)
            .contains_header(header(want))
            .serde(SERDE)
            .build()
            .map_err(|error| AwsError::incomplete("glue:UpdateClassifier", &error.to_string()))?;
        cx.aws.glue.update_classifier().csv_classifier(request).send().await.named("glue:UpdateClassifier")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.glue.delete_classifier().name(&seen.name).send().await.named("glue:DeleteClassifier") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(csv: CsvClassifier) -> Seen {
    Seen {
        name: csv.name,
        delimiter: csv.delimiter.unwrap_or_default(),
        quote: csv.quote_symbol.unwrap_or_default(),
        header: csv.contains_header.map(|header| header.as_str().to_owned()).unwrap_or_default(),
        serde: csv.serde.map(|serde| serde.as_str().to_owned()).unwrap_or_default(),
    }
}
