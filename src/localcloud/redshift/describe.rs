//! `DescribeClusters`.

use std::sync::Arc;

use super::answer::write_cluster;
use super::service::{Inner, Request};
use super::state::{Cluster, missing_cluster};
use crate::localcloud::faults::Fate;
use crate::localcloud::query::{Form, Refusal, Tags, Xml, page};

impl Inner {
    pub(super) fn describe_clusters(inner: &Arc<Self>, request: &Request) -> Result<String, Refusal> {
        Self::look_after_servers(inner, &request.region);
        let form = &request.form;
        let wanted = form.text("ClusterIdentifier").map(str::to_lowercase);
        inner.read(&request.region, |region| {
            let found = region.clusters.iter().filter(|(name, cluster)| {
                wanted.as_ref().is_none_or(|wanted| wanted == *name) && has_tags(form, &cluster.tags)
            });
            let found: Vec<(String, &Cluster)> = found.map(|(name, cluster)| (name.clone(), cluster)).collect();
            if let (Some(name), true) = (&wanted, found.is_empty()) {
                return Err(missing_cluster(name));
            }
            let (found, marker) = page(form, found)?;
            let write = |xml: &mut Xml, cluster: &Cluster| write_cluster(xml, &request.region, cluster);
            Ok(Xml::default().list("Clusters", "Cluster", found, write).maybe("Marker", marker).finish())
        })
    }

    /// Starts crashed servers again, as Redshift replaces a failed node by itself.
    fn look_after_servers(inner: &Arc<Self>, region: &str) {
        if inner.context.has_no_engines() {
            return;
        }
        let dead: Vec<String> = inner.read(region, |found| {
            let is_dead = |cluster: &&Cluster| {
                cluster.status == "available" && inner.fleet.has_died(&Self::fleet_key(region, &cluster.identifier))
            };
            found.clusters.values().filter(is_dead).map(|cluster| cluster.identifier.clone()).collect()
        });
        for identifier in dead {
            tracing::warn!(identifier, "starting the PostgreSQL server again");
            inner.update(region, &identifier, |cluster| "rebooting".clone_into(&mut cluster.status));
            Self::start_in_background(inner, region, &identifier, None, &Fate::default());
        }
    }
}

/// Returns whether the tags pass the request's `TagKeys` and `TagValues`: any of the keys, any of the values.
pub(super) fn has_tags(form: &Form, tags: &Tags) -> bool {
    let (keys, values) = (form.list("TagKeys").unwrap_or_default(), form.list("TagValues").unwrap_or_default());
    (keys.is_empty() || keys.iter().any(|key| tags.contains_key(key)))
        && (values.is_empty() || tags.values().any(|value| values.contains(value)))
}

/// Returns one cluster as the answer to an operation that changed it.
pub(super) fn show(inner: &Inner, region_name: &str, identifier: &str) -> String {
    inner.read(region_name, |region| match region.clusters.get(identifier) {
        Some(cluster) => Xml::default().group("Cluster", |xml| write_cluster(xml, region_name, cluster)).finish(),
        None => String::new(),
    })
}
