//! Several logs as one, in the order of time.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::cloudwatch::{CRAWLERS, LATE_SECONDS, Streams, events, job_events};
use super::line::{Event, Line};
use super::servers::{self, Marks};
use super::{LogsError, Source, Writer};
use crate::aws::Clients;

/// Reads the logs of several sources again and again, and returns each entry once.
///
/// # Guarantees
/// Every entry that becomes readable within two minutes of its moment is returned once. Within one look entries are
/// in the order of time; one that comes late stands where it came.
pub struct Reader {
    sources: Vec<Source>,
    since: Timestamp,
    /// When the last look that went well began.
    looked: Option<Timestamp>,
    /// What was returned and may be found again, by its source and id.
    seen: BTreeMap<(String, String), Timestamp>,
    marks: BTreeMap<String, Marks>,
}

impl Reader {
    /// Reads from `since` on.
    pub fn new(sources: Vec<Source>, since: Timestamp) -> Self {
        Self { sources, since, looked: None, seen: BTreeMap::new(), marks: BTreeMap::new() }
    }

    /// Returns what was not returned before.
    ///
    /// # Errors
    /// If a source cannot be read; then nothing counts as returned, and the next look returns it.
    pub async fn read(&mut self, aws: &Clients) -> Result<Vec<Line>, LogsError> {
        let now = Timestamp::now();
        let late = SignedDuration::from_secs(LATE_SECONDS);
        let overlap = self.looked.and_then(|looked| looked.checked_sub(late).ok());
        let from = overlap.map_or(self.since, |from| from.max(self.since));
        let looks = self.sources.iter().map(|source| self.look(aws, source, from));
        let found = try_join_all(looks).await?;
        let mut fresh = vec![];
        for (source, (events, marks)) in self.sources.iter().zip(found) {
            for Event { id, at, message } in events {
                if self.seen.insert((source.address.clone(), id), at).is_none() {
                    fresh.push(Line { at, address: source.address.clone(), message });
                }
            }
            self.marks.insert(source.address.clone(), marks);
        }
        // What lies before the next look cannot be found again.
        let forgotten = now.checked_sub(late * 2).unwrap_or(from);
        self.seen.retain(|_, at| *at >= forgotten);
        self.looked = Some(now);
        fresh.sort_by_key(|line| line.at);
        Ok(fresh)
    }

    async fn look(&self, aws: &Clients, source: &Source, from: Timestamp) -> Result<(Vec<Event>, Marks), LogsError> {
        let events = match &source.writer {
            Writer::Function { group } => events(aws, group, Streams::All, from).await?,
            Writer::Job { name } => job_events(aws, name, from).await?,
            Writer::Crawler { name } => events(aws, CRAWLERS, Streams::Named(name), from).await?,
            Writer::Server { identifier } => {
                let none = Marks::new();
                let marks = self.marks.get(&source.address).unwrap_or(&none);
                return servers::events(aws, identifier, from, marks).await;
            }
        };
        Ok((events, Marks::new()))
    }
}
