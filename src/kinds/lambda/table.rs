//! The table `[lambda.NAME]` and the resources that it stands for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::layer::{architecture_problem, default_architecture};
use super::{Function, Layer, Trigger, function, trigger, zip};
use crate::kinds::base::{Entry, Finding, Kind, KindError, Reference, Resource, Table, Template};
use crate::kinds::{bucket, log_group, network, retired, role, template_references};
use crate::model::Address;

/// The table `[lambda.NAME]`.
pub struct Lambda;

/// Its keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LambdaTable {
    /// Its name.
    pub name: String,
    /// The folder with its code.
    pub code: String,
    /// The runtime, such as `python3.13`.
    pub runtime: String,
    /// Module and function, such as `handler.handle`.
    pub handler: String,
    /// The role it runs as.
    pub role: String,
    /// Memory in MiB; 1,769 are one full processor.
    pub memory_mib: i32,
    /// How long one run may take.
    pub timeout_seconds: i32,
    /// `arm64` or `x86_64`.
    #[serde(default = "default_architecture")]
    pub architecture: String,
    /// The layers, in order.
    #[serde(default)]
    pub layers: Vec<String>,
    /// Environment variables; they may use outputs such as `${mysql.sales.endpoint}`.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// Whether it runs inside the network, where it reaches the databases.
    #[serde(default)]
    pub in_network: bool,
    /// For how many days its log is kept.
    #[serde(default = "two_weeks")]
    pub log_retention_days: i32,
    /// What sets it off.
    pub trigger: Option<TriggerTable>,
}

/// Objects that set a function off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerTable {
    /// The bucket.
    pub bucket: String,
    /// What the key must begin with.
    #[serde(default)]
    pub prefix: String,
    /// What the key must end with.
    #[serde(default)]
    pub suffix: String,
}

fn two_weeks() -> i32 {
    14
}

/// The retention periods that CloudWatch Logs takes.
const RETENTION_DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Table for Lambda {
    const NAME: &'static str = "lambda";
    type Spec = LambdaTable;

    fn references(&self, spec: &LambdaTable) -> Vec<Reference> {
        let mut references = vec![Reference::new("role", <role::Role as Table>::NAME, &spec.role)];
        for (position, layer) in spec.layers.iter().enumerate() {
            references.push(Reference::new(format!("layers.{position}"), <Layer as Table>::NAME, layer));
        }
        for (key, value) in &spec.environment {
            references.extend(template_references(&format!("environment.{key}"), value));
        }
        if let Some(trigger) = &spec.trigger {
            references.push(Reference::new("trigger.bucket", <bucket::Bucket as Table>::NAME, &trigger.bucket));
        }
        if spec.in_network {
            references.push(Reference::new("in_network", network::Network::NAME, network::NAME));
        }
        references
    }

    fn check(&self, spec: &LambdaTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        if !(128..=10240).contains(&spec.memory_mib) {
            findings.push(Finding::error("memory_mib", "memory is from 128 to 10,240 MiB"));
        }
        if !(1..=900).contains(&spec.timeout_seconds) {
            findings.push(Finding::error("timeout_seconds", "a function runs for 1 to 900 seconds"));
        }
        if !RETENTION_DAYS.contains(&spec.log_retention_days) {
            let hint = "such as 1, 3, 5, 7, 14, 30, 60, 90 or 365";
            let message = "CloudWatch Logs does not take this number of days";
            findings.push(Finding::error("log_retention_days", message).hint(hint));
        }
        findings.extend(retired::runtime(&spec.runtime, entry.today));
        let module = spec.handler.rsplit_once('.').map(|(module, _)| module.replace('.', "/"));
        let folder = entry.all.path(&spec.code);
        if !folder.is_dir() {
            findings.push(Finding::no_such("code", "folder", &spec.code));
        } else if !module.is_some_and(|module| folder.join(format!("{module}.py")).is_file()) {
            let message = format!("`{}` does not name a function of a file in `{}`", spec.handler, spec.code);
            findings.push(Finding::error("handler", message).hint("`handler.handle` is `handle` in `handler.py`"));
        }
        findings.extend(architecture_problem(&spec.architecture));
        findings
    }

    fn unique_name(&self, spec: &LambdaTable) -> Option<String> {
        Some(spec.name.clone())
    }

    fn expand(&self, spec: &LambdaTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let name = entry.name;
        let origin = || entry.origin.clone();
        let code = entry.all.path(&spec.code);
        let group_name = format!("/aws/lambda/{}", spec.name);
        let group = log_group::Spec { name: group_name, retention_days: spec.log_retention_days };
        let network = entry.all.get::<network::Network>(network::NAME).filter(|_| spec.in_network);
        let function = function::Spec {
            name: spec.name.clone(),
            code_sha256: zip::code_sha256(&zip::zip_folder(&code, "")?),
            code,
            runtime: spec.runtime.clone(),
            handler: spec.handler.clone(),
            role: Address::new(<role::Role as Kind>::NAME, &spec.role),
            memory_mib: spec.memory_mib,
            timeout_seconds: spec.timeout_seconds,
            architecture: spec.architecture.clone(),
            layers: spec.layers.iter().map(|layer| Address::new(<Layer as Kind>::NAME, layer)).collect(),
            environment: spec.environment.clone(),
            subnets: network.map(|network| network::subnets(network, entry)).unwrap_or_default(),
            security_group: network.map(|_| Address::new("security_group", network::NAME)),
            log_group: Address::new(log_group::LogGroup::NAME, name),
        };
        let mut resources = vec![
            Resource::new(&log_group::LogGroup, name, origin(), group),
            Resource::new(&Function, name, origin(), function),
        ];
        if let Some(trigger) = &spec.trigger {
            let bucket_name = entry.all.get::<bucket::Bucket>(&trigger.bucket).map(|bucket| bucket.name.clone());
            let spec = trigger::Spec {
                bucket: Address::new(<bucket::Bucket as Kind>::NAME, &trigger.bucket),
                bucket_name: bucket_name.unwrap_or_default(),
                function: Address::new(Function::NAME, name),
                function_name: spec.name.clone(),
                prefix: trigger.prefix.clone(),
                suffix: trigger.suffix.clone(),
            };
            resources.push(Resource::new(&Trigger, name, origin(), spec));
        }
        Ok(resources)
    }
}
