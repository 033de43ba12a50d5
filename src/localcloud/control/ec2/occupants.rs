//! Who is in the networks: the databases, clusters and functions of the local cloud.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_rds::types::DbInstance;
use aws_sdk_redshift::types::{Cluster, ClusterSubnetGroup};

use super::interfaces::{Interface, Maker, interface_id};
use crate::localcloud::backlog::Backlog;
use crate::localcloud::cloud::Context;
use crate::localcloud::sdk;

/// Who asks what is in the networks, and remembers it for as long as nothing changes.
pub(super) struct Surveyor {
    endpoint: String,
    backlog: Backlog,
    /// By region.
    known: Mutex<BTreeMap<String, Survey>>,
}

/// How often the services had changed, and what they had.
type Survey = (Vec<u64>, Vec<Interface>);

impl Surveyor {
    /// Asks behind the endpoint of a local cloud.
    pub(super) fn new(context: &Context) -> Self {
        let (endpoint, backlog) = (context.endpoint.clone(), context.home.backlog().clone());
        Self { endpoint, backlog, known: Mutex::default() }
    }

    /// Returns what is in the networks of a region.
    pub(super) async fn look(&self, region: &str) -> Vec<Interface> {
        // Read first: what changes while the services are asked must be asked for again.
        let changes = self.backlog.changes_of(&["rds", "redshift", "lambda"]);
        let known = self.lock().get(region).filter(|(then, _)| *then == changes).map(|(_, found)| found.clone());
        if let Some(found) = known {
            return found;
        }
        let found = gather(&self.endpoint, region).await;
        self.lock().insert(region.to_owned(), (changes, found.clone()));
        found
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Survey>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the services that put things into networks what they have there. A service that is not there has nothing.
async fn gather(endpoint: &str, region: &str) -> Vec<Interface> {
    let config = sdk::config(endpoint, region).await;
    let (rds, redshift, lambda) = (
        aws_sdk_rds::Client::new(&config),
        aws_sdk_redshift::Client::new(&config),
        aws_sdk_lambda::Client::new(&config),
    );
    let (databases, clusters, functions) = tokio::join!(
        rds.describe_db_instances().into_paginator().items().send().collect::<Result<Vec<_>, _>>(),
        redshift.describe_clusters().into_paginator().items().send().collect::<Result<Vec<_>, _>>(),
        lambda.list_functions().into_paginator().items().send().collect::<Result<Vec<_>, _>>(),
    );
    let mut interfaces: Vec<Interface> = told("rds", databases).iter().filter_map(of_database).collect();
    let clusters = told("redshift", clusters);
    if !clusters.is_empty() {
        let groups = redshift.describe_cluster_subnet_groups().into_paginator().items().send();
        let groups = told("redshift", groups.collect::<Result<Vec<_>, _>>().await);
        interfaces.extend(clusters.iter().filter_map(|cluster| of_cluster(&groups, cluster)));
    }
    for function in told("lambda", functions) {
        let Some(place) = function.vpc_config() else { continue };
        let name = function.function_name().unwrap_or_default();
        interfaces.extend(place.subnet_ids().iter().map(|subnet| Interface {
            id: interface_id(&format!("lambda {name} {subnet}")),
            description: format!("AWS Lambda VPC ENI-{name}"),
            maker: Maker::Lambda,
            in_use: true,
            subnet: subnet.clone(),
            groups: place.security_group_ids().to_vec(),
            public: false,
        }));
    }
    interfaces
}

/// Takes what a service told; one that cannot tell is heard of in the log and has nothing.
fn told<T, E: std::error::Error>(service: &str, answer: Result<Vec<T>, E>) -> Vec<T> {
    answer.unwrap_or_else(|error| {
        tracing::debug!(service, %error, "could not ask for what is in the networks");
        Vec::new()
    })
}

fn of_database(database: &DbInstance) -> Option<Interface> {
    let subnets = database.db_subnet_group()?.subnets();
    let zone = database.availability_zone();
    let in_zone = subnets
        .iter()
        .find(|subnet| zone.is_some() && subnet.subnet_availability_zone().and_then(|found| found.name()) == zone);
    let groups = database.vpc_security_groups().iter();
    Some(Interface {
        id: interface_id(&format!("rds {}", database.db_instance_identifier()?)),
        description: "RDSNetworkInterface".to_owned(),
        maker: Maker::Rds,
        in_use: true,
        subnet: in_zone.or(subnets.first())?.subnet_identifier()?.to_owned(),
        groups: groups.filter_map(|group| group.vpc_security_group_id().map(str::to_owned)).collect(),
        // A stopped instance gives its public address back.
        public: database.publicly_accessible() == Some(true) && database.db_instance_status() != Some("stopped"),
    })
}

fn of_cluster(groups: &[ClusterSubnetGroup], cluster: &Cluster) -> Option<Interface> {
    let name = cluster.cluster_subnet_group_name()?;
    let group = groups.iter().find(|group| group.cluster_subnet_group_name() == Some(name))?;
    let subnet = group.subnets().first()?.subnet_identifier()?.to_owned();
    let groups = cluster.vpc_security_groups().iter();
    Some(Interface {
        id: interface_id(&format!("redshift {}", cluster.cluster_identifier()?)),
        description: "RedshiftNetworkInterface".to_owned(),
        maker: Maker::Redshift,
        in_use: true,
        subnet,
        groups: groups.filter_map(|group| group.vpc_security_group_id().map(str::to_owned)).collect(),
        public: cluster.publicly_accessible() == Some(true),
    })
}
