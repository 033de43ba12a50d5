//! `DescribeDBInstances`.

use std::sync::Arc;

use super::answer::write_instance;
use super::events::Event;
use super::service::{Inner, Request};
use super::state::{Instance, Region, arn};
use crate::localcloud::faults::Fate;
use crate::localcloud::query::{Form, Refusal, Xml, page};

impl Inner {
    pub(super) fn describe_instances(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        Self::look_after_servers(inner, &request.region);
        let form = &request.form;
        let wanted =
            form.text("DBInstanceIdentifier").map(|name| name.rsplit(':').next().unwrap_or(name).to_lowercase());
        inner.read(&request.region, |region| {
            let found = region.instances.iter().filter(|(name, instance)| {
                wanted.as_ref().is_none_or(|wanted| wanted == *name) && passes(form, &request.region, instance)
            });
            let found: Vec<(String, &Instance)> = found.map(|(name, instance)| (name.clone(), instance)).collect();
            if let (Some(name), true) = (&wanted, found.is_empty()) {
                return Err(Refusal::not_found("DBInstanceNotFound", format!("DBInstance {name} not found.")));
            }
            let (found, marker) = page(form, found)?;
            let write = |xml: &mut Xml, instance: &Instance| write_instance(xml, &request.region, region, instance);
            Ok(Xml::default().list("DBInstances", "DBInstance", found, write).maybe("Marker", marker).finish())
        })
    }

    /// Starts what RDS would start by itself: a crashed server, and an instance that was stopped for seven days. The
    /// clock starts the latter, too, but an answer must not come before it.
    pub(super) fn look_after_servers(inner: &Arc<Self>, region: &str) {
        let now = inner.now();
        let names = |is: &dyn Fn(&Instance) -> bool| -> Vec<String> {
            let found = |found: &Region| {
                found.instances.values().filter(|one| is(one)).map(|one| one.identifier.clone()).collect()
            };
            inner.read(region, found)
        };
        let is_overdue =
            |one: &Instance| one.status == "stopped" && one.automatic_restart.as_ref().is_some_and(|time| *time <= now);
        for identifier in names(&is_overdue) {
            Self::start_overdue(inner, region, &identifier);
        }
        let has_died = |one: &Instance| {
            one.status == "available" && inner.fleet.has_died(&Self::fleet_key(region, &one.identifier))
        };
        if inner.context.has_no_engines() {
            return;
        }
        for identifier in names(&has_died) {
            tracing::warn!(identifier, "starting the MySQL server again");
            inner.update(region, &identifier, |instance| {
                instance.awaited = Some((Event::Restarted, None));
                "starting".clone_into(&mut instance.status);
            });
            Self::start_in_background(inner, region, &identifier, vec![], &Fate::default());
        }
    }
}

/// Returns one instance as the answer to an operation that changed it.
pub(super) fn show(inner: &Inner, region_name: &str, identifier: &str) -> String {
    inner.read(region_name, |region| match region.instances.get(identifier) {
        Some(instance) => {
            let write = |xml: &mut Xml| write_instance(xml, region_name, region, instance);
            Xml::default().group("DBInstance", write).finish()
        }
        None => String::new(),
    })
}

fn passes(form: &Form, region: &str, instance: &Instance) -> bool {
    form.records("Filters").into_iter().all(|filter| {
        let has = |text: &str| filter.iter().any(|(key, value)| key.starts_with("Values.") && value == text);
        match filter.get("Name").map(String::as_str) {
            Some("db-instance-id") => has(&instance.identifier) || has(&arn(region, "db", &instance.identifier)),
            Some("dbi-resource-id") => has(&instance.resource_id),
            Some("engine") => has("mysql"),
            _ => false,
        }
    })
}
