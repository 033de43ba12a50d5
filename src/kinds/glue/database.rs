//! `[database.NAME]`: a database of the Glue catalog.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_glue::types::{Database as AwsDatabase, DatabaseInput};
use serde::{Deserialize, Serialize};

use super::glue_tags;
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Entry, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Resource,
    Scope, Table,
};
use crate::kinds::present::present;
use crate::ownership::Tags;

const LIST: &str = "glue:GetDatabases";
const READ: &str = "glue:GetDatabase";

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
    const ATTRIBUTES: &'static [Attribute] =
        &[Attribute::identity("name", LIST), Attribute::in_place("description", LIST)];
    type Spec = DatabaseTable;
    type Seen = Seen;

    fn identity(&self, want: &DatabaseTable) -> Option<String> {
        Some(want.name.clone())
    }

    fn diff(&self, want: &DatabaseTable, seen: &Seen, _known: &Known) -> Diff {
        Diff::new().in_place("description", &want.description, &seen.description)
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    fn permissions(&self, want: &DatabaseTable, meta: &Meta) -> Vec<Permission> {
        let catalog = glue_tags::arn(meta, "catalog");
        let database = glue_tags::arn(meta, &format!("database/{}", want.name));
        let changes = ["glue:CreateDatabase", "glue:UpdateDatabase", "glue:DeleteDatabase"];
        // Deleting a database deletes its tables, and AWS asks for the right to each of them.
        let tables = glue_tags::arn(meta, &format!("table/{}/*", want.name));
        let functions = glue_tags::arn(meta, &format!("userDefinedFunction/{}/*", want.name));
        vec![
            Permission::new(glue_tags::arn(meta, "database/*"), &[LIST]),
            Permission::new(catalog, &[LIST, READ, changes[0], changes[1], changes[2]]),
            Permission::new(&database, &[READ, changes[0], changes[1], changes[2]]),
            Permission::new(database, &["glue:GetTags", "glue:TagResource", "glue:UntagResource"]),
            Permission::new(tables, &[changes[2]]),
            Permission::new(functions, &[changes[2]]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        const PAGE: i32 = 100;
        let mut pages = cx.aws.glue.get_databases().max_results(PAGE).into_paginator().send();
        let mut all = vec![];
        while let Some(page) = pages.next().await {
            let databases = page.named(LIST)?.database_list;
            all.extend(databases.into_iter().map(|database| (database.name.clone(), database)));
        }
        let covered = glue_tags::covered(cx, scope, "database", all).await?;
        Ok(covered.into_iter().map(|(name, tags, seen)| Found { name, tags, seen: observe(seen) }).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = one.name.clone() else { return Ok(None) };
        let answer = present(cx.aws.glue.get_database().name(&name).send().await.named(READ))?;
        let Some(database) = answer.and_then(|answer| answer.database) else { return Ok(None) };
        let tags = glue_tags::read(cx, "database", &name).await?;
        Ok(Some(Found { name, tags, seen: observe(database) }))
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

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(glue_tags::write(cx, "database", &seen.name, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.glue.delete_database().name(&seen.name).send().await.named("glue:DeleteDatabase") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(database: AwsDatabase) -> Seen {
    Seen { name: database.name, description: database.description.unwrap_or_default() }
}

fn input(want: &DatabaseTable) -> Result<DatabaseInput, KindError> {
    let built = DatabaseInput::builder().name(&want.name).description(&want.description).build();
    Ok(built.map_err(|error| AwsError::incomplete("glue:CreateDatabase", &error.to_string()))?)
}
