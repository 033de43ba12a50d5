//! The alerts of a budget, and the smallest steps from those that are to those that should be. Pure.

use std::fmt;

/// One rule by which AWS writes to people.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alert {
    /// `ACTUAL` or `FORECASTED`.
    pub(super) kind: String,
    /// `GREATER_THAN`, `LESS_THAN` or `EQUAL_TO`.
    pub(super) comparison: String,
    /// In percent, or in the budget's own unit.
    pub(super) threshold: f64,
    /// `PERCENTAGE` or `ABSOLUTE_VALUE`.
    pub(super) unit: String,
}

/// Who is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subscriber {
    /// `EMAIL` or `SNS`.
    pub(super) kind: String,
    /// The address or the topic.
    pub(super) address: String,
}

/// An alert that exists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SeenAlert {
    pub(super) alert: Alert,
    pub(super) subscribers: Vec<Subscriber>,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Deletes an alert.
    Remove(Alert),
    /// Makes an alert with its addresses.
    Add(Alert, Vec<Subscriber>),
    /// Takes somebody off an alert.
    Unsubscribe(Alert, Subscriber),
    /// Puts somebody on an alert.
    Subscribe(Alert, Subscriber),
}

impl Alert {
    /// An alert when a part of the limit is passed.
    fn over(kind: &str, percent: f64) -> Self {
        let (kind, comparison, unit) = (kind.to_owned(), "GREATER_THAN".to_owned(), "PERCENTAGE".to_owned());
        Self { kind, comparison, threshold: percent, unit }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = match self.comparison.as_str() {
            "GREATER_THAN" => "over",
            "LESS_THAN" => "under",
            _ => "at",
        };
        let unit = if self.unit == "ABSOLUTE_VALUE" { "USD" } else { "%" };
        write!(f, "{} {comparison} {} {unit}", self.kind.to_lowercase(), self.threshold)
    }
}

/// Returns the alerts that a budget has: none without anybody to write to.
pub(super) fn declared(notify: &[String]) -> Vec<Alert> {
    if notify.is_empty() {
        return vec![];
    }
    vec![Alert::over("ACTUAL", 80.0), Alert::over("ACTUAL", 100.0), Alert::over("FORECASTED", 100.0)]
}

/// Returns the addresses as subscribers.
pub(super) fn by_email(notify: &[String]) -> Vec<Subscriber> {
    notify.iter().map(|address| Subscriber { kind: "EMAIL".to_owned(), address: address.clone() }).collect()
}

/// Returns whom the alerts reach, as plans show it: those of the first declared alert with others than declared.
pub(super) fn reached(notify: &[String], seen: &[SeenAlert]) -> String {
    let addresses = |alert: &SeenAlert| {
        let list: Vec<String> = alert.subscribers.iter().map(|one| one.address.clone()).collect();
        joined(&list)
    };
    let declared = declared(notify);
    let known = seen.iter().filter(|one| declared.contains(&one.alert));
    let mut lists = known.map(addresses).collect::<Vec<_>>();
    let first = lists.first().cloned().unwrap_or_default();
    lists.retain(|list| *list != joined(notify));
    lists.into_iter().next().unwrap_or(first)
}

/// Returns addresses in their order of the alphabet.
pub(super) fn joined(addresses: &[String]) -> String {
    let mut sorted = addresses.to_vec();
    sorted.sort_unstable();
    sorted.join(", ")
}

/// Returns the calls that bring the alerts to what is declared. What goes is deleted first, because AWS keeps no more
/// than five alerts and ten addresses of each; but an alert whose last address goes would go with it.
pub(super) fn steps(notify: &[String], seen: &[SeenAlert]) -> Vec<Step> {
    let (declared, wanted) = (declared(notify), by_email(notify));
    let extra = seen.iter().filter(|one| !declared.contains(&one.alert));
    let mut steps: Vec<Step> = extra.map(|one| Step::Remove(one.alert.clone())).collect();
    for alert in declared {
        let Some(known) = seen.iter().find(|one| one.alert == alert) else {
            steps.push(Step::Add(alert, wanted.clone()));
            continue;
        };
        let stays = known.subscribers.iter().any(|one| wanted.contains(one));
        if !stays {
            steps.push(Step::Remove(alert.clone()));
            steps.push(Step::Add(alert, wanted.clone()));
            continue;
        }
        let gone = known.subscribers.iter().filter(|one| !wanted.contains(one));
        steps.extend(gone.map(|one| Step::Unsubscribe(alert.clone(), one.clone())));
        let new = wanted.iter().filter(|one| !known.subscribers.contains(one));
        steps.extend(new.map(|one| Step::Subscribe(alert.clone(), one.clone())));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(ToString::to_string).collect()
    }

    fn shown(notify: &[&str], seen: &[SeenAlert]) -> Vec<String> {
        let show = |step: &Step| match step {
            Step::Remove(alert) => format!("- {alert}"),
            Step::Add(alert, to) => format!("+ {alert} to {}", to.len()),
            Step::Unsubscribe(alert, from) => format!("{alert} - {}", from.address),
            Step::Subscribe(alert, to) => format!("{alert} + {}", to.address),
        };
        steps(&names(notify), seen).iter().map(show).collect()
    }

    fn seen(notify: &[&str]) -> Vec<SeenAlert> {
        let notify = names(notify);
        let alerts = declared(&notify).into_iter();
        alerts.map(|alert| SeenAlert { alert, subscribers: by_email(&notify) }).collect()
    }

    #[test]
    fn alerts_come_and_go_with_the_addresses() {
        let all = ["+ actual over 80 % to 2", "+ actual over 100 % to 2", "+ forecasted over 100 % to 2"];
        assert_eq!(shown(&["ana", "bo"], &[]), all);
        assert_eq!(shown(&["bo", "ana"], &seen(&["ana", "bo"])), Vec::<String>::new());
        assert_eq!(
            shown(&[], &seen(&["ana"])),
            ["- actual over 80 %", "- actual over 100 %", "- forecasted over 100 %"]
        );
    }

    #[test]
    fn only_what_differs_is_called_for() {
        let mut known = seen(&["ana", "bo"]);
        known.remove(1);
        known[0].subscribers.remove(0);
        known.push(SeenAlert { alert: Alert::over("ACTUAL", 50.5), subscribers: vec![] });
        let expected = ["- actual over 50.5 %", "actual over 80 % + ana", "+ actual over 100 % to 2"];
        assert_eq!(shown(&["ana", "bo"], &known), expected);
        assert_eq!(reached(&names(&["ana", "bo"]), &known), "bo");
    }

    #[test]
    fn an_alert_never_loses_its_last_address_on_the_way() {
        let lines = shown(&["cy"], &seen(&["ana", "bo"]));
        assert_eq!(&lines[..2], ["- actual over 80 %", "+ actual over 80 % to 1"]);
        assert_eq!(
            shown(&["bo", "cy"], &seen(&["ana", "bo"]))[..2],
            ["actual over 80 % - ana", "actual over 80 % + cy"]
        );
    }
}
