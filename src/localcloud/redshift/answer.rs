//! How Redshift shows what it has.

use super::state::{Cluster, Snapshot, SubnetGroup, arn};
use crate::localcloud::emulated::ACCOUNT;
use crate::localcloud::query::Xml;

/// Writes a cluster.
pub(super) fn write_cluster(xml: &mut Xml, region: &str, cluster: &Cluster) {
    let settings = &cluster.settings;
    xml.text("ClusterIdentifier", &cluster.identifier)
        .text("ClusterNamespaceArn", format!("arn:aws:redshift:{region}:{ACCOUNT}:namespace:{}", cluster.namespace))
        .text("ClusterStatus", &cluster.status)
        .text("ClusterAvailabilityStatus", availability(&cluster.status))
        .text("NodeType", &settings.node_type)
        .text("NumberOfNodes", settings.nodes)
        .text("DBName", &cluster.database)
        .text("MasterUsername", &cluster.master_username)
        .text("PubliclyAccessible", settings.public)
        .text("Encrypted", true)
        .text("EnhancedVpcRouting", settings.enhanced_routing)
        .text("AllowVersionUpgrade", settings.version_upgrades)
        .text("AutomatedSnapshotRetentionPeriod", settings.snapshot_retention_days)
        .text("ManualSnapshotRetentionPeriod", -1)
        .text("PreferredMaintenanceWindow", &settings.maintenance_window)
        .text("MaintenanceTrackName", "current")
        .text("AvailabilityZone", &cluster.zone)
        .text("ClusterVersion", "1.0")
        .text("MultiAZ", if settings.multi_az { "Enabled" } else { "Disabled" })
        .maybe("VpcId", cluster.vpc.as_ref())
        .maybe("ClusterSubnetGroupName", cluster.subnet_group.as_ref())
        .maybe("MasterPasswordSecretArn", cluster.secret_arn.as_ref())
        .maybe("DefaultIamRoleArn", cluster.default_role.as_ref());
    if cluster.is_made {
        xml.text("ClusterCreateTime", &cluster.created);
        xml.group("Endpoint", |endpoint| {
            endpoint.text("Address", "127.0.0.1").text("Port", cluster.port);
        });
    }
    write_members(xml, cluster);
}

fn write_members(xml: &mut Xml, cluster: &Cluster) {
    let settings = &cluster.settings;
    let roles: Vec<&str> = match settings.nodes {
        1 => vec!["SHARED"],
        nodes => {
            let compute = (0..nodes).map(|_| "COMPUTE");
            ["LEADER"].into_iter().chain(compute).collect()
        }
    };
    xml.list("ClusterNodes", "member", roles.iter().enumerate(), |xml, (number, role)| {
        let name = match *role {
            "COMPUTE" => format!("COMPUTE-{}", number - 1),
            other => other.to_owned(),
        };
        xml.text("NodeRole", name).text("PrivateIPAddress", "127.0.0.1").text("PublicIPAddress", "127.0.0.1");
    });
    xml.list("VpcSecurityGroups", "VpcSecurityGroup", &settings.security_groups, |xml, group| {
        xml.text("VpcSecurityGroupId", group).text("Status", "active");
    });
    xml.group("ClusterParameterGroups", |groups| {
        groups.group("ClusterParameterGroup", |group| {
            group.text("ParameterGroupName", &settings.parameter_group).text("ParameterApplyStatus", "in-sync");
        });
    });
    xml.list("IamRoles", "ClusterIamRole", &cluster.roles, |xml, (role, status)| {
        xml.text("IamRoleArn", role).text("ApplyStatus", status);
    });
    xml.group("PendingModifiedValues", |_| {}).tags("Tags", &cluster.tags);
}

/// Returns what clients are to wait on.
fn availability(status: &str) -> &'static str {
    match status {
        "available" => "Available",
        "modifying" | "resizing" => "Modifying",
        "failed" => "Failed",
        _ => "Unavailable",
    }
}

/// Writes a cluster subnet group.
pub(super) fn write_subnet_group(xml: &mut Xml, group: &SubnetGroup) {
    xml.text("ClusterSubnetGroupName", &group.name)
        .text("Description", &group.description)
        .text("VpcId", &group.vpc)
        .text("SubnetGroupStatus", "Complete")
        .list("Subnets", "Subnet", &group.subnets, |xml, (subnet, zone)| {
            xml.text("SubnetIdentifier", subnet).text("SubnetStatus", "Active").group(
                "SubnetAvailabilityZone",
                |group| {
                    group.text("Name", zone);
                },
            );
        })
        .tags("Tags", &group.tags);
}

/// Writes a snapshot.
pub(super) fn write_snapshot(xml: &mut Xml, region: &str, snapshot: &Snapshot) {
    let cluster = &snapshot.cluster;
    let name = format!("{}/{}", cluster.identifier, snapshot.identifier);
    xml.text("SnapshotIdentifier", &snapshot.identifier)
        .text("ClusterIdentifier", &cluster.identifier)
        .text("SnapshotCreateTime", &snapshot.created)
        .text("SnapshotArn", arn(region, "snapshot", &name))
        .text("Status", if snapshot.status.is_empty() { "available" } else { &snapshot.status })
        .text("AvailabilityZone", &cluster.zone)
        .text("ClusterCreateTime", &cluster.created)
        .text("OwnerAccount", ACCOUNT)
        .maybe("VpcId", cluster.vpc.as_ref())
        .text("SnapshotType", "manual")
        .text("Port", cluster.port)
        .text("DBName", &cluster.database)
        .text("MasterUsername", &cluster.master_username)
        .text("NodeType", &cluster.settings.node_type)
        .text("NumberOfNodes", cluster.settings.nodes)
        .text("Encrypted", true)
        .text("ManualSnapshotRetentionPeriod", -1)
        .tags("Tags", &snapshot.tags);
}
