//! Notifications and subscribers.

use serde_json::{Value, json};

use super::check::{self, required};
use super::service::{Answer, BUDGET, Budgets, EVERYWHERE, absent, cut};
use crate::localcloud::refusal::Refusal;

impl Budgets {
    pub(super) fn create_notification(&self, input: &Value) -> Answer {
        self.edit_alerts(input, "create notification", |alerts| {
            check::add_alert(alerts, &input["Notification"], &input["Subscribers"])
        })
    }

    pub(super) fn update_notification(&self, input: &Value) -> Answer {
        let (old, new) =
            (check::notification(&input["OldNotification"])?, check::notification(&input["NewNotification"])?);
        self.edit_alerts(input, "update notification", |alerts| {
            if old != new && find(alerts, &new).is_ok() {
                return Err(Refusal::new("DuplicateRecordException", "Duplicate notifications are not allowed."));
            }
            find(alerts, &old)?["Notification"] = new;
            Ok(())
        })
    }

    pub(super) fn delete_notification(&self, input: &Value) -> Answer {
        let old = check::notification(&input["Notification"])?;
        self.edit_alerts(input, "delete notification", |alerts| {
            find(alerts, &old)?;
            remove(alerts, &old);
            Ok(())
        })
    }

    pub(super) fn describe_notifications(&self, input: &Value) -> Answer {
        let document = self.budget(input, "get notifications")?;
        let alerts = document["Alerts"].as_array().into_iter().flatten();
        let (shown, next) = cut(alerts.map(|one| one["Notification"].clone()).collect(), input, 100);
        Ok(json!({ "Notifications": shown, "NextToken": next }))
    }

    pub(super) fn create_subscriber(&self, input: &Value) -> Answer {
        self.edit_subscribers(input, "create subscriber", |list| check::add_subscriber(list, &input["Subscriber"]))
    }

    pub(super) fn update_subscriber(&self, input: &Value) -> Answer {
        let (old, new) = (check::subscriber(&input["OldSubscriber"])?, check::subscriber(&input["NewSubscriber"])?);
        self.edit_subscribers(input, "update subscriber", |list| {
            let place = list.iter().position(|one| *one == old).ok_or_else(no_subscriber)?;
            let taken = list.remove(place);
            let added = check::add_subscriber(list, &new);
            if added.is_err() {
                list.insert(place, taken);
            }
            added
        })
    }

    /// Takes somebody off an alert; the last one takes the alert along.
    pub(super) fn delete_subscriber(&self, input: &Value) -> Answer {
        let (alert, old) = (check::notification(&input["Notification"])?, check::subscriber(&input["Subscriber"])?);
        self.edit_alerts(input, "delete subscriber", |alerts| {
            let one = find(alerts, &alert)?;
            let Some(list) = one["Subscribers"].as_array_mut() else { return Err(no_subscriber()) };
            let place = list.iter().position(|one| *one == old).ok_or_else(no_subscriber)?;
            list.remove(place);
            if list.is_empty() {
                remove(alerts, &alert);
            }
            Ok(())
        })
    }

    pub(super) fn describe_subscribers(&self, input: &Value) -> Answer {
        let alert = check::notification(&input["Notification"])?;
        let mut document = self.budget(input, "get subscribers")?;
        let subscribers = find(&mut document["Alerts"], &alert)?["Subscribers"].as_array().cloned();
        let (shown, next) = cut(subscribers.unwrap_or_default(), input, 100);
        Ok(json!({ "Subscribers": shown, "NextToken": next }))
    }

    fn edit_subscribers(
        &self,
        input: &Value,
        attempt: &str,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), Refusal>,
    ) -> Answer {
        let alert = check::notification(&input["Notification"])?;
        self.edit_alerts(input, attempt, |alerts| {
            find(alerts, &alert)?["Subscribers"].as_array_mut().map_or_else(|| Err(no_subscriber()), change)
        })
    }

    fn edit_alerts(
        &self,
        input: &Value,
        attempt: &str,
        change: impl FnOnce(&mut Value) -> Result<(), Refusal>,
    ) -> Answer {
        let name = required(input, "BudgetName")?;
        let changed = self.documents.edit(EVERYWHERE, BUDGET, name, |document| change(&mut document["Alerts"]));
        changed.ok_or_else(|| absent(attempt, name))?.map(|()| json!({}))
    }
}

fn find<'a>(alerts: &'a mut Value, alert: &Value) -> Result<&'a mut Value, Refusal> {
    let found = alerts.as_array_mut().into_iter().flatten().find(|one| one["Notification"] == *alert);
    found.ok_or_else(|| Refusal::new("NotFoundException", "The notification doesn't exist."))
}

fn remove(alerts: &mut Value, alert: &Value) {
    if let Some(list) = alerts.as_array_mut() {
        list.retain(|one| one["Notification"] != *alert);
    }
}

fn no_subscriber() -> Refusal {
    Refusal::new("NotFoundException", "The subscriber doesn't exist.")
}
