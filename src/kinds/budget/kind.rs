//! The kind.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::limit::MonthlyLimit;
use super::observed::{PERIOD, Seen, TAG_FILTER};
use super::{alerts, calls};
use crate::aws::Trouble;
use crate::kinds::base::{Attribute, Cx, Diff, Found, Kind, KindError, Known, Meta, One, Outputs, Permission, Scope};
use crate::kinds::present::readable;
use crate::ownership::Tags;

/// The most addresses to which AWS sends one alert.
pub const MOST_ADDRESSES: usize = 10;

/// An AWS Budget. Listing takes one call, and for a budget that is declared or has the name that this stack's would
/// have, one for its tags, one for its alerts and one for the addresses of each.
pub struct Budget;

/// What is declared of it.
#[derive(Debug, Clone, Serialize)]
pub struct Spec {
    /// Its name, which AWS cannot change; see [`name`].
    pub name: String,
    /// How much may be spent in a month of the calendar.
    pub usd_per_month: MonthlyLimit,
    /// Whom AWS writes to when 80 % or all of it are spent, or will be by the end of the month; at most
    /// [`MOST_ADDRESSES`].
    pub notify: Vec<String>,
    /// Whose costs count.
    pub covers: Covers,
}

/// Whose costs a budget counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Covers {
    /// All of the account.
    #[default]
    Account,
    /// What carries the stack's tag `stack:name`. AWS counts it only once the tag is activated as a cost allocation tag
    /// in the account's billing preferences.
    Stack,
}

impl Covers {
    /// Returns the filters, as AWS writes them.
    pub(super) fn filters(self, stack: &str) -> BTreeMap<String, Vec<String>> {
        match self {
            Self::Account => BTreeMap::new(),
            Self::Stack => BTreeMap::from([(TAG_FILTER.to_owned(), vec![format!("user:stack:name${stack}")])]),
        }
    }
}

impl fmt::Display for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Stack => "stack",
        })
    }
}

/// Returns the name of the one budget of a stack, by which it is found again after it left the file.
pub fn name(stack: &str) -> String {
    format!("stack-{stack}")
}

#[async_trait]
impl Kind for Budget {
    const NAME: &'static str = "budget";
    const LIMIT: Duration = Duration::from_secs(60);
    const OUTPUTS: &'static [&'static str] = &["name"];
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::identity("name", calls::VIEW),
        Attribute::in_place("usd_per_month", calls::VIEW),
        Attribute::in_place("period", calls::VIEW),
        Attribute::in_place("covers", calls::VIEW),
        Attribute::in_place("alerts", calls::VIEW),
        Attribute::in_place("notify", calls::VIEW),
    ];
    type Spec = Spec;
    type Seen = Seen;

    fn identity(&self, want: &Spec) -> Option<String> {
        Some(want.name.clone())
    }

    fn permissions(&self, want: &Spec, meta: &Meta) -> Vec<Permission> {
        let actions = [calls::MODIFY, calls::LIST_TAGS, "budgets:TagResource", "budgets:UntagResource"];
        vec![
            Permission::new(calls::arn(meta, "*"), &[calls::VIEW]),
            Permission::new(calls::arn(meta, &want.name), &actions),
        ]
    }

    fn diff(&self, want: &Spec, seen: &Seen, known: &Known) -> Diff {
        let labels = |alerts: Vec<&alerts::Alert>| alerts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let declared = alerts::declared(&want.notify);
        let there = labels(seen.alerts.iter().map(|one| &one.alert).collect());
        Diff::new()
            .in_place("usd_per_month", want.usd_per_month, &seen.limit)
            .in_place("period", PERIOD, &seen.period)
            .in_place("covers", want.covers, seen.covers(&known.stack.name))
            .unordered("alerts", &labels(declared.iter().collect()), &there)
            .in_place("notify", alerts::joined(&want.notify), alerts::reached(&want.notify, &seen.alerts))
    }

    fn outputs(&self, seen: &Seen) -> Outputs {
        Outputs::from([("name", seen.name.clone())])
    }

    async fn list(&self, cx: &Cx, scope: &Scope) -> Result<Vec<Found<Seen>>, KindError> {
        let all = calls::all(cx).await;
        // Many who deploy stacks may not look into billing: who declares no budget need not.
        let all = if scope.names.is_empty() { readable(all)?.unwrap_or_default() } else { all? };
        let mut found = vec![];
        for seen in all.into_iter().filter(|seen| scope.declares(&seen.name) || seen.name == name(&scope.stack)) {
            let tags = calls::tags_of(cx, &seen.name).await?;
            if scope.covers(&seen.name, &tags) {
                found.push(with_alerts(cx, seen, tags).await?);
            }
        }
        Ok(found)
    }

    async fn read(&self, cx: &Cx, one: &One) -> Result<Option<Found<Seen>>, KindError> {
        let Some(name) = &one.name else { return Ok(None) };
        let Some(seen) = calls::one(cx, name).await? else { return Ok(None) };
        let tags = calls::tags_of(cx, name).await?;
        Ok(Some(with_alerts(cx, seen, tags).await?))
    }

    async fn create(&self, cx: &Cx, want: &Spec, tags: &Tags) -> Result<(), KindError> {
        match calls::create(cx, want, tags).await {
            Err(error) if error.trouble != Trouble::Exists => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn update(&self, cx: &Cx, want: &Spec, seen: &Seen, diff: &Diff) -> Result<(), KindError> {
        if diff.has_any(&["usd_per_month", "period", "covers"]) {
            calls::update(cx, want).await?;
        }
        for step in alerts::steps(&want.notify, &seen.alerts) {
            calls::carry_out(cx, &want.name, &step).await?;
        }
        Ok(())
    }

    async fn retag(&self, cx: &Cx, seen: &Seen, tags: &Tags, gone: &[String]) -> Result<(), KindError> {
        Ok(calls::retag(cx, &seen.name, tags, gone).await?)
    }

    async fn delete(&self, cx: &Cx, seen: &Seen) -> Result<(), KindError> {
        Ok(calls::delete(cx, &seen.name).await?)
    }
}

async fn with_alerts(cx: &Cx, mut seen: Seen, tags: Tags) -> Result<Found<Seen>, KindError> {
    seen.alerts = calls::alerts_of(cx, &seen.name).await?;
    Ok(Found { name: seen.name.clone(), tags, seen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::budget::alerts::{Alert, SeenAlert};

    fn known() -> Known {
        Known::new(Meta { name: "shop".to_owned(), ..Meta::default() })
    }

    fn want(covers: Covers) -> Spec {
        let usd_per_month = MonthlyLimit::from_usd(50.0).unwrap();
        Spec { name: name("shop"), usd_per_month, notify: vec!["ana@example.com".to_owned()], covers }
    }

    fn seen() -> Seen {
        let subscribers = alerts::by_email(&want(Covers::Stack).notify);
        let alerts = alerts::declared(&want(Covers::Stack).notify).into_iter();
        Seen {
            name: name("shop"),
            limit: "50".to_owned(),
            period: PERIOD.to_owned(),
            filters: Covers::Stack.filters("shop"),
            alerts: alerts.map(|alert| SeenAlert { alert, subscribers: subscribers.clone() }).collect(),
        }
    }

    fn changes(covers: Covers, seen: &Seen) -> Vec<String> {
        let diff = Budget.diff(&want(covers), seen, &known());
        diff.0.iter().map(|one| format!("{}: {} -> {}", one.field, one.seen, one.want.clone().unwrap())).collect()
    }

    #[test]
    fn the_budget_of_a_stack_counts_what_carries_its_tag() {
        assert_eq!(seen().filters[TAG_FILTER], ["user:stack:name$shop"]);
        assert_eq!(changes(Covers::Stack, &seen()), Vec::<String>::new());
        assert_eq!(changes(Covers::Account, &seen()), ["covers: stack -> account"]);
    }

    #[test]
    fn what_somebody_changed_by_hand_is_seen() {
        let mut seen = seen();
        seen.limit = "80 EUR".to_owned();
        seen.period = "quarterly usage".to_owned();
        seen.filters.insert("Service".to_owned(), vec!["Amazon Redshift".to_owned()]);
        seen.alerts[1].subscribers.clear();
        let alert = Alert {
            comparison: "EQUAL_TO".to_owned(),
            unit: "ABSOLUTE_VALUE".to_owned(),
            ..seen.alerts[2].alert.clone()
        };
        seen.alerts[2].alert = alert;
        assert_eq!(
            changes(Covers::Stack, &seen),
            [
                "usd_per_month: 80 EUR -> 50",
                "period: quarterly usage -> monthly cost",
                "covers: Service: Amazon Redshift; TagKeyValue: user:stack:name$shop -> stack",
                "alerts: actual over 100 %, actual over 80 %, forecasted at 100 USD -> actual over 100 %, actual over 80 \
                 %, forecasted over 100 %",
                "notify:  -> ana@example.com",
            ]
        );
    }
}
