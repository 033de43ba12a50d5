//! The function itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, Environment, FunctionCode, LastUpdateStatus, Runtime, State, VpcConfig};
use serde::Serialize;

use super::zip;
use crate::aws::{Sorted, Trouble};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope, Template};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::{Owner, Tags};
use crate::wait::{Backoff, Probe, WaitError, until};

/// A Lambda function.
pub struct Function;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// The fingerprint of its code, as Lambda reports it.
    pub code_sha256: String,
    /// The folder with its code.
    #[serde(skip)]
    pub code: PathBuf,
    /// The runtime.
    pub runtime: String,
    /// Module and function.
    pub handler: String,
    /// The role it runs as.
    pub role: Address,
    /// Memory.
    pub memory_mib: i32,
    /// The limit of one run.
    pub timeout_seconds: i32,
    /// The processor.
    pub architecture: String,
    /// The layers, in order.
    pub layers: Vec<Address>,
    /// Environment variables.
    pub environment: BTreeMap<String, Template>,
    /// Where it runs; empty for outside of any network.
    pub subnets: Vec<Address>,
    /// What it belongs to inside the network.
    pub security_group: Option<Address>,
    /// Where it logs.
    pub log_group: Address,
}

impl Spec {
    fn environment(&self, known: &Known) -> BTreeMap<String, Option<String>> {
        self.environment.iter().map(|(key, value)| (key.clone(), value.render(known))).collect()
    }
}

/// What is observed of it.
#[derive(Debug, Default)]
pub struct Seen {
    name: String,
    arn: String,
    state: String,
    update: String,
    reason: String,
    code_sha256: String,
    runtime: String,
    handler: String,
    role: String,
    memory_mib: i32,
    timeout_seconds: i32,
    layers: Vec<String>,
    environment: BTreeMap<String, String>,
    subnets: Vec<String>,
}

#[async_trait]
impl Kind for Function {
    const NAME: &'static str = "lambda";
    const LIMIT: Duration = Duration::from_secs(900);
    const OUTPUTS: &'static [&'static str] = &["name", "arn"];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        let templates = want.environment.values().flat_map(Template::needs);
        let mut needs: Vec<Address> = [&want.role, &want.log_group].into_iter().cloned().chain(templates).collect();
        needs.extend(want.layers.iter().chain(&want.subnets).chain(&want.security_group).cloned());
        needs
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let layers = want.layers.iter().map(|layer| known.get(layer, "arn")).collect::<Option<Vec<_>>>();
        let subnets = want.subnets.iter().map(|subnet| known.get(subnet, "id")).collect::<Option<Vec<_>>>();
        let mut diff = Diff::new()
            .in_place("code", &want.code_sha256, &seen.code_sha256)
            .in_place("runtime", &want.runtime, &seen.runtime)
            .in_place("handler", &want.handler, &seen.handler)
            .maybe("role", known.get(&want.role, "arn"), &seen.role, Effect::InPlace)
            .in_place("memory_mib", want.memory_mib, seen.memory_mib)
            .in_place("timeout_seconds", want.timeout_seconds, seen.timeout_seconds)
            .maybe("layers", layers.map(|layers| layers.join(", ")), seen.layers.join(", "), Effect::InPlace);
        diff = match subnets {
            Some(subnets) => diff.unordered("subnets", &subnets, &seen.subnets),
            None => diff.maybe("subnets", None, seen.subnets.join(", "), Effect::InPlace),
        };
        for (key, value) in want.environment(known) {
            let observed = seen.environment.get(&key).map_or("", String::as_str);
            diff = diff.maybe(&format!("environment.{key}"), value, observed, Effect::InPlace);
        }
        for (key, value) in seen.environment.iter().filter(|(key, _)| !want.environment.contains_key(*key)) {
            diff = diff.in_place(&format!("environment.{key}"), "", value);
        }
        diff
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone()), ("arn", seen.arn.clone())])
    }

    fn readiness(&self, seen: &Seen) -> Readiness {
        match (seen.state.as_str(), seen.update.as_str()) {
            ("Failed", _) | (_, "Failed") => Readiness::Failed(seen.reason.clone()),
            ("Active" | "Inactive", "Successful") => Readiness::Ready,
            (state, _) => Readiness::Pending(state.to_owned()),
        }
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut pages = cx.aws.lambda.list_functions().into_paginator().items().send();
        let mut found = vec![];
        while let Some(function) = pages.next().await {
            let name = function.named("lambda:ListFunctions")?.function_name.unwrap_or_default();
            // Only GetFunction shows tags and the state.
            let Some(answer) = get(cx, &name).await? else { continue };
            let (tags, seen) = observe(answer);
            if scope.names.contains(&name) || tags.owner(&scope.stack) != Owner::Foreign {
                found.push(Found { name, tags, seen });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        let code = FunctionCode::builder().zip_file(Blob::new(zip::zip_folder(&want.code, "")?)).build();
        let call = cx
            .aws
            .lambda
            .create_function()
            .function_name(&want.name)
            .code(code)
            .runtime(Runtime::from(want.runtime.as_str()))
            .handler(&want.handler)
            .role(cx.known.need(&want.role, "arn")?)
            .memory_size(want.memory_mib)
            .timeout(want.timeout_seconds)
            .architectures(Architecture::from(want.architecture.as_str()))
            .set_layers(Some(layers(cx, want)?))
            .environment(environment(cx, want)?)
            .set_vpc_config(network(cx, want)?)
            .set_tags(Some(tags.0.clone().into_iter().collect()));
        match call.send().await.named("lambda:CreateFunction") {
            Err(error) if error.trouble == Trouble::Conflict && error.message.contains("already exist") => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&["code"]) {
            let call = cx.aws.lambda.update_function_code().function_name(&want.name);
            let call = call.zip_file(Blob::new(zip::zip_folder(&want.code, "")?));
            let call = call.architectures(Architecture::from(want.architecture.as_str()));
            call.send().await.named("lambda:UpdateFunctionCode")?;
            settle(cx, &want.name).await?;
        }
        if diff.0.iter().all(|change| change.field == "code") {
            return Ok(());
        }
        let call = cx
            .aws
            .lambda
            .update_function_configuration()
            .function_name(&want.name)
            .runtime(Runtime::from(want.runtime.as_str()))
            .handler(&want.handler)
            .role(cx.known.need(&want.role, "arn")?)
            .memory_size(want.memory_mib)
            .timeout(want.timeout_seconds)
            .set_layers(Some(layers(cx, want)?))
            .environment(environment(cx, want)?)
            // Left out means unchanged; empty lists take the function out of its network.
            .vpc_config(network(cx, want)?.unwrap_or_else(no_network));
        call.send().await.named("lambda:UpdateFunctionConfiguration")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags) -> Result<(), KindError> {
        let call = cx.aws.lambda.tag_resource().resource(&seen.arn);
        call.set_tags(Some(tags.0.clone().into_iter().collect())).send().await.named("lambda:TagResource")?;
        Ok(())
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        match cx.aws.lambda.delete_function().function_name(&seen.name).send().await.named("lambda:DeleteFunction") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

async fn get(cx: &Cx, name: &str) -> Result<Option<GetFunctionOutput>, KindError> {
    match cx.aws.lambda.get_function().function_name(name).send().await.named("lambda:GetFunction") {
        Err(error) if error.is_not_found() => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}

fn observe(answer: GetFunctionOutput) -> (Tags, Seen) {
    let tags = Tags(answer.tags.unwrap_or_default().into_iter().collect());
    let Some(function) = answer.configuration else { return (tags, Seen::default()) };
    let environment = function.environment.and_then(|environment| environment.variables).unwrap_or_default();
    let layers = function.layers.unwrap_or_default().into_iter();
    let seen = Seen {
        name: function.function_name.unwrap_or_default(),
        arn: function.function_arn.unwrap_or_default(),
        state: function.state.unwrap_or(State::Active).as_str().to_owned(),
        update: function.last_update_status.unwrap_or(LastUpdateStatus::InProgress).as_str().to_owned(),
        reason: function.state_reason.or(function.last_update_status_reason).unwrap_or_default(),
        code_sha256: function.code_sha256.unwrap_or_default(),
        runtime: function.runtime.map(|runtime| runtime.as_str().to_owned()).unwrap_or_default(),
        handler: function.handler.unwrap_or_default(),
        role: function.role.unwrap_or_default(),
        memory_mib: function.memory_size.unwrap_or_default(),
        timeout_seconds: function.timeout.unwrap_or_default(),
        layers: layers.filter_map(|layer| layer.arn).collect(),
        environment: environment.into_iter().collect(),
        subnets: function.vpc_config.and_then(|network| network.subnet_ids).unwrap_or_default(),
    };
    (tags, seen)
}

/// Code and configuration are two calls, and the second is refused until the first has settled.
async fn settle(cx: &Cx, name: &str) -> Result<(), KindError> {
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let settled = until(Function::LIMIT, backoff, || async {
        let seen = get(cx, name).await?.map(|answer| observe(answer).1).unwrap_or_default();
        Ok::<_, KindError>(match Function.readiness(&seen) {
            Readiness::Ready => Probe::Ready(()),
            Readiness::Pending(state) => Probe::Pending(state),
            Readiness::Failed(why) => Probe::Failed(why),
        })
    });
    settled.await.map_err(|error| match error {
        WaitError::Look(error) => error,
        other => KindError::Broken(other.to_string()),
    })
}

fn layers(cx: &Cx, want: &Spec) -> Result<Vec<String>, KindError> {
    want.layers.iter().map(|layer| cx.known.need(layer, "arn")).collect()
}

fn environment(cx: &Cx, want: &Spec) -> Result<Environment, KindError> {
    let mut environment = Environment::builder();
    for (key, value) in want.environment(&cx.known) {
        let value = value.ok_or_else(|| KindError::Broken(format!("the value of `{key}` is not known yet")))?;
        environment = environment.variables(key, value);
    }
    Ok(environment.build())
}

fn no_network() -> VpcConfig {
    VpcConfig::builder().set_subnet_ids(Some(vec![])).set_security_group_ids(Some(vec![])).build()
}

fn network(cx: &Cx, want: &Spec) -> Result<Option<VpcConfig>, KindError> {
    let Some(group) = &want.security_group else { return Ok(None) };
    let mut network = VpcConfig::builder().security_group_ids(cx.known.need(group, "id")?);
    for subnet in &want.subnets {
        network = network.subnet_ids(cx.known.need(subnet, "id")?);
    }
    Ok(Some(network.build()))
}
