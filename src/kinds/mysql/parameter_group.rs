//! The server parameters of an instance: buffers, packets, logs.
//!
//! A group is made only where parameters are declared; without any, an instance uses AWS's own group. What a group
//! holds takes one `DescribeDBParameters` more for each group that is declared or ours.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rds::types::{DbParameterGroup, Parameter};
use serde::Serialize;

use super::parameters::{self, Apply};
use super::{rds_tags, version};
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope,
};
use crate::kinds::present::present;
use crate::model::Effect;
use crate::ownership::{SpecHash, Tags};

const LIST: &str = "rds:DescribeDBParameterGroups";

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
    pub parameters: BTreeMap<String, String>,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    name: String,
    arn: String,
    family: String,
    /// The parameters that somebody set.
    parameters: BTreeMap<String, String>,
    /// When a change of a parameter takes effect, as far as that was read.
    apply: BTreeMap<String, Apply>,
}

#[async_trait]
impl Kind for ParameterGroup {
    const NAME: &'static str = "db_parameter_group";
    const LIMIT: Duration = Duration::from_secs(120);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const MADE_FIRST: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", LIST),
        Attribute::replace("family", LIST, FAMILY_IS_FIXED),
        // Static ones, that is; dynamic ones change in place.
        Attribute::reboot("parameters", parameters::READ),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn diff(&self, want: &Spec, seen: &Seen, _known: &Known) -> Diff {
        let effect = |name: &str| match seen.apply.get(name) {
            Some(Apply::AtReboot) => Effect::Reboot,
            Some(Apply::AtOnce) | None => Effect::InPlace,
        };
        let diff = Diff::new().field("family", &want.family, &seen.family, Effect::Replace(FAMILY_IS_FIXED));
        let diff = want.parameters.iter().fold(diff, |diff, (name, value)| {
            let observed = seen.parameters.get(name).map_or("default", String::as_str);
            diff.field(&format!("parameters.{name}"), value, observed, effect(name))
        });
        let extra = seen.parameters.iter().filter(|(name, _)| !want.parameters.contains_key(*name));
        extra
            .fold(diff, |diff, (name, value)| diff.field(&format!("parameters.{name}"), "default", value, effect(name)))
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    /// A changed static parameter makes the instance restart: then the instance must not count on what it knew.
    fn changes_outputs(&self, diff: &Diff) -> bool {
        diff.0.iter().any(|change| change.effect == Effect::Reboot)
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [
            parameters::READ,
            "rds:CreateDBParameterGroup",
            "rds:ModifyDBParameterGroup",
            "rds:ResetDBParameterGroup",
            "rds:DeleteDBParameterGroup",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
        ];
        vec![
            Permission::new(rds_tags::arn(meta, "pg", "*"), &["rds:ListTagsForResource", LIST]),
            Permission::new(rds_tags::arn(meta, "pg", &want.name), &actions),
            Permission::anywhere(&[parameters::READ_DEFAULTS]),
        ]
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.rds.describe_db_parameter_groups().into_paginator().items().send();
        let mut all = vec![];
        while let Some(group) = pages.next().await {
            let seen = observe(group.named(LIST)?);
            // Every account has AWS's own groups; nobody can tag them.
            if !seen.name.starts_with("default.") {
                all.push((seen.name.clone(), seen.arn.clone(), seen));
            }
        }
        let mut found = vec![];
        for (name, tags, mut seen) in rds_tags::covered(cx, scope, all).await? {
            (seen.parameters, seen.apply) = parameters::set_by_hand(cx, &name).await?;
            let declared = scope.names.get(&name).and_then(Tags::spec_hash);
            // When changes take effect is asked for only if there will be one: with what was observed the fingerprint
            // of the declared fields comes out the same exactly if nothing differs.
            if declared.is_some_and(|declared| declared != seen.hash()) {
                seen.apply = parameters::apply_types(cx, &name).await?;
            }
            found.push(Found { name, tags, seen });
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = one.name.clone() else { return Ok(None) };
        let call = cx.aws.rds.describe_db_parameter_groups().db_parameter_group_name(&name);
        let answer = present(call.send().await.named(LIST))?;
        let group = answer.and_then(|answer| answer.db_parameter_groups.unwrap_or_default().into_iter().next());
        let Some(mut seen) = group.map(observe) else { return Ok(None) };
        let tags = rds_tags::read(cx, &seen.arn).await?;
        (seen.parameters, seen.apply) = parameters::set_by_hand(cx, &name).await?;
        Ok(Some(Found { name, tags, seen }))
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        parameters::preflight(cx, &want.family, &want.parameters).await
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
        // No instance uses it yet, and one that comes to use it reads all of it when it starts.
        let values = want.parameters.iter().map(|(name, value)| Apply::AtReboot.set(name, value));
        parameters::write(cx, &want.name, values.collect()).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        let changed = want.parameters.iter().filter(|(name, value)| seen.parameters.get(*name) != Some(value));
        let changed: Vec<(&String, &String)> = changed.collect();
        let extra: Vec<&String> = seen.parameters.keys().filter(|name| !want.parameters.contains_key(*name)).collect();
        let mut names = changed.iter().map(|(name, _)| *name).chain(extra.iter().copied());
        let is_read = names.all(|name| seen.apply.contains_key(name));
        let apply = if is_read { seen.apply.clone() } else { parameters::apply_types(cx, &want.name).await? };
        let apply = |name: &str| apply.get(name).copied().unwrap_or(Apply::AtReboot);
        let changed: Vec<Parameter> = changed.iter().map(|(name, value)| apply(name).set(name, value)).collect();
        parameters::write(cx, &want.name, changed).await?;
        let extra: Vec<Parameter> = extra.iter().map(|name| apply(name).reset(name)).collect();
        parameters::reset(cx, &want.name, extra).await
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(rds_tags::write(cx, &seen.arn, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        let call = cx.aws.rds.delete_db_parameter_group().db_parameter_group_name(&seen.name);
        match call.send().await.named("rds:DeleteDBParameterGroup") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

const FAMILY_IS_FIXED: &str = "a parameter group belongs to one major version";

impl Seen {
    /// Returns the fingerprint that the declared fields would have if they were what is observed.
    fn hash(&self) -> SpecHash {
        let (name, family, parameters) = (self.name.clone(), self.family.clone(), self.parameters.clone());
        SpecHash::of(&Spec { name, family, parameters })
    }
}

fn observe(group: DbParameterGroup) -> Seen {
    Seen {
        name: group.db_parameter_group_name.unwrap_or_default(),
        arn: group.db_parameter_group_arn.unwrap_or_default(),
        family: group.db_parameter_group_family.unwrap_or_default(),
        parameters: BTreeMap::new(),
        apply: BTreeMap::new(),
    }
}

/// Returns the name of the parameter group of an instance. A group belongs to one release series, so that is part of it.
pub(super) fn name(identifier: &str, version: &str) -> String {
    format!("{identifier}-{}", version::family(version).replace('.', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_static_parameter_that_changes_restarts_the_instance() {
        let values = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let seen = Seen {
            name: "group".into(),
            arn: String::new(),
            family: "mysql8.4".into(),
            parameters: values(&[("back_log", "80"), ("wait_timeout", "60")]),
            apply: BTreeMap::from([
                ("back_log".into(), Apply::AtReboot),
                ("wait_timeout".into(), Apply::AtOnce),
                ("performance_schema".into(), Apply::AtReboot),
            ]),
        };
        let restarts = |pairs: &[(&str, &str)]| {
            let want = Spec { name: "group".into(), family: "mysql8.4".into(), parameters: values(pairs) };
            let diff = ParameterGroup.diff(&want, &seen, &Known::default());
            assert_eq!(diff.is_empty(), SpecHash::of(&want) == seen.hash());
            ParameterGroup.changes_outputs(&diff)
        };
        assert!(!restarts(&[("back_log", "80"), ("wait_timeout", "60")]));
        assert!(!restarts(&[("back_log", "80"), ("wait_timeout", "90")]));
        assert!(restarts(&[("wait_timeout", "60")]));
        assert!(restarts(&[("back_log", "80"), ("wait_timeout", "60"), ("performance_schema", "1")]));
    }
}
