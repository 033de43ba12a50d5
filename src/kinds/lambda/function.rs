//! The function itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, FunctionCode, LoggingConfig, Runtime};
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::Serialize;

use super::configuration::{Seen, environment, layers, network, no_network, observe};
use super::{limits, zip};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{
    Attribute, Cx, Diff, Finding, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope, Template,
};
use crate::kinds::network::{NETWORK_IS_FIXED, group_members};
use crate::model::{Address, Effect, Readiness};
use crate::ownership::Tags;
use crate::wait::{Backoff, Probe, WaitError, until};

/// How many functions are asked for their tags side by side; Lambda takes fifteen such calls a second.
const AT_ONCE: usize = 8;

const READ: &str = "lambda:ListFunctions";

/// The fields that come with the code.
const CODE: [&str; 2] = ["code_sha256", "architecture"];

/// A Lambda function. Listing takes one call for fifty functions with all of their configuration, and one for the tags
/// of a function where the index of tags does not confirm them.
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
    /// Returns the variables; one whose value is known only later has none.
    pub(super) fn environment(&self, known: &Known) -> BTreeMap<String, Option<String>> {
        self.environment.iter().map(|(key, value)| (key.clone(), value.render(known))).collect()
    }
}

#[async_trait]
impl Kind for Function {
    const NAME: &'static str = "lambda";
    const LIMIT: Duration = Duration::from_secs(900);
    const OUTPUTS: &'static [&'static str] = &["name", "arn"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", READ),
        Attribute::in_place("code_sha256", READ),
        Attribute::in_place("runtime", READ),
        Attribute::in_place("handler", READ),
        Attribute::in_place("role", READ),
        Attribute::in_place("memory_mib", READ),
        Attribute::in_place("timeout_seconds", READ),
        Attribute::in_place("architecture", READ),
        Attribute::in_place("layers", READ),
        Attribute::in_place("environment", READ),
        Attribute::in_place("subnets", READ),
        // Its interfaces keep the old network from being deleted, and the new one is made after that.
        Attribute::replace("subnets", READ, NETWORK_IS_FIXED),
        Attribute::in_place("security_group", READ),
        Attribute::in_place("log_group", READ),
    ];
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

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let at = |what: &str, name: &str| format!("arn:aws:lambda:{}:{}:{what}:{name}", meta.region, meta.account);
        let actions = [
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:GetFunction",
            "lambda:ListTags",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ];
        let mut all = vec![
            Permission::anywhere(&[READ, "lambda:GetAccountSettings", "tag:GetResources"]),
            Permission::new(at("function", &want.name), &actions),
            // The role's own name belongs to its table; only roles of the stack are handed over.
            Permission::new(format!("arn:aws:iam::{}:role/stack/{}/*", meta.account, meta.name), &["iam:PassRole"]),
        ];
        if !want.layers.is_empty() {
            all.push(Permission::new(at("layer", "*"), &["lambda:GetLayerVersion"]));
        }
        if want.security_group.is_some() {
            // Lambda looks these up in the name of whoever puts a function into a network.
            let look = ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"];
            all.push(Permission::anywhere(&look));
        }
        all
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let layers = want.layers.iter().map(|layer| known.get(layer, "arn")).collect::<Option<Vec<_>>>();
        let group = match &want.security_group {
            Some(group) => known.get(group, "id"),
            None => Some(String::new()),
        };
        let mut diff = Diff::new()
            .in_place("code_sha256", &want.code_sha256, &seen.code_sha256)
            .in_place("runtime", &want.runtime, &seen.runtime)
            .in_place("handler", &want.handler, &seen.handler)
            .maybe("role", known.get(&want.role, "arn"), &seen.role, Effect::InPlace)
            .in_place("memory_mib", want.memory_mib, seen.memory_mib)
            .in_place("timeout_seconds", want.timeout_seconds, seen.timeout_seconds)
            .in_place("architecture", &want.architecture, &seen.architecture)
            .maybe("layers", layers.map(|layers| layers.join(", ")), seen.layers.join(", "), Effect::InPlace)
            .maybe("security_group", group, seen.groups.join(", "), Effect::InPlace)
            .maybe("log_group", known.get(&want.log_group, "name"), &seen.log_group, Effect::InPlace);
        diff.0.extend(group_members::diff(&want.subnets, &seen.subnets, known).0);
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
        let mut pages = cx.aws.lambda.list_functions().max_items(50).into_paginator().items().send();
        let mut functions = vec![];
        while let Some(function) = pages.next().await {
            functions.push(observe(function.named(READ)?));
        }
        let looks = functions.into_iter().map(async |seen| {
            let tags = scope.tags(&cx.aws, &seen.arn, &seen.name, tags_of(cx, &seen.arn)).await?;
            Ok::<_, KindError>(Found { name: seen.name.clone(), tags, seen })
        });
        let found: Vec<_> = iter(looks.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().filter(|function| scope.covers(&function.name, &function.tags)).collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        match &one.name {
            Some(name) => get(cx, name).await,
            None => Ok(None),
        }
    }

    async fn preflight(&self, cx: &Cx, want: &Spec) -> Result<Vec<Finding>, KindError> {
        limits::check(cx, "code", &zip::zip_folder(&want.code, "")?).await
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

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&CODE) {
            let call = cx.aws.lambda.update_function_code().function_name(&want.name);
            let call = call.zip_file(Blob::new(zip::zip_folder(&want.code, "")?));
            let call = call.architectures(Architecture::from(want.architecture.as_str()));
            call.send().await.named("lambda:UpdateFunctionCode")?;
            settle(cx, &want.name).await?;
        }
        if diff.0.iter().all(|change| CODE.contains(&change.field.as_str())) {
            return Ok(());
        }
        let is_outside = want.security_group.is_none() && seen.groups.is_empty() && seen.subnets.is_empty();
        let logging = LoggingConfig::builder().log_group(cx.known.need(&want.log_group, "name")?).build();
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
            .set_logging_config(diff.has_any(&["log_group"]).then_some(logging))
            .set_vpc_config(if is_outside { None } else { Some(network(cx, want)?.unwrap_or_else(no_network)) });
        call.send().await.named("lambda:UpdateFunctionConfiguration")?;
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        if !gone.is_empty() {
            let call = cx.aws.lambda.untag_resource().resource(&seen.arn).set_tag_keys(Some(gone.to_vec()));
            call.send().await.named("lambda:UntagResource")?;
        }
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

/// Reads one function with its states and tags.
async fn get(cx: &Cx, name: &str) -> Result<Option<Found<Seen>>, KindError> {
    let answer = match cx.aws.lambda.get_function().function_name(name).send().await.named("lambda:GetFunction") {
        Err(error) if error.is_not_found() => return Ok(None),
        answer => answer?,
    };
    let tags = Tags(answer.tags.unwrap_or_default().into_iter().collect());
    let seen = answer.configuration.map(observe);
    Ok(seen.map(|seen| Found { name: name.to_owned(), tags, seen }))
}

/// Asks for the tags; a function that was deleted since it was listed has none.
async fn tags_of(cx: &Cx, arn: &str) -> Result<Tags, AwsError> {
    match cx.aws.lambda.list_tags().resource(arn).send().await.named("lambda:ListTags") {
        Ok(answer) => Ok(Tags(answer.tags.unwrap_or_default().into_iter().collect())),
        Err(error) if error.is_not_found() => Ok(Tags::default()),
        Err(error) => Err(error),
    }
}

/// Code and configuration are two calls, and the second is refused until the first has settled.
async fn settle(cx: &Cx, name: &str) -> Result<(), KindError> {
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    let settled = until(Function::LIMIT, backoff, || async {
        let Some(Found { seen, .. }) = get(cx, name).await? else { return Ok(Probe::Failed("it is gone".into())) };
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
