//! Tags of anything that has an ARN.

use super::service::{Inner, Request};
use crate::localcloud::query::{Refusal, Tags, Xml};

impl Inner {
    pub(super) fn add_tags(&self, request: &Request) -> Result<String, Refusal> {
        let tags = request.form.tags();
        check(&tags)?;
        let arn = request.form.required("ResourceName")?;
        self.change(&request.region, |region| region.tags(arn).map(|held| held.extend(tags)))?;
        Ok(String::new())
    }

    pub(super) fn remove_tags(&self, request: &Request) -> Result<String, Refusal> {
        let keys = request.form.list("TagKeys").unwrap_or_default();
        let arn = request.form.required("ResourceName")?;
        let remove = |held: &mut Tags| held.retain(|key, _| !keys.contains(key));
        self.change(&request.region, |region| region.tags(arn).map(remove))?;
        Ok(String::new())
    }

    pub(super) fn list_tags(&self, request: &Request) -> Result<String, Refusal> {
        let arn = request.form.required("ResourceName")?;
        let tags = self.change(&request.region, |region| region.tags(arn).map(|held| held.clone()))?;
        Ok(Xml::default().tags("TagList", &tags).finish())
    }
}

/// Refuses keys that AWS keeps for itself.
pub(super) fn check(tags: &Tags) -> Result<(), Refusal> {
    match tags.keys().find(|key| key.to_lowercase().starts_with("aws:")) {
        Some(key) => Err(Refusal::new("InvalidParameterValue", format!("Tag keys may not start with aws: ({key})"))),
        None => Ok(()),
    }
}
