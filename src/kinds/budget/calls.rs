//! The calls to AWS Budgets.

use aws_sdk_budgets::error::BuildError;
use aws_sdk_budgets::types::{
    self, BudgetType, Notification, NotificationWithSubscribers, ResourceTag, Spend, Subscriber, TimeUnit,
};

use super::alerts::{self, Alert, SeenAlert, Step};
use super::kind::Spec;
use super::observed::{self, Seen};
use crate::aws::{AwsError, Sorted, Trouble};
use crate::kinds::base::{Cx, Meta};
use crate::kinds::present::present;
use crate::ownership::Tags;

/// Reads budgets and their alerts, as IAM names it.
pub(super) const VIEW: &str = "budgets:ViewBudget";

/// Makes, changes and deletes budgets and their alerts, as IAM names it.
pub(super) const MODIFY: &str = "budgets:ModifyBudget";

/// Reads the tags of a budget.
pub(super) const LIST_TAGS: &str = "budgets:ListTagsForResource";

/// Budgets belong to no region.
pub(super) fn arn(meta: &Meta, name: &str) -> String {
    format!("arn:aws:budgets::{}:budget/{name}", meta.account)
}

fn account(cx: &Cx) -> &str {
    &cx.known.stack.account
}

fn unbuilt(error: BuildError) -> AwsError {
    AwsError::incomplete(MODIFY, &error.to_string())
}

/// Lists the budgets of the account, all pages, without their alerts.
pub(super) async fn all(cx: &Cx) -> Result<Vec<Seen>, AwsError> {
    let mut pages = cx.aws.budgets.describe_budgets().account_id(account(cx)).into_paginator().items().send();
    let mut all = vec![];
    while let Some(budget) = pages.next().await {
        // An account that never had one may be told so.
        match present(budget.named(VIEW))? {
            Some(budget) => all.push(Seen::of(&budget)),
            None => break,
        }
    }
    Ok(all)
}

/// Reads one budget without its alerts.
pub(super) async fn one(cx: &Cx, name: &str) -> Result<Option<Seen>, AwsError> {
    let call = cx.aws.budgets.describe_budget().account_id(account(cx)).budget_name(name);
    let answer = present(call.send().await.named(VIEW))?;
    Ok(answer.and_then(|answer| answer.budget).as_ref().map(Seen::of))
}

/// Reads the alerts of a budget: one call, and one for each alert.
pub(super) async fn alerts_of(cx: &Cx, name: &str) -> Result<Vec<SeenAlert>, AwsError> {
    let call = cx.aws.budgets.describe_notifications_for_budget().account_id(account(cx)).budget_name(name);
    let mut pages = call.into_paginator().items().send();
    let mut alerts = vec![];
    while let Some(notification) = pages.next().await {
        let Some(notification) = present(notification.named(VIEW))? else { break };
        let alert = observed::alert(&notification);
        let subscribers = subscribers_of(cx, name, &alert).await?;
        alerts.push(SeenAlert { alert, subscribers });
    }
    Ok(alerts)
}

async fn subscribers_of(cx: &Cx, name: &str, alert: &Alert) -> Result<Vec<alerts::Subscriber>, AwsError> {
    let call = cx.aws.budgets.describe_subscribers_for_notification().account_id(account(cx)).budget_name(name);
    let mut pages = call.notification(notification(alert)?).into_paginator().items().send();
    let mut subscribers = vec![];
    while let Some(subscriber) = pages.next().await {
        match present(subscriber.named(VIEW))? {
            Some(subscriber) => subscribers.push(observed::subscriber(&subscriber)),
            None => break,
        }
    }
    Ok(subscribers)
}

/// Reads the tags of a budget; one that is gone has none.
pub(super) async fn tags_of(cx: &Cx, name: &str) -> Result<Tags, AwsError> {
    let call = cx.aws.budgets.list_tags_for_resource().resource_arn(arn(&cx.known.stack, name));
    let answer = present(call.send().await.named(LIST_TAGS))?;
    let tags = answer.and_then(|answer| answer.resource_tags).unwrap_or_default().into_iter();
    Ok(Tags::collect(tags.map(|tag| (Some(tag.key), Some(tag.value)))))
}

/// Makes a budget with its alerts and tags in one call.
pub(super) async fn create(cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), AwsError> {
    let mut call = cx.aws.budgets.create_budget().account_id(account(cx)).budget(budget(cx, want)?);
    for alert in alerts::declared(&want.notify) {
        let one = NotificationWithSubscribers::builder().notification(notification(&alert)?);
        let one = one.set_subscribers(Some(subscribers(&alerts::by_email(&want.notify))?));
        call = call.notifications_with_subscribers(one.build().map_err(unbuilt)?);
    }
    call.set_resource_tags(Some(tag_list(tags)?)).send().await.named(MODIFY)?;
    Ok(())
}

/// Replaces what a budget measures. AWS then counts what was spent anew.
pub(super) async fn update(cx: &Cx, want: &Spec) -> Result<(), AwsError> {
    let call = cx.aws.budgets.update_budget().account_id(account(cx)).new_budget(budget(cx, want)?);
    call.send().await.named(MODIFY)?;
    Ok(())
}

/// Carries out one step; safe to repeat.
pub(super) async fn carry_out(cx: &Cx, name: &str, step: &Step) -> Result<(), AwsError> {
    let (budgets, account) = (&cx.aws.budgets, account(cx));
    let done = match step {
        Step::Remove(alert) => {
            let call = budgets.delete_notification().account_id(account).budget_name(name);
            call.notification(notification(alert)?).send().await.named(MODIFY).map(drop)
        }
        Step::Add(alert, to) => {
            let call = budgets.create_notification().account_id(account).budget_name(name);
            let call = call.notification(notification(alert)?).set_subscribers(Some(subscribers(to)?));
            call.send().await.named(MODIFY).map(drop)
        }
        Step::Unsubscribe(alert, from) => {
            let call = budgets.delete_subscriber().account_id(account).budget_name(name);
            let call = call.notification(notification(alert)?).subscriber(subscriber(from)?);
            call.send().await.named(MODIFY).map(drop)
        }
        Step::Subscribe(alert, to) => {
            let call = budgets.create_subscriber().account_id(account).budget_name(name);
            let call = call.notification(notification(alert)?).subscriber(subscriber(to)?);
            call.send().await.named(MODIFY).map(drop)
        }
    };
    match (step, done) {
        (Step::Remove(_) | Step::Unsubscribe(..), Err(error)) if error.trouble == Trouble::NotFound => Ok(()),
        (Step::Add(..) | Step::Subscribe(..), Err(error)) if error.trouble == Trouble::Exists => Ok(()),
        (_, done) => done,
    }
}

/// Adds or changes tags and removes the keys `gone`.
pub(super) async fn retag(cx: &Cx, name: &str, tags: &Tags, gone: &[String]) -> Result<(), AwsError> {
    let arn = arn(&cx.known.stack, name);
    if !gone.is_empty() {
        let call = cx.aws.budgets.untag_resource().resource_arn(&arn).set_resource_tag_keys(Some(gone.to_vec()));
        call.send().await.named("budgets:UntagResource")?;
    }
    let call = cx.aws.budgets.tag_resource().resource_arn(&arn).set_resource_tags(Some(tag_list(tags)?));
    call.send().await.named("budgets:TagResource")?;
    Ok(())
}

/// Deletes a budget with its alerts.
pub(super) async fn delete(cx: &Cx, name: &str) -> Result<(), AwsError> {
    let call = cx.aws.budgets.delete_budget().account_id(account(cx)).budget_name(name);
    present(call.send().await.named(MODIFY)).map(drop)
}

#[expect(deprecated, reason = "a budget is read with its filters only where they are of the old form")]
fn budget(cx: &Cx, want: &Spec) -> Result<types::Budget, AwsError> {
    let limit = Spend::builder().amount(want.usd_per_month.to_string()).unit("USD").build().map_err(unbuilt)?;
    let filters = want.covers.filters(&cx.known.stack.name).into_iter().collect();
    let budget = types::Budget::builder()
        .budget_name(&want.name)
        .budget_type(BudgetType::Cost)
        .time_unit(TimeUnit::Monthly)
        .budget_limit(limit)
        .set_cost_filters(Some(filters));
    budget.build().map_err(unbuilt)
}

fn notification(alert: &Alert) -> Result<Notification, AwsError> {
    let built = Notification::builder()
        .notification_type(alert.kind.as_str().into())
        .comparison_operator(alert.comparison.as_str().into())
        .threshold(alert.threshold)
        .threshold_type(alert.unit.as_str().into());
    built.build().map_err(unbuilt)
}

fn subscribers(list: &[alerts::Subscriber]) -> Result<Vec<Subscriber>, AwsError> {
    list.iter().map(subscriber).collect()
}

fn subscriber(one: &alerts::Subscriber) -> Result<Subscriber, AwsError> {
    let built = Subscriber::builder().subscription_type(one.kind.as_str().into()).address(&one.address);
    built.build().map_err(unbuilt)
}

fn tag_list(tags: &Tags) -> Result<Vec<ResourceTag>, AwsError> {
    tags.pairs().map(|(key, value)| ResourceTag::builder().key(key).value(value).build().map_err(unbuilt)).collect()
}
