//! Single parameters of a group: what they are, when a change takes effect, and how they are written.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{ApplyMethod, Parameter};

use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Finding, KindError};

/// The operation that reads them.
pub(super) const READ: &str = "rds:DescribeDBParameters";

/// The operation that reads what an engine knows.
pub(super) const READ_DEFAULTS: &str = "rds:DescribeEngineDefaultParameters";

/// How many parameters one call may change.
const BATCH: usize = 20;

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apply {
    /// While the server runs.
    AtOnce,
    /// When the server starts again.
    AtReboot,
}

impl Apply {
    fn of(parameter: &Parameter) -> Self {
        if parameter.apply_type.as_deref() == Some("static") { Self::AtReboot } else { Self::AtOnce }
    }

    /// AWS refuses `immediate` for what only a restart changes.
    fn method(self) -> ApplyMethod {
        match self {
            Self::AtOnce => ApplyMethod::Immediate,
            Self::AtReboot => ApplyMethod::PendingReboot,
        }
    }

    /// Returns the change of a parameter to a value.
    pub(super) fn set(self, name: &str, value: &str) -> Parameter {
        Parameter::builder().parameter_name(name).parameter_value(value).apply_method(self.method()).build()
    }

    /// Returns the change of a parameter to the engine's default.
    pub(super) fn reset(self, name: &str) -> Parameter {
        Parameter::builder().parameter_name(name).apply_method(self.method()).build()
    }
}

type Read = (BTreeMap<String, String>, BTreeMap<String, Apply>);

/// Reads the parameters of a group that somebody set, and when changes of them take effect.
pub(super) async fn set_by_hand(cx: &Cx, group: &str) -> Result<Read, KindError> {
    let call = cx.aws.rds.describe_db_parameters().db_parameter_group_name(group).source("user");
    let mut pages = call.into_paginator().items().send();
    let (mut values, mut apply) = (BTreeMap::new(), BTreeMap::new());
    while let Some(parameter) = pages.next().await {
        let parameter = parameter.named(READ)?;
        let method = Apply::of(&parameter);
        let name = parameter.parameter_name.unwrap_or_default();
        apply.insert(name.clone(), method);
        values.insert(name, parameter.parameter_value.unwrap_or_default());
    }
    Ok((values, apply))
}

/// Reads of every parameter when a change takes effect.
pub(super) async fn apply_types(cx: &Cx, group: &str) -> Result<BTreeMap<String, Apply>, KindError> {
    let mut pages = cx.aws.rds.describe_db_parameters().db_parameter_group_name(group).into_paginator().items().send();
    let mut apply = BTreeMap::new();
    while let Some(parameter) = pages.next().await {
        let parameter = parameter.named(READ)?;
        let method = Apply::of(&parameter);
        apply.insert(parameter.parameter_name.unwrap_or_default(), method);
    }
    Ok(apply)
}

/// Changes parameters, as many a call as AWS takes.
pub(super) async fn write(cx: &Cx, group: &str, changes: Vec<Parameter>) -> Result<(), KindError> {
    for batch in changes.chunks(BATCH) {
        let call = cx.aws.rds.modify_db_parameter_group().db_parameter_group_name(group);
        call.set_parameters(Some(batch.to_vec())).send().await.named("rds:ModifyDBParameterGroup")?;
    }
    Ok(())
}

/// Gives parameters the engine's defaults back, as many a call as AWS takes.
pub(super) async fn reset(cx: &Cx, group: &str, changes: Vec<Parameter>) -> Result<(), KindError> {
    for batch in changes.chunks(BATCH) {
        let call = cx.aws.rds.reset_db_parameter_group().db_parameter_group_name(group).reset_all_parameters(false);
        call.set_parameters(Some(batch.to_vec())).send().await.named("rds:ResetDBParameterGroup")?;
    }
    Ok(())
}

/// Finds declared parameters that the engine does not have or that RDS keeps to itself.
pub(super) async fn preflight(
    cx: &Cx,
    family: &str,
    declared: &BTreeMap<String, String>,
) -> Result<Vec<Finding>, KindError> {
    let mut modifiable = BTreeMap::new();
    let mut marker = None;
    loop {
        let call = cx.aws.rds.describe_engine_default_parameters().db_parameter_group_family(family);
        let defaults = match call.set_marker(marker).send().await.named(READ_DEFAULTS) {
            Ok(answer) => {
                answer.engine_defaults.unwrap_or_else(|| aws_sdk_rds::types::EngineDefaults::builder().build())
            }
            // Whether the version exists at all is asked for the instance; what may not be read stays unknown.
            Err(error) if matches!(error.trouble, Trouble::Denied | Trouble::Invalid) => return Ok(vec![]),
            Err(error) => return Err(error.into()),
        };
        for parameter in defaults.parameters.unwrap_or_default() {
            modifiable.insert(parameter.parameter_name.unwrap_or_default(), parameter.is_modifiable.unwrap_or(true));
        }
        marker = defaults.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            break;
        }
    }
    let problem = |name: &String| {
        let why = match modifiable.get(name) {
            Some(true) => return None,
            Some(false) => format!("RDS does not let anybody change `{name}`"),
            None => format!("{family} has no parameter `{name}`"),
        };
        Some(Finding::error(format!("parameters.{name}"), why))
    };
    Ok(declared.keys().filter_map(problem).collect())
}
