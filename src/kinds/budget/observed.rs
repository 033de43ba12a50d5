//! What AWS reports of a budget.

use std::collections::BTreeMap;

use aws_sdk_budgets::types::{Budget, Notification, Subscriber, ThresholdType};

use super::alerts::{self, Alert, SeenAlert};
use super::kind::Covers;
use super::limit::MonthlyLimit;

/// What a budget that is declared here measures, and over what time.
pub(super) const PERIOD: &str = "monthly cost";

/// The filter that keeps the costs of what carries a tag.
pub(super) const TAG_FILTER: &str = "TagKeyValue";

/// What is observed of a budget.
#[derive(Debug)]
pub struct Seen {
    pub(super) name: String,
    /// The amount, with its unit if that is not US dollars.
    pub(super) limit: String,
    pub(super) period: String,
    pub(super) filters: BTreeMap<String, Vec<String>>,
    pub(super) alerts: Vec<SeenAlert>,
}

impl Seen {
    /// Reads a budget without its alerts.
    #[expect(deprecated, reason = "the new form of filters is shown only on demand, and never beside the old one")]
    pub(super) fn of(budget: &Budget) -> Self {
        let limit = budget.budget_limit().map_or_else(String::new, |limit| {
            let amount = MonthlyLimit::parse(limit.amount()).map(|amount| amount.to_string());
            let amount = amount.unwrap_or_else(|| limit.amount().to_owned());
            if limit.unit() == "USD" { amount } else { format!("{amount} {}", limit.unit()) }
        });
        let period = format!("{} {}", budget.time_unit(), budget.budget_type()).to_lowercase();
        let filters = budget.cost_filters().into_iter().flatten().map(|(key, values)| (key.clone(), values.clone()));
        Self { name: budget.budget_name().to_owned(), limit, period, filters: filters.collect(), alerts: vec![] }
    }

    /// Returns whose costs it counts, as plans show it.
    pub(super) fn covers(&self, stack: &str) -> String {
        let known = [Covers::Account, Covers::Stack].into_iter().find(|covers| self.filters == covers.filters(stack));
        let filter = |(key, values): (&String, &Vec<String>)| format!("{key}: {}", alerts::joined(values));
        known.map_or_else(|| self.filters.iter().map(filter).collect::<Vec<_>>().join("; "), |one| one.to_string())
    }
}

/// Reads an alert.
pub(super) fn alert(notification: &Notification) -> Alert {
    Alert {
        kind: notification.notification_type().as_str().to_owned(),
        comparison: notification.comparison_operator().as_str().to_owned(),
        threshold: notification.threshold(),
        // AWS takes one that is not said for a percentage.
        unit: notification.threshold_type().map_or("PERCENTAGE", ThresholdType::as_str).to_owned(),
    }
}

/// Reads who is written to.
pub(super) fn subscriber(subscriber: &Subscriber) -> alerts::Subscriber {
    let (kind, address) = (subscriber.subscription_type().as_str().to_owned(), subscriber.address().to_owned());
    alerts::Subscriber { kind, address }
}
