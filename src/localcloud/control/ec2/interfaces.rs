//! Network interfaces: what the databases, clusters and functions of the local cloud occupy of the networks.

use aws_sdk_rds::types::DbInstance;
use aws_sdk_redshift::types::Cluster;

use super::super::query::{Params, list, text, wrap};
use super::super::refusal::Refusal;
use super::filters::{Describe, Shown};
use super::state::Network;
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::sdk;

static DESCRIBE: Describe = Describe {
    filters: &["description", "group-id", "network-interface-id", "requester-id", "status", "subnet-id", "vpc-id"],
    set: "networkInterfaceSet",
};

/// One interface.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interface {
    id: String,
    description: String,
    requester: &'static str,
    pub(super) subnet: String,
    pub(super) groups: Vec<String>,
    pub(super) public: bool,
}

/// Asks the services that put things into networks what they have there. A service that is not there has nothing.
pub(super) async fn gather(endpoint: &str, region: &str) -> Vec<Interface> {
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
    for cluster in told("redshift", clusters) {
        interfaces.extend(of_cluster(&redshift, &cluster).await);
    }
    for function in told("lambda", functions) {
        let Some(place) = function.vpc_config() else { continue };
        let name = function.function_name().unwrap_or_default();
        interfaces.extend(place.subnet_ids().iter().map(|subnet| Interface {
            id: interface_id(&format!("lambda {name} {subnet}")),
            description: format!("AWS Lambda VPC ENI-{name}"),
            requester: "amazon-lambda",
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
        requester: "amazon-rds",
        subnet: in_zone.or(subnets.first())?.subnet_identifier()?.to_owned(),
        groups: groups.filter_map(|group| group.vpc_security_group_id().map(str::to_owned)).collect(),
        // A stopped instance gives its public address back.
        public: database.publicly_accessible() == Some(true) && database.db_instance_status() != Some("stopped"),
    })
}

async fn of_cluster(redshift: &aws_sdk_redshift::Client, cluster: &Cluster) -> Option<Interface> {
    let name = cluster.cluster_subnet_group_name()?;
    let groups = redshift.describe_cluster_subnet_groups().cluster_subnet_group_name(name).send().await.ok()?;
    let subnet = groups.cluster_subnet_groups().first()?.subnets().first()?.subnet_identifier()?.to_owned();
    let groups = cluster.vpc_security_groups().iter();
    Some(Interface {
        id: interface_id(&format!("redshift {}", cluster.cluster_identifier()?)),
        description: "RedshiftNetworkInterface".to_owned(),
        requester: "amazon-redshift",
        subnet,
        groups: groups.filter_map(|group| group.vpc_security_group_id().map(str::to_owned)).collect(),
        public: cluster.publicly_accessible() == Some(true),
    })
}

/// Returns an id that is the same whenever it is asked for.
fn interface_id(of: &str) -> String {
    use sha2::{Digest, Sha256};
    format!("eni-0{}", &hex::encode(Sha256::digest(of.as_bytes()))[..16])
}

impl Network {
    /// Answers `DescribeNetworkInterfaces`.
    pub(super) fn describe_interfaces(&self, params: &Params, interfaces: &[Interface]) -> Result<String, Refusal> {
        let ids = params.texts("NetworkInterfaceId");
        if let Some(odd) = ids.iter().find(|id| !interfaces.iter().any(|interface| interface.id == **id)) {
            return Err(super::state::unknown(odd, "InvalidNetworkInterfaceID.NotFound", "networkInterface ID"));
        }
        let mut all = Vec::new();
        for interface in interfaces.iter().filter(|interface| ids.is_empty() || ids.contains(&interface.id)) {
            // What names a subnet that is not there is not in a network.
            let Ok(subnet) = self.subnet(&interface.subnet) else { continue };
            let mut facts = vec![
                ("description", interface.description.clone()),
                ("network-interface-id", interface.id.clone()),
                ("requester-id", interface.requester.to_owned()),
                ("status", "in-use".to_owned()),
                ("subnet-id", interface.subnet.clone()),
                ("vpc-id", subnet.vpc.clone()),
            ];
            facts.extend(interface.groups.iter().map(|group| ("group-id", group.clone())));
            let groups = interface.groups.iter().map(|group| {
                let name = self.groups.get(group).map(|group| group.name.clone()).unwrap_or_default();
                text("groupId", group) + &text("groupName", name)
            });
            let body = text("networkInterfaceId", &interface.id)
                + &text("subnetId", &interface.subnet)
                + &text("vpcId", &subnet.vpc)
                + &text("availabilityZone", &subnet.zone)
                + &text("description", &interface.description)
                + &text("ownerId", ACCOUNT)
                + &text("requesterId", interface.requester)
                + &text("requesterManaged", true)
                + &text("status", "in-use")
                + &text("interfaceType", "interface")
                + &list("groupSet", "item", groups)
                + &wrap("tagSet", "");
            all.push(Shown { id: interface.id.clone(), facts, body });
        }
        DESCRIBE.answer(self, params, all)
    }
}
