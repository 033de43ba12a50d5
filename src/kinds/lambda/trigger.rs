//! What sets a function off: the bucket's notification rule and the permission that lets S3 invoke the function.
//!
//! A bucket has one document of rules; other people's rules in it are kept.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, S3KeyFilter,
};
use serde::Serialize;

use crate::aws::{AwsError, Sorted};
use crate::kinds::base::{Cx, Diff, Found, Kind, KindError, Known, Outputs, Scope};
use crate::model::{Address, Effect};
use crate::ownership::Tags;

/// The kind.
pub struct Trigger;

/// What is declared of it.
#[derive(Debug, Serialize)]
pub struct Spec {
    /// The bucket.
    pub bucket: Address,
    /// The bucket's name.
    pub bucket_name: String,
    /// The function.
    pub function: Address,
    /// The function's name.
    pub function_name: String,
    /// What the key must begin with.
    pub prefix: String,
    /// What the key must end with.
    pub suffix: String,
}

/// What is observed of it.
#[derive(Debug)]
pub struct Seen {
    bucket: String,
    rule: String,
    function: String,
    function_name: String,
    prefix: String,
    suffix: String,
    events: String,
    is_permitted: bool,
}

/// The id of the rule and of the permission: ours are known by their beginning.
fn rule_id(stack: &str, function: &str) -> String {
    format!("stack-{stack}-{function}")
}

#[async_trait]
impl Kind for Trigger {
    const NAME: &'static str = "trigger";
    const LIMIT: Duration = Duration::from_secs(180);
    const OUTPUTS: &'static [&'static str] = &[];
    const TAGGED: bool = false;
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(format!("{}/{}", want.bucket_name, want.function_name))
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.bucket.clone(), want.function.clone()]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        Diff::new()
            .maybe("function", known.get(&want.function, "arn"), &seen.function, Effect::InPlace)
            .in_place("events", Event::S3ObjectCreated.as_str(), &seen.events)
            .in_place("prefix", &want.prefix, &seen.prefix)
            .in_place("suffix", &want.suffix, &seen.suffix)
            .in_place("permission", true, seen.is_permitted)
    }

    fn outputs(&self, _seen: &Seen) -> Outputs {
        Outputs::new()
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let mut found = vec![];
        let buckets: BTreeSet<&str> = scope.names.iter().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        for bucket in buckets {
            let Some(document) = document(cx, bucket).await? else { continue };
            for rule in document.lambda_function_configurations.unwrap_or_default() {
                // The id of our rules ends with the function, also of one that is not declared any more.
                let id = rule.id.clone().unwrap_or_default();
                let Some(function) = id.strip_prefix(&rule_id(&scope.stack, "")) else { continue };
                let is_permitted = is_permitted(cx, function, &id).await?;
                let seen = observe(bucket, function, rule, is_permitted);
                found.push(Found { name: format!("{bucket}/{function}"), tags: Tags::default(), seen });
            }
        }
        Ok(found)
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        permit(cx, want).await?;
        let id = rule_id(&cx.known.stack.name, &want.function_name);
        let mut filter = S3KeyFilter::builder();
        for (name, value) in [(FilterRuleName::Prefix, &want.prefix), (FilterRuleName::Suffix, &want.suffix)] {
            filter = filter.filter_rules(FilterRule::builder().name(name).value(value).build());
        }
        let rule = LambdaFunctionConfiguration::builder()
            .id(&id)
            .lambda_function_arn(cx.known.need(&want.function, "arn")?)
            .events(Event::S3ObjectCreated)
            .filter(NotificationConfigurationFilter::builder().key(filter.build()).build())
            .build()
            .map_err(|error| AwsError::incomplete("s3:PutBucketNotification", &error.to_string()))?;
        replace_rule(cx, &want.bucket_name, &id, Some(rule)).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        replace_rule(cx, &seen.bucket, &seen.rule, None).await?;
        let call = cx.aws.lambda.remove_permission().function_name(&seen.function_name).statement_id(&seen.rule);
        match call.send().await.named("lambda:RemovePermission") {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn observe(bucket: &str, function_name: &str, rule: LambdaFunctionConfiguration, is_permitted: bool) -> Seen {
    let filters = rule.filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules).unwrap_or_default();
    // S3 may return `Prefix` for what was sent as `prefix`.
    let value = |wanted: &str| {
        let named =
            |rule: &&FilterRule| rule.name.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case(wanted));
        filters.iter().find(named).and_then(|rule| rule.value.clone()).unwrap_or_default()
    };
    Seen {
        bucket: bucket.to_owned(),
        rule: rule.id.clone().unwrap_or_default(),
        function: rule.lambda_function_arn,
        function_name: function_name.to_owned(),
        prefix: value("prefix"),
        suffix: value("suffix"),
        events: rule.events.iter().map(Event::as_str).collect::<Vec<_>>().join(", "),
        is_permitted,
    }
}

async fn document(cx: &Cx, bucket: &str) -> Result<Option<GetBucketNotificationConfigurationOutput>, KindError> {
    let call = cx.aws.s3.get_bucket_notification_configuration().bucket(bucket);
    match call.send().await.named("s3:GetBucketNotification") {
        Err(error) if error.is_not_found() => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
}

async fn is_permitted(cx: &Cx, function: &str, id: &str) -> Result<bool, KindError> {
    match cx.aws.lambda.get_policy().function_name(function).send().await.named("lambda:GetPolicy") {
        Ok(answer) => {
            let policy: serde_json::Value =
                serde_json::from_str(&answer.policy.unwrap_or_default()).unwrap_or_default();
            let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
            Ok(statements.iter().any(|statement| statement["Sid"] == id))
        }
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// S3 asks whether it may invoke the function at the moment the rule is put, so the permission comes first.
async fn permit(cx: &Cx, want: &Spec) -> Result<(), KindError> {
    let id = rule_id(&cx.known.stack.name, &want.function_name);
    if is_permitted(cx, &want.function_name, &id).await? {
        return Ok(());
    }
    let call = cx
        .aws
        .lambda
        .add_permission()
        .function_name(&want.function_name)
        .statement_id(id)
        .action("lambda:InvokeFunction")
        .principal("s3.amazonaws.com")
        .source_arn(format!("arn:aws:s3:::{}", want.bucket_name))
        .source_account(&cx.known.stack.account);
    call.send().await.named("lambda:AddPermission")?;
    Ok(())
}

/// S3 answers with `Prefix` where it takes only `prefix`.
fn with_lower_case_names(mut rule: LambdaFunctionConfiguration) -> LambdaFunctionConfiguration {
    let key = rule.filter.as_mut().and_then(|filter| filter.key.as_mut());
    for one in key.and_then(|key| key.filter_rules.as_mut()).into_iter().flatten() {
        one.name = one.name.take().map(|name| FilterRuleName::from(name.as_str().to_lowercase().as_str()));
    }
    rule
}

/// Writes the whole document again, with our rule changed and every other one as it was.
async fn replace_rule(
    cx: &Cx,
    bucket: &str,
    id: &str,
    rule: Option<LambdaFunctionConfiguration>,
) -> Result<(), KindError> {
    let Some(document) = document(cx, bucket).await? else { return Ok(()) };
    let rules = document.lambda_function_configurations.unwrap_or_default().into_iter();
    let rules = rules.filter(|other| other.id.as_deref() != Some(id)).map(with_lower_case_names);
    let rules: Vec<_> = rules.chain(rule).collect();
    let configuration = NotificationConfiguration::builder()
        .set_topic_configurations(document.topic_configurations)
        .set_queue_configurations(document.queue_configurations)
        .set_event_bridge_configuration(document.event_bridge_configuration)
        .set_lambda_function_configurations(Some(rules))
        .build();
    let call = cx.aws.s3.put_bucket_notification_configuration().bucket(bucket);
    call.notification_configuration(configuration).send().await.named("s3:PutBucketNotification")?;
    Ok(())
}
