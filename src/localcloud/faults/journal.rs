//! The journal: what customers called, and what became of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How many calls are remembered; the oldest go first.
const LONGEST: usize = 200_000;

/// One call of a customer, written down when it was over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallRecord {
    /// Which call it was, counted from 1 since the start, in the order in which they ended.
    pub number: u64,
    /// The signing name, such as `rds`.
    pub service: String,
    /// The region it was signed for.
    pub region: String,
    /// AWS's name of the operation; method and path where it is not known.
    pub operation: String,
    /// The name of the thing that it is about, where the request tells.
    pub target: Option<String>,
    /// The HTTP status that the caller got; `None` if the connection was closed instead.
    pub status: Option<u16>,
    /// Whether the service did what it was asked, also if the caller never heard of it.
    pub carried_out: bool,
    /// The fault that struck, by the name of its effect; several are joined by a `+`.
    pub fault: Option<String>,
}

/// The calls since the start, or since they were last forgotten. Clones are the same journal.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    records: VecDeque<CallRecord>,
    numbered: u64,
    dropped: u64,
}

impl Calls {
    /// Returns every call that is remembered, the oldest first.
    pub fn all(&self) -> Vec<CallRecord> {
        self.lock().records.iter().cloned().collect()
    }

    /// Returns how many calls of an operation were carried out.
    pub fn count(&self, operation: &str) -> usize {
        self.lock().records.iter().filter(|call| call.operation == operation && call.carried_out).count()
    }

    /// Returns how many calls were too many to be remembered.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Forgets every call.
    pub fn clear(&self) {
        let mut pages = self.lock();
        pages.records.clear();
        pages.dropped = 0;
    }

    /// Writes a call down under the next number.
    pub(in super::super) fn note(&self, mut record: CallRecord) {
        let mut pages = self.lock();
        pages.numbered += 1;
        record.number = pages.numbered;
        if pages.records.len() == LONGEST {
            pages.records.pop_front();
            pages.dropped += 1;
        }
        pages.records.push_back(record);
    }

    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_calls_are_dropped_and_counted() {
        let calls = Calls::default();
        let record = CallRecord {
            number: 0,
            service: "s3".to_owned(),
            region: "us-east-2".to_owned(),
            operation: "HeadBucket".to_owned(),
            target: None,
            status: Some(404),
            carried_out: false,
            fault: None,
        };
        for _ in 0..LONGEST + 3 {
            calls.note(record.clone());
        }
        let kept = calls.all();
        assert_eq!((kept.len(), kept[0].number, calls.dropped(), calls.count("HeadBucket")), (LONGEST, 4, 3, 0));
    }
}
