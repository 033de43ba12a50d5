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
use futures::stream::{StreamExt, TryStreamExt, iter};
use serde::Serialize;
use tokio::sync::Mutex;

use super::permission::{Grant, Permitted};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::kinds::bucket;
use crate::model::{Address, Effect};
use crate::ownership::Tags;

/// How many buckets are asked side by side.
const AT_ONCE: usize = 16;

const READ: &str = "s3:GetBucketNotification";

/// The document of a bucket is read, changed and written whole, so two triggers never do that at the same time.
static WRITING: Mutex<()> = Mutex::const_new(());

/// The kind. Listing takes one call for each bucket of the stack, and one for each rule to see whether it is permitted.
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
    permitted: Permitted,
}

/// The id of the rule and of the permission: ours are known by their beginning. The name of a stack has no underscore,
/// so that of another stack never begins like it.
fn rule_id(stack: &str, function: &str) -> String {
    format!("stack_{stack}_{function}")
}

#[async_trait]
impl Kind for Trigger {
    const NAME: &'static str = "trigger";
    const LIMIT: Duration = Duration::from_secs(180);
    const OUTPUTS: &'static [&'static str] = &[];
    const TAGGED: bool = false;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("bucket", READ),
        Attribute::identity("bucket_name", READ),
        Attribute::in_place("function", READ),
        Attribute::identity("function_name", READ),
        Attribute::in_place("prefix", READ),
        Attribute::in_place("suffix", READ),
        Attribute::in_place("events", READ),
        Attribute::in_place("permission", "lambda:GetPolicy"),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(format!("{}/{}", want.bucket_name, want.function_name))
    }

    fn needs(&self, want: &Spec) -> Vec<Address> {
        vec![want.bucket.clone(), want.function.clone()]
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let bucket = format!("arn:aws:s3:::{}", want.bucket_name);
        let function = format!("arn:aws:lambda:{}:{}:function:{}", meta.region, meta.account, want.function_name);
        vec![
            Permission::new(bucket, &[READ, "s3:PutBucketNotification"]),
            Permission::new(function, &["lambda:AddPermission", "lambda:GetPolicy", "lambda:RemovePermission"]),
        ]
    }

    fn collides(&self, want: &Spec, seen: &Seen) -> bool {
        want.bucket_name == seen.bucket
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        Diff::new()
            .maybe("function", known.get(&want.function, "arn"), &seen.function, Effect::InPlace)
            .in_place("events", Event::S3ObjectCreated.as_str(), &seen.events)
            .in_place("prefix", &want.prefix, &seen.prefix)
            .in_place("suffix", &want.suffix, &seen.suffix)
            .in_place("permission", Permitted::Yes.word(), seen.permitted.word())
    }

    fn outputs(&self, _seen: &Seen) -> Outputs {
        Outputs::new()
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let declared = scope.names.keys().filter_map(|name| Some(name.split_once('/')?.0.to_owned()));
        let mut buckets: BTreeSet<String> = declared.collect();
        // A bucket whose last trigger left the file still has its rule.
        buckets.extend(bucket::ours(cx, scope).await?);
        let looks: Vec<_> = buckets.iter().map(|bucket| list_bucket(cx, bucket, &scope.stack, None)).collect();
        let found: Vec<Vec<_>> = iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some((bucket, function)) = one.name.as_deref().and_then(|name| name.split_once('/')) else {
            return Ok(None);
        };
        Ok(list_bucket(cx, bucket, &one.stack, Some(function)).await?.into_iter().next())
    }

    async fn create(&self, cx: &Cx, want: &Spec, _tags: &Tags) -> Result<(), KindError> {
        let id = rule_id(&cx.known.stack.name, &want.function_name);
        Grant { id: &id, function: &want.function_name, bucket: &want.bucket_name }.give(cx).await?;
        let filters = [(FilterRuleName::Prefix, &want.prefix), (FilterRuleName::Suffix, &want.suffix)];
        let filters = filters.into_iter().filter(|(_, value)| !value.is_empty());
        let filters: Vec<_> =
            filters.map(|(name, value)| FilterRule::builder().name(name).value(value).build()).collect();
        let key = S3KeyFilter::builder().set_filter_rules(Some(filters.clone())).build();
        let filter = NotificationConfigurationFilter::builder().key(key).build();
        let rule = LambdaFunctionConfiguration::builder()
            .id(&id)
            .lambda_function_arn(cx.known.need(&want.function, "arn")?)
            .events(Event::S3ObjectCreated)
            .set_filter((!filters.is_empty()).then_some(filter))
            .build()
            .map_err(|error| AwsError::incomplete("s3:PutBucketNotification", &error.to_string()))?;
        replace_rule(cx, &want.bucket_name, &id, Some(rule)).await
    }

    async fn update(&self, cx: &Cx, want: &Spec, _seen: &Seen, _diff: &Diff) -> Result<(), KindError> {
        self.create(cx, want, &Tags::default()).await
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        replace_rule(cx, &seen.bucket, &seen.rule, None).await?;
        Grant { id: &seen.rule, function: &seen.function_name, bucket: &seen.bucket }.take(cx).await
    }
}

/// Returns the stack's rules of one bucket, or only the one for `only`. The id of a rule ends with the function, also
/// of one that is not declared any more.
async fn list_bucket(cx: &Cx, bucket: &str, stack: &str, only: Option<&str>) -> Result<Vec<Found<Seen>>, KindError> {
    let Some(document) = document(cx, bucket).await? else { return Ok(vec![]) };
    let mut found = vec![];
    for rule in document.lambda_function_configurations.unwrap_or_default() {
        let id = rule.id.clone().unwrap_or_default();
        let Some(function) = id.strip_prefix(&rule_id(stack, "")) else { continue };
        if only.is_some_and(|only| only != function) {
            continue;
        }
        let permitted = Grant { id: &id, function, bucket }.look(cx).await?;
        let seen = observe(bucket, function, rule, permitted);
        found.push(Found { name: format!("{bucket}/{function}"), tags: Tags::default(), seen });
    }
    Ok(found)
}

fn observe(bucket: &str, function_name: &str, rule: LambdaFunctionConfiguration, permitted: Permitted) -> Seen {
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
        permitted,
    }
}

/// Reads the rules of a bucket; one that is gone, or belongs to somebody else, has none of ours.
async fn document(cx: &Cx, bucket: &str) -> Result<Option<GetBucketNotificationConfigurationOutput>, KindError> {
    let call = cx.aws.s3.get_bucket_notification_configuration().bucket(bucket);
    let call = call.expected_bucket_owner(&cx.known.stack.account);
    match call.send().await.named(READ) {
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if error.trouble == Trouble::Denied && !bucket::is_own(cx, bucket).await? => Ok(None),
        outcome => Ok(Some(outcome?)),
    }
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
    let _alone = WRITING.lock().await;
    let Some(document) = document(cx, bucket).await? else { return Ok(()) };
    let rules = document.lambda_function_configurations.unwrap_or_default();
    if rule.is_none() && !rules.iter().any(|other| other.id.as_deref() == Some(id)) {
        return Ok(());
    }
    let rules = rules.into_iter().filter(|other| other.id.as_deref() != Some(id)).map(with_lower_case_names);
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
