//! The server parameters of an instance: buffers, packets, logs.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rds::types::{ApplyMethod, Parameter};
use serde::Serialize;

use super::rds_tags;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, Effect};
use crate::ownership::{Owner, Tags};

/// How many parameters one call may change.
const BATCH: usize = 20;

/// A DB parameter group.
pub struct ParameterGroup;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// The engine with its major version, such as `mysql8.4`.
    pub family: String,
    /// The parameters that differ from the engine's defaults.
    pub values: BTreeMap<String, String>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    family: String,
    values: BTreeMap<String, String>,
    /// Parameters that only a restart brings into effect.
    fixed: Vec<String>,
}

#[async_trait]
impl Kind for ParameterGroup {
    const NAME: &'static str = "db_parameter_group";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, _want: &Spec) -> Vec<Address> {
        vec![]
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        let why = "a parameter group belongs to one major version";
        let diff = Diff::new().field("family", &want.family, &seen.family, Effect::Replace(why));
        let diff = want.values.iter().fold(diff, |diff, (name, value)| {
            let effect = if seen.fixed.contains(name) { Effect::Reboot } else { Effect::InPlace };
            let observed = seen.values.get(name).map_or("", String::as_str);
            diff.field(&format!("parameters.{name}"), value, observed, effect)
        });
        let extra = seen.values.iter().filter(|(name, _)| !want.values.contains_key(*name));
        extra.fold(diff, |diff, (name, value)| diff.in_place(&format!("parameters.{name}"), "default", value))
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.rds.describe_db_parameter_groups().into_paginator().items().send();
        let mut found = vec![];
        while let Some(group) = pages.next().await {
            let group = group.named("rds:DescribeDBParameterGroups")?;
            let name = group.db_parameter_group_name.unwrap_or_default();
            // Every account has AWS's own groups; nobody can tag them.
            if name.starts_with("default.") {
                continue;
            }
            let arn = group.db_parameter_group_arn.unwrap_or_default();
            let tags = rds_tags::read(cx, &arn).await?;
            if !scope.names.contains(&name) && tags.owner(&scope.stack) == Owner::Foreign {
                continue;
            }
            let (values, fixed) = parameters(cx, &name).await?;
            let family = group.db_parameter_group_family.unwrap_or_default();
            found.push(Found { name: name.clone(), tags, seen: Seen { name, arn, family, values, fixed } });
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let call = cx
            .aws
            .rds
            .create_db_parameter_group()
            .db_parameter_group_name(&want.name)
            .db_parameter_group_family(&want.family)
            .description(format!("parameters of the stack {}", cx.known.stack.name))
            .set_tags(Some(rds_tags::list(tags)));
        match call.send().await.named("rds:CreateDBParameterGroup") {
            Err(error) if error.trouble != Trouble::Exists => return Err(error.into()),
            _ => {}
        }
        write(cx, &want.name, &want.values).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let changed = want.values.iter().filter(|(name, value)| seen.values.get(*name) != Some(value));
        let changed = changed.map(|(name, value)| (name.clone(), value.clone())).collect();
        write(cx, &want.name, &changed).await?;
        let extra: Vec<Parameter> = seen
            .values
            .keys()
            .filter(|name| !want.values.contains_key(*name))
            .map(|name| Parameter::builder().parameter_name(name).apply_method(method(&seen.fixed, name)).build())
            .collect();
        for batch in extra.chunks(BATCH) {
            let call = cx.aws.rds.reset_db_parameter_group().db_parameter_group_name(&want.name);
            call.set_parameters(Some(batch.to_vec())).send().await.named("rds:ResetDBParameterGroup")?;
        }
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        Ok(rds_tags::write(cx, &seen.arn, tags).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.rds.delete_db_parameter_group().db_parameter_group_name(&seen.name);
        match call.send().await.named("rds:DeleteDBParameterGroup") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Returns the parameters that somebody set, and those that need a restart.
async fn parameters(cx: &Cx, group: &str) -> Result<(BTreeMap<String, String>, Vec<String>), KindError> {
    let call = cx.aws.rds.describe_db_parameters().db_parameter_group_name(group).source("user");
    let mut pages = call.into_paginator().items().send();
    let (mut values, mut fixed) = (BTreeMap::new(), vec![]);
    while let Some(parameter) = pages.next().await {
        let parameter = parameter.named("rds:DescribeDBParameters")?;
        let name = parameter.parameter_name.unwrap_or_default();
        if parameter.apply_type.as_deref() == Some("static") {
            fixed.push(name.clone());
        }
        values.insert(name, parameter.parameter_value.unwrap_or_default());
    }
    Ok((values, fixed))
}

fn method(fixed: &[String], name: &String) -> ApplyMethod {
    if fixed.contains(name) { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate }
}

/// AWS refuses `immediate` for static parameters, so the apply type is read first.
async fn write(cx: &Cx, group: &str, values: &BTreeMap<String, String>) -> Result<(), KindError> {
    if values.is_empty() {
        return Ok(());
    }
    let mut fixed = vec![];
    let mut pages = cx.aws.rds.describe_db_parameters().db_parameter_group_name(group).into_paginator().items().send();
    while let Some(parameter) = pages.next().await {
        let parameter = parameter.named("rds:DescribeDBParameters")?;
        if parameter.apply_type.as_deref() == Some("static") {
            fixed.extend(parameter.parameter_name);
        }
    }
    let all: Vec<Parameter> = values
        .iter()
        .map(|(name, value)| {
            let parameter = Parameter::builder().parameter_name(name).parameter_value(value);
            parameter.apply_method(method(&fixed, name)).build()
        })
        .collect();
    for batch in all.chunks(BATCH) {
        let call = cx.aws.rds.modify_db_parameter_group().db_parameter_group_name(group);
        call.set_parameters(Some(batch.to_vec())).send().await.named("rds:ModifyDBParameterGroup")?;
    }
    Ok(())
}
