//! `[classifier.NAME]`: how crawlers read CSV. Without one they guess, and guess wrong where all columns are text.
//!
//! Glue does not tag classifiers, so the name alone tells whose one is: a classifier that holds a declared name counts
//! as ours, and one that left the file cannot be told from somebody else's and stays. It costs nothing.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{
    CreateCsvClassifierRequest, CsvClassifier, CsvHeaderOption, CsvSerdeOption, UpdateCsvClassifierRequest,
};
use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Resource,
    Scope, Table,
};
use crate::kinds::present::present;
use crate::ownership::Tags;

const LIST: &str = "glue:GetClassifiers";

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

    fn check(&self, spec: &ClassifierTable, _entry: Entry<'_>) -> Vec<Finding> {
        let letter = |at: &'static str, text: &str| {
            let finding = Finding::error(at, "Glue takes exactly one character here");
            (text.chars().count() != 1).then_some(finding)
        };
        let same = Finding::error("quote", "the quote must differ from the delimiter");
        let same = (spec.quote == spec.delimiter).then_some(same);
        [letter("delimiter", &spec.delimiter), letter("quote", &spec.quote), same].into_iter().flatten().collect()
    }

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
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", LIST),
        Attribute::in_place("delimiter", LIST),
        Attribute::in_place("quote", LIST),
        Attribute::in_place("header", LIST),
        Attribute::in_place("serde", LIST),
    ];
    type Spec = ClassifierTable;
    type Seen = Seen;

    fn identity(&self, want: &ClassifierTable) -> Option<String> {
        Some(want.name.clone())
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

    fn permissions(&self, _want: &ClassifierTable, _meta: &Meta) -> Vec<Permission> {
        // AWS knows no ARN of a classifier.
        vec![Permission::anywhere(&[
            LIST,
            "glue:GetClassifier",
            "glue:CreateClassifier",
            "glue:UpdateClassifier",
            "glue:DeleteClassifier",
        ])]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        const PAGE: i32 = 1000;
        let mut pages = cx.aws.glue.get_classifiers().max_results(PAGE).into_paginator().send();
        let mut found = vec![];
        while let Some(page) = pages.next().await {
            let classifiers = page.named(LIST)?.classifiers.unwrap_or_default().into_iter();
            let declared = classifiers.filter_map(|one| one.csv_classifier).filter(|csv| scope.declares(&csv.name));
            found.extend(declared.map(observe));
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let answer = present(cx.aws.glue.get_classifier().name(name).send().await.named("glue:GetClassifier"))?;
        let classifier = answer.and_then(|answer| answer.classifier);
        Ok(classifier.and_then(|classifier| classifier.csv_classifier).map(observe))
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

fn observe(csv: CsvClassifier) -> Found<Seen> {
    let seen = Seen {
        name: csv.name.clone(),
        delimiter: csv.delimiter.unwrap_or_default(),
        quote: csv.quote_symbol.unwrap_or_default(),
        header: csv.contains_header.map(|header| header.as_str().to_owned()).unwrap_or_default(),
        serde: csv.serde.map(|serde| serde.as_str().to_owned()).unwrap_or_default(),
    };
    Found { name: csv.name, tags: Tags::default(), seen }
}
