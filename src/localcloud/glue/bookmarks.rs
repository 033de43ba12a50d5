//! Job bookmarks: that a run with bookmarks ended well. What a script read is not kept, since the local `awsglue` has
//! no reader that would skip it.

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

    /// Moves the bookmark on after a run that ended well.
    pub(super) fn advance_bookmark(&self, region: &str, run: &Value) {
        let name = run["JobName"].as_str().unwrap_or_default();
        let known = self.documents.get(region, BOOKMARK, name).unwrap_or_else(|| json!({}));
        let next = |member: &str| known[member].as_u64().unwrap_or(0) + 1;
        let entry = json!({
            "JobName": name, "Version": next("Version"), "Run": next("Run"), "Attempt": run["Attempt"],
            "RunId": run["Id"], "PreviousRunId": known["RunId"], "JobBookmark": "{}",
        });
        self.documents.put(region, BOOKMARK, name, entry);
    }
}

fn missing(name: &str) -> Refusal {
    absent(format!("Continuation for job {name} not found"))
}
