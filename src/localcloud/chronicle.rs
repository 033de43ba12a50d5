//! What happened to servers, as `DescribeEvents` of RDS and of Redshift tells it: for fourteen days, by the local clock.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::query::{Form, Refusal, page, timestamp};

/// How long AWS tells of what happened.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How far a request without a time looks back.
const DEFAULT_MINUTES: i64 = 60;

/// Something that happened to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Happening {
    /// The server.
    pub(super) source: String,
    /// When.
    pub(super) moment: Timestamp,
    /// The number under which AWS documents it.
    pub(super) id: String,
    /// The category under which AWS files it.
    pub(super) category: String,
    /// What a person reads.
    pub(super) message: String,
}

/// All that happened to the servers of a region in the last fourteen days.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Chronicle(Vec<Happening>);

impl Chronicle {
    /// Adds what happened, and forgets what is too old to be told.
    pub(super) fn note(&mut self, now: Timestamp, happening: Happening) {
        self.0.retain(|old| old.moment >= now - KEPT);
        self.0.push(happening);
    }

    /// Returns a page of what a request asks for, oldest first, and the marker of the next. `servers` is the type of
    /// source that servers are, and `others` are the types that AWS knows beside it.
    ///
    /// # Errors
    /// If the request asks for what AWS does not tell.
    pub(super) fn page(
        &self,
        form: &Form,
        now: Timestamp,
        servers: &str,
        others: &[&str],
    ) -> Result<(Vec<Happening>, Option<String>), Refusal> {
        let (source, kind) = (form.text("SourceIdentifier"), form.text("SourceType"));
        if let Some(kind) = kind.filter(|kind| *kind != servers && !others.contains(kind)) {
            return Err(Refusal::new("InvalidParameterValue", format!("Invalid source type: {kind}")));
        }
        if source.is_some() && kind.is_none() {
            let message = "SourceType must be specified if SourceIdentifier is specified.";
            return Err(Refusal::new("InvalidParameterCombination", message));
        }
        let (begin, end) = window(form, now)?;
        let categories = form.list("EventCategories").unwrap_or_default();
        let passes = |one: &&Happening| {
            kind.is_none_or(|kind| kind == servers)
                && source.is_none_or(|source| source.eq_ignore_ascii_case(&one.source))
                && (begin.max(now - KEPT)..=end).contains(&one.moment)
                && (categories.is_empty() || categories.contains(&one.category))
        };
        let mut found: Vec<Happening> = self.0.iter().filter(passes).cloned().collect();
        found.sort_by_key(|one| one.moment);
        let keyed = found.into_iter().enumerate();
        // Several may happen in one moment; their order tells them apart.
        page(form, keyed.map(|(place, one)| (format!("{}-{place:06}", timestamp(one.moment)), one)).collect())
    }
}

/// Returns from when to when a request asks.
fn window(form: &Form, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
    let minutes: Option<i64> = form.number("Duration")?;
    if let Some(minutes) = minutes.filter(|minutes| !(1..=KEPT.as_mins()).contains(minutes)) {
        let message = format!("Invalid value {minutes} for Duration. Must be between 1 and {}", KEPT.as_mins());
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let length = SignedDuration::from_mins(minutes.unwrap_or(DEFAULT_MINUTES));
    let (begin, end) = match (moment(form, "StartTime")?, moment(form, "EndTime")?) {
        (None, None) => (now - length, now),
        (None, Some(end)) => (end.checked_sub(length).unwrap_or(Timestamp::MIN), end),
        (Some(begin), None) => {
            let end = if minutes.is_some() { begin.checked_add(length).unwrap_or(Timestamp::MAX) } else { now };
            (begin, end)
        }
        (Some(begin), Some(end)) => (begin, end),
    };
    if begin > end {
        return Err(Refusal::new("InvalidParameterCombination", "StartTime must be before EndTime"));
    }
    Ok((begin, end))
}

fn moment(form: &Form, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let parse = |text: &str| {
        let wrong = || Refusal::new("InvalidParameterValue", format!("Invalid value for {name}: {text}"));
        text.parse().map_err(|_| wrong())
    };
    form.text(name).map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chronicle() -> (Chronicle, Timestamp) {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut chronicle = Chronicle::default();
        for (hours, message) in [(24 * 15, "too old"), (24 * 13, "stopped"), (2, "started"), (0, "restarted")] {
            let moment = now - SignedDuration::from_hours(hours);
            let category = if hours == 2 { "notification" } else { "availability" }.to_owned();
            let (source, id, message) = ("sales".to_owned(), String::new(), message.to_owned());
            chronicle.note(moment, Happening { source, moment, id, category, message });
        }
        (chronicle, now)
    }

    fn asked(members: &[(&str, &str)]) -> Result<String, &'static str> {
        let (chronicle, now) = chronicle();
        let page = chronicle.page(&Form::new(members), now, "db-instance", &["db-snapshot"]);
        let (found, _) = page.map_err(|refusal| refusal.code)?;
        Ok(found.into_iter().map(|one| one.message).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_last_hour_is_told_unless_a_time_is_asked_for() {
        assert_eq!(asked(&[]).unwrap(), "restarted");
        assert_eq!(asked(&[("Duration", "180")]).unwrap(), "started restarted");
        assert_eq!(asked(&[("Duration", "20160")]).unwrap(), "stopped started restarted");
        assert_eq!(asked(&[("StartTime", "2026-11-23T09:00:00Z")]).unwrap(), "started restarted");
        assert_eq!(asked(&[("EndTime", "2026-11-23T10:30:00Z")]).unwrap(), "started");
        assert_eq!(asked(&[("StartTime", "2026-11-01T00:00:00Z"), ("Duration", "20160")]).unwrap(), "stopped");
    }

    #[test]
    fn sources_and_categories_are_told_apart() {
        let source = ("SourceIdentifier", "Sales");
        assert_eq!(asked(&[source, ("SourceType", "db-instance")]).unwrap(), "restarted");
        assert_eq!(asked(&[("SourceType", "db-snapshot"), ("Duration", "20160")]).unwrap(), "");
        let category = ("EventCategories.EventCategory.1", "notification");
        assert_eq!(asked(&[category, ("Duration", "20160")]).unwrap(), "started");
        assert_eq!(asked(&[source]), Err("InvalidParameterCombination"));
        assert_eq!(asked(&[("SourceType", "server")]), Err("InvalidParameterValue"));
        assert_eq!(asked(&[("Duration", "20161")]), Err("InvalidParameterValue"));
    }

    #[test]
    fn what_is_older_than_fourteen_days_is_forgotten() {
        assert_eq!(chronicle().0.0.len(), 3);
    }
}
