//! `CreateDBInstanceReadReplica`: only as far as the control plane tells of it, because no server here copies another.

use std::sync::Arc;

use super::create::check_identifier;
use super::describe::show;
use super::service::{Inner, Request};
use super::state::{Instance, Region, Settings};
use super::{catalog, tags};
use crate::localcloud::engine::letters;
use crate::localcloud::query::Refusal;

impl Inner {
    pub(super) fn create_replica(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        let form = &request.form;
        if !inner.context.has_no_engines() {
            let message = "the local cloud has read replicas only where its engines are off";
            return Err(Refusal::new("InvalidAction", message));
        }
        let identifier = form.required("DBInstanceIdentifier")?.to_lowercase();
        check_identifier("DBInstanceIdentifier", &identifier, 63)?;
        let source = form.required("SourceDBInstanceIdentifier")?;
        let source = source.rsplit(':').next().unwrap_or(source).to_lowercase();
        let source = inner.change(&request.region, |region| region.instance(&source).cloned())?;
        check_source(&source)?;
        let class = form.text("DBInstanceClass").unwrap_or(&source.settings.class).to_owned();
        catalog::check_class(&class, &source.engine_version)?;
        let given = form.tags();
        tags::check(&given)?;
        let replica = Instance {
            identifier: identifier.clone(),
            resource_id: format!("db-{}", letters(26).to_uppercase()),
            status: "creating".to_owned(),
            settings: Settings { class, backup_retention_days: 0, ..source.settings },
            automatic_restart: None,
            port: 0,
            replica_of: Some(source.identifier),
            tags: given,
            ..source
        };
        inner.reserve(&request.region, &replica)?;
        let answer = show(inner, &request.region, &identifier);
        Self::start_in_background(inner, &request.region, &identifier, vec![], &request.fate);
        Ok(answer)
    }
}

fn check_source(source: &Instance) -> Result<(), Refusal> {
    let name = &source.identifier;
    if source.status != "available" {
        return Err(Refusal::new("InvalidDBInstanceState", format!("Instance {name} is not in available state.")));
    }
    if source.settings.backup_retention_days == 0 {
        let message = format!("Automated backups are not enabled for the source instance {name}.");
        return Err(Refusal::new("InvalidDBInstanceState", message));
    }
    if source.secret_arn.is_some() {
        let message = "You can't create a read replica of an instance whose master password is managed in Secrets \
                       Manager.";
        return Err(Refusal::new("InvalidParameterCombination", message));
    }
    Ok(())
}

impl Region {
    /// Returns the replicas of an instance.
    pub(super) fn replicas_of(&self, identifier: &str) -> impl Iterator<Item = &str> {
        let is_copy = move |one: &&Instance| one.replica_of.as_deref() == Some(identifier);
        self.instances.values().filter(is_copy).map(|one| one.identifier.as_str())
    }

    /// Refuses to stop what RDS does not stop, whatever its state: a replica, and what has one.
    pub(super) fn may_stop(&self, identifier: &str) -> Result<(), Refusal> {
        let is_copy = self.instances.get(identifier).is_some_and(|instance| instance.replica_of.is_some());
        let what = match (is_copy, self.replicas_of(identifier).next()) {
            (true, _) => "it is a read replica",
            (false, Some(_)) => "it has a read replica",
            (false, None) => return Ok(()),
        };
        let message = format!("Instance {identifier} cannot be stopped because {what}.");
        Err(Refusal::new("InvalidDBInstanceState", message))
    }

    /// Makes the replicas of a deleted instance ones of their own.
    pub(super) fn promote_replicas_of(&mut self, identifier: &str) {
        let copies = self.instances.values_mut().filter(|one| one.replica_of.as_deref() == Some(identifier));
        copies.for_each(|one| one.replica_of = None);
    }
}
