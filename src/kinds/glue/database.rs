//! `[database.NAME]`: a database of the Glue catalog.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::DatabaseInput;
use serde::{Deserialize, Serialize};

use super::glue_tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Outputs, Resource, Scope, Table};
use crate::model::Address;
use crate::ownership::{Owner, Tags};

/// The kind and the table.
pub struct Database;

/// Its keys and, at once, its declared fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseTable {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    description: String,
}

impl Table for Database {
    const NAME: &'static str = "database";
    type Spec = DatabaseTable;

    fn check(&self, spec: &DatabaseTable, _entry: Entry<'_>) -> Vec<Finding> {
        let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        let message = format!("`{}` cannot be queried by Athena", spec.name);
        let finding = Finding::error("name", message).hint("use only a-z, 0-9 and `_`");
        if spec.name.chars().all(good) && !spec.name.is_empty() { vec![] } else { vec![finding] }
    }

    fn unique_name(&self, spec: &DatabaseTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &DatabaseTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        Ok(vec![Resource::new(&Database, entry.name, entry.origin.clone(), spec.clone())])
    }
}

#[async_trait]
impl Kind for Database {
    const NAME: &'static str = "database";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    type Spec = DatabaseTable;
    type Seen = Seen;

    fn identity(&self, want: &DatabaseTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &DatabaseTable) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &DatabaseTable, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("description", &want.description, &seen.description)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.glue.get_databases().into_paginator().send();
        let (mut all, mut found) = (vec![], vec![]);
        while let Some(page) = pages.next().await {
            all.extend(page.named("glue:GetDatabases")?.database_list);
        }
        for database in all {
            let tags = glue_tags::read(cx, "database", &database.name).await?;
            if scope.names.contains(&database.name) || tags.owner(&scope.stack) != Owner::Foreign {
                let description = database.description.unwrap_or_default();
                let seen = Seen { name: database.name.clone(), description };
                found.push(Found { name: database.name, tags, seen });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &DatabaseTable, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.glue.create_database().database_input(input(want)?).set_tags(Some(glue_tags::map(tags)));
        match call.send().await.named("glue:CreateDatabase") {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &DatabaseTable, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let call = cx.aws.glue.update_database().name(&want.name).database_input(input(want)?);
        call.send().await.named("glue:UpdateDatabase")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "database", &seen.name, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.glue.delete_database().name(&seen.name).send().await.named("glue:DeleteDatabase") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn input(want: &DatabaseTable) -> Result<DatabaseInput, KindError> {
    let built = DatabaseInput::builder().name(&want.name).description(&want.description).build();
    Ok(built.map_err(|error| AwsError::incomplete("glue:CreateDatabase", &error.to_string()))?)
}
