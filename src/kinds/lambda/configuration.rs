//! How a function's configuration is read, and how the declared one is sent.

use std::collections::BTreeMap;

use aws_sdk_lambda::types::{Architecture, Environment, FunctionConfiguration, LastUpdateStatus, State, VpcConfig};

use super::function::Spec;
use crate::kinds::base::{Cx, KindError};

/// What is observed of a function.
#[derive(Debug, Default)]
pub struct Seen {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) state: String,
    pub(super) update: String,
    pub(super) reason: String,
    pub(super) code_sha256: String,
    pub(super) runtime: String,
    pub(super) handler: String,
    pub(super) role: String,
    pub(super) memory_mib: i32,
    pub(super) timeout_seconds: i32,
    pub(super) architecture: String,
    pub(super) layers: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) subnets: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) log_group: String,
}

/// Makes what Lambda says of a function comparable.
///
/// A listing leaves the states out; what it shows without one counts as settled, and a change that finds the function
/// busy is refused by Lambda and repeated. Where there is a state but no update status, an update is under way.
pub(super) fn observe(function: FunctionConfiguration) -> Seen {
    let environment = function.environment.and_then(|environment| environment.variables).unwrap_or_default();
    let layers = function.layers.unwrap_or_default().into_iter();
    let network = function.vpc_config;
    let name = function.function_name.unwrap_or_default();
    // Whoever says nothing gets the group with the function's name.
    let own_group = || format!("/aws/lambda/{name}");
    let log_group = function.logging_config.and_then(|logging| logging.log_group).unwrap_or_else(own_group);
    let update = if function.state.is_none() { LastUpdateStatus::Successful } else { LastUpdateStatus::InProgress };
    let architecture = function.architectures.unwrap_or_default().into_iter().next();
    Seen {
        arn: function.function_arn.unwrap_or_default(),
        state: function.state.unwrap_or(State::Active).as_str().to_owned(),
        update: function.last_update_status.unwrap_or(update).as_str().to_owned(),
        reason: function.state_reason.or(function.last_update_status_reason).unwrap_or_default(),
        code_sha256: function.code_sha256.unwrap_or_default(),
        runtime: function.runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        handler: function.handler.unwrap_or_default(),
        role: function.role.unwrap_or_default(),
        memory_mib: function.memory_size.unwrap_or_default(),
        timeout_seconds: function.timeout.unwrap_or_default(),
        architecture: architecture.unwrap_or(Architecture::X8664).as_str().to_owned(),
        layers: layers.filter_map(|layer| layer.arn).collect(),
        environment: environment.into_iter().collect(),
        subnets: network.as_ref().and_then(|network| network.subnet_ids.clone()).unwrap_or_default(),
        groups: network.and_then(|network| network.security_group_ids).unwrap_or_default(),
        log_group,
        name,
    }
}

/// Returns the versions of the layers, in order.
pub(super) fn layers(cx: &Cx, want: &Spec) -> Result<Vec<String>, KindError> {
    want.layers.iter().map(|layer| cx.known.need(layer, "arn")).collect()
}

/// Returns the variables with every output filled in.
pub(super) fn environment(cx: &Cx, want: &Spec) -> Result<Environment, KindError> {
    let mut environment = Environment::builder();
    for (key, value) in want.environment(&cx.known) {
        let value = value.ok_or_else(|| KindError::Broken(format!("the value of `{key}` is not known yet")))?;
        environment = environment.variables(key, value);
    }
    Ok(environment.build())
}

/// Returns what takes a function out of its network: left out would mean unchanged.
pub(super) fn no_network() -> VpcConfig {
    VpcConfig::builder().set_subnet_ids(Some(vec![])).set_security_group_ids(Some(vec![])).build()
}

/// Returns where the function runs.
pub(super) fn network(cx: &Cx, want: &Spec) -> Result<Option<VpcConfig>, KindError> {
    let Some(group) = &want.security_group else { return Ok(None) };
    let mut network = VpcConfig::builder().security_group_ids(cx.known.need(group, "id")?);
    for subnet in &want.subnets {
        network = network.subnet_ids(cx.known.need(subnet, "id")?);
    }
    Ok(Some(network.build()))
}
