//! Job bookmarks: how far a job has read each of its sources. The local `awsglue` says so when a script commits.

use serde_json::{Value, json};

use super::refused::{absent, required};
use super::service::{Answer, Glue};
use crate::localcloud::refusal::Refusal;

/// The kind of document that a bookmark is.
pub(super) const BOOKMARK: &str = "bookmark";

impl Glue {
    pub(super) fn get_job_bookmark(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        let known = self.documents.get(region, BOOKMARK, name).ok_or_else(|| missing(name))?;
        Ok(json!({ "JobBookmarkEntry": known }))
    }

    pub(super) fn reset_job_bookmark(&self, region: &str, input: &Value) -> Answer {
        let name = required(input, "JobName")?;
        let reset = self.documents.edit(region, BOOKMARK, name, |entry| {
            entry["Version"] = json!(entry["Version"].as_u64().unwrap_or(0) + 1);
            entry["Run"] = json!(0);
            entry["Attempt"] = json!(0);
            entry["JobBookmark"] = json!("{}");
            entry.clone()
        });
        Ok(json!({ "JobBookmarkEntry": reset.ok_or_else(|| missing(name))? }))
    }

    /// Returns what the runs before have read, as the `awsglue` module keeps it.
    pub(super) fn bookmark_of(&self, region: &str, run: &Value) -> String {
        let known = self.documents.get(region, BOOKMARK, run["JobName"].as_str().unwrap_or_default());
        known.and_then(|entry| entry["JobBookmark"].as_str().map(str::to_owned)).unwrap_or_else(|| "{}".to_owned())
    }

    /// Moves the bookmark on to what a run committed.
    pub(super) fn advance_bookmark(&self, region: &str, run: &Value, state: &str) {
        let name = run["JobName"].as_str().unwrap_or_default();
        let known = self.documents.get(region, BOOKMARK, name).unwrap_or_else(|| json!({}));
        let next = |member: &str| known[member].as_u64().unwrap_or(0) + 1;
        let entry = json!({
            "JobName": name, "Version": next("Version"), "Run": next("Run"), "Attempt": run["Attempt"],
            "RunId": run["Id"], "PreviousRunId": known["RunId"], "JobBookmark": state,
        });
        self.documents.put(region, BOOKMARK, name, entry);
    }
}

fn missing(name: &str) -> Refusal {
    absent(format!("Continuation for job {name} not found"))
}
