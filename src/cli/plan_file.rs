//! A plan in a file, to be applied exactly as it is, or not at all.
//!
//! The file holds what was decided, not how to do it: `up PLAN` decides again and refuses if anything is different. So
//! it needs no secret, and a plan that has become wrong cannot be applied.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::selection::Selection;
use super::session::Session;
use crate::diag::{Class, Diagnostic};
use crate::model::FieldChange;
use crate::plan::Plan;

const VERSION: u32 = 1;

/// A saved plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    version: u32,
    stack: String,
    account: String,
    region: String,
    /// What `--only` said.
    pub only: Vec<String>,
    /// What `--except` said.
    pub except: Vec<String>,
    /// What was decided, by piece of work.
    changes: BTreeMap<String, Value>,
}

impl PlanFile {
    /// Describes a plan.
    pub(super) fn of(session: &Session, plan: &Plan, selection: &Selection) -> Self {
        let meta = &session.cx.known.stack;
        let changes = plan.pending().map(|change| {
            let fields: Vec<FieldChange> = change.fields().into_iter().map(FieldChange::shown).collect();
            let described = serde_json::json!({
                "action": change.action,
                "name": change.name(),
                // Two values that are hidden look alike; their hash does not.
                "spec": change.resource.as_ref().map(|resource| resource.hash.0.clone()),
                "fields": fields,
                "tags": change.retag.set.0.keys().chain(&change.retag.gone).collect::<Vec<_>>(),
            });
            (format!("{:?} {}", change.work().deed, change.address).to_lowercase(), described)
        });
        Self {
            version: VERSION,
            stack: meta.name.clone(),
            account: meta.account.clone(),
            region: meta.region.clone(),
            only: selection.only.clone(),
            except: selection.except.clone(),
            changes: changes.collect(),
        }
    }

    /// Writes the file whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), Vec<Diagnostic>> {
        let failed = |error: &dyn std::fmt::Display| {
            let mut diagnostic = Diagnostic::error(Class::Failed, format!("cannot write `{}`", path.display()));
            diagnostic.causes.push(error.to_string());
            vec![diagnostic]
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        serde_json::to_writer_pretty(&mut file, self).map_err(|error| failed(&error))?;
        file.persist(path).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Reads a saved plan.
    pub(super) fn read(path: &Path) -> Result<Self, Vec<Diagnostic>> {
        let error = |cause: String| {
            let mut diagnostic = Diagnostic::error(Class::Usage, format!("`{}` is no saved plan", path.display()));
            diagnostic.causes.push(cause);
            vec![diagnostic.hint("`stack plan --out FILE` saves one")]
        };
        let text = std::fs::read_to_string(path).map_err(|cause| error(cause.to_string()))?;
        let plan: Self = serde_json::from_str(&text).map_err(|cause| error(cause.to_string()))?;
        if plan.version != VERSION {
            return Err(error(format!("it has version {}, this `stack` reads version {VERSION}", plan.version)));
        }
        Ok(plan)
    }

    /// Refuses if what would be done now is not what was saved.
    pub(super) fn compare(&self, now: &Self) -> Result<(), Vec<Diagnostic>> {
        let place = |plan: &Self| format!("stack `{}`, account {}, region {}", plan.stack, plan.account, plan.region);
        if place(self) != place(now) {
            let message = format!("the plan was made for {}, this is {}", place(self), place(now));
            return Err(vec![Diagnostic::error(Class::Refused, message)]);
        }
        let mut other: Vec<&str> = vec![];
        for work in self.changes.keys().chain(now.changes.keys()) {
            if self.changes.get(work) != now.changes.get(work) && !other.contains(&work.as_str()) {
                other.push(work);
            }
        }
        if other.is_empty() {
            return Ok(());
        }
        let message = "the stack file or the cloud has changed since the plan was saved; nothing was done";
        let mut error = Diagnostic::error(Class::Refused, message);
        error.causes.push(format!("different now: {}", other.join(", ")));
        Err(vec![error.hint("make a new plan: `stack plan --out FILE`")])
    }
}
