//! The table `[billing]`: what keeps a person from being billed for what was forgotten.

use std::time::Duration;

use jiff::{SignedDuration, Span, SpanRelativeTo};
use serde::Deserialize;

use super::auto_stop;
use crate::kinds::base::{Entry, Finding, KindError, Resource, Table};
use crate::kinds::budget::{self, Budget, Covers, MOST_ADDRESSES, MonthlyLimit};
use crate::kinds::role::Role;

/// The shortest time after which servers stop by themselves: AWS bills at least ten minutes for each start.
const SHORTEST: SignedDuration = SignedDuration::from_mins(15);

/// The longest one.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The logical name of the budget.
const BUDGET: &str = "main";

/// The table `[billing]`.
pub struct Billing;

/// Its keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillingTable {
    /// After how long without `up`, `start` or `run-pipeline` the servers stop by themselves: `4h`, `90m`.
    pub auto_stop: Option<String>,
    /// What happens to the servers at the end of `run-pipeline` where nobody can be asked; left out, they keep running.
    pub after_run: Option<AfterRun>,
    /// How much a month may cost, in US dollars.
    pub budget_usd_per_month: Option<f64>,
    /// Whose costs count into the budget.
    #[serde(default)]
    pub budget_covers: Covers,
    /// The e-mail addresses that are told.
    #[serde(default)]
    pub notify: Vec<String>,
}

/// What happens to the servers after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AfterRun {
    /// They are stopped.
    Stop,
    /// They keep running.
    Keep,
}

impl BillingTable {
    /// Returns after how long the servers stop by themselves, if they do.
    pub fn auto_stop(&self) -> Option<Duration> {
        self.auto_stop.as_deref().and_then(|text| parse_span(text).ok())
    }
}

/// Reads a span such as `4h`, `90m` or `1h 30m`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| format!("`{text}` is no span of time"))?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let span = span.map_err(|_| format!("`{text}` is no span of hours or days"))?;
    Duration::try_from(span).ok().filter(|span| !span.is_zero()).ok_or_else(|| format!("`{text}` is not after now"))
}

impl Table for Billing {
    const NAME: &'static str = "billing";
    const SINGLE: bool = true;
    type Spec = BillingTable;

    fn check(&self, spec: &BillingTable, entry: Entry<'_>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = spec.auto_stop.iter().flat_map(|text| check_auto_stop(text, entry)).collect();
        findings.extend(check_budget(spec));
        findings
    }

    fn expand(&self, spec: &BillingTable, entry: Entry<'_>) -> Result<Vec<Resource>, KindError> {
        let mut resources = spec.auto_stop().map(|after| auto_stop::expand(after, entry)).unwrap_or_default();
        if let Some(usd_per_month) = spec.budget_usd_per_month.and_then(MonthlyLimit::from_usd) {
            let (name, notify) = (budget::name(entry.stack), spec.notify.clone());
            let budget = budget::Spec { name, usd_per_month, notify, covers: spec.budget_covers };
            resources.push(Resource::new(&Budget, BUDGET, entry.origin.clone(), budget));
        }
        Ok(resources)
    }
}

fn check_auto_stop(text: &str, entry: Entry<'_>) -> Vec<Finding> {
    let mut findings = vec![];
    let shape = "such as `4h`, `90m` or `1h 30m`";
    match parse_span(text).map(SignedDuration::try_from) {
        Err(problem) => findings.push(Finding::error("auto_stop", problem).hint(shape)),
        Ok(Ok(span)) if span < SHORTEST => {
            let finding = Finding::error("auto_stop", format!("`{text}` is shorter than 15 minutes"));
            findings.push(finding.hint("AWS bills at least 10 minutes for each start of a server"));
        }
        Ok(Ok(span)) if span <= LONGEST => {}
        Ok(_) => {
            let finding = Finding::error("auto_stop", format!("`{text}` is longer than 7 days"));
            findings.push(finding.hint("for a stack that always runs, leave `auto_stop` out"));
        }
    }
    if entry.all.has(<Role as Table>::NAME, auto_stop::NAME) {
        let finding = Finding::error("auto_stop", "the schedules that stop need a role `auto-stop` of their own");
        findings.push(finding.hint("give the table `[role.auto-stop]` another name"));
    }
    if auto_stop::servers(entry).is_empty() {
        findings.push(Finding::warning("auto_stop", "the stack has no server that could be stopped"));
    }
    findings
}

fn check_budget(spec: &BillingTable) -> Vec<Finding> {
    let mut findings = vec![];
    match spec.budget_usd_per_month {
        Some(usd) if MonthlyLimit::from_usd(usd).is_none() => {
            let finding = Finding::error("budget_usd_per_month", format!("`{usd}` is no amount that AWS takes"));
            findings.push(finding.hint("in US dollars, such as `budget_usd_per_month = 50`"));
        }
        Some(_) if spec.notify.is_empty() => {
            let finding = Finding::error("budget_usd_per_month", "nobody would be told when the budget is used up");
            findings.push(finding.hint("add `notify = [\"you@example.com\"]`"));
        }
        Some(_) => {}
        None if !spec.notify.is_empty() => {
            let finding = Finding::error("notify", "there is no budget that it could be about");
            findings.push(finding.hint("add `budget_usd_per_month = 50`"));
        }
        None => {}
    }
    for (position, address) in spec.notify.iter().enumerate() {
        if !is_address(address) {
            let finding = Finding::error(format!("notify.{position}"), format!("`{address}` is no e-mail address"));
            findings.push(finding.hint("such as `you@example.com`"));
        }
    }
    if spec.notify.len() > MOST_ADDRESSES {
        let message = format!("these are {} addresses, AWS writes to at most {MOST_ADDRESSES}", spec.notify.len());
        findings.push(Finding::error("notify", message).hint("a mailing list is one address"));
    }
    if spec.budget_covers == Covers::Stack && spec.budget_usd_per_month.is_some() {
        let message = "the budget sees costs only once the tag `stack:name` is a cost allocation tag";
        let warning = Finding::warning("budget_covers", message);
        findings.push(warning.hint("switch it on in Billing, Cost allocation tags; it takes effect within a day"));
    }
    findings
}

/// Returns whether a text has the shape that AWS takes: something, an at sign, and a domain.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace) && !part.contains('@');
    text.split_once('@').is_some_and(|(name, domain)| {
        plain(name) && plain(domain) && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, minutes) in
            [("4h", 240), ("90m", 90), ("1h 30m", 90), ("1h30m", 90), ("PT2H", 120), ("2 hours", 120), ("1d", 1_440)]
        {
            assert_eq!(parse_span(text).unwrap(), Duration::from_secs(minutes * 60), "{text}");
        }
        for text in ["", "4", "soon", "-4h", "0h", "4x", "1 month"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_have_a_name_and_a_domain() {
        assert!(is_address("ana@example.com"));
        for text in ["ana", "ana@", "@example.com", "ana@example", "a na@example.com", "ana@b@example.com", "ana@.com"]
        {
            assert!(!is_address(text), "{text}");
        }
    }
}
